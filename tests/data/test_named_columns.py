"""Matching columns with the model's by name, and encoding its categories as they were encoded for the fit."""

import keras
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import tensorflow as tf

import linfit

RNG = np.random.default_rng(7)
X = pd.DataFrame(
    {"area": RNG.normal(size=60), "city": RNG.choice(["Oslo", "Paris", "Rome"], 60), "rooms": RNG.integers(1, 5, 60)}
)
FLATS = X.assign(rent=X.area - 2 * X.rooms + (X.city == "Rome") + RNG.normal(size=60))
TABLE = linfit.read_table(FLATS, "rent", categorical={"city": ["Paris", "Oslo", "Rome"]})


def compiled(**options):
    model = linfit.LinearRegression(dtype="float64", **options)
    model.compile(learning_rate=0.02)
    return model


@pytest.fixture(scope="module")
def model():
    """A model fitted on a table, without a separate y."""
    model = compiled()
    model.fit(TABLE, batch_size=len(TABLE), epochs=50, verbose=0)
    return model


def test_a_table_alone_is_x_y_and_the_names(model):
    assert model.feature_names == ("area", "city=Oslo", "city=Rome", "rooms")
    assert model.categories == {"city": ("Paris", "Oslo", "Rome")}
    other = compiled(feature_names=TABLE.feature_names)
    other.fit(TABLE.x, TABLE.y, batch_size=60, epochs=50, verbose=0)
    np.testing.assert_array_equal(model.w, other.w)
    expected = linfit.least_squares(TABLE.x, TABLE.y)
    np.testing.assert_array_equal(linfit.least_squares(TABLE).w, expected.w)
    assert linfit.least_squares(TABLE).feature_names == TABLE.feature_names
    comparison = linfit.compare(model, TABLE)
    assert comparison.names[1:3] == ("w/city=Oslo", "w/city=Rome")
    np.testing.assert_allclose(comparison.optimum[:-1], expected.w[:, 0], rtol=1e-12)
    np.testing.assert_allclose(model.predict(TABLE, verbose=0), TABLE.x @ model.w.numpy() + model.b.numpy())


