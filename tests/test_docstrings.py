"""The examples in the docstrings run and print the output shown."""

import doctest
import importlib
import pkgutil

import pytest

import linfit
import linfit.callbacks

MODULES = [
    module.name
    for package in (linfit, linfit.callbacks)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_this_module_run(name):
    assert doctest.testmod(importlib.import_module(name), verbose=False).failed == 0


def test_every_public_class_and_function_has_an_example_or_a_source():
    public = [getattr(package, name) for package in (linfit, linfit.callbacks) for name in package.__all__]
    assert len(public) > 15
    assert all(thing.__doc__ and len(thing.__doc__) > 40 for thing in public)
