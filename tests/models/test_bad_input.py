"""Unusable input is refused: the message says what was required, what arrived and what to type next."""

from contextlib import contextmanager
from math import inf, nan

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import linfit
from linfit.callbacks import FitFigure, StatusPrinter, TensorBoardLogger

X = np.array([[5.0, 2.0], [8.0, 3.0], [6.0, 1.0]])
Y = np.array([6.0, 9.0, 7.0])
FLATS = pd.DataFrame(X, columns=["area", "rooms"])
SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
SCHEDULE = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=10, decay_rate=0.9)


@contextmanager
def refused(message):
    """Expect an InputError with exactly this message."""
    with pytest.raises(linfit.InputError) as caught:
        yield
    assert str(caught.value) == message


def each(cases):
    """Return the parametrization of a test: the keys are the ids of the cases, the values their arguments."""
    return {"argvalues": list(cases.values()), "ids": list(cases)}


def compiled(*start, **options):
    model = linfit.LinearRegression(*start, **options)
    model.compile(learning_rate=0.01)
    return model


def batches(*columns):
    columns = tuple(column.astype("float32") for column in columns)
    return tf.data.Dataset.from_tensor_slices(columns if len(columns) > 1 else columns[0]).batch(2)


@pytest.fixture(scope="module")
def shared():
    model = compiled()
    model.fit(FLATS, Y, batch_size=3, epochs=2, verbose=0)
    return model


@pytest.fixture
def trained(shared):
    """Provide a model after two steps, and check that the test leaves it unchanged."""
    optimizer, before = shared.optimizer, state(shared)
    yield shared
    assert shared.optimizer is optimizer
    assert state(shared) == before


def state(model):
    iterations = int(model.optimizer.iterations.numpy())
    return model.w.numpy().tolist(), model.b.numpy().tolist(), iterations, model.feature_names, model.targets


def with_value(value, row=1, column=1):
    x = X.astype(object) if isinstance(value, str) else X.copy()
    x[row, column] = value
    return x


NOT_ROWS = {
    "y_of_another_length": (X, Y[:2], "x and y must have the same length, got 3 and 2."),
    "no_rows": (X[:0], Y[:0], "x has no values: its shape is (0, 2). At least one row and one column are required."),
    "no_y": (X, None, "y is missing: a fit needs targets as well as features. Try model.fit(x, y)."),
    "nan_in_x": (
        with_value(nan),
        Y,
        "x must hold finite numbers of type float32, got nan in column 1, row 1 (counted from 0) "
        "(1 such value in all). Fill those values or remove their rows.",
    ),
    "infinity_in_x": (
        with_value(-inf, row=2, column=0),
        Y,
        "x must hold finite numbers of type float32, got -inf in column 0, row 2 (counted from 0) "
        "(1 such value in all). Fill those values or remove their rows.",
    ),
    "nan_in_a_named_column": (
        FLATS.assign(rooms=[2, nan, nan]),
        Y,
        "x must hold finite numbers of type float32, got nan in column 'rooms', row 1 (counted from 0) "
        "(2 such values in all). Fill those values or remove their rows.",
    ),
    "nan_in_y": (
        X,
        [6.0, 9.0, nan],
        "y must hold finite numbers of type float32, got nan in column 0, row 2 (counted from 0) "
        "(1 such value in all). Fill those values or remove their rows.",
    ),
    "text_in_a_named_column": (
        FLATS.assign(rooms=["two", "three", "one"]),
        Y,
        "x must hold numbers, got text in column 'rooms'. Leave it out, or encode it: table = "
        "linfit.read_table(frame, target=..., categorical=['rooms']), then model.fit(table).",
    ),
    "text_in_an_array_of_objects": (
        with_value("Rome"),
        Y,
        "x must hold numbers only, got 'Rome' in column 1, row 1 (counted from 0). "
        "Leave that column out or encode it as numbers.",
    ),
    "text_in_an_array_of_text": (
        [["Rome", "2"], ["Oslo", "3"], ["Cairo", "1"]],
        Y,
        "x must hold numbers only, got 'Rome' in column 0, row 0 (counted from 0). "
        "Leave that column out or encode it as numbers.",
    ),
    "missing_value_among_objects": (
        [[5.0, None], [8.0, 3.0], [6.0, 1.0]],
        Y,
        "x must hold numbers only, got None in column 1, row 0 (counted from 0). "
        "Leave that column out or encode it as numbers.",
    ),
    "ragged_lists": (
        [[5, 2], [8], [6, 1]],
        Y,
        "x must be a table of numbers, got rows of different lengths. Give all rows the same length.",
    ),
    "three_axes": (X[..., np.newaxis], Y, "x must have the shape (rows, columns), got shape (3, 2, 1)."),
    "another_number_of_features": (X[:, :1], Y, "x must have the model's 2 features, got 1."),
    "columns_of_another_name": (
        FLATS.rename(columns={"rooms": "floor"}),
        Y,
        "x must have the model's columns ['area', 'rooms'], in any order; it lacks 'rooms' and has 'floor' in "
        "addition. Add or rename columns.",
    ),
    "one_column_too_many": (
        FLATS.assign(rent=Y),
        Y,
        "x must have the model's columns ['area', 'rooms'], in any order; it has 'rent' in addition. "
        "Try x[['area', 'rooms']].",
    ),
    "another_number_of_targets": (
        X,
        np.column_stack([Y, Y]),
        "y must have the model's 1 target(s), got 2 columns. Try LinearRegression(targets=2).",
    ),
}


