"""The Descent page for all kinds of fits, with both of TensorBoard's loaders: pictures, or why there are none."""

import warnings

import keras
import numpy as np
import pytest
from descent_on_screen import DescentPage
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

X = np.random.default_rng(6).uniform(0, 10, 50)
Y = 0.7 * X + 2 + np.random.default_rng(7).normal(0, 1, 50)
TRUTH = linfit.GroundTruth(w=0.7, b=2.0)

# Attributes of drawings and lines of text with invalid values, such as NaN or undefined.
FAULTS = """() => {
    const faulty = /NaN|Infinity|undefined|null|\\[object/;
    const drawn = [...document.querySelectorAll("svg *")].flatMap(element =>
        [...element.attributes].filter(({ value }) => faulty.test(value))
            .map(({ name, value }) => `${element.tagName} ${name}=${value}`));
    const said = document.body.innerText.split("\\n").filter(line => faulty.test(line));
    return [...drawn, ...said];
}"""


def fit(log_dir, x, y, learning_rate, steps, loss="mse", batch_size=None, truth=None, every=1):
    model = linfit.LinearRegression()
    model.compile(learning_rate=learning_rate, loss=loss)
    batch_size = batch_size or len(x)
    watching = [TensorBoardLogger(log_dir, truth=truth, every=every)]
    epochs = steps * batch_size // len(x)
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=watching)


def fit_stock(log_dir, x, y, learning_rate, steps, data=None):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate), "mse")
    watching = [TensorBoardLogger(log_dir, data=data)]
    model.fit(x.reshape(-1, 1), y, batch_size=len(x), epochs=steps, verbose=0, callbacks=watching)


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("real")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a loss that leaves the finite range
        fit(log_dir / "no truth", X[:49], Y[:49], 0.01, 100)
        fit(log_dir / "absolute", X[:48], Y[:48], 0.01, 100, loss="mae", truth=TRUTH)
        fit(log_dir / "batches", X[:48], Y[:48], 0.01, 120, batch_size=8, truth=TRUTH)
        fit(log_dir / "diverging", X[:47], Y[:47], 0.3, 1000)
        fit(log_dir / "one step", X[:45], Y[:45], 0.01, 1)
        fit_stock(log_dir / "stock", X[:44], Y[:44], 0.01, 20, data=(X[:44].reshape(-1, 1), Y[:44]))
        fit_stock(log_dir / "no rows", X[:43], Y[:43], 0.01, 20)
        fit_stock(log_dir / "no number", X[:42], Y[:42], 1e4, 40, data=(X[:42].reshape(-1, 1), Y[:42]))
    return log_dir


@pytest.fixture(scope="module", params=["true", "false"], ids=lambda fast: f"load_fast={fast}")
def screen(request, log_dir, open_page):
    with TensorBoard(log_dir, f"--load_fast={request.param}") as board:
        screen = DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))
        yield screen
        screen.page.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory, open_page):
    """Large fits, on the fast loader only: the slower one would take a minute."""
    log_dir = tmp_path_factory.mktemp("large")
    wide = np.random.default_rng(8).normal(size=(520, 500))
    fit(log_dir / "many steps", X, Y + 20, 0.001, 200_000, truth=TRUTH, every=10)
    fit(log_dir / "many features", wide, wide[:, 0] + 2, 0.1, 11)
    with TensorBoard(log_dir) as board:
        yield DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))


def has(screen, selector):
    return screen.frame.locator(selector).count() > 0


def says_nothing_strange(screen):
    """Check the page for invalid values at the start, ten steps later, and at the end."""
    for keys in (["Home"], ["Shift+ArrowRight"], ["End"]):
        screen.press(*keys)
        assert screen.frame.evaluate(FAULTS) == []
    assert screen.message is None
    assert screen.errors == []


def test_data_without_a_truth(screen):
    screen.show_data("no truth")
    says_nothing_strange(screen)
    assert set(screen.table) == {"fit", "optimum"}
    assert has(screen, "#bowl .optimum.mark")
    assert has(screen, "#bowl .region")
    assert not has(screen, "#bowl .truth.mark")
    assert not has(screen, "#line .truth")
    assert "truth" not in screen.sentence


