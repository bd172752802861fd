"""model.fit and linfit.compare on statistics: full-batch descent without the rows in memory."""

import json
import re

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fit_path import new_model, path_of
from statistics_checks import draw, refusal
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

import linfit
from linfit import SufficientStatistics
from linfit.callbacks import (
    FitFigure,
    HyperParameters,
    StatusPrinter,
    StopAtOptimum,
    TensorBoardLogger,
)

TRUTH = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.3)
N = 70_000


@pytest.fixture(scope="module")
def rows():
    return TRUTH.sample(N, seed=7)


@pytest.fixture(scope="module")
def statistics(rows):
    return SufficientStatistics.from_batches([tuple(part[i : i + 9000] for part in rows) for i in range(0, N, 9000)])


@pytest.fixture(scope="module")
def parquet(rows, tmp_path_factory):
    """Provide the rows in two files of several row groups."""
    folder = tmp_path_factory.mktemp("parquet")
    table = pa.table(dict(zip(("area", "rooms", "age", "rent"), [*rows[0].T, np.ravel(rows[1])], strict=True)))
    pq.write_table(table.slice(0, 40_000), folder / "1.parquet", row_group_size=9_000)
    pq.write_table(table.slice(40_000), folder / "2.parquet", row_group_size=9_000)
    return folder