@pytest.mark.parametrize(("x", "y", "message"), **each(NOT_ROWS))
def test_fit_and_evaluate_name_what_is_wrong_with_x_and_y(trained, x, y, message):
    with refused(message):
        trained.fit(x, y, verbose=0)
    with refused(message):
        trained.evaluate(x, y, verbose=0)
    with refused(message):
        trained.fit(X, Y, validation_data=(x, y), verbose=0)


@pytest.mark.parametrize("case", [name for name in NOT_ROWS if NOT_ROWS[name][2].startswith(("x must", "x has"))])
def test_predict_names_what_is_wrong_with_x(trained, case):
    x, _, message = NOT_ROWS[case]
    with refused(message):
        trained.predict(x, verbose=0)


def test_a_number_too_large_for_the_float_type_is_named_as_it_arrived(trained):
    with pytest.raises(linfit.InputError, match=r"got 1e\+39 in column 1, row 1"):
        trained.fit(with_value(1e39), Y, verbose=0)


NOT_WEIGHTS = {
    "negative": ([1, -2, 1], "in every row and above 0 in at least one, got -2 to 1."),
    "all_zero": ([0, 0, 0], "in every row and above 0 in at least one, got 0 to 0."),
    "another_length": ([1, 2], "x and sample_weight must have the same length, got 3 and 2."),
    "nan": (
        [1, 2, nan],
        "sample_weight must hold finite numbers of type float32, got nan in column 0, row 2",
    ),
    "two_columns": (np.ones((3, 2)), "sample_weight must"),
}


@pytest.mark.parametrize(("sample_weight", "message"), **each(NOT_WEIGHTS))
def test_sample_weights_are_one_finite_number_of_0_or_more_for_each_row(trained, sample_weight, message):
    with pytest.raises(linfit.InputError) as caught:
        trained.fit(X, Y, sample_weight=sample_weight, verbose=0)
    assert message in str(caught.value)


@pytest.mark.parametrize("epochs", [0, -1, 2.5, True, "10"])
def test_epochs_are_a_whole_number_of_at_least_1(trained, epochs):
    with refused(f"epochs must be a whole number of at least 1, got {epochs!r}."):
        trained.fit(X, Y, epochs=epochs, verbose=0)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "all"])
def test_a_batch_size_is_a_whole_number_of_at_least_1(trained, batch_size):
    with refused(f"batch_size must be a whole number of at least 1, got {batch_size!r}."):
        trained.fit(X, Y, batch_size=batch_size, verbose=0)


NOT_BATCHES = {
    "two_targets": (
        batches(X, np.column_stack([Y, Y])),
        "y must have the model's 1 target(s), got 2 columns. Try LinearRegression(targets=2).",
    ),
    "three_features": (batches(X[:, [0, 1, 1]], Y), "x must have the model's 2 features, got 3."),
    "no_y": (batches(X), "y is missing: each batch must be a tuple (x, y) or (x, y, sample_weight)."),
}


@pytest.mark.parametrize(("dataset", "message"), **each(NOT_BATCHES))
def test_a_dataset_is_held_to_the_model_like_rows_in_memory(trained, dataset, message):
    with refused(message):
        trained.fit(dataset, verbose=0)