def test_another_loss_has_no_bowl_and_says_why(screen):
    screen.show_data("absolute")
    says_nothing_strange(screen)
    assert "no optimum in closed form" in screen.sentence
    assert "mean absolute error" in screen.sentence
    assert set(screen.table) == {"fit", "truth"}
    assert not has(screen, "#bowl svg")
    assert "no bowl" in screen.frame.text_content("#bowl .picture")
    assert has(screen, "#line path.fit")
    assert len(screen.points("#loss .curve")) == 101


def test_steps_of_a_part_of_the_rows_are_noisy(screen):
    screen.show_data("batches")
    says_nothing_strange(screen)
    assert "teps of 8 rows" in screen.sentence
    assert len(screen.points("#loss .curve")) == 121
    measured = screen.values("loss", screen.points("#loss .measured"), log=True)[20:, 1]
    of_all = screen.values("loss", screen.points("#loss .curve"), log=True)[20:120, 1]
    assert np.std(np.diff(np.log(measured))) > 3 * np.std(np.diff(np.log(of_all)))
    assert has(screen, "#bowl .region")


def test_a_fit_that_runs_away(screen):
    screen.show_data("diverging")
    says_nothing_strange(screen)
    assert "bove this data" in screen.sentence
    assert screen.frame.get_attribute("#sentence", "class") == "bad"
    assert has(screen, "#bowl .arrow")
    screen.press("Home")
    assert not has(screen, "#bowl .arrow")


def test_losses_that_are_no_numbers(screen):
    screen.show_data("no number")
    screen.press("Home")
    assert screen.table["fit"]["loss"] not in ("—", "∞")
    screen.press("End")
    assert screen.sentence.startswith("Diverged: the loss is no longer a finite number.")
    assert screen.table["fit"]["w"] == "—"
    says_nothing_strange(screen)


def test_a_fit_of_one_step(screen):
    screen.show_data("one step")
    says_nothing_strange(screen)
    assert screen.last_step == 1
    screen.press(" ")
    screen.until(lambda: not screen.plays)
    assert screen.step == 1


def test_a_stock_model_with_its_data(screen):
    screen.show_data("stock")
    says_nothing_strange(screen)
    assert {"fit", "optimum"} <= set(screen.table)
    assert has(screen, "#bowl .region")
    assert has(screen, "#line path.points")
    assert "standard error" in screen.sentence


def test_a_stock_model_without_its_data_says_how_to_pass_them(screen):
    screen.show_data("no rows")
    says_nothing_strange(screen)
    assert "pass data=(x, y) to TensorBoardLogger" in screen.sentence
    assert set(screen.table) == {"fit"}
    assert len(screen.points("#loss .curve")) == 20
    assert has(screen, "#coefficients .dots")


def test_many_steps_are_thinned_on_a_logarithmic_axis(large):
    large.show_data("many steps")
    says_nothing_strange(large)
    assert large.last_step == 200_000
    assert large.frame.text_content("#step") == "step 200,000 of 200,000"
    ticks = large.frame.locator("#loss .frame text.tick[text-anchor=middle]").all_text_contents()
    assert len(ticks) > 2
    assert set(ticks) <= {"0", "1", "10", "100", "1,000", "10,000", "100,000"}
    large.press("ArrowLeft")
    assert 198_000 < large.step < 200_000
    large.press("Home", "ArrowRight")
    assert large.step == 10
    large.frame.select_option("#speed", "5")
    large.press("Home", " ")
    large.until(lambda: not large.plays)
    assert large.step == 200_000
    large.frame.select_option("#speed", "1")


def test_five_hundred_features(large):
    large.show_data("many features")
    says_nothing_strange(large)
    assert [name for name in large.table if name.startswith("w/")] == [f"w/x{i}" for i in range(500)]
    assert "b" in large.table
    assert large.frame.get_attribute("#coefficients .dots", "d").count("M") == 501
    assert large.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert large.frame.locator("#numbers .table").evaluate("table => table.scrollHeight > 5 * table.clientHeight")