def test_a_stream_its_parts_and_the_rows_in_memory_take_one_path(rows, parquet):
    x, y = rows
    in_memory = path_of(x, y, batch_size=N)
    assert len(in_memory) == 201
    batches = linfit.read_batches(parquet / "*.parquet", "rent")
    stream = SufficientStatistics.from_batches(batches)
    four = SufficientStatistics.from_parts(batches.parts(4))
    assert stream.rows == four.rows == N
    assert stream.feature_names == four.feature_names == ("area", "rooms", "age")
    for found in (stream, four):
        np.testing.assert_allclose(path_of(found), in_memory, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("case", ["weights", "targets, weights", "no bias", "l2", "targets, no bias, l2"])
def test_the_fit_ends_at_the_optimum_in_closed_form(case):
    x, y = draw(500, targets=2 if "targets" in case else 1)
    weight = np.linspace(0.0, 3.0, 500) if "weights" in case else None
    l2 = 0.1 if "l2" in case else 0.0
    statistics = SufficientStatistics.from_batches(
        [(x[i : i + 99], y[i : i + 99], *([] if weight is None else [weight[i : i + 99]])) for i in range(0, 500, 99)],
        use_bias="no bias" not in case,
    )
    model = new_model(use_bias="no bias" not in case, kernel_regularizer=keras.regularizers.L2(l2) if l2 else None)
    model.fit(statistics, epochs=3000, verbose=0)
    expected = linfit.least_squares(x, y, weight, "no bias" not in case, l2)
    np.testing.assert_allclose(model.w.numpy(), expected.w, rtol=1e-7)
    np.testing.assert_allclose(model.b.numpy(), expected.b, rtol=1e-7, atol=1e-12)
    compared = linfit.compare(model, statistics)
    assert compared.losses["fitted"] == pytest.approx(expected.loss, rel=1e-9)
    assert compared.losses["optimum"] == pytest.approx(expected.loss, rel=1e-9)
    np.testing.assert_allclose(
        compared.standard_error, expected.standard_error(["w", "b"] if "no bias" not in case else ["w"]), rtol=1e-9
    )


def logged(folder):
    """Return the Descent tab's arrays by tag, and its facts."""
    found = {}
    for file in folder.glob("**/*tfevents*"):
        for event in LegacyEventFileLoader(str(file)).Load():
            found |= {value.tag: value.tensor for value in event.summary.value if value.tag.startswith("descent/")}
    return found, json.loads(found["descent/about"].string_val[0])


def test_all_callbacks_know_the_rows_that_are_gone(statistics, rows, tmp_path, capsys):
    model = new_model()
    callbacks = [
        StatusPrinter(every=50, truth=TRUTH),
        TensorBoardLogger(tmp_path, truth=TRUTH),
        HyperParameters(tmp_path),
        FitFigure(tmp_path, truth=TRUTH),
        StopAtOptimum(),
    ]
    history = model.fit(statistics, epochs=5000, verbose=0, callbacks=callbacks)
    assert len(history.history["loss"]) < 1000
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "0"
    assert model.trajectory.step[-1] == len(history.history["loss"]) - 1
    arrays, about = logged(tmp_path)
    assert (about["rows"], about["batch_size"], about["message"]) == (N, N, None)
    assert about["degrees_of_freedom"] == N - 4
    assert about["residual_std"] == [pytest.approx(0.3, rel=0.02)]
    assert "descent/data" not in arrays
    optimum = np.frombuffer(arrays["descent/optimum"].tensor_content).reshape(4, 4)
    expected = linfit.least_squares(*rows)
    np.testing.assert_allclose(optimum[0], [*expected.w[:, 0], *expected.b], rtol=1e-10)
    np.testing.assert_allclose(optimum[1], expected.standard_error(["w", "b"]), rtol=1e-10)
    assert {file.name for file in (tmp_path / "fit").glob("*.png")} == {"fit.png", "bowl.png"}
    texts = b"".join(file.read_bytes() for file in tmp_path.glob("**/*tfevents*"))
    assert b"| rows | 70,000, condensed to 5 rows with the same loss |" in texts
    compared, in_memory = linfit.compare(model, statistics, truth=TRUTH), linfit.compare(model, *rows, truth=TRUTH)
    assert compared.verdict == in_memory.verdict
    np.testing.assert_allclose(compared.optimum, in_memory.optimum, rtol=1e-10)
    assert compared.losses == pytest.approx(in_memory.losses, rel=1e-10)


def test_one_feature_is_drawn_as_coefficients_unless_there_are_points_to_draw(tmp_path):
    truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
    x, y = truth.sample(5000, seed=7)
    statistics = SufficientStatistics.from_rows(x, y)
    model = new_model()
    figures = [FitFigure(tmp_path / "few", truth=truth), FitFigure(tmp_path / "some", data=(x[:50], y[:50]))]
    logger = TensorBoardLogger(tmp_path / "some", data=(x[:50], y[:50]))
    model.fit(statistics, epochs=30, verbose=0, callbacks=[*figures, logger])
    sizes = [(tmp_path / name / "fit" / "fit.png").stat().st_size for name in ("few", "some")]
    assert min(sizes) > 5000
    arrays, about = logged(tmp_path / "some")
    np.testing.assert_array_equal(
        np.frombuffer(arrays["descent/data"].tensor_content).reshape(50, 2), np.column_stack([x[:50], y[:50]])
    )
    assert about["rows"] == 5000
    assert about["degrees_of_freedom"] == 4998


@pytest.mark.parametrize("how", ["in float32", "by Keras's own loop", "as a second fit"])
def test_every_way_to_fit_takes_them(how, statistics):
    model = new_model(dtype="float32" if "float32" in how else "float64")
    if "Keras" in how:
        model.compile("auto", jit_compile=False)
    for _ in range(1 + ("second" in how)):
        model.fit(statistics, epochs=20, verbose=0)
    expected = path_of(statistics, epochs=20 * (1 + ("second" in how)))[-1]
    np.testing.assert_allclose(np.append(model.w, model.b), expected, rtol=1e-5 if "float32" in how else 1e-10)
    assert model.trajectory.step[-1] == 20 * (1 + ("second" in how))


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        ({}, {"y": [1.0]}, "and cannot be combined with y. Leave y out, or pass rows: model.fit(x, y)."),
        ({}, {"sample_weight": [1.0]}, "and cannot be combined with sample_weight. Leave sample_weight out,"),
        ({}, {"validation_split": 0.2}, "and cannot be combined with validation_split. Leave validation_split out,"),
        ({}, {"steps_per_epoch": 3}, "and cannot be combined with steps_per_epoch. Leave steps_per_epoch out,"),
        ({}, {"batch_size": 32}, "each step on statistics takes all 70,000 rows, got batch_size=32."),
        ({"loss": "mae"}, {}, "a fit to statistics requires the mean squared error, without a penalty"),
        (
            {"kernel_regularizer": keras.regularizers.L1(0.1)},
            {},
            "or with an L2 penalty on w. Compile with loss='mse', or",
        ),
        ({"metrics": ["mae"]}, {}, "metrics and a train_step of your own need single rows, and statistics have none."),
        (
            {"use_bias": False},
            {},
            "the statistics must have the model's use_bias=False, got use_bias=True. Try SufficientStatistics.",
        ),
        ({"targets": 2}, {}, "y must have the model's 2 target(s), got 1 columns."),
    ],
)
def test_what_needs_rows_is_refused_with_what_to_do(model, given, said, statistics):
    assert said in refusal(lambda: new_model(**model).fit(statistics, **given))