def test_a_dataset_may_bring_y_with_one_axis_after_rows_in_memory():
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.fit(batches(X, Y), verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 3


def test_a_new_model_may_be_fed_by_a_generator():
    model = compiled()
    model.fit(((X, Y) for _ in range(2)), steps_per_epoch=2, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 2


def test_a_model_that_refused_its_first_rows_is_still_as_new():
    model = compiled([1.0, 2.0, 3.0])
    with refused("w_initializer must be one number or have the shape (2, 1), got (3,)."):
        model.fit(FLATS, Y, verbose=0)
    model.fit(FLATS.assign(floor=[0.0, 4.0, 2.0]), Y, verbose=0)
    assert model.feature_names == ("area", "rooms", "floor")


NOT_RATES = {
    "zero": (0.0, ", got 0. Try 0.05."),
    "negative": (-0.5, ", got -0.5. Try 0.05."),
    "nan": (nan, ", got nan. Try 0.05."),
    "infinite": (inf, ", got inf. Try 0.05."),
}
NOT_A_NUMBER = (
    "learning_rate must be a finite number above 0, 'auto' or a keras LearningRateSchedule, got {!r}. "
    "Try learning_rate=0.05, or pass an SGD optimizer as optimizer=..."
)


@pytest.mark.parametrize(("learning_rate", "got"), **each(NOT_RATES))
def test_a_learning_rate_is_finite_and_above_0_also_inside_an_optimizer(trained, learning_rate, got):
    with refused(f"learning_rate must be a finite number above 0{got}"):
        trained.compile(learning_rate=learning_rate)
    with refused(f"learning_rate must be a finite number above 0{got}"):
        trained.compile(optimizer=SGD(learning_rate))


@pytest.mark.parametrize("learning_rate", ["fast", True, None, [0.1]])
def test_a_learning_rate_is_a_number_or_a_schedule(trained, learning_rate):
    with refused(NOT_A_NUMBER.format(learning_rate)):
        trained.compile(learning_rate=learning_rate)


@pytest.mark.parametrize("optimizer", ["adam", Adam(), keras.optimizers.LossScaleOptimizer(SGD())])
def test_another_optimizer_than_sgd_is_refused(trained, optimizer):
    name = "Adam" if optimizer == "adam" else type(optimizer).__name__
    with refused(
        f"optimizer must be a plain keras.optimizers.SGD, got {name}. "
        "The update is plain gradient descent: try compile(learning_rate=0.05)."
    ):
        trained.compile(optimizer=optimizer)


@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ("momentum", 0.9),
        ("nesterov", True),
        ("weight_decay", 0.1),
        ("clipnorm", 1.0),
        ("clipvalue", 1.0),
        ("global_clipnorm", 1.0),
        ("use_ema", True),
        ("loss_scale_factor", 2.0),
        ("gradient_accumulation_steps", 2),
    ],
)
def test_an_sgd_that_does_more_than_descend_is_refused(trained, extra, value):
    with refused(
        f"optimizer must be a plain SGD, got SGD({extra}={value}), which this model's update would "
        f"leave out. Drop {extra}, or use compile(learning_rate=...)."
    ):
        trained.compile(optimizer=SGD(0.1, **{extra: value}))


@pytest.mark.parametrize("learning_rate", [0.1, SCHEDULE])
def test_a_rate_and_an_optimizer_exclude_each_other(trained, learning_rate):
    with refused("learning_rate and optimizer cannot be combined: the optimizer has its own rate. Drop one of them."):
        trained.compile(learning_rate=learning_rate, optimizer=SGD(0.1))


@pytest.mark.parametrize(
    "callback",
    [keras.callbacks.LearningRateScheduler(lambda epoch: 0.1), keras.callbacks.ReduceLROnPlateau("loss")],
)
def test_a_schedule_and_a_callback_that_sets_the_rate_exclude_each_other(callback):
    model = linfit.LinearRegression()
    model.compile(learning_rate=SCHEDULE)
    with refused(
        f"{type(callback).__name__} sets the learning rate, but the model's LearningRateSchedule already does. "
        "Compile with a number, as in compile(learning_rate=0.05), or leave the callback out."
    ):
        model.fit(X, Y, callbacks=[callback], verbose=0)
    assert not model.built


