"""StatusPrinter: one aligned line every N steps."""

import shutil
from typing import Any

import numpy as np

from linfit.closed_form import running_problem
from linfit.parameters import flat_reference
from linfit.step_callback import StepCallback
from linfit.text_table import number
from linfit.trajectory import Trajectory

_DISTANCE, _FURTHEST = "distance", "furthest off"


class StatusPrinter(StepCallback):
    """Prints step, loss, parameters and their distance to the truth, every N steps and at the end.

    Few parameters are printed each, beside their distance to the truth; as many as fit into the terminal's
    width (80 characters where there is none). Of many, only the norm of the distance and the parameter that is
    furthest off. Without a truth the distance is to the optimum, where that has a closed form.

    Args:
        every: print at steps 0, every, 2 every, ...
        truth: the `GroundTruth` of the data, or anything with its w and b.

    Example:
        >>> import linfit
        >>> truth = linfit.GroundTruth(w=2.0)
        >>> model = linfit.LinearRegression(use_bias=False)
        >>> model.compile(learning_rate=0.25)
        >>> x, y = [[1.0], [1.0]], [[2.0], [2.0]]
        >>> _ = model.fit(x, y, epochs=4, verbose=0, callbacks=[StatusPrinter(every=2, truth=truth)])
          step        loss           w   w - truth
             0    4.000000    0.000000   -2.000000
             2    0.250000    1.500000   -0.500000
             4    0.015625    1.875000   -0.125000
    """

    first_rows = 1000

    def __init__(self, every: int = 20, truth: Any = None):
        super().__init__(every=every, feature_names=getattr(truth, "feature_names", None))
        self.truth = truth

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Chooses the columns and prints their titles."""
        super().on_train_begin(logs)
        start = self.here()
        problem = running_problem(self.model)
        reference = self.truth
        if reference is None and problem is not None:
            reference = problem.optimum
        self._name = "truth" if self.truth is not None else "optimum"
        self._reference = None if reference is None else flat_reference(reference, start.point(), self._name)

        cells = self._cells(start.names, 0, 0.0, start.values[0])
        widths = {title: max(len(title), len(cell), 10) for title, cell in cells.items()}
        widths |= {"step": 6, _FURTHEST: max(map(len, start.names)) + 12}
        gaps = [f"{name} - {self._name}" for name in start.names]
        layouts = [[*start.names, *gaps], [*start.names, _DISTANCE, _FURTHEST], [_DISTANCE, _FURTHEST]]
        if self._reference is None:
            layouts = [[*start.names], []]
        terminal = shutil.get_terminal_size().columns
        for layout in layouts:
            self._widths = {title: widths[title] for title in ["step", "loss", *layout]}
            if sum(self._widths.values()) + 2 * len(self._widths) <= terminal:
                break
        self._print({title: title for title in self._widths})

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Prints a line for each recorded step."""
        for step, loss, values in zip(trajectory.step, trajectory.loss, trajectory.values, strict=True):
            self._print(self._cells(trajectory.names, step, loss, values))

    def _cells(self, names: tuple[str, ...], step: int, loss: float, values: np.ndarray) -> dict[str, str]:
        cells = {"step": str(step), "loss": number(loss)}
        cells |= {name: number(value) for name, value in zip(names, values, strict=True)}
        if self._reference is not None:
            gaps = values - self._reference
            furthest = np.argmax(np.abs(gaps))
            cells |= {f"{name} - {self._name}": number(gap, "+") for name, gap in zip(names, gaps, strict=True)}
            cells[_DISTANCE] = number(float(np.linalg.norm(gaps)))
            cells[_FURTHEST] = f"{names[furthest]} {number(gaps[furthest], '+')}"
        return cells

    def _print(self, cells: dict[str, str]) -> None:
        print("  ".join(cells[title].rjust(width) for title, width in self._widths.items()), flush=True)
