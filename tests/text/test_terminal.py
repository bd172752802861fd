"""Printed tables and lines, in real terminals of several widths and in a pipe."""

import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest
from pseudo_terminal import all_of

import linfit
from linfit.callbacks import StatusPrinter
from linfit.text.text_table import fitted_to_width, shortened

LONG = ["number_of_rooms_of_the_whole_old_house_7", "area_of_the_garden_and_all_of_its_ponds_8"]
# Prints one page for each width and setting. The program changes the width of its own terminal.
PROGRAM = f"""
import fcntl, os, struct, sys, termios
from rich.console import Console
import linfit
from linfit.callbacks import StatusPrinter

x, y = linfit.GroundTruth(w=[1.0, -1.0], b=0.5, noise=0.1).sample(100, seed=1)
models = {{}}

def fit(names=None, rate=0.1, steps=400):
    truth = linfit.GroundTruth(w=[1.0, -1.0], b=0.5, noise=0.1, feature_names=names)
    if bool(names) not in models:  # so that later fits are not compiled again
        models[bool(names)] = linfit.LinearRegression(feature_names=names)
        models[bool(names)].compile(learning_rate=0.1)
        models[bool(names)].build((None, 2))
    model = models[bool(names)]
    for variable in (model.w, model.b, model.optimizer.iterations):
        variable.assign(variable * 0 + 0)
    model.optimizer.learning_rate = rate
    printer = StatusPrinter(every=100, truth=truth)
    model.fit(x, y, batch_size=100, epochs=steps, verbose=0, callbacks=[printer])
    return linfit.compare(model, x, y, truth=truth)

def page(name, width, **options):
    if sys.stdout.isatty():
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    print("page", name)
    comparison = fit(**options)
    print("page table of", name)
    print(comparison)
    print("page rich table of", name)
    Console().print(comparison)

for width in (40, 60, 80, 200) if sys.stdout.isatty() else (200,):
    page(f"short {{width}}", width)
    page(f"long {{width}}", width, names={LONG})
os.environ["TERM"] = "dumb"
page("dumb", 200)
os.environ["TERM"] = "xterm"
page("not converged", 80, steps=20)
page("diverging", 80, rate=0.2, steps=9)
os.environ["NO_COLOR"] = "1"
page("no colour", 200)
"""
CODE = re.compile(r"\x1b\[[0-9;]*m")
NUMBER = re.compile(r"(?<!\S)[-+]?\d\S*")  # excludes digits within names


def pages(printed):
    """Return the lines of each page by its name."""
    return {
        page.splitlines()[0]: page.splitlines()[1:] for page in printed.replace("\r\n", "\n").split("page ") if page
    }


def environment():
    """Return the environment without the variables that determine width and colour."""
    removed = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE")
    return {name: value for name, value in os.environ.items() if name not in removed} | {"TERM": "xterm"}


@pytest.fixture(scope="module")
def printed():
    """The pages printed in a terminal, and in a pipe."""
    master, slave = pty.openpty()
    command, options = [sys.executable, "-c", PROGRAM], {"stderr": subprocess.PIPE, "env": environment()}
    in_terminal = subprocess.Popen(command, stdout=slave, **options)
    os.close(slave)
    in_pipe = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
    shown = all_of(master)
    for process in (in_terminal, in_pipe):
        text, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    return pages(shown), pages(text.decode())


@pytest.fixture
def terminal(printed):
    return printed[0]


@pytest.fixture
def pipe(printed):
    return printed[1]


def plain(lines):
    return [CODE.sub("", line) for line in lines]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("names", ["short", "long"])
def test_no_line_is_wider_than_the_terminal(terminal, names, width):
    for page in (f"{names} {width}", f"table of {names} {width}", f"rich table of {names} {width}"):
        assert len(terminal[page]) >= 6
        assert max(map(len, plain(terminal[page]))) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("names", ["short", "long"])
def test_columns_end_where_their_titles_end(terminal, names, width):
    titles, *rows = plain(terminal[f"{names} {width}"])
    assert [row.split()[0] for row in rows] == ["0", "100", "200", "300", "400"]
    ends = [[number.end() for number in NUMBER.finditer(row)] for row in rows]
    assert all(end == ends[0] for end in ends)
    assert {row_ends[-1] for row_ends in ends} == {len(titles)}