NOT_MODELS = {
    "infinite_start": ({"w_initializer": inf}, "w_initializer must hold finite numbers, got inf."),
    "nan_in_a_start": (
        {"b_initializer": [1.0, nan]},
        "b_initializer must hold finite numbers, got [1.0, nan].",
    ),
    "text_start": ({"w_initializer": ["much"]}, "w_initializer must hold numbers only, got ['much']."),
    "float16": ({"dtype": "float16"}, "dtype must be 'float32' or 'float64', got 'float16'."),
    "no_targets": ({"targets": 0}, "targets must be a whole number of at least 1, got 0."),
    "duplicate_names": (
        {"feature_names": ["area", "rooms", "area"]},
        "feature_names must be unique, got 'area' more than once. Rename one.",
    ),
    "one_string_for_names": (
        {"feature_names": "area"},
        "feature_names must be a list of strings, got 'area'. Try feature_names=['area', 'rooms'].",
    ),
}


@pytest.mark.parametrize(("options", "message"), **each(NOT_MODELS))
def test_a_model_is_not_made_of_what_cannot_work(options, message):
    with refused(message):
        linfit.LinearRegression(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"w_initializer": np.ones(3)},
            "w_initializer must be one number or have the shape (2, 1), got (3,).",
        ),
        ({"b_initializer": np.ones(2)}, "b_initializer must be one number or have the shape (1,), got (2,)."),
    ],
)
def test_a_start_has_the_shape_of_what_it_starts(options, message):
    model = compiled(**options)
    with refused(message):
        model.fit(X, Y, verbose=0)
    assert not model.built


@pytest.mark.parametrize("data", [(X, Y), (batches(X, Y),)], ids=["rows", "dataset"])
def test_feature_names_are_as_many_as_the_features(data):
    with pytest.raises(linfit.InputError, match=r"feature_names.*\b2\b"):
        compiled(feature_names=["area"]).fit(*data, verbose=0)


@pytest.mark.parametrize("callback", [StatusPrinter, TensorBoardLogger, FitFigure])
def test_callbacks_refuse_a_truth_of_another_shape_and_write_nothing(trained, tmp_path, callback):
    place = () if callback is StatusPrinter else (tmp_path,)
    with refused(
        "the truth's w must have the model's shape (2, 1), got (3, 1). "
        "Give the truth as many features and targets as the data have."
    ):
        trained.fit(X, Y, callbacks=[callback(*place, truth=linfit.GroundTruth([1, 2, 3]))], verbose=0)
    assert not list(tmp_path.iterdir())


def test_callbacks_that_watch_steps_refuse_to_miss_some():
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.01, steps_per_execution=2, jit_compile=False)
    with refused(
        "StatusPrinter needs to see every step, got steps_per_execution=2. "
        "Compile the model with steps_per_execution=1."
    ):
        model.fit(X, Y, callbacks=[StatusPrinter()], verbose=0)
    assert state(model)[:3] == ([[0.0], [0.0]], [0.0], 0)


@pytest.mark.parametrize("split", [1.0, 0.999, -0.5])
def test_a_validation_split_leaves_rows_for_both_parts(split):
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.01)
    with refused(
        f"validation_split must leave rows for training and for validation, got {split} of {len(X)} rows. Try 0.2."
    ):
        model.fit(X, Y, validation_split=split, verbose=0)
    assert state(model)[:3] == ([[0.0], [0.0]], [0.0], 0)


@pytest.mark.parametrize("every", [0, -1, 2.5])
def test_every_is_a_whole_number_of_at_least_1(every):
    with refused(f"every must be a whole number of at least 1, got {every}."):
        StatusPrinter(every=every)


def test_a_log_folder_that_cannot_be_written_ends_the_fit_before_it_starts(trained, tmp_path):
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(linfit.InputError, match=r"logs/\w+ cannot be written: .* Choose another log_dir\."):
        trained.fit(X, Y, callbacks=[TensorBoardLogger(tmp_path / "logs")], verbose=0)


