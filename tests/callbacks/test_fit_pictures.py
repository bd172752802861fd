"""The pictures of a running fit: which steps they show, how much time they take, and the film."""

import io

import keras
import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import FitAnimation, FitFigure, StepCallback, StopAtOptimum, TensorBoardLogger
from linfit.callbacks.figures.fit_pictures import FitPictures
from linfit.callbacks.figures.thinned_steps import geometric_steps, in_thinned_path
from linfit.callbacks.fit_context import fit_context

TRUTH = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
X, Y = TRUTH.sample(120, seed=7)
MANY = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.05)


def new_model(rate=0.05, **options):
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0, **options)
    model.compile(learning_rate=rate)
    return model


def fit(model, steps, *callbacks, x=X, y=Y):
    model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0, callbacks=list(callbacks))
    return model


def shown(log_dir, *names, run="fit"):
    """Return the steps of each picture on TensorBoard's slider."""
    with TensorBoard(log_dir) as board:
        return {name: list(board.images(run, name)) for name in names}


@pytest.mark.parametrize("last", [1, 2, 7, 9, 10, 200, 3000, 2_000_000])
def test_milestones_are_at_most_ten_from_the_start_to_the_end_and_ever_further_apart(last):
    steps = geometric_steps(last, 10)
    assert steps[0] == 0
    assert steps[-1] == last
    assert len(steps) <= 10
    gaps = np.diff(steps)
    assert (gaps > 0).all()
    assert (np.diff(gaps) >= -1).all()  # each one is rounded to a whole step


def test_where_the_end_is_not_known_each_milestone_is_at_four_times_the_last():
    assert geometric_steps(None, 6) == [0, 1, 4, 16, 64, 256]


def test_a_thinned_path_keeps_its_first_steps_and_pairs_of_the_others():
    steps = np.flatnonzero(in_thinned_path(np.arange(2_000_001)))
    np.testing.assert_array_equal(steps[:129], np.arange(129))
    assert len(steps) < 2500
    assert set(np.diff(steps[steps >= 256])) >= {1}
    later = steps[steps >= 256]
    np.testing.assert_array_equal(later[1::2] - later[::2], 1)


class Watched(FitFigure):
    """Remembers what had been drawn when the steps were over."""

    def on_train_end(self, logs=None):
        self.seconds = self._step_seconds
        self.drawn, self.drawing = dict(self._latest_drawn), self._drawing_seconds
        super().on_train_end(logs)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The callback that drew the lesson's fit, the log folder, and the fitted model."""
    log_dir = tmp_path_factory.mktemp("lesson")
    pictures = Watched(log_dir, truth=TRUTH)
    return pictures, log_dir, fit(new_model(), 200, pictures)


def test_ten_pictures_show_the_motion_of_the_lesson(lesson):
    _, log_dir, _ = lesson
    steps = [0, 1, 2, 4, 7, 14, 27, 53, 103, 200]
    assert shown(log_dir, "fit", "bowl") == {"fit": steps, "bowl": steps}
    assert sorted(path.name for path in (log_dir / "fit").glob("*.png")) == ["bowl.png", "fit.png"]


def test_each_picture_shows_the_point_of_its_step(lesson):
    """Each pixel equals that of a picture drawn from the trajectory up to that step."""
    _, log_dir, model = lesson
    path = model.trajectory
    scene = FitPictures(fit_context(model, path[:1], {}, TRUTH, data=(X, Y)), TRUTH)
    with TensorBoard(log_dir) as board:
        for name in ("fit", "bowl"):
            pictures = board.images("fit", name)
            for step in (0, 14, 200):
                expected = scene.picture(
                    name, path[(path.step <= step) & (in_thinned_path(path.step) | (path.step == step))]
                )
                np.testing.assert_array_equal(
                    imread(io.BytesIO(pictures[step]), "png"), imread(io.BytesIO(expected.png()), "png")
                )


def test_several_features_show_coefficients_bowl_and_predictions(tmp_path):
    x, y = MANY.sample(120, seed=7)
    fit(new_model(), 4, FitFigure(tmp_path, truth=MANY), x=x, y=y)
    files = sorted(path.name for path in (tmp_path / "fit").glob("*"))
    assert [name for name in files if not name.startswith("events")] == ["bowl.png", "fit.png", "predictions.png"]
    steps = geometric_steps(4, 10)
    assert shown(tmp_path, "fit", "bowl", "predictions") == dict.fromkeys(["fit", "bowl", "predictions"], steps)


