"""Least-squares problems whose coefficients NIST certifies to 15 digits.

Source: https://www.itl.nist.gov/div898/strd/lls/lls.shtml.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.stats
from statsmodels.datasets import longley

from linfit import InputError


class Problem(NamedTuple):
    """The rows of a problem, and its certified estimates and standard errors: the bias first, then the features."""

    name: str
    x: np.ndarray
    y: np.ndarray
    use_bias: bool
    estimates: np.ndarray
    standard_errors: np.ndarray


# fmt: off
LONGLEY = [-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359,
           -0.0511041056535807, 1829.15146461355]
LONGLEY_ERRORS = [890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675,
                  0.226073200069370, 455.478499142212]
WAMPLER3_ERRORS = [2152.32624678170, 2363.55173469681, 779.343524331583, 101.475507550350, 5.64566512170752,
                   0.112324854679312]
WAMPLER_NOISE = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048]  # then the first ten reversed
# fmt: on


def built_in() -> list[Problem]:
    """Return the problems whose data are in statsmodels or SciPy, or follow from a formula."""
    table = longley.load_pandas()
    norris = np.loadtxt(Path(scipy.stats.__file__).parent / "tests/data/nist_linregress/Norris.dat", skiprows=60)
    norris_certified = [-0.262323073774029, 1.00211681802045], [0.232818234301152, 0.429796848199937e-3]
    powers = np.arange(21.0)[:, np.newaxis] ** np.arange(1, 6)
    tenths = 10.0 ** -np.arange(6)
    smooth, noise = 1 + powers.sum(axis=1), np.array(WAMPLER_NOISE + WAMPLER_NOISE[-2::-1])
    found = [
        ("Longley", table.exog.to_numpy(), table.endog.to_numpy(), LONGLEY, LONGLEY_ERRORS),
        ("Norris", norris[:, 1:], norris[:, 0], *norris_certified),
        ("Wampler1", powers, smooth, np.ones(6), np.zeros(6)),
        ("Wampler2", powers, np.round(1 + powers @ tenths[1:], 5), tenths, np.zeros(6)),
    ]
    for number, factor in ((3, 1), (4, 100), (5, 10_000)):
        errors = factor * np.array(WAMPLER3_ERRORS)
        found.append((f"Wampler{number}", powers, smooth + factor * noise, np.ones(6), errors))
    return [Problem(name, x, y, True, np.array(w), np.array(errors)) for name, x, y, w, errors in found]


def from_folder(folder: Path) -> list[Problem]:
    """Return the problems in a folder of JSON files with x, y, intercept, polynomial_degree and certified."""
    problems = []
    for path in sorted(folder.glob("*.json")):
        try:
            of = json.loads(path.read_text())
            x = np.array(of["x"], float)
            x = x ** np.arange(1, of["polynomial_degree"] + 1) if of["polynomial_degree"] else x
            certified = [np.array(of["certified"][what], float) for what in ("estimates", "standard_deviations")]
            problems.append(Problem(of["name"], x, np.array(of["y"], float), of["intercept"], *certified))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} does not describe a problem: {error!r}.") from None
    if not problems:
        raise InputError(f"{folder} must be a folder with problems as JSON files, and has none. Choose another --nist.")
    return problems
