"""The Descent plugin serves its page and its data; a damaged run is reported and does not affect other runs."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.metadata import entry_points
from pathlib import Path

import descent_page
import numpy as np
import pytest
import tensorboard_plugin_linfit
from tensorboard.plugins.base_plugin import TBContext
from tensorboard_plugin_linfit import summary
from tensorboard_plugin_linfit.plugin import DescentPlugin
from tensorboard_server import TensorBoard
from werkzeug.test import Client

from linfit.callbacks.events.open_runs import open_reference

LOADERS = {"fast": [], "python": ["--load_fast=false"]}
PAGE = Path(tensorboard_plugin_linfit.__file__).parent / "page"
ABOUT = {"names": ["w", "b"], "arrays": []}
ROWS = np.array([[0.0, np.nan, 0.05, np.inf, -0.0], [1.0, 2.0, 0.05, -np.inf, 5e-324]])
HOSTILE = ["<script>alert(1)</script>", "a b&run=fit#?%2e", "__proto__", "näme 'quoted\" \\ 曲線", "deep/er/run"]


def write(folder, run, *values, step=1):
    file = open_reference(folder, run)
    for value in values:
        file.values(step, [value])


def write_run(folder, run, about=ABOUT, path=ROWS):
    write(folder, run, summary.about_summary(about), summary.array_summary(f"{summary.PATH}0", path))


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Intact runs, and runs that are each damaged in one way."""
    folder = tmp_path_factory.mktemp("logs")
    for run in ("fit", *HOSTILE):
        write_run(folder, run)
    write(folder, "no path", summary.about_summary(ABOUT))
    write(folder, "no about", summary.array_summary(f"{summary.PATH}0", ROWS))
    write_run(folder, "newer", about={"version": summary.VERSION + 1, "anything": "else"})
    write_run(folder, "other columns", path=np.zeros((2, 7)))
    write_run(folder, "no names", about={"arrays": []})
    write_run(folder, "no array", about={**ABOUT, "arrays": ["optimum"]})
    text = summary.about_summary(ABOUT)
    text.tensor.string_val[0] = b"{half a text"
    write(folder, "half a text", text)
    cut = summary.array_summary(f"{summary.PATH}0", ROWS)
    cut.tensor.tensor_content = cut.tensor.tensor_content[:-3]
    write(folder, "cut", summary.about_summary(ABOUT), cut)
    open_reference(folder, "without data").scalars(0, {"loss": 1.0})
    return folder


@pytest.fixture(scope="module", params=LOADERS)
def board(logs, request):
    with TensorBoard(logs, *LOADERS[request.param]) as board:
        yield board


def test_a_run_is_read_bit_by_bit(board):
    shown = descent_page.run(board, "fit")
    assert shown["path"].tobytes() == ROWS.tobytes()
    assert shown["about"] == {"version": 1, **ABOUT}
    assert [shown[name] for name in ("data", "optimum", "curvature", "truth")] == [None] * 4


def test_a_run_without_a_path_yet_has_an_empty_one(board):
    assert descent_page.run(board, "no path")["path"].shape == (0, 5)


def test_the_runs_with_data_are_listed_in_order(board):
    lines = descent_page.ask(board, "runs")[1]["runs"]
    names = [line["run"] for line in lines]
    assert names == sorted(names)
    assert {"fit", "newer", *HOSTILE} <= set(names)
    assert "without data" not in names
    fit = descent_page.runs(board)["fit"]
    assert fit["about"] == {"version": 1, **ABOUT}
    assert fit["step"] == 1
    assert fit["stamp"] > 1.7e9


@pytest.mark.parametrize("run", HOSTILE)
def test_a_run_may_have_any_name(board, run):
    assert descent_page.run(board, run)["path"].tobytes() == ROWS.tobytes()


@pytest.mark.parametrize("run", ["no about", "newer", "half a text"])
def test_a_damaged_run_says_so_in_the_list_and_hides_no_other(board, run):
    line = descent_page.runs(board)[run]
    assert "about" not in line
    assert line["error"] == descent_page.ask(board, "run", run=run)[1]["error"]


def test_a_run_without_a_path_says_in_the_list_why(board):
    assert descent_page.runs(board)["no path"]["error"] == "This fit has not taken a step yet."


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("no about", "The data of run 'no about' cannot be read: ValueError: the tag descent/about is missing."),
        ("newer", "A newer version of linfit wrote this run. Upgrade linfit in TensorBoard's environment."),
        ("half a text", "The data of run 'half a text' cannot be read: JSONDecodeError"),
        ("other columns", "The data of run 'other columns' cannot be read: ValueError: "),
        ("no names", "The data of run 'no names' cannot be read: KeyError: 'names'."),
        ("no array", "The data of run 'no array' cannot be read: KeyError: 'descent/optimum'."),
        ("cut", "The data of run 'cut' cannot be read: "),
    ],
)
def test_what_is_damaged_is_said_in_a_sentence(board, run, words):
    status, answer = descent_page.ask(board, "run", run=run)
    assert status == 500
    assert answer["error"].startswith(words)
    assert answer["error"].endswith(".")


