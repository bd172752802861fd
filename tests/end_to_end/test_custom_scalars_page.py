"""The Custom Scalars page in a real browser: each chart draws its runs, and no warning appears."""

import numpy as np
import pytest
from playwright.sync_api import expect
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

TRUTH = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.5, feature_names=["area (m2)", "rooms|floors", "a.b+c/d"])
TAGS = ["w/area [m2]", "w/rooms|floors", "w/a.b+c/d", "b"]
ERRORS = "error/optimization and error/truth"
PAGE = ["loss", ERRORS, *TAGS, *TAGS]
TALL = (1400, 2000)
CARDS = "tf-custom-scalar-multi-line-chart-card, tf-custom-scalar-margin-chart-card"
WARNINGS = ".error-content, paper-dialog[opened], .no-data-warning, :text('Missing Tags')"


def log(log_dir, truth=TRUTH, known=True, loss="mse", steps=200):
    x, y = truth.sample(120, seed=3, low=-1.0, high=1.0)
    model = linfit.LinearRegression(feature_names=truth.feature_names)
    model.compile(learning_rate=0.05, loss=loss)
    watching = [TensorBoardLogger(log_dir, truth=truth if known else None)]
    model.fit(x, y, batch_size=120, epochs=steps, verbose=0, callbacks=watching)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("three")
    log(log_dir)
    with TensorBoard(log_dir) as board:
        yield board


@pytest.fixture(scope="module")
def light(open_page, three):
    """The page shared by the tests that do not need their own; only the last of them changes it."""
    page, errors = open_page(three, "custom_scalars", size=TALL)
    yield page, errors
    page.close()


def title_of(card):
    return card.locator("tf-card-heading").evaluate("heading => heading.displayName")


def lines(card):
    """Return the SVG paths of the curves in a chart by colour."""
    drawn = card.locator("path.line").evaluate_all(
        "all => all.map(e => [e.getAttribute('stroke') || e.getAttribute('fill'), e.getAttribute('d')])"
    )
    return {colour: path for colour, path in drawn if colour not in (None, "none") and path}


def shown(page, expected):
    """Return the charts of the open categories in order, after each has drawn the expected number of colours."""
    cards = page.locator(CARDS)
    expect(cards).to_have_count(len(expected))
    for place, (title, runs) in enumerate(expected):
        card = cards.nth(place)
        card.scroll_into_view_if_needed()
        for _ in range(300):
            if len(lines(card)) == runs:
                break
            page.wait_for_timeout(100)
        assert (title_of(card), len(lines(card))) == (title, runs)
    assert page.locator(WARNINGS).count() == 0
    return [cards.nth(place) for place in range(len(expected))]


@pytest.fixture
def dark(open_page, three):
    page, errors = open_page(three, "custom_scalars", dark=True, size=TALL)
    yield page, errors
    page.close()


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_each_chart_draws_its_runs(request, keep_screenshot, shade):
    page, errors = request.getfixturevalue(shade)
    charts = shown(page, [(title, 2 if title == ERRORS else 3) for title in PAGE])
    colours = [set(lines(chart)) for chart in charts]
    assert all(one == colours[0] for one in colours if len(one) == 3)
    assert colours[1] < colours[0]
    assert charts[1].locator("path.line").count() >= 2  # two errors in the colour of the fit
    page.evaluate("window.scrollTo(0, 0)")
    keep_screenshot(page, f"custom-scalars-{shade}")
    assert errors == []


def test_a_chart_lists_its_curves_and_a_zone_is_an_area(light):
    page, _ = light
    charts = shown(page, [(title, 2 if title == ERRORS else 3) for title in PAGE])
    for chart, title in zip(charts, PAGE, strict=True):
        listed = chart.locator(".match-list-entry").all_text_contents()
        curves = [" ".join(entry.split()[1:]) for entry in listed]
        tag = title if chart.locator("path.area").count() == 0 else f"zone_95/center/{title}"
        if title == ERRORS:
            assert sorted(curves) == ["error/optimization (fit)", "error/truth (fit)", "error/truth (optimum)"]
        else:
            assert sorted(curves) == [f"{tag} ({run})" for run in ("fit", "optimum", "truth")]
    assert [chart.locator("path.area").count() for chart in charts] == [0] * 6 + [3] * 4


def heights(path):
    """Return the y pixels of a curve from left to right; y grows downwards."""
    points = [point.split(",") for point in path.replace("M", "").split("L")]
    return np.array([float(y) for _, y in points])


def test_the_loss_ends_on_its_floor_and_one_error_falls_where_the_other_stops(light):
    page, _ = light
    charts = shown(page, [(title, 2 if title == ERRORS else 3) for title in PAGE])
    page.locator("tf-smoothing-input input").fill("0")
    page.wait_for_timeout(500)
    (truth, optimum, fit) = (heights(path) for path in lines(charts[0]).values())
    assert np.ptp(truth) == np.ptp(optimum) == 0
    assert abs(fit[-1] - optimum[-1]) < 1.5  # pixels
    drawn = charts[1].locator("path.line").evaluate_all("all => all.map(e => e.getAttribute('d')).filter(d => d)")
    optimization, *others = sorted((heights(path) for path in set(drawn)), key=lambda one: -one[-1])
    floor, stopped = sorted(others, key=np.ptp)
    assert (np.diff(optimization) >= 0).all()
    assert np.ptp(floor) == 0
    assert abs(stopped[-1] - floor[-1]) < 1.5
    assert np.ptp(stopped[-40:]) < 4 < optimization[-1] - stopped[-1]


STATES = {
    "outliers": lambda page: page.get_by_text("Ignore outliers in chart scaling").click(),
    "relative": lambda page: page.locator("paper-button#relative").click(),
    "wall": lambda page: page.locator("paper-button#wall_time").click(),
    "smooth": lambda page: page.locator("tf-smoothing-input input").fill("0.9"),
    "links": lambda page: page.get_by_text("Show data download links").click(),
    "wide": lambda page: [button.click() for button in page.locator("paper-icon-button[icon=fullscreen]").all()],
    "reload": lambda page: page.reload(),
}


def test_no_state_of_the_page_empties_a_chart_or_shows_a_warning(light):
    page, errors = light
    expected = [(title, 2 if title == ERRORS else 3) for title in PAGE]
    shown(page, expected)
    for change in STATES.values():
        change(page)
        page.wait_for_timeout(400)
        shown(page, expected)
    headings = page.locator("tf-category-paginated-view button.heading")
    for heading in [0, 1]:
        headings.nth(heading).click()
        headings.nth(heading).click()
        shown(page, expected)
    page.locator("tf-runs-selector paper-checkbox").first.click()
    shown(page, [(title, 2) for title in PAGE])
    assert errors == []


def test_fits_of_other_parameters_without_a_truth_or_without_an_optimum_share_the_page(open_page, tmp_path):
    log(tmp_path / "a-lesson", truth=linfit.GroundTruth(w=0.1, b=0.5, noise=0.05))
    log(tmp_path / "own", known=False)
    log(tmp_path / "robust", known=False, loss="mae")
    with TensorBoard(tmp_path) as board:
        page, errors = open_page(board, "custom_scalars", size=TALL)
        # Nine runs share seven colours: the fit of `robust` has the colour of the lesson's optimum.
        expected = [("loss", 5), (ERRORS, 3), ("w", 3), ("b", 5), ("error/optimization", 2)]
        expected += [(tag, 3) for tag in TAGS[:3]]
        zones = [*((tag, 2) for tag in TAGS[:3]), ("w", 3), ("b", 5)]
        shown(page, [*expected, *zones])
        assert errors == []
        page.close()