def test_other_features_than_the_models_are_refused(rows, statistics):
    x, y = rows
    model = new_model(feature_names=["area", "rooms", "age"])
    model.fit(statistics, epochs=1, verbose=0, batch_size=N)
    other = SufficientStatistics.from_rows(x[:, :2], y)
    assert "x must have the model's 3 features, got 2." in refusal(lambda: model.fit(other))
    turned = SufficientStatistics.from_batches(named([(x, y)], ("rooms", "area", "age")))
    assert refusal(lambda: linfit.compare(model, turned)) == (
        "the statistics must have the features ['area', 'rooms', 'age'], in this order, got ['rooms', 'area', 'age']. "
        "Try linfit.read_batches(..., features=['area', 'rooms', 'age'])."
    )
    assert "statistics include y and its weights." in refusal(lambda: linfit.compare(model, statistics, y))
    assert re.match("the model has no w and b yet", refusal(lambda: linfit.compare(new_model(), statistics)))


def test_another_reference_level_is_refused(tmp_path):
    """With another reference city, b and the features of the same name mean something else."""
    found = []
    for reference in ("Oslo", "Bonn"):
        file, levels = tmp_path / f"{reference}.csv", [reference, "Paris", "Rome"]
        file.write_text(f"city,rent\nParis,3\nRome,2\n{reference},5\nParis,4\nRome,1\n")
        batches = linfit.read_batches(file, "rent", categorical={"city": levels})
        found.append(SufficientStatistics.from_batches(batches))
    ours, theirs = found
    assert ours.feature_names == theirs.feature_names
    model = new_model()
    model.fit(ours, epochs=1, verbose=0)
    assert refusal(lambda: linfit.compare(model, theirs)) == (
        "column 'city' of the statistics must have the model's levels ['Oslo', 'Paris', 'Rome'], the first of which is "
        "the reference level, got ['Bonn', 'Paris', 'Rome']. "
        "Try linfit.read_batches(..., categorical=model.categories)."
    )
    linfit.compare(model, ours)


def test_least_squares_takes_statistics_and_nothing_beside_them(statistics, rows):
    optimum = linfit.least_squares(statistics, l2=0.1)
    expected = linfit.least_squares(*rows, l2=0.1)
    np.testing.assert_allclose(optimum.w, expected.w, rtol=1e-10)
    assert optimum.loss == pytest.approx(expected.loss, rel=1e-10)
    for given in ({"y": rows[1]}, {"sample_weight": np.ones(N)}):
        assert "statistics already include y and sample_weight." in refusal(
            lambda given=given: linfit.least_squares(statistics, **given)
        )
    assert refusal(lambda: linfit.least_squares(statistics, use_bias=False)) == (
        "the statistics were computed with use_bias=True, got use_bias=False. "
        "Try linfit.least_squares(statistics, use_bias=True)."
    )


def test_degrees_of_freedom_are_written_in_full(statistics):
    assert "with 69,996 degrees of freedom;" in " ".join(str(statistics.least_squares()).split())


def test_statistics_have_no_rows_to_evaluate(statistics, rows):
    said = "statistics have no rows to evaluate. For their loss, try linfit.compare(model, statistics)."
    assert refusal(lambda: new_model().evaluate(statistics)) == f"{said} Or pass rows: model.evaluate(x, y)."
    assert refusal(lambda: new_model().fit(*rows, validation_data=statistics)) == (
        f"{said} For validation, pass rows: validation_data=(x, y)."
    )


def named(batches, names):
    class Named(list):
        feature_names = names

    return Named(batches)