@pytest.mark.parametrize("query", [{"run": "nobody"}, {"run": ""}, {}, {"run": "without data"}, {"run": "../fit"}])
def test_a_run_that_is_not_there_is_not_found(board, query):
    status, answer = descent_page.ask(board, "run", **query)
    assert status == 404
    assert answer["error"] == f"No run named {query.get('run', '')!r} has data for this page."


def test_whatever_else_goes_wrong_is_an_answer_too():
    plugin = DescentPlugin(TBContext(data_provider=None))
    for route in ("/runs", "/run"):
        answer = Client(plugin.get_plugin_apps()[route]).get(f"{route}?run=fit")
        assert answer.status_code == 500
        assert answer.content_type == "application/json"
        assert json.loads(answer.data)["error"].startswith("TensorBoard cannot read the data: AttributeError: ")


def test_the_files_of_the_page_are_served_and_no_others(board):
    names = [file.name for file in PAGE.iterdir() if file.suffix in (".js", ".css")]
    assert "index.js" in names
    for name in names:
        with urllib.request.urlopen(f"{board.url}data/plugin/descent/{name}") as answer:
            assert answer.read() == (PAGE / name).read_bytes()
            kind = {".js": "text/javascript", ".css": "text/css"}[Path(name).suffix]
            assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    for name in ("../plugin.py", "..%2fplugin.py", "plugin.py", "page/index.js", "", "nothing.js"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{board.url}data/plugin/descent/{name}")


def test_a_file_of_the_page_that_is_removed_is_not_found(tmp_path):
    from tensorboard_plugin_linfit.answers import serve

    def gone(environ, start_response):
        return serve(tmp_path / "gone.js", environ, start_response)

    assert Client(gone).get("/gone.js").status_code == 404


def test_the_tab_is_shown_once_a_run_has_data(board, tmp_path):
    tab = board._json("data/plugins_listing")["descent"]
    assert tab["enabled"]
    assert tab["tab_name"] == "Descent"
    assert tab["loading_mechanism"] == {"type": "IFRAME", "module_path": "/data/plugin/descent/index.js"}
    open_reference(tmp_path, "fit").scalars(0, {"loss": 1.0})
    with TensorBoard(tmp_path) as other:
        assert not other._json("data/plugins_listing")["descent"]["enabled"]


def test_a_path_prefix_moves_all_of_it(logs):
    with TensorBoard(logs, "--path_prefix=/some/where") as board:
        assert board.url.endswith("/some/where/")
        assert descent_page.run(board, "fit")["path"].tobytes() == ROWS.tobytes()
        module = board._json("data/plugins_listing")["descent"]["loading_mechanism"]["module_path"]
        assert board._get(module.removeprefix("/some/where").lstrip("/")) == (PAGE / "index.js").read_bytes()


def test_later_pieces_replace_earlier_ones_from_their_start_on():
    def piece(wall_time, start, *steps):
        return wall_time, start, np.array([[step, wall_time] for step in steps], float)

    pieces = [piece(3, 2, 2, 4), piece(1, 0, 0, 1, 2, 3), piece(2, 4, 4, 5, 6), piece(4, 5, 5), piece(4, 8, 8, 9)]
    assert summary.joined(pieces).tolist() == [[0, 1], [1, 1], [2, 3], [4, 3], [5, 4], [8, 4], [9, 4]]


def test_tensorboard_finds_the_plugin_by_its_entry_point():
    (found,) = [entry for entry in entry_points(group="tensorboard_plugins") if entry.name == "descent"]
    assert found.load() is DescentPlugin


ALONE = """
import sys
for name in ("tensorflow", "keras", "linfit", "matplotlib", "scipy", "pandas"):
    sys.modules[name] = None
sys.path.insert(0, sys.argv[2])
from tensorboard_server import TensorBoard
import descent_page
for flags in [], ["--load_fast=false"]:
    with TensorBoard(sys.argv[1], *flags) as board:
        assert board._json("data/plugins_listing")["descent"]["enabled"]
        print(descent_page.run(board, "fit")["path"].tobytes().hex(), descent_page.runs(board)["fit"]["about"]["names"])
"""


def test_the_tab_needs_nothing_but_tensorboard(tmp_path):
    write_run(tmp_path, "fit")
    here = str(Path(__file__).parents[1] / "helpers")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, tmp_path, here],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    assert done.stdout.splitlines() == [f"{ROWS.tobytes().hex()} ['w', 'b']"] * 2, done.stderr
