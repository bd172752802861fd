"""The report of a sweep: a table of how its runs ended, and a picture."""

import argparse
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorboard_page

import linfit
from linfit.callbacks import StepCallback, learning_rate_figure
from linfit.text.text_table import aligned, number

DIVERGED = 1e6  # multiple of the lowest loss
_AFTER = {"converged": "", "not yet": " after {:,}", "diverging": " after {:,}", "diverged": " at step {:,}"}


class Run(NamedTuple):
    """The fit at one learning rate; `ending` is "converged", "not yet", "diverging" or "diverged"."""

    rate: float
    predicted: float
    steps: int
    ending: str


class Rise(StepCallback):
    """Tracks how far the loss rises above its lowest value, and ends the fit when it is a million times as large."""

    times, lowest = 1.0, math.inf

    def stop_at(self, trajectory: linfit.Trajectory) -> int | None:
        if self.ending == "diverged":
            return 0
        lowest = np.minimum(self.lowest, np.minimum.accumulate(trajectory.loss))
        with np.errstate(over="ignore", invalid="ignore"):  # the steps after the divergence
            times = trajectory.loss / lowest
        diverged = times >= DIVERGED
        last = int(np.argmax(diverged)) if diverged.any() else len(times) - 1
        self.lowest, self.times = float(lowest[last]), float(times[last])
        return last + 1 if last + 1 < len(times) else None

    @property
    def ending(self) -> str:
        """The ending of a run that has not converged. A rise within rounding does not count."""
        if self.times <= 1 + 1e-6:
            return "not yet"
        return "diverging" if self.times < DIVERGED else "diverged"


def show(
    runs: list[Run], curvature: linfit.Curvature, predict: Callable[[float], float], options: argparse.Namespace
) -> None:
    """Print the table, the stability limit and the best rates, and save the picture; do nothing without runs."""
    if not runs:
        return
    limit, fastest = curvature.stability_limit, curvature.fastest_learning_rate
    titles = ["learning rate", "rate / limit", "predicted steps", "measured steps", "ending"]
    print("\n".join(aligned(titles, [_line(run, limit) for run in runs])))
    within = f"until each parameter is within {options.fraction:g} standard errors of its optimum"
    best = min(_runs(runs, "converged"), key=lambda run: run.steps, default=None)
    print(f"\nSteps {within}.\n")
    print(f"Stability limit:  {limit:.4g} (2/λmax); above it, each step moves further away from the optimum.")
    print(f"Fastest rate:     {fastest:.4g} (2/(λmin + λmax)), in the long run; here {_steps(predict(fastest))} steps.")
    print(f"Best measured:    {f'{best.rate:.4g}: {best.steps:,} steps' if best else 'no run converged'}.\n")

    picture = options.folder / "sweep.png"
    slow, near = np.geomspace(runs[0].rate / 1.1, 0.9 * limit, 80), limit * (1 - np.geomspace(0.1, 1e-5, 40)[1:])
    curve = sorted([*slow, *near, fastest])
    converged = _runs(runs, "converged")
    figure = learning_rate_figure(
        (curve, [predict(rate) for rate in curve]),
        ([run.rate for run in converged], [run.steps for run in converged]),
        stability_limit=limit,
        fastest=fastest,
        unfinished=[run.rate for run in _runs(runs, "not yet")],
        most_steps=options.steps,
        diverged=[run.rate for run in _runs(runs, "diverging", "diverged")],
        y_label=f"steps {within}".replace("within ", "within\n"),
    )
    figure.savefig(picture)
    print(f"Picture:      {picture}")
    print(f"TensorBoard:  {tensorboard_page.command(options.folder, '#hparams')}")


def _runs(runs: list[Run], *endings: str) -> list[Run]:
    return [run for run in runs if run.ending in endings]


def _line(run: Run, limit: float) -> list[str]:
    measured = f"{run.steps:,}" if run.ending == "converged" else "-"
    ending = run.ending + _AFTER[run.ending].format(run.steps)
    return [f"{run.rate:.4g}", number(run.rate / limit), _steps(run.predicted), measured, ending]


def _steps(steps: float) -> str:
    return f"{steps:,}" if math.isfinite(steps) else "never"
