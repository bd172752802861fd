"""The pictures of the Descent page: everything is drawn where the axes say it is."""

import numpy as np
import pytest
from descent_on_screen import DescentPage
from scipy.stats import f
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

PIXEL = 0.006  # share of a picture's width or height: the precision of a place read from it


class Fit:
    def __init__(self, log_dir, x, y, truth, learning_rate, steps, **options):
        self.x, self.y = x, y.ravel()
        self.model = linfit.LinearRegression(**options)
        self.model.compile(learning_rate=learning_rate)
        watching = [TensorBoardLogger(log_dir, truth=truth)]
        self.model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0, callbacks=watching)
        self.compared = linfit.compare(self.model, x, y, truth)
        self.path = self.model.trajectory.values
        self.loss = self.model.trajectory.loss
        x = x.reshape(len(x), -1)
        self.design = np.column_stack([x, np.ones(len(x))]) if options.get("use_bias", True) else x

    def loss_at(self, parameters):
        """Return the loss at each of several points of shape (points, parameters)."""
        return np.mean((self.design @ parameters.T - self.y[:, np.newaxis]) ** 2, axis=0)

    def region(self, axes):
        """Return the loss at the edge of the 95 % region of `axes` parameters."""
        rows, parameters = self.design.shape
        lowest = self.compared.losses["optimum"]
        noise = lowest * rows / (rows - parameters)
        return lowest + axes * noise * f.ppf(0.95, axes, rows - parameters) / rows

    def profile(self, places, i, j):
        """Return the lowest loss with parameters i and j fixed at each of several places, shape (places, 2)."""
        others = [k for k in range(self.design.shape[1]) if k not in (i, j)]
        left = self.y[:, np.newaxis] - self.design[:, [i, j]] @ places.T
        rest, *_ = np.linalg.lstsq(self.design[:, others], left, rcond=None)
        return np.mean((left - self.design[:, others] @ rest) ** 2, axis=0)


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def line(log_dir):
    truth = linfit.GroundTruth(w=0.4, b=0.5, noise=0.2)
    x, y = truth.sample(80, seed=3)
    start = {"w_initializer": 0.0, "b_initializer": -1.0}
    return Fit(log_dir / "line", x, y, truth, learning_rate=0.02, steps=200, **start)


@pytest.fixture(scope="module")
def houses(log_dir):
    truth = linfit.GroundTruth(w=[1.5, -2.0, 0.3, 0.8], b=0.5, noise=1.0, feature_names=["area", "rooms", "age", "lot"])
    x, y = truth.sample(60, seed=5, low=-1.0, high=1.0)
    x[:, 1] += 0.7 * x[:, 0]
    y = (np.column_stack([x, np.ones(60)]) @ [1.5, -2.0, 0.3, 0.8, 0.5]) + np.random.default_rng(2).normal(size=60)
    return Fit(log_dir / "houses", x, y, truth, learning_rate=0.3, steps=60)


@pytest.fixture(scope="module")
def ray(log_dir):
    x = np.random.default_rng(4).uniform(0, 2, 40)
    y = 0.7 * x + np.random.default_rng(5).normal(0, 0.3, 40)
    truth = linfit.GroundTruth(w=0.7, b=0.0)
    return Fit(log_dir / "ray", x, y, truth, learning_rate=0.1, steps=30, use_bias=False)


@pytest.fixture(scope="module")
def screen(log_dir, line, houses, ray, open_page):
    with TensorBoard(log_dir) as board:
        yield DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))


def near(expected, shown):
    """Return `expected` with a tolerance of one pixel, given the values shown along the axis."""
    return pytest.approx(np.asarray(expected), abs=PIXEL * np.ptp(shown) or 1e-6)


def span(screen, panel, log=False):
    """Return the values at two opposite corners of a picture."""
    corners = np.array([[0.0, 300.0], [600.0, 0.0]])
    return screen.values(panel, corners, log)


@pytest.fixture
def at_37(screen, line):
    screen.show_data("line")
    screen.go_to(37)


@pytest.mark.usefixtures("at_37")
class TestTheLine:
    @pytest.mark.parametrize(("selector", "of"), [(".fit", "fit"), (".optimum", "optimum"), (".truth", "truth")])
    def test_is_that_of_its_parameters(self, screen, line, selector, of):
        w, b = {"fit": line.path[37], "optimum": line.compared.optimum, "truth": line.compared.truth}[of]
        ends = screen.values("line", screen.points(f"#line path{selector}.line"))
        assert np.ptp(ends[:, 0]) > 0.9 * np.ptp(line.x)
        assert ends[:, 1] == near(w * ends[:, 0] + b, span(screen, "line")[:, 1])

    def test_is_drawn_over_all_data(self, screen, line):
        points = screen.values("line", screen.points("#line path.points"))
        shown = span(screen, "line")
        assert points[:, 0] == near(line.x.ravel(), shown[:, 0])
        assert points[:, 1] == near(line.y, shown[:, 1])