@pytest.mark.parametrize("loss", ["mae", "huber"])
def test_another_loss_has_no_bowl(tmp_path, loss):
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.05, loss=loss)
    fit(model, 5, FitFigure(tmp_path, truth=TRUTH))
    assert [path.name for path in (tmp_path / "fit").glob("*.png")] == ["fit.png"]


def test_several_targets_show_their_coefficients(tmp_path):
    fit(new_model(), 5, FitFigure(tmp_path), y=np.hstack([Y, 2 * Y]))
    assert [path.name for path in (tmp_path / "fit").glob("*.png")] == ["fit.png"]


def test_a_fit_that_ends_early_shows_its_end(tmp_path):
    model = fit(new_model(0.2), 100_000, FitFigure(tmp_path, truth=TRUTH), StopAtOptimum())
    end = int(model.optimizer.iterations)
    steps = shown(tmp_path, "bowl")["bowl"]
    assert steps[-1] == end < 1000
    assert steps[:-1] == [step for step in geometric_steps(100_000, 10) if step < end]


def test_a_fit_that_goes_on_adds_few_pictures(tmp_path):
    model = new_model()
    for _ in range(3):
        fit(model, 200, FitFigure(tmp_path, truth=TRUTH))
    with TensorBoard(tmp_path, "--samples_per_plugin", "images=100") as board:
        steps = list(board.images("fit", "fit"))
    assert steps[:10] == geometric_steps(200, 10)
    assert set(steps) > {200, 400, 600}
    assert len(steps) <= 13


def test_the_bowl_of_a_fit_that_goes_on_starts_where_it_goes_on(tmp_path):
    model = new_model(0.255)
    model.build((None, 1))
    model.optimizer.iterations.assign(10_003)
    kept = []

    class Kept(FitFigure):
        def close(self):
            kept.append(self.path())
            super().close()

    fit(model, 60, Kept(tmp_path, truth=TRUTH))
    np.testing.assert_array_equal(kept[0].step, np.arange(10_003, 10_064))


def test_of_many_rows_the_picture_says_how_many_it_shows(tmp_path):
    x, y = MANY.sample(10_000, seed=7)
    model = fit(new_model(), 2, x=x, y=y)
    scene = FitPictures(fit_context(model, model.trajectory[:1], {}, MANY, data=(x, y)), MANY)
    labels = [text.get_text() for text in scene.picture("predictions", model.trajectory).legends[0].get_texts()]
    assert labels[0] == "2,000 of 10,000 rows"


def test_a_diverging_fit_is_drawn_to_its_last_finite_point(tmp_path):
    model = new_model(0.5)
    with pytest.warns(UserWarning, match="stability limit"):
        fit(model, 3000, FitFigure(tmp_path, truth=TRUTH))
    assert shown(tmp_path, "fit", "bowl")["bowl"][-1] == int(model.optimizer.iterations)


class PressCtrlC(StepCallback):
    """Interrupts the fit at a step, as Ctrl-C does."""

    def on_steps_end(self, trajectory):
        if trajectory.step[-1] >= 5000 and self.model.optimizer.iterations.numpy() < 1_900_000:
            import _thread

            _thread.interrupt_main()


def test_after_ctrl_c_nobody_waits_for_more_than_the_last_pictures(tmp_path):
    model = new_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, 100_000_000, FitFigure(tmp_path, truth=TRUTH), PressCtrlC())
    steps = shown(tmp_path, "fit", "bowl")
    assert steps["fit"][-1] == steps["bowl"][-1] == int(model.optimizer.iterations)
    assert sum(map(len, steps.values())) <= 8


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # this is how Keras learns its length
@pytest.mark.parametrize("length_is_known", [False, True])
def test_a_stock_model_is_drawn_from_data_of_ones_own(tmp_path, length_is_known):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    batches = tf.data.Dataset.from_tensors((X.astype("float32"), Y.astype("float32"))).repeat(6)
    if not length_is_known:
        batches = batches.filter(lambda x, y: True)
    model.fit(batches, verbose=0, shuffle=False, callbacks=[FitFigure(tmp_path, truth=TRUTH, data=(X, Y))])
    steps = geometric_steps(6, 10) if length_is_known else [0, 1, 4, int(model.optimizer.iterations)]
    assert shown(tmp_path, "fit", "bowl") == {"fit": steps, "bowl": steps}


