"""The order of the test files: the slowest start first, so that no worker ends with a slow one."""

LONGEST = [
    "test_workers.py",
    "test_train_script.py",
    "test_readme.py",
    "test_tensorboard_logs.py",
    "test_fit_pictures.py",
    "test_descent_log.py",
    "test_gradient_descent.py",
    "test_compiled_fit.py",
    "test_tensorboard_in_a_browser.py",
    "test_dashboard.py",
    "test_replicas.py",
    "test_live.py",
    "test_fit_continues.py",
    "test_custom_scalars_page.py",
    "test_fit_callbacks.py",
    "test_descent_real_data.py",
    "test_descent_accessibility.py",
    "test_hparams_page.py",
    "test_descent_runs.py",
    "test_train_stream.py",
    "test_examples.py",
    "test_dask.py",
    "test_sweep_script.py",
    "test_normalize.py",
    "test_recover_script.py",
    "test_descent_live.py",
    "test_hyperparameters.py",
    "test_descent_numbers.py",
    "test_benchmark.py",
    "test_fit_statistics.py",
    "test_stopping.py",
    "test_figures.py",
    "test_packaging.py",
]


def pytest_configure(config):
    # Ordered by the number of tests, the few slow ones of test_readme.py would start last.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))