def contour_losses(screen, fit, selector):
    """Return the losses at points along a contour line."""
    return fit.loss_at(screen.values("bowl", screen.ellipse(selector)))


@pytest.mark.usefixtures("at_37")
class TestTheBowl:
    def test_has_the_dot_where_the_fit_is(self, screen, line):
        shown = span(screen, "bowl")
        (place,) = screen.values("bowl", screen.centre("#bowl .head"))
        assert place == near(line.path[37], shown.min(axis=0) - shown.max(axis=0))

    def test_has_the_path_through_all_steps_so_far(self, screen, line):
        path = screen.values("bowl", screen.points("#bowl .past"))
        shown = span(screen, "bowl")
        assert len(path) == 38
        for axis in (0, 1):
            assert path[:, axis] == near(line.path[:38, axis], shown[:, axis])

    def test_has_the_optimum_and_the_truth(self, screen, line):
        diamond = np.add(screen.points("#bowl .optimum.mark")[:1], [0, 6])  # from each mark's first point to its centre
        cross = np.add(screen.points("#bowl .truth.mark")[:1], [7, 7])
        for pixels, expected in [(diamond, line.compared.optimum), (cross, line.compared.truth)]:
            (place,), shown = screen.values("bowl", pixels), span(screen, "bowl")
            assert place[0] == near(expected[0], shown[:, 0])
            assert place[1] == near(expected[1], shown[:, 1])

    def test_has_contours_of_equal_loss(self, screen, line):
        losses = contour_losses(screen, line, "#bowl .contour")
        lowest = line.compared.losses["optimum"]
        assert losses - lowest == pytest.approx(np.mean(losses) - lowest, rel=0.05)
        assert np.mean(losses) > 2 * lowest

    def test_has_the_region_in_which_the_truth_is_likely_to_be(self, screen, line):
        screen.frame.click("#zoom")
        losses = contour_losses(screen, line, "#bowl .region")
        screen.frame.click("#zoom")
        lowest = line.compared.losses["optimum"]
        assert losses - lowest == pytest.approx(line.region(axes=2) - lowest, rel=0.05)

    def test_zoomed_is_filled_by_the_region_and_shows_the_truth(self, screen, keep_screenshot):
        whole = span(screen, "bowl")
        screen.frame.click("#zoom")
        zoomed = span(screen, "bowl")
        picture = screen.frame.locator("#bowl .rim").bounding_box()
        region = screen.frame.locator("#bowl .region").bounding_box()
        truth = screen.frame.locator("#bowl .truth.mark").bounding_box()
        pressed = screen.frame.get_attribute("#zoom", "aria-pressed")
        keep_screenshot(screen.page, "descent-zoomed")
        screen.frame.click("#zoom")
        assert pressed == "true"
        assert np.all(np.ptp(zoomed, axis=0) < 0.7 * np.ptp(whole, axis=0))
        for inner in (region, truth):
            assert picture["x"] < inner["x"] < inner["x"] + inner["width"] < picture["x"] + picture["width"]
            assert picture["y"] < inner["y"] < inner["y"] + inner["height"] < picture["y"] + picture["height"]
        assert region["width"] > 0.3 * picture["width"]

    def test_points_to_a_fit_that_has_left_the_picture(self, screen):
        screen.frame.click("#zoom")
        screen.go_to(0)
        arrow = screen.frame.locator("#bowl .arrow").count()
        hidden = screen.frame.get_attribute("#bowl .head", "visibility")
        words = screen.frame.locator("#bowl text.away").all_text_contents()
        screen.frame.click("#zoom")
        assert (arrow, hidden, words) == (1, "hidden", ["the fit is outside the chart"])
        assert screen.frame.locator("#bowl .arrow").count() == 0
        assert screen.frame.get_attribute("#bowl .head", "visibility") == "visible"


@pytest.mark.usefixtures("at_37")
class TestTheLoss:
    def test_is_the_trajectorys(self, screen, line):
        curve = screen.values("loss", screen.points("#loss .curve"), log=True)
        assert curve[:, 0] == near(np.arange(201), [0, 200])
        assert np.log(curve[:, 1]) == pytest.approx(np.log(line.loss), abs=0.02)

    def test_has_the_dot_and_the_cursor_at_the_step(self, screen, line):
        ((step, loss),) = screen.values("loss", screen.centre("#loss .head"), log=True)
        assert step == near(37, [0, 200])
        assert loss == pytest.approx(line.loss[37], rel=0.02)
        left = screen.frame.locator("#loss svg.still").bounding_box()["x"]
        for mark in ("#cursor", "#hand"):
            box = screen.frame.locator(mark).bounding_box()
            middle = np.array([[box["x"] + box["width"] / 2 - left, 100.0]])
            assert screen.values("loss", middle, log=True)[0, 0] == near(37, [0, 300])

    def test_has_its_floor_at_the_optimum(self, screen, line):
        height = float(screen.frame.get_attribute("#loss line.optimum", "y1"))
        ((_, floor),) = screen.values("loss", np.array([[100.0, height]]), log=True)
        assert floor == pytest.approx(line.compared.losses["optimum"], rel=0.02)