def test_a_wider_terminal_shows_more(terminal):
    titles = {width: (plain(terminal[f"short {width}"]))[0].split() for width in (40, 60, 200)}
    assert titles[40] == ["step", "loss", "distance"]
    assert titles[60] == ["step", "loss", "distance", "furthest", "off"]
    assert " ".join(titles[200]) == "step loss w/x0 w/x1 b w/x0 - truth w/x1 - truth b - truth"


def test_a_terminal_has_bold_titles_and_green_where_noise_explains_the_distance(terminal):
    titles, *rows = terminal["short 200"]
    assert re.findall(r"\x1b\[1m(.*?)\x1b\[0m", titles)[-1] == "b - truth"
    x, y = linfit.GroundTruth(w=[1.0, -1.0], b=0.5, noise=0.1).sample(100, seed=1)
    a = np.column_stack([x, np.ones(100)])
    residuals = y[:, 0] - a @ np.linalg.lstsq(a, y[:, 0], rcond=None)[0]
    errors = np.sqrt(np.diag(np.linalg.inv(a.T @ a)) * np.sum(residuals**2) / 97)
    seen = set()
    for row in rows:
        gaps = row.split()[-3:]
        for gap, error in zip(gaps, errors, strict=True):
            is_near = abs(float(CODE.sub("", gap))) <= 2 * error
            assert gap.startswith("\x1b[32m") == is_near
            seen.add(is_near)
    assert seen == {True, False}
    assert not re.search(r"\x1b\[(?!1m|0m|32m)", "".join([titles, *rows]))


def test_norm_and_furthest_are_green_like_single_distances(terminal):
    _, start, *_, end = terminal["short 60"]
    assert "\x1b" not in start
    assert len(re.findall(r"\x1b\[32m[^\x1b]+\x1b\[0m", end)) == 2


def test_a_pipe_gets_what_a_terminal_of_80_columns_shows_without_its_colours(terminal, pipe):
    assert not any("\x1b" in line for page in pipe.values() for line in page)
    assert any("\x1b" in line for line in terminal["short 80"])
    for names in ("short", "long"):
        assert pipe[f"{names} 200"] == plain(terminal[f"{names} 80"])
        assert pipe[f"table of {names} 200"] == terminal[f"table of {names} 80"]


def test_no_colour_where_the_user_or_the_terminal_wants_none(terminal):
    for page in ("no colour", "dumb"):
        assert terminal[page] == plain(terminal["short 200"])
        assert "".join(terminal[f"rich table of {page}"]).split() == "".join(terminal[f"table of {page}"]).split()


@pytest.mark.parametrize(
    ("page", "words", "colour"),
    [("short 80", "Converged", 32), ("not converged", "Not converged", 33), ("diverging", "Diverging", 31)],
)
def test_rich_prints_a_comparison_with_its_verdict_in_colour(terminal, pipe, page, words, colour):
    rich = terminal[f"rich table of {page}"]
    assert re.findall(r"\x1b\[[^m]*m[^\x1b]*", "\n".join(rich))[0] == f"\x1b[{colour}m{words}"
    assert plain(rich) == terminal[f"table of {page}"]
    assert pipe[f"rich table of {page}".replace("80", "200")] == terminal[f"table of {page}"]


def test_the_table_leaves_out_what_can_be_worked_out_and_says_so(terminal):
    narrow = "\n".join(terminal["table of short 60"])
    assert "No room for: estimation error, optimization error." in narrow
    assert "standard" in narrow
    assert "No room" not in "\n".join(terminal["table of short 80"])


