"""Reading files and DataFrames as features and targets by column names; errors name the cell that cannot be used."""

import gzip
import os
import re
from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import statsmodels.formula.api as smf
from statistics_checks import count_reductions

import linfit

FRAME = pd.DataFrame({"area": [50.0, 80.0, 60.0], "city": ["Rome", "Paris", "Rome"], "rent": [600.0, 900.0, 700.0]})
SMALL = "area,city,rent\n50,Rome,600\n80,Paris,900\n60,Rome,700\n"


@pytest.fixture(autouse=True)
def work_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, content):
    """Write text or bytes to a file, as gzip if its name ends in .gz, or a table to a Parquet file."""
    if isinstance(content, pd.DataFrame | pa.Table):
        table = content if isinstance(content, pa.Table) else pa.Table.from_pandas(content, preserve_index=False)
        return pq.write_table(table, name)
    content = content.encode() if isinstance(content, str) else content
    return Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def refusal(source, target="rent", features=None, **options):
    with pytest.raises(linfit.InputError) as caught:
        linfit.read_table(source, target, features, **options)
    return str(caught.value)


SOURCES = {
    "csv": lambda: write("flats.csv", SMALL) and "flats.csv",
    "csv_of_windows": lambda: write("flats.csv", "\ufeff" + SMALL.replace("\n", "\r\n")) and "flats.csv",
    "gzip": lambda: write("flats.csv.gz", SMALL) and Path("flats.csv.gz"),
    "parquet": lambda: write("flats.parquet", FRAME) or "flats.parquet",
    "pandas": lambda: FRAME,
    "pandas_with_types": lambda: FRAME.astype({"area": "Int64", "city": "category", "rent": pd.ArrowDtype(pa.int16())}),
    "pandas_with_objects": lambda: FRAME.astype(object),
    "polars": lambda: pl.from_pandas(FRAME),
    "polars_with_types": lambda: pl.from_pandas(FRAME).cast(
        {"city": pl.Categorical, "rent": pl.Decimal(10, 2), "area": pl.Int8}
    ),
    "arrow": lambda: pa.Table.from_pandas(FRAME),
    "two_files": lambda: (
        write("flats1.csv", "rent,area,city\n600,50,Rome\n")
        and write("flats2.csv", SMALL[:15] + "80,Paris,900\n60,Rome,700\n")
        and "flats?.csv"
    ),
    "csv_and_parquet": lambda: (write("a.csv", SMALL[:27]) and write("b.parquet", FRAME[1:])) or ["a.csv", "b.parquet"],
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_the_same_table_comes_from_every_kind_of_source(source):
    table = linfit.read_table(source(), "rent", categorical=["city"])
    assert (table.feature_names, table.target_name) == (("area", "city=Rome"), "rent")
    assert (table.categories, table.dropped, len(table)) == ({"city": ("Paris", "Rome")}, 0, 3)
    np.testing.assert_array_equal(table.x, [[50, 1], [80, 0], [60, 1]])
    np.testing.assert_array_equal(table.y, [[600], [900], [700]])
    assert table.x.dtype == table.y.dtype == "float64"


def test_features_are_chosen_by_name_and_several_targets_make_several_columns():
    frame = FRAME.assign(cost=[1, 2, 3])
    table = linfit.read_table(frame, ["rent", "cost"], features=["area"])
    assert (table.feature_names, table.target_name) == (("area",), ("rent", "cost"))
    np.testing.assert_array_equal(table.y, [[600, 1], [900, 2], [700, 3]])
    assert linfit.read_table(frame, "rent", "area").x.shape == (3, 1)


def test_a_column_may_weigh_the_rows():
    frame = FRAME.assign(weight=[1, 2, 0.5], cost=[1.0, 5.0, 2.0])
    write("flats.csv", frame.to_csv(index=False))
    for source in (frame, "flats.csv"):
        table = linfit.read_table(source, "rent", categorical=["city"], sample_weight="weight")
        assert table.feature_names == ("area", "city=Rome", "cost")
        np.testing.assert_array_equal(table.sample_weight, [1, 2, 0.5])
    weighted = linfit.read_table(frame, "rent", ["cost"], sample_weight="weight")
    expected = linfit.least_squares(weighted.x, weighted.y, [1, 2, 0.5])
    np.testing.assert_array_equal(linfit.least_squares(weighted).w, expected.w)
    batches = linfit.read_batches("flats.csv", "rent", ["cost"], sample_weight="weight")
    assert [part.shape for part in next(iter(batches))] == [(3, 1), (3, 1), (3,)]
    statistics = linfit.SufficientStatistics.from_batches(batches)
    np.testing.assert_allclose(statistics.least_squares().w, expected.w, rtol=1e-12)
    assert [part.shape for part in next(iter(batches.dataset(2)))] == [(2, 1), (2, 1), (2,)]
    assert refusal(frame, sample_weight="w").startswith("the DataFrame has no sample_weight column 'w'.")
    assert "'cost' weighs the rows and cannot be a feature or a target too. Choose another sample_weight." in refusal(
        frame, features=["cost"], sample_weight="cost"
    )
    with pytest.raises(linfit.InputError, match="the Table has a sample_weight already, got another one"):
        linfit.least_squares(weighted, sample_weight=[1, 1, 1])


def test_a_first_level_may_be_chosen_and_numbers_may_be_levels():
    frame = FRAME.assign(zone=[10, 9, 2])
    table = linfit.read_table(
        frame, "rent", ["zone", "city"], categorical={"city": ["Rome", "Paris"], "zone": [9, 2, 10]}
    )
    assert table.feature_names == ("zone=2", "zone=10", "city=Paris")
    np.testing.assert_array_equal(table.x, [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    learnt = linfit.read_table(frame, "rent", ["zone"], categorical="zone")
    assert learnt.categories == {"zone": ("2", "9", "10")}  # sorted as numbers, not as text


def test_levels_are_the_same_text_from_every_kind_of_source():
    table = pd.DataFrame({"zone": [2, 10, 2], "new": [True, False, True], "y": [1.0, 2.0, 3.0]})
    write("t.parquet", table)
    write("t.csv", "zone,new,y\n2,true,1\n10,false,2\n2,true,3\n")
    options = {"target": "y", "categorical": ["zone", "new"]}
    for source in ("t.csv", "t.parquet", table, table.astype({"zone": float}), pl.from_pandas(table)):
        read = linfit.read_table(source, **options)
        assert read.categories == {"zone": ("2", "10"), "new": ("false", "true")}
        np.testing.assert_array_equal(read.x, [[0, 1], [1, 0], [0, 1]])


def test_the_optimum_with_a_category_is_that_of_treatment_coding():
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"area": rng.normal(size=60), "city": rng.choice(["Rome", "Oslo", "Paris"], 60)})
    frame["rent"] = 2 * frame.area + frame.city.map({"Oslo": 1.0, "Rome": -1.0, "Paris": 0.0}) + rng.normal(size=60)
    optimum = linfit.least_squares(linfit.read_table(frame, "rent", categorical={"city": ["Paris", "Oslo", "Rome"]}))
    fit = smf.ols("rent ~ area + C(city, Treatment('Paris'))", frame).fit()  # also, no warning about dependent columns
    expected = fit.params.iloc[[3, 1, 2]], fit.bse.iloc[[3, 1, 2]]
    np.testing.assert_allclose(optimum.w[:, 0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(optimum.standard_error_w[:, 0], expected[1], rtol=1e-12)


GAPS = "area,city,rent\n50,Rome,600\n,Rome,1\n70, N/A,1\n80,Paris,900\n75,Oslo,nan\n60,Rome,700\n90\n"


@pytest.mark.parametrize("kind", ["csv", "frame", "parquet", "polars"])
def test_rows_with_missing_cells_are_dropped_when_asked_and_counted(kind):
    write("gaps.csv", GAPS)
    frame = pd.read_csv("gaps.csv", skipinitialspace=True)
    write("gaps.parquet", frame)
    source = {"csv": "gaps.csv", "frame": frame, "parquet": "gaps.parquet", "polars": pl.from_pandas(frame)}[kind]
    table = linfit.read_table(source, "rent", categorical=["city"], missing="drop")
    assert (len(table), table.dropped) == (3, 4)
    assert table.categories == {
        "city": ("Paris", "Rome")
    }  # the row with Oslo is dropped; its feature would be all zeros
    np.testing.assert_array_equal(table.x, [[50, 1], [80, 0], [60, 1]])
    only = linfit.read_table(source, "rent", ["area"], missing="drop")
    assert (len(only), only.dropped) == (4, 3)  # a missing city does not matter if city is not read
    first = "line 3" if kind == "csv" else "row 1, counted from 0"
    assert f"'area', got a missing value in {first} (1 such row). Fill those cells, drop their" in refusal(
        source, features=["area"]
    )


def test_a_table_of_gaps_only_is_refused():
    write("gaps.csv", "area,rent\n,1\n2,\n")
    assert refusal("gaps.csv", missing="drop") == "gaps.csv has no row without a missing cell: 2 rows were dropped."
    assert refusal("gaps.csv", missing="fill") == "missing must be 'error' or 'drop', got 'fill'."
    write("gaps.csv", "area,rent\n,1\n2,3\ninf,4\n")  # infinity is not missing
    assert "'area', got inf in line 4 (1 such row). Correct" in refusal("gaps.csv", missing="drop")


LINE = b"1,2,a text that is not read,3\n"
BAD_CELLS = {
    "text": ("oops,2,u,3\n", "'a', got 'oops' in line 5002 (the first such row). Correct"),
    "infinite": ("1,-Infinity,u,3\n", "'b', got -Infinity in line 5002"),
    "missing": ("1,,u,3\n", "'b', got a missing value in line 5002"),
    "after_quoted_lines": ('1,2,"several\nlines, even\n",3\n1,x2,u,3\n', "'b', got 'x2' in line 5005"),
    "after_an_empty_line": ("\n1,2_0,u,3\n", "'b', got '2_0' in line 5003"),
    "too_long": (
        "1,2,u,3,4\n",
        "lines of different lengths: the header has 4 cells, line 5002 has 5. Put quotes around cells",
    ),
    "too_short": ("1,2,u\n", "'rent', got a missing value in line 5002"),
    "not_utf_8": (b"1,\xe9,u,3\n", "not a text file in UTF-8"),
}


@pytest.mark.parametrize("batch_rows", [1000, 2**16])  # in pieces of 64 KiB, and in a single piece
@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(("line", "message"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_bad_cell_deep_in_a_file_is_named_by_its_line(packed, line, message, batch_rows):
    line = line if isinstance(line, bytes) else line.encode()
    write(f"deep.csv{packed}", b"a,b,text,rent\n" + 5000 * LINE + line + 5000 * LINE)
    batches = linfit.read_batches(f"deep.csv{packed}", "rent", ["a", "b"], batch_rows=batch_rows)
    with pytest.raises(linfit.InputError) as caught:
        list(batches)
    assert message in str(caught.value)


def test_bad_cells_far_from_each_other_are_all_counted_and_the_first_is_named():
    bad = [b"1,2,u,3\n"] * 40_000
    for row in (7, 20_000, 39_999):
        bad[row] = b"1,2,u,oops\n"
    bad[30_000] = b"oops,2,u,3\n"
    write("far.csv", b"a,b,text,rent\n" + b"".join(bad))
    assert "'rent', got 'oops' in line 9 (3 such rows)." in refusal("far.csv", features=["a", "b"])


@pytest.mark.parametrize("bad", ["", ' "oops"'])
def test_inch_marks_make_no_rows_of_the_lines_within_quoted_cells(bad):
    lines, first = ["a,rent,note"], None
    for row in range(6000):
        note = '5" pipe' if row in (5, 5995) else "none"
        if row > 100 and row % 3 == 0:
            note = '"line one\n7,7,line two"'
        a = ' "12"' if row == 3000 else row  # Arrow cannot read this cell
        if bad and row == 4001:
            a, first = bad, sum(line.count("\n") + 1 for line in lines) + 1
        lines.append(f"{a},{2 * row},{note}")
    write("inches.csv", "\n".join(lines) + "\n")
    if bad:
        assert f"'a', got 'oops' in line {first} (1 such row)" in refusal("inches.csv", features=["a"])
        return
    table = linfit.read_table("inches.csv", "rent", ["a"])
    np.testing.assert_array_equal(table.y[:, 0], 2.0 * np.arange(6000))
    np.testing.assert_array_equal(table.x[:, 0], np.where(np.arange(6000) == 3000, 12, np.arange(6000)))


@pytest.mark.parametrize(
    ("end", "note", "line"), [("\n", '"x\ry"', 40_001), ("\r\n", "x", 20_001), ("\r", "x", 20_001)], ids=repr
)
def test_lines_end_in_all_ways_that_files_know(end, note, line):
    rows = [f"{i},{i},{note}" for i in range(150_000)]
    rows[19_999] = f"oops,1,{note}"
    write("ends.csv", (end.join(["a,rent,note", *rows]) + end).encode())
    assert f"'a', got 'oops' in line {line} (1 such row)" in refusal("ends.csv", features=["a"])


def test_all_cells_like_the_first_bad_one_are_counted_in_all_files():
    write("flats1.csv", "a,rent\n1,2\n,3\n,4\n")
    write("flats2.csv", "rent,a\n2,\n3,4\n")
    assert "flats1.csv must" in refusal("flats*.csv")
    assert "'a', got a missing value in line 3 (3 such rows)" in refusal("flats*.csv")


@pytest.mark.parametrize(("value", "word"), [(inf, "inf"), (nan, "a missing value"), (None, "a missing value")])
def test_a_bad_cell_of_a_parquet_file_or_a_frame_is_named_by_its_row(value, word):
    frame = pd.DataFrame({"a": [1.0] * 70_000, "rent": [1.0] * 70_000}, dtype=object)
    frame.loc[66_000, "a"] = value
    frame = frame if value is None else frame.astype("float64")
    write("flats.parquet", pa.table({name: pa.array(frame[name], pa.float64(), from_pandas=False) for name in frame}))
    cell = f"'a', got {word} in row 66000, counted from 0 (1 such row)."
    assert f"flats.parquet must hold a finite number in every row of column {cell}" in refusal("flats.parquet")
    assert f"the DataFrame must hold a finite number in every row of column {cell}" in refusal(frame)


NOT_NUMBERS = {
    "texts": (
        FRAME.assign(street=["a", "b", "c"]),
        {},
        "the DataFrame has text where a fit needs numbers, in columns 'city' (such as 'Rome'), 'street' (such as 'a'). "
        "Try categorical=['city', 'street'], or choose other columns with features=[...].",
    ),
    "text_as_target": (FRAME, {"target": "city"}, "in column 'city' (such as 'Rome'). Try another target,"),
    "objects": (
        FRAME.assign(o=[1, "k", 2]),
        {"features": ["o"]},
        "'o', got 'k' in row 1, counted from 0 (1 such row).",
    ),
    "dates": (
        FRAME.assign(day=pd.Timestamp("2026-01-02")),
        {"features": ["day"]},
        "has dates where a fit needs numbers",
    ),
    "lists": (pa.table({"l": [[1], [2]], "rent": [1, 2]}), {}, "must hold numbers in column 'l', got the type list<"),
    "dates_in_csv": ("day,rent\n2026-01-02,1\n", {}, "has dates where a fit needs numbers, in column 'day' (such as"),
    "decimal_commas": ('a,rent\n"1,5",2\n', {}, "has decimal commas in column 'a' (such as '1,5'). Save the numbers"),
    "semicolons": (
        "a;rent\n1,5;2\n",
        {},
        "Its columns are: 'a;rent'. Are they separated by semicolons? Try "
        'linfit.read_table(pd.read_csv(..., sep=";", decimal=","), ...), or save the file with commas between columns '
        "and with decimal points.",
    ),
    "tabs": ("a\trent\n1\t2\n", {}, 'Are they separated by tabs? Try linfit.read_table(pd.read_csv(..., sep="\\t"), '),
    "another_case": ("a,Rent \n1,2\n", {}, "Its columns are: 'a', 'Rent '. Did you mean 'Rent '?"),
    "currency_and_percent": (
        'a,b,rent\n"$20,538.45",34.9%,2\n',
        {},
        "in columns 'a' (such as '$20,538.45'), 'b' (such as '34.9%'). Numbers must be written without currency signs, "
        "percent signs, spaces or thousands separators. Correct them, name them in categorical=[...] if they are "
        "levels, or choose other columns with features=[...].",
    ),
    "currency_as_target": ("a,rent\n1,$2\n", {}, "thousands separators. Correct them, or choose other"),
    "text_as_weight": ("a,w,rent\n1,few,2\n", {"sample_weight": "w"}, "(such as 'few'). Try another sample_weight, or"),
    "currency_and_text": ("a,c,rent\n1 200,B2,2\n", {}, "thousands separators. Try categorical=['c'], or choose other"),
    "unknown_level": (
        SMALL,
        {"categorical": {"city": ["Paris", "Oslo"]}},
        "flats.csv must hold one of the levels 'Paris', 'Oslo' in every row of column 'city', got 'Rome' in line 2 "
        "(2 such rows). Correct those cells, or choose other columns.",
    ),
    "missing_level": (
        "city,rent\nA,1\nB,2\n,3\n",
        {"categorical": ["city"]},
        "column 'city', got a missing value in line 4",
    ),
    "one_level": ("city,rent\nA,1\nA,2\n", {"categorical": ["city"]}, "must have at least two levels, got 1, 'A'."),
    "one_level_given": (SMALL, {"categorical": {"city": ["A"]}}, "must have at least two levels, got 1, 'A'."),
    "a_level_twice": (SMALL, {"categorical": {"city": ["A", "B", "A"]}}, "the levels of 'city' must be unique"),
    "category_elsewhere": (
        SMALL,
        {"categorical": ["town"]},
        "must name features, got 'town'. Choose from: 'area', ",
    ),
    "utf_16": (SMALL.encode("utf-16"), {}, "flats.csv is not a text file in UTF-8."),
    "half_a_gzip": (gzip.compress(os.urandom(20_000).hex().encode())[:9000], {}, "flats.csv is damaged: it cannot be"),
    "no_parquet": (b"PAR1 and nothing else, PAR1", {}, "flats.csv is not a Parquet file, or it is damaged: "),
    "an_array": (np.eye(3), {}, "a path must be a string or a Path, got "),
    "a_number": (5, {}, "the source must be a path, a list of paths or a DataFrame, got int."),
    "no_paths": ([], {}, "at least one path is required, got an empty list."),
}


@pytest.mark.parametrize(("content", "options", "message"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_what_is_no_number_is_named_with_the_remedy(content, options, message):
    source = content
    if isinstance(content, str | bytes | pa.Table):
        source = "flats.csv"
        write(source, content)
    assert message in refusal(source, **({"target": "rent"} | options))


def test_a_damaged_page_of_a_parquet_file_is_seen_where_it_has_a_checksum():
    numbers = np.random.default_rng(7).normal(size=10_000)
    pq.write_table(pa.table({"a": numbers, "rent": numbers}), "flats.parquet", write_page_checksum=True)
    content = bytearray(Path("flats.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    write("flats.parquet", bytes(content))
    assert refusal("flats.parquet").startswith("flats.parquet is not a Parquet file, or it is damaged: ")


def test_a_pattern_without_a_file_and_a_folder_are_named():
    Path("data").mkdir()
    assert refusal("data/*.csv").startswith(
        "no file matches data/*.csv. Check the pattern; a relative pattern starts at"
    )
    assert refusal("data") == "data is a folder. Name its files with a pattern: 'data/*.parquet'."


def test_files_with_other_columns_are_named():
    write("a.csv", "area,rent\n50,600\n")
    write("b.csv", "area,rooms,rent\n50,2,600\n")
    assert refusal(["a.csv", "b.csv"]) == (
        "b.csv and a.csv must have the same columns unless features are named, got 'rooms' in only one of them. "
        "Choose columns that all files have, with features=[...]."
    )
    assert len(linfit.read_table(["a.csv", "b.csv"], "rent", ["area"])) == 2
    assert refusal(["b.csv", "a.csv"], features=["rooms"]).startswith("a.csv has no feature column 'rooms'.")
    write("b.csv", "area,rent\nlarge,600\n")
    assert refusal(["a.csv", "b.csv"]).startswith("b.csv has text where a fit needs numbers, in column 'area'")


def test_a_level_that_no_row_has_is_warned_about():
    with pytest.warns(
        UserWarning, match="no row has city=Oslo, city=Bonn: these rows do not .* for a fit leave the level out"
    ):
        table = linfit.read_table(FRAME, "rent", categorical={"city": ["Oslo", "Rome", "Paris", "Bonn"]})
    assert table.feature_names == ("area", "city=Rome", "city=Paris", "city=Bonn")


def test_spaces_after_commas_are_no_part_of_a_level_and_words_may_be_true_or_false():
    write("flats.csv", 'city, new, rent\nRome, True, 600\n "Rome", false, 700\nOslo,TRUE, +8e2\n')
    table = linfit.read_table("flats.csv", "rent", categorical=["city"])
    np.testing.assert_array_equal(table.x, [[1, 1], [1, 0], [0, 1]])
    np.testing.assert_array_equal(table.y[:, 0], [600, 700, 800])


def test_marks_of_inches_are_no_quotes_that_go_on_to_the_end_of_the_file():
    marks = np.where(np.arange(60_000) % 20_001, "pipe", '5" pipe')  # three have inch marks
    lines = "".join(f"{number},{mark},{2 * number}\n" for number, mark in enumerate(marks))
    write("pipes.csv", "length,what,rent\n" + lines)
    table = linfit.read_table("pipes.csv", "rent", ["length"])
    np.testing.assert_array_equal(table.x[:, 0], np.arange(60_000))
    np.testing.assert_array_equal(table.y[:, 0], 2 * np.arange(60_000))


@pytest.mark.parametrize("path", ["arrow", "python"])
def test_a_level_is_a_cell_without_the_spaces_around_it_whoever_parses_it(path, monkeypatch):
    cells = ["Rome", " Rome ", '" Rome"', ' "Rome"', ' "Rome" ', "Oslo", ' "say ""hi"""', '"say ""hi"""', ' 5" pipe']
    gaps = ["", " ", " NA", "NA ", '" NA"', ' "NA"', ' ""', " null"]
    lines = [f"{number},{cell},1\n" for number, cell in enumerate(cells + gaps)]
    lines += ['1,Rome, "1"\n'] * (path == "python")  # Arrow does not read a number in quotes after a space
    if path == "arrow":
        monkeypatch.setattr("linfit.data.csv_python_reader.CsvPythonReader.read", None)
    write("flats.csv", "a,city,rent\n" + "".join(lines))
    table = linfit.read_table("flats.csv", "rent", categorical=["city"], missing="drop")
    assert table.categories == {"city": ('5" pipe', "Oslo", "Rome", 'say "hi"')}
    assert (table.dropped, len(table)) == (len(gaps), len(lines) - len(gaps))
    np.testing.assert_array_equal(table.x[:9, 2], [1] * 5 + [0] * 4)
    given = {"city": ["Rome ", " Oslo", 'say "hi"', '5" pipe']}
    assert linfit.read_table("flats.csv", "rent", categorical=given, missing="drop").categories["city"][0] == "Rome"
    assert "the levels of 'city' must not include missing values, got ' NA', which marks a missing cell" in refusal(
        "flats.csv", categorical={"city": ["Rome", " NA"]}
    )


@pytest.mark.parametrize("lines", ["2,4\n", '2, "4"\n'], ids=["arrow", "python"])
@pytest.mark.parametrize("cell", ["NAN", "-nan(1)", " NaN", "nan(ind)", "+NaN"])
def test_whatever_spelling_of_nan_is_missing_whoever_parses_it(cell, lines):
    write("flats.csv", f"a,rent\n1,3\n{cell},1\n{lines}")
    assert linfit.read_table("flats.csv", "rent", missing="drop").dropped == 1


def test_quotes_after_a_space_may_hold_a_comma():
    write("flats.csv", 'a, city, rent\n1, "Rome, Italy"\n2, "Oslo", 3\n4, "Rome, Italy", 5\n')
    table = linfit.read_table("flats.csv", "rent", categorical=["city"], missing="drop")
    assert (table.categories, table.dropped) == ({"city": ("Oslo", "Rome, Italy")}, 1)


def test_text_that_begins_late_is_counted_no_longer_than_that_is_quick(monkeypatch):
    from linfit.data.csv_python_reader import CsvPythonReader

    calls, read = [], CsvPythonReader.read
    monkeypatch.setattr(CsvPythonReader, "read", lambda *given: calls.append(given) or read(*given))
    monkeypatch.setattr("linfit.data.csv_file.PIECE_BYTES", 2**16)
    for cell, count in {"hm": r"at least \d,\d+ such rows", "": r"30,000 such rows"}.items():
        write("late.csv", "a,rent\n" + 10_000 * "1,2\n" + 30_000 * f"{cell},2\n")
        message = refusal("late.csv")
        assert re.search(rf" in line 10002 \({count}\)", message), message
    assert len(calls) == 2  # for the line of the first bad cell in each file


def test_a_weight_below_0_is_named_by_its_cell():
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "rent": [1.0, 2, 3, 4], "weight": [0.0, np.nan, -0.5, -1]})[1:]
    write("flats.csv", "a,rent,weight\n" + frame.to_csv(index=False, header=False))
    write("flats.parquet", frame)
    for source, place in {"flats.csv": "line 3", "flats.parquet": "row 1, counted from 0"}.items():
        message = f"{source} must hold a weight of 0 or more in every row of column 'weight', got -0.5 in {place} ("
        options = {"sample_weight": "weight", "missing": "drop"}
        assert refusal(source, **options).startswith(message + "2 such rows). Correct")
        batches = linfit.read_batches(source, "rent", **options)
        for read in (lambda batches=batches: list(batches), lambda batches=batches: batches.dataset(2)):
            with pytest.raises(linfit.InputError, match=re.escape(message + "the first such row)")):
                read()
    assert len(linfit.read_table(frame, "rent", missing="drop")) == 2  # a feature may be negative


def test_two_features_of_one_name_are_refused():
    frame = pd.DataFrame({"c": ["w", "x"], "c=x": [1.0, 2.0], "rent": [1.0, 2.0]})
    write("flats.csv", frame.to_csv(index=False))
    message = "the columns 'c' and 'c=x' would both give a feature called 'c=x'. Rename one of them"
    for categorical in (["c"], {"c": ["w", "x"]}):
        assert refusal(frame, categorical=categorical).startswith(message)
        with pytest.raises(linfit.InputError, match=message):
            linfit.read_batches("flats.csv", "rent", categorical=categorical)
    assert linfit.read_table(frame, "rent", categorical={"c": ["x", "w"]}).feature_names == ("c=w", "c=x")


def test_a_text_may_be_long_beside_a_line_that_arrow_cannot_read():
    write("flats.csv", f'a,text,rent\n1,{"x" * 200_000},2\n3,"y", "4"\n')
    np.testing.assert_array_equal(linfit.read_table("flats.csv", "rent", ["a"]).y, [[2], [4]])


def test_a_table_says_in_a_line_what_it_is():
    frame = pd.concat([FRAME] * 400 + [FRAME[:1].assign(area=nan)]).assign(cost=2)
    table = linfit.read_table(frame, "rent", categorical=["city"], missing="drop")
    assert str(table) == "Table of 1,200 rows: rent from area, city=Rome, cost (1 row dropped)"
    names = [f"x{number}" for number in range(1000)]
    wide = linfit.read_table(pd.DataFrame(np.ones((1, 1002)), columns=[*names, "y", "z"]), ["y", "z"])
    assert repr(wide) == f"Table of 1 row: y, z from {', '.join(names[:10])}, ... (1,000 features)"


def test_a_table_of_read_only_views_is_reduced_anew_once_their_memory_has_changed():
    """A DataFrame gives read-only views of memory that it still changes."""
    memory = np.column_stack([np.arange(6.0), 2 * np.arange(6.0) + 1])
    view = memory[:]
    view.flags.writeable = False
    table = linfit.Table(view[:, :1], view[:, 1:], ("x",), "y")
    assert linfit.least_squares(table).w.item() == pytest.approx(2)
    memory[:, 1] *= 10
    assert linfit.least_squares(table).w.item() == pytest.approx(20)
    assert linfit.SufficientStatistics.from_rows(table).least_squares().w.item() == pytest.approx(20)


def test_the_rows_of_a_table_that_was_read_are_reduced_once(tmp_path, monkeypatch):
    reduced = count_reductions(monkeypatch)
    pd.DataFrame({"x": np.arange(50.0), "y": np.arange(50.0) % 7}).to_csv(tmp_path / "table.csv", index=False)
    table = linfit.read_table(tmp_path / "table.csv", target="y")
    model = linfit.LinearRegression(normalize=True)
    model.compile(learning_rate="auto")
    model.fit(table, batch_size=len(table), epochs=2, verbose=0)
    linfit.compare(model, table)
    linfit.least_squares(table)
    linfit.SufficientStatistics.from_rows(table)
    assert reduced == [50]
    with pytest.raises(ValueError, match="read-only"):
        table.x[0] = 1.0