@pytest.fixture
def at_7(screen, houses):
    screen.show_data("houses")
    screen.go_to(7)


@pytest.mark.usefixtures("at_7")
class TestManyFeatures:
    def coefficients(self, screen, pixels):
        """Convert pixels of the coefficients' picture to values; only its horizontal axis has numbers."""
        ticks = screen.frame.locator("#coefficients .frame text.tick[text-anchor=middle]").evaluate_all(
            "ticks => ticks.map(tick => [Number(tick.getAttribute('x')), tick.textContent.replace('−', '-')])"
        )
        places, numbers = np.array(ticks, "float64").T
        return np.polyval(np.polyfit(places, numbers, 1), pixels)

    def test_dots_are_where_the_fit_is(self, screen, houses, keep_screenshot):
        keep_screenshot(screen.page, "descent-of-many-features")
        path = screen.frame.get_attribute("#coefficients .dots", "d")
        places = [float(part.split()[0]) for part in path.split("M")[1:]]
        assert self.coefficients(screen, places) == near(houses.path[7], [-2, 2])

    def test_bars_are_the_intervals_of_the_optimum(self, screen, houses):
        bars = screen.frame.locator("#coefficients line.interval").evaluate_all(
            "bars => bars.map(bar => [Number(bar.getAttribute('x1')), Number(bar.getAttribute('x2'))])"
        )
        optimum = linfit.least_squares(houses.x, houses.y)
        width = np.sqrt(f.ppf(0.95, 1, 55)) * houses.compared.standard_error  # t² is F with one parameter
        expected = houses.compared.optimum[:, np.newaxis] + np.outer(width, [-1, 1])
        assert self.coefficients(screen, bars) == near(expected, [-2, 2])
        assert optimum.degrees_of_freedom == 55

    def test_the_bowl_has_the_flattest_and_the_stiffest_direction(self, screen, houses):
        eigenvectors = np.linalg.eigh(houses.design.T @ houses.design)[1]
        (place,), shown = screen.values("bowl", screen.centre("#bowl .head")), span(screen, "bowl")
        for axis, vector in enumerate([eigenvectors[:, 0], eigenvectors[:, -1]]):
            expected = vector @ (houses.path[7] - houses.compared.optimum)
            assert abs(place[axis]) == near(abs(expected), shown[:, axis])

    @pytest.mark.parametrize(("i", "j"), [(0, 1), (3, 0), (4, 2)])
    def test_the_bowl_shows_any_two_with_all_else_at_its_best(self, screen, houses, i, j):
        horizontal, vertical = screen.frame.locator(".axes select").all()
        horizontal.select_option("flattest")
        vertical.select_option("stiffest")
        vertical.select_option(str(j))
        horizontal.select_option(str(i))
        (place,), shown = screen.values("bowl", screen.centre("#bowl .head")), span(screen, "bowl")
        for axis, parameter in enumerate((i, j)):
            assert place[axis] == near(houses.path[7, parameter], shown[:, axis])
        lowest = houses.compared.losses["optimum"]
        edge = houses.profile(screen.values("bowl", screen.ellipse("#bowl .region")), i, j)
        assert edge - lowest == pytest.approx(houses.region(axes=2) - lowest, rel=0.05)


class TestOneParameter:
    def test_the_bowl_is_the_curve_of_its_loss(self, screen, ray):
        screen.show_data("ray")
        screen.go_to(2)
        shown = span(screen, "bowl")
        curve = screen.values("bowl", screen.points("#bowl .curve"))
        assert curve[:, 1] == near(ray.loss_at(curve[:, :1]), shown[:, 1])
        ((w, loss),) = screen.values("bowl", screen.centre("#bowl .head"))
        assert w == near(ray.path[2, 0], shown[:, 0])
        assert loss == near(ray.loss[2], shown[:, 1])

    def test_the_line_goes_through_the_origin(self, screen, ray):
        screen.show_data("ray")
        screen.go_to(2)
        ends = screen.values("line", screen.points("#line .fit.line"))
        assert ends[:, 1] == near(ray.path[2] * ends[:, 0], span(screen, "line")[:, 1])


def test_the_browser_meets_no_error(screen):
    assert screen.errors == []
    assert screen.message is None