def test_a_fit_that_is_soon_over_is_not_held_up_by_pictures(lesson):
    pictures, log_dir, _ = lesson
    assert pictures.drawn == {}
    assert len(list((log_dir / "fit").glob("*.png"))) == 2


def test_a_long_fit_is_drawn_while_it_runs_and_goes_on_meanwhile(tmp_path):
    class EndAfterPictures(StepCallback):
        def stop_at(self, trajectory):
            # A busy machine may draw few pictures, and Keras's history keeps every step: do not wait too long.
            return 0 if pictures._latest_drawn.get("bowl", 0) > 4 or trajectory.step[0] > 20_000_000 else None

    pictures = Watched(tmp_path, truth=TRUTH)
    model = fit(new_model(), 10_000_000_000, pictures, EndAfterPictures())
    made = int(model.optimizer.iterations)
    assert made > 100_000
    assert pictures.drawing < 0.05 * pictures.seconds * 10_000_000_000 / made
    assert pictures.drawing < 3 * pictures.seconds + 1  # the steps get about as much time as the pictures


def test_pictures_do_not_change_what_is_fitted_and_logged(tmp_path):
    plain = fit(new_model(), 50, TensorBoardLogger(tmp_path / "plain", truth=TRUTH))
    drawn = fit(new_model(), 50, FitFigure(tmp_path / "drawn"), TensorBoardLogger(tmp_path / "drawn", truth=TRUTH))
    np.testing.assert_array_equal(plain.trajectory.values, drawn.trajectory.values)
    with TensorBoard(tmp_path / "plain") as one, TensorBoard(tmp_path / "drawn") as other:
        assert one.tags("fit") == other.tags("fit")
        for tag in one.tags("fit"):
            np.testing.assert_array_equal(one.scalars("fit", tag), other.scalars("fit", tag))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film of the lesson's first steps, some of which have no frame, and the fitted model."""
    log_dir = tmp_path_factory.mktemp("film")
    model = fit(new_model(), 24, FitAnimation(log_dir, truth=TRUTH))
    return film_in(log_dir), model


def film_in(log_dir):
    return Image.open(io.BytesIO((log_dir / "fit" / "fit.gif").read_bytes()))


def frame(film, number):
    film.seek(number)
    return np.asarray(film.convert("RGB")).astype(int)


def test_the_film_has_a_frame_for_each_of_its_steps_and_rests_on_the_last(film):
    film, _ = film
    assert film.n_frames == len(geometric_steps(24, 48)) < 25
    durations = [film.seek(number) or film.info["duration"] for number in range(film.n_frames)]
    assert durations[-1] >= 2000
    assert max(durations[:-1]) < 200
    assert film.info["loop"] == 0  # repeats endlessly


def test_frames_are_the_line_and_the_bowl_of_their_step(film):
    film, model = film
    path = model.trajectory
    scene = FitPictures(fit_context(model, path[:1], {}, TRUTH, data=(X, Y)), TRUTH)
    for number, step in ((0, 0), (film.n_frames - 1, 24)):
        rows = (path.step <= step) & (in_thinned_path(path.step) | (path.step == step))
        expected = imread(io.BytesIO(scene.side_by_side(path[rows], path).png()), "png")[..., :3] * 255
        assert np.abs(frame(film, number) - expected).mean() < 3  # of 255; the film has 96 colours


def test_the_film_of_several_features_and_of_a_dark_room(tmp_path):
    x, y = MANY.sample(120, seed=7)
    fit(new_model(), 4, FitAnimation(tmp_path, truth=MANY, dark=True), x=x, y=y)
    film = film_in(tmp_path)
    assert film.n_frames == 5
    assert frame(film, 4).mean() < 80
    assert not np.array_equal(frame(film, 0), frame(film, 4))


def test_after_ctrl_c_nobody_waits_for_a_film(tmp_path):
    model = new_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, 100_000_000, FitAnimation(tmp_path, truth=TRUTH), PressCtrlC())
    assert not (tmp_path / "fit" / "fit.gif").exists()