ENCODED = pd.DataFrame(TABLE.x, columns=TABLE.feature_names)
FRAMES = {
    "as_it_was": X,
    "another_order": X[["rooms", "city", "area"]],
    "polars": pl.from_pandas(X),
    "polars_in_another_order": pl.from_pandas(X)[["city", "rooms", "area"]],
    "arrow_in_another_order": pa.Table.from_pandas(X[["city", "rooms", "area"]]),
    "encoded_by_arrow": pa.Table.from_pandas(ENCODED[list(ENCODED.columns[::-1])]),
    "pandas_categories": X.astype({"city": pd.CategoricalDtype(["Rome", "Oslo", "Paris", "Bonn"])}),
    "nullable_numbers": X.astype({"rooms": "Int64"}),
    "encoded_already": ENCODED,
    "encoded_in_another_order": ENCODED[list(ENCODED.columns[::-1])],
    "an_array": TABLE.x,
    "a_tensor": tf.constant(TABLE.x),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_predictions_do_not_depend_on_how_the_rows_come(model, frame):
    expected = TABLE.x @ model.w.numpy() + model.b.numpy()
    np.testing.assert_allclose(model.predict(frame, verbose=0), expected, rtol=1e-13)


def test_other_data_of_a_fit_are_matched_by_name_too(model):
    shuffled = X[["rooms", "city", "area"]]
    loss = model.evaluate(TABLE, verbose=0)
    assert model.evaluate(shuffled, FLATS.rent, verbose=0) == pytest.approx(loss, rel=1e-14)
    optima = [linfit.compare(model, *data).optimum for data in ((shuffled, FLATS.rent), (TABLE,))]
    np.testing.assert_allclose(*optima, rtol=1e-13)
    one = compiled()
    history = one.fit(TABLE, batch_size=60, verbose=0, validation_data=(shuffled, FLATS.rent)).history
    again = compiled()
    by_table = again.fit(TABLE, batch_size=60, verbose=0, validation_data=TABLE).history
    assert history["val_loss"] == pytest.approx(by_table["val_loss"], rel=1e-14)
    for each, rows in ((one, (shuffled, FLATS.rent)), (again, (TABLE,))):
        each.fit(*rows, batch_size=60, verbose=0)
    np.testing.assert_allclose(one.w, again.w, rtol=1e-13)


def test_names_given_to_the_model_decide_the_order_from_the_first_fit_on():
    model = compiled(feature_names=["rooms", "area"])
    model.fit(X[["area", "rooms"]], FLATS.rent, batch_size=60, verbose=0)
    other = compiled()
    other.fit(X[["rooms", "area"]], FLATS.rent, batch_size=60, verbose=0)
    np.testing.assert_array_equal(model.w, other.w)
    assert other.categories == {}


def test_a_saved_model_keeps_its_categories(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (loaded.categories, loaded.feature_names) == (model.categories, model.feature_names)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


COLUMNS = "x must have the model's columns ['area', 'city', 'rooms'], in any order; it "
LEVELS = "x must hold one of the levels 'Paris', 'Oslo', 'Rome' in every row of column 'city', got "
REFUSED = {
    "column_missing": (X[["area", "city"]], COLUMNS + "lacks 'rooms'. Add or rename columns."),
    "column_too_many": (FLATS, COLUMNS + "has 'rent' in addition. Try x[['area', 'city', 'rooms']]."),
    "other_name": (
        X.rename(columns={"area": "m2"}),
        COLUMNS + "lacks 'area' and has 'm2' in addition. Add or rename columns.",
    ),
    "polars": (pl.from_pandas(X).drop("city"), COLUMNS + "lacks 'city'. Add or rename columns."),
    "unknown_level": (
        X.assign(city=X.city.where(X.index < 58, "Bonn")),
        LEVELS + "'Bonn' in row 58, counted from 0 (2 such rows). Correct those cells, or leave out their rows.",
    ),
    "missing_level": (
        X.assign(city=X.city.where(X.index != 3)),
        LEVELS + "a missing value in row 3, counted from 0 (1 such row). Correct those cells, or leave out their rows.",
    ),
    "missing_number": (
        X.assign(area=X.area.where(X.index != 3)),
        "x must hold a finite number in every row of column 'area', got a missing value in row 3, counted from 0 "
        "(1 such row). Correct those cells, or leave out their rows.",
    ),
    "text_for_a_number": (X.assign(area="3"), "x must hold numbers in column 'area', got '3'. Convert it to numbers."),
    "no_rows": (X[:0], "x has no values: its shape is (0, 3). At least one row is required."),
    "another_reference": (
        linfit.read_table(FLATS, "rent", categorical={"city": ["Rome", "Oslo", "Paris"]}),
        "column 'city' of the table must have the model's levels ['Paris', 'Oslo', 'Rome'] in this order, the first "
        "being the reference level, got ['Rome', 'Oslo', 'Paris']. Read the table with "
        "read_table(..., categorical=model.categories).",
    ),
}


@pytest.mark.parametrize(("x", "message"), REFUSED.values(), ids=REFUSED)
def test_other_columns_than_the_models_are_named(model, x, message):
    with pytest.raises(linfit.InputError) as caught:
        model.predict(x, verbose=0)
    assert str(caught.value) == message
    y = None if isinstance(x, linfit.Table) else np.zeros(len(x))
    with pytest.raises(linfit.InputError, match=r"must|no values"):
        linfit.compare(model, x, y)
    with pytest.raises(linfit.InputError, match=r"must|no values"):
        model.fit(x, y, verbose=0)


@pytest.mark.parametrize(
    "frame", [X.assign(street="a"), pl.from_pandas(X.assign(street="a"))], ids=["pandas", "polars"]
)
def test_text_columns_of_a_first_fit_are_all_named_with_the_remedy(frame):
    message = (
        "x must hold numbers, got text in columns 'city', 'street'. Leave them out, or encode them: table = "
        "linfit.read_table(frame, target=..., categorical=['city', 'street']), then model.fit(table)."
    )
    for call in (compiled().fit, linfit.least_squares):
        with pytest.raises(linfit.InputError) as caught:
            call(frame, FLATS.rent)
        assert str(caught.value) == message


def test_columns_of_types_without_one_in_common_are_numbers_all_the_same():
    frame = pd.DataFrame({"a": pd.array([1, 2, 4], "Int64"), "b": [True, False, True], "c": [0.5, 1.5, 7.0]})
    y = pl.Series([1.0, 2.0, 3.0])
    numbers = [[1, 1, 0.5], [2, 0, 1.5], [4, 1, 7]]
    expected = linfit.SufficientStatistics.from_rows(numbers, [1.0, 2.0, 3.0]).triangle
    for x in (frame, pl.from_pandas(frame)):
        np.testing.assert_allclose(linfit.SufficientStatistics.from_rows(x, y).triangle, expected)
    with pytest.raises(linfit.InputError, match=r"got '5' in column 'b', row 1 \(counted from 0\)"):
        linfit.least_squares(frame.astype({"b": object}).assign(b=[1, "5", 2]), y)


def test_a_table_and_a_y_beside_it_is_one_too_many(model):
    with pytest.raises(linfit.InputError, match="a Table has y already, got another y beside it"):
        model.fit(TABLE, FLATS.rent)


def test_a_column_may_be_called_column_names():
    frames = [pd.DataFrame({"a": [1.0, 2.0, 4.0], "column_names": [3.0, 1.0, 2.0]})]
    frames += [pl.from_pandas(frames[0]), pa.Table.from_pandas(frames[0])]
    for frame in frames:
        assert linfit.read_table(frame, "a").feature_names == ("column_names",)
        assert linfit.least_squares(frame, [1.0, 2.0, 3.0]).feature_names == ("a", "column_names")