def test_a_value_that_outgrows_its_column_moves_no_other(capsys):
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.5)
    model.build((None, 1))
    model.optimizer.iterations.assign(12_345_678)
    truth = linfit.GroundTruth(w=2.0, b=1.0)
    x, y = np.array([[-1.0], [1.0]]), np.array([[1e100], [-1e100]])
    model.fit(x, y, epochs=2, verbose=0, callbacks=[StatusPrinter(every=1, truth=truth)])
    titles, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["12345678", "12345679", "12345680"]
    assert rows[1].split()[2] == "-1.000e+100"
    ends = [title.end() for title in re.finditer(r"\w+( - \w+)?", titles)]
    off = [np.subtract([number.end() for number in NUMBER.finditer(row)], ends).tolist() for row in rows]
    assert off == [[0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0], [0, 0, 1, 0, 1, 0]]


def test_a_shortened_name_keeps_its_ends():
    assert shortened("w/abcdefghij", 12) == "w/abcdefghij"
    assert shortened("w/abcdefghij", 8) == "w/ab…hij"
    assert [len(shortened("w/abcdefghij", width)) for width in range(1, 12)] == list(range(1, 12))


def test_names_that_would_become_the_same_are_not_shortened():
    names = ["w/sales_in_the_year_2001_in_the_north", "w/sales_in_the_year_2002_in_the_north"]
    lines = [[name, "1.000000", "2.000000"] for name in names]
    same = fitted_to_width(["", "fitted", "truth"], lines, 36, optional=[])
    assert [line.split()[0] for line in same[2:]] == names
    different = fitted_to_width(["", "fitted", "truth"], lines, 54, optional=[])
    assert max(map(len, different)) == 54
    assert len({line.split()[0] for line in different[2:]}) == 2
    fewer = fitted_to_width(["", "fitted", "truth"], lines, 44, optional=["truth"])
    assert max(map(len, fewer)) == 44
    assert fewer[-1] == "No room for: truth."


def test_an_optimum_prints_its_values_with_errors_and_intervals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    optimum = linfit.least_squares([0.0, 1.0, 2.0, 3.0], [1.0, 4.0, 4.0, 7.0])
    # By hand: 1.8 x + 1.3 with residuals -0.3, 0.9, -0.9, 0.3; σ² = 1.8 / 2; t of 2 degrees of freedom = 4.302653.
    assert str(optimum).splitlines() == [
        "             standard       95 %      95 %",
        "      value     error       from        to",
        "------------------------------------------",
        "w  1.800000  0.424264  -0.025461  3.625461",
        "b  1.300000  0.793725  -2.115125  4.715125",
        "",
        "R² 0.900000; residual standard deviation 0.948683, with 2 degrees of freedom;",
        "loss 0.450000. 1 of 1 feature independent; condition number 3.76.",
    ]


def names_and_cells(optimum):
    rows = str(optimum).split("\n\n")[0].splitlines()[3:]
    return {row.split()[0]: row.split()[1:] for row in rows}


X = np.random.default_rng(0).normal(size=(20, 2))
Y = X @ [1.0, 2.0] + np.random.default_rng(1).normal(size=20)


def test_an_optimum_knows_the_names_of_a_table_s_columns():
    pandas = pytest.importorskip("pandas")
    optimum = linfit.least_squares(pandas.DataFrame(X, columns=["area", "rooms"]), Y)
    assert list(names_and_cells(optimum)) == ["w/area", "w/rooms", "b"]


def test_an_optimum_of_several_targets_names_each_and_gives_each_an_r_squared():
    optimum = linfit.least_squares(X, np.column_stack([Y, X[:, 0]]))
    assert list(names_and_cells(optimum)) == ["w/x0/y0", "w/x0/y1", "w/x1/y0", "w/x1/y1", "b/y0", "b/y1"]
    assert f"R² {optimum.r_squared[0]:.6f}, 1.000000; " in str(optimum)


def test_an_optimum_without_a_bias_shows_none():
    assert list(names_and_cells(linfit.least_squares(X, Y, use_bias=False))) == ["w/x0", "w/x1"]


def test_an_optimum_of_dependent_features_shows_infinite_errors():
    with pytest.warns(UserWarning, match="x0 and x2 depend"):
        optimum = linfit.least_squares(np.column_stack([X, X[:, 0]]), Y)
    assert names_and_cells(optimum)["w/x2"][1:] == ["inf", "-inf", "inf"]
    assert "2 of 3 features independent; condition number inf" in " ".join(str(optimum).split())