def test_compare_needs_a_model_that_has_seen_data():
    with refused("the model has no w and b yet. Call model.fit(x, y) before linfit.compare(model, x, y)."):
        linfit.compare(compiled(), X, Y)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, :1], Y, "x must have the model's 2 features, got 1."),
        (
            X,
            X,
            "x and y must match the model, which has w (2, 1), b (1,); got 2 features and 2 targets. "
            "Pass the x and y that it was trained on.",
        ),
    ],
)
def test_compare_needs_the_data_of_the_fit(trained, x, y, message):
    with refused(message):
        linfit.compare(trained, x, y)


def test_compare_needs_the_columns_of_the_fit(trained):
    with refused(NOT_ROWS["one_column_too_many"][2]):
        linfit.compare(trained, FLATS.assign(rent=Y), Y)


@pytest.mark.parametrize("w", [[1, 2, 3], [[1, 2], [3, 4]]])
def test_compare_refuses_a_truth_of_another_shape(trained, w):
    truth = linfit.GroundTruth(w)
    with refused(
        f"the truth's w must have the model's shape (2, 1), got {truth.w.shape}. "
        "Give the truth as many features and targets as the data have."
    ):
        linfit.compare(trained, X, Y, truth=truth)


NOT_TRUTHS = {
    "nan_in_w": ({"w": [1, nan]}, "w must hold finite numbers, got [1.0, nan]."),
    "text_for_w": ({"w": "steep"}, "w must hold numbers only, got 'steep'."),
    "empty_w": (
        {"w": []},
        "w must be a number or a non-empty array of shape (features,) or (features, targets), got shape (0,).",
    ),
    "b_of_another_length": (
        {"w": 1, "b": [1, 2]},
        "b must be one number or one for each of 1 targets, got [1.0, 2.0].",
    ),
    "infinite_b": ({"w": 1, "b": inf}, "b must hold finite numbers, got inf."),
    "negative_noise": (
        {"w": 1, "noise": -0.5},
        "noise must be a standard deviation, a finite number of 0 or more, got -0.5. Try 0.05.",
    ),
    "nan_noise": (
        {"w": 1, "noise": nan},
        "noise must be a standard deviation, a finite number of 0 or more, got nan. Try 0.05.",
    ),
    "text_for_noise": (
        {"w": 1, "noise": "low"},
        "noise must be a standard deviation, a finite number of 0 or more, got 'low'. Try 0.05.",
    ),
    "names_of_another_length": (
        {"w": [1, 2], "feature_names": ["area"]},
        "w and feature_names must have the same length, got 2 and 1.",
    ),
}


@pytest.mark.parametrize(("options", "message"), **each(NOT_TRUTHS))
def test_a_truth_is_finite_and_its_parts_fit_together(options, message):
    with refused(message):
        linfit.GroundTruth(**options)


NOT_SAMPLES = {
    "no_rows": ({"rows": 0}, "rows must be a whole number of at least 1, got 0."),
    "half_a_row": ({"rows": 2.5}, "rows must be a whole number of at least 1, got 2.5."),
    "nothing": ({}, "rows is missing. Try truth.sample(120), or pass your own x as features=..."),
    "rows_and_features": (
        {"rows": 3, "features": X},
        "rows and features exclude each other: features has its own rows. Leave one of them out.",
    ),
    "low_above_high": ({"rows": 3, "low": 2, "high": 1}, "low must be below high, got low=2 and high=1."),
    "low_at_high": ({"rows": 3, "low": [0, 3]}, "low must be below high, got low=[0, 3] and high=3.0."),
    "other_features": ({"features": X[:, :1]}, "x must have one column for each of the truth's 2 features, got 1."),
    "nan_feature": (
        {"features": with_value(nan)},
        "x must hold finite numbers of type float64, got nan in column 1, row 1 (counted from 0) "
        "(1 such value in all). Fill those values or remove their rows.",
    ),
}


@pytest.mark.parametrize(("options", "message"), **each(NOT_SAMPLES))
def test_a_sample_has_rows_and_a_range(options, message):
    with refused(message):
        linfit.GroundTruth(w=[1, 2]).sample(**options)


def test_the_loss_of_a_truth_needs_as_many_targets_as_it_has():
    with pytest.raises(linfit.InputError, match=r"y must have one column for each of the truth's 1 targets, got 2\."):
        linfit.GroundTruth(w=[1, 2]).loss(X, np.column_stack([Y, Y]))


