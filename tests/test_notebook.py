"""The lesson notebook reproduces its stored outputs, and tables display themselves in any notebook."""

import base64
import json
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import linfit

ROOT = Path(__file__).parents[1]
LESSON = ROOT / "docs" / "lesson.ipynb"
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


class Tables(HTMLParser):
    """The table cells of a piece of HTML, row by row, and its tags and styles."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.tags, self.styles, self.text = [], set(), [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.styles.append(dict(attributes).get("style") or "")
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
        elif tag == "p":
            self.rows.append(None)  # the text that follows is outside the table

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")
        elif self.rows and self.rows[-1] is None:
            self.text += data

    @property
    def values(self):
        return {name: cells for name, *cells in filter(None, self.rows[1:])}


def outputs(path):
    notebook = json.loads(path.read_text())
    return [cell.get("outputs", []) for cell in notebook["cells"]]


def html(output):
    return "".join(output.get("data", {}).get("text/html", ""))


def png(output):
    return base64.b64decode("".join(output.get("data", {}).get("image/png", "")))


def printed(path):
    """Return all lines of the notebook's outputs, text and tables."""
    shown = [output for cell in outputs(path) for output in cell]
    return [line for output in shown for line in ("".join(output.get("text", "")) + html(output)).splitlines()]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return the path of a newly executed copy; its own process keeps Jupyter's warnings out of these tests."""
    path = tmp_path_factory.mktemp("notebook") / "lesson.ipynb"
    command = [sys.executable, ROOT / "scripts" / "notebook.py", "--output", path]
    result = subprocess.run(command, capture_output=True, text=True, cwd=path.parent)
    assert result.returncode == 0, result.stderr
    return path


def test_the_lesson_has_fewer_than_ten_cells():
    assert 5 < len(json.loads(LESSON.read_text())["cells"]) < 10


def test_no_cell_raises_an_error_or_prints_a_warning(fresh):
    for path in (fresh, LESSON):
        shown = [output for cell in outputs(path) for output in cell]
        assert {output["output_type"] for output in shown} == {"stream", "execute_result"}
        assert {output["name"] for output in shown if output["output_type"] == "stream"} == {"stdout"}


def test_what_is_stored_is_what_a_new_run_shows(fresh):
    assert json.loads(fresh.read_text())["cells"][0] == json.loads(LESSON.read_text())["cells"][0]
    stored, shown = printed(LESSON), printed(fresh)
    assert len(stored) == len(shown) > 50
    for line, expected in zip(shown, stored, strict=True):
        assert NUMBER.sub("", line) == NUMBER.sub("", expected)
        numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(each)] for each in (line, expected)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-3, abs=2e-4)


def test_it_shows_the_optimum_three_comparisons_the_line_and_the_bowl(fresh):
    for path in (fresh, LESSON):
        shown = [output for cell in outputs(path) for output in cell]
        tables = [Tables(html(output)) for output in shown if html(output)]
        assert [table.rows[0][1] for table in tables] == ["value", "fitted", "fitted", "fitted"]
        verdicts = [re.split("[:.]", table.text)[0] for table in tables[1:]]
        assert verdicts == ["Not converged", "Converged", "Diverging"]
        pictures = [png(output) for output in shown if png(output)]
        assert len(pictures) == 2
        assert all(picture.startswith(b"\x89PNG") and len(picture) > 10_000 for picture in pictures)


def test_its_tables_hold_exact_least_squares_and_its_lines_end_near_it(fresh):
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    slope, intercept = np.polyfit(x[:, 0], y[:, 0], 1)
    optimum, *comparisons = [Tables(html(output)) for cell in outputs(fresh) for output in cell if html(output)]
    assert [float(optimum.values[name][0]) for name in ("w", "b")] == pytest.approx([slope, intercept], abs=1e-6)
    for comparison in comparisons:
        assert [float(comparison.values[name][1]) for name in ("w", "b")] == pytest.approx([slope, intercept], abs=1e-6)
    assert [float(comparisons[1].values[name][0]) for name in ("w", "b")] == pytest.approx([slope, intercept], abs=1e-3)


def test_nothing_of_the_machine_is_stored():
    text = LESSON.read_text()
    assert str(ROOT) not in text
    assert not re.search(r"/(home|Users|tmp|usr)/|I0000|oneDNN|\\u001b", text)


NAMES = ["<b>area</b>", 'rooms & "halls"']
X = np.random.default_rng(0).normal(size=(20, 2))
Y = X @ [1.0, -2.0] + np.random.default_rng(1).normal(size=20)


def comparison():
    model = linfit.LinearRegression(feature_names=NAMES)
    model.compile(learning_rate=0.1)
    model.fit(X, Y, batch_size=20, epochs=5, verbose=0)
    return linfit.compare(model, X, Y, truth=linfit.GroundTruth(w=[1.0, -2.0]))


def test_a_comparison_shows_itself_as_the_table_that_it_prints_and_its_verdict():
    shown = comparison()
    table = Tables(shown._repr_html_())
    assert table.rows[0] == [
        "", "fitted", "optimum", "standard error", "truth", "optimization error", "estimation error",
    ]  # fmt: skip
    assert list(table.values) == [f"w/{NAMES[0]}", f"w/{NAMES[1]}", "b", "loss"]
    frame = shown.to_frame()
    for name in shown.names:
        assert [float(cell) for cell in table.values[name]] == pytest.approx(frame.loc[name].tolist(), abs=1e-6)
    assert float(table.values["loss"][1]) == pytest.approx(shown.losses["optimum"], abs=1e-6)
    assert table.text == shown.verdict


def test_an_optimum_shows_itself_with_errors_and_intervals():
    optimum = linfit.least_squares(X, Y)
    table = Tables(optimum._repr_html_())
    low, high = optimum.confidence_interval()
    assert table.rows[0] == ["", "value", "standard error", "95 % from", "95 % to"]
    assert list(table.values) == ["w/x0", "w/x1", "b"]
    expected = [optimum.w[1, 0], optimum.standard_error_w[1, 0], low.w[1, 0], high.w[1, 0]]
    assert [float(cell) for cell in table.values["w/x1"]] == pytest.approx(expected, abs=1e-6)
    assert " ".join(str(optimum).split("\n\n")[1].split()) == table.text


def test_infinite_and_unknown_errors_are_shown_as_such():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the warning that names the dependent columns
        dependent = Tables(linfit.least_squares(np.column_stack([X, X[:, 0]]), Y)._repr_html_())
    assert dependent.values["w/x2"][1:] == ["inf", "-inf", "inf"]
    unknown = Tables(linfit.least_squares(X[:3], Y[:3])._repr_html_())
    assert unknown.values["w/x1"][1:] == ["-", "-", "-"]


def test_tables_leave_text_and_ground_to_the_notebook_s_theme():
    for shown in (comparison(), linfit.least_squares(X, Y)):
        table = Tables(shown._repr_html_())
        assert table.tags == {"table", "thead", "tbody", "tr", "th", "td", "p"}  # no <b>: the feature's name is escaped
        styles = "; ".join(table.styles)
        assert not re.search(r"(^|[;\s])(color|background)", styles)
        assert "tabular-nums" in styles
        assert "text-align: right" in styles
        assert {colour for colour in re.findall(r"rgba?\([^)]*\)|#\w+", styles)} == {"rgba(128, 128, 128, 0.5)"}