UNUSABLE = "{file} must hold a finite number in every row of column "
CHOOSE = "(1 such row). Correct those cells, or choose other columns."
FILL = "(1 such row). Fill those cells, drop their rows with missing='drop', or choose other columns."
NOT_TABLES = {
    "empty_file": ("", {}, "{file} is empty: a header line and at least one row are required."),
    "header_only": ("area,rent\n", {}, "{file} has a header but no rows."),
    "missing_target": (
        "area,price\n50,600\n",
        {},
        "{file} has no target column 'rent'. Its columns are: 'area', 'price'.",
    ),
    "missing_feature": (
        "area,rent\n50,600\n",
        {"features": ["area", "rooms"]},
        "{file} has no feature column 'rooms'. Its columns are: 'area', 'rent'.",
    ),
    "target_as_feature": (
        "area,rent\n50,600\n",
        {"features": ["area", "rent"]},
        "'rent' is the target and cannot be a feature too. Leave it out of the features.",
    ),
    "no_features": (
        "rent\n600\n",
        {},
        "a fit needs at least one feature column besides the target 'rent', got none from {file}.",
    ),
    "text_in_a_feature": (
        "area,city,rent\n50,Rome,600\n",
        {},
        "{file} has text where a fit needs numbers, in column 'city' (such as 'Rome'). Try categorical=['city'], "
        "or choose other columns with features=[...].",
    ),
    "missing_cell": (
        "area,rent\n50,600\n,700\n",
        {},
        UNUSABLE + "'area', got a missing value in line 3 " + FILL,
    ),
    "nan_in_the_target": (
        "area,rent\n50,600\n80,NaN\n",
        {},
        UNUSABLE + "'rent', got a missing value in line 3 " + FILL,
    ),
    "infinite_cell": (
        "area,rent\ninf,600\n80,900\n",
        {},
        UNUSABLE + "'area', got inf in line 2 " + CHOOSE,
    ),
    "too_few_cells": (
        "area,rooms,rent\n50,2,600\n80,3\n",
        {},
        UNUSABLE + "'rent', got a missing value in line 3 " + FILL,
    ),
    "two_columns_of_one_name": (
        "area,area,rent\n50,60,600\n",
        {},
        "the columns of {file} must be unique, got 'area' more than once. Rename one.",
    ),
    "not_utf_8": (
        "area,größe,rent\n50,1,600\n".encode("latin-1"),
        {},
        "{file} is not a text file in UTF-8. Save it as CSV in UTF-8.",
    ),
}


@pytest.mark.parametrize(("content", "options", "message"), **each(NOT_TABLES))
def test_a_file_that_is_no_table_of_numbers_is_told_where(tmp_path, content, options, message):
    file = tmp_path / "flats.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with refused(message.format(file=file)):
        linfit.read_table(file, target="rent", **options)


def test_a_file_that_is_not_there_is_named_with_the_folder_it_is_looked_up_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with refused(f"flats.csv does not exist. Check the path; a relative path starts at {tmp_path}."):
        linfit.read_table("flats.csv", target="rent")


@pytest.mark.parametrize(("lines", "number"), [("50,600,1\n80,900\n", 2), ("50,600\n80,900,1\n", 3)])
def test_a_line_with_too_many_cells_is_named_by_its_number(tmp_path, lines, number):
    file = tmp_path / "flats.csv"
    file.write_text(f"area,rent\n{lines}")
    with pytest.raises(linfit.InputError, match=rf"lines of different lengths: .*line {number}\b"):
        linfit.read_table(file, target="rent")


def test_a_column_without_a_name_is_no_feature_called_nan(tmp_path):
    FLATS.assign(rent=Y).to_csv(tmp_path / "flats.csv")  # pandas writes its row numbers in front, without a name
    with pytest.raises(
        linfit.InputError,
        match=r"flats\.csv must name every column in its header line, got no name for column 1\. Name it, or",
    ):
        linfit.read_table(tmp_path / "flats.csv", target="rent")


def test_quotes_and_spaces_after_commas_are_fine(tmp_path):
    file = tmp_path / "flats.csv"
    file.write_text('"area", "rooms, all", rent\n"50", 2, 600\n 80,"3",  900.5\n')
    table = linfit.read_table(file, target="rent")
    assert table.feature_names == ("area", "rooms, all")
    np.testing.assert_array_equal(table.x, [[50, 2], [80, 3]])
    np.testing.assert_array_equal(table.y, [[600], [900.5]])
