"""StatusPrinter: progress of a fit as aligned lines on the terminal."""

from typing import Any

import numpy as np

from linfit.parameter_names import flat_reference
from linfit.text import terminal
from linfit.text.text_table import SHORTEST, number, shortened
from linfit.training.fit import current_objective
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_DISTANCE, _FURTHEST = "distance", "furthest off"


class StatusPrinter(StepCallback):
    """Prints step, loss, parameters and their distance to the truth, every N steps and at the end.

    If the terminal is wide enough (80 characters without a terminal), every parameter is printed with its distance to
    the truth. In less space, the distances are replaced by their norm and the parameter that is furthest off. With many
    parameters, only these two are printed.
    Without a truth, distances are to the optimum, if it has a closed form. A terminal with colours shows a distance in
    green if noise explains it: up to two standard errors of the optimum.

    Args:
        every: print at steps 0, every, 2 every, ...
        truth: the `GroundTruth` of the data, or any object with its w and b.

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

    only_writes = True
    first_rows = 1000

    def __init__(self, every: int = 20, truth: Any = None):
        super().__init__(every=every, feature_names=getattr(truth, "feature_names", None))
        self.truth = truth

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Choose the columns and print their titles."""
        super().on_train_begin(logs)
        start = self.here()
        objective = current_objective(self.model)
        reference = self.truth
        if reference is None and objective is not None:
            reference = objective.optimum
        self._reference_name = "truth" if self.truth is not None else "optimum"
        self._reference = None if reference is None else flat_reference(reference, start.point(), self._reference_name)

        self._has_colour = terminal.has_colour()
        self._noise = np.full(len(start.names), np.nan)
        if self._has_colour and objective is not None:
            noise = 2 * objective.optimum.standard_error(start.parameters)
            self._noise = np.where(np.isfinite(noise), noise, np.nan)
        self._longest_name = max(map(len, start.names))
        self._widths = self._layout(start)
        print(self._line({title: title for title in self._widths}, dict.fromkeys(self._widths, "bold")), flush=True)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Print a line for each recorded step, all in one call: every print redraws the progress bar below."""
        lines = []
        for step, loss, values in zip(trajectory.step, trajectory.loss, trajectory.values, strict=True):
            cells = self._cells(trajectory.names, step, loss, values)
            lines.append(self._line(cells, self._styles(trajectory.names, values)))
        print("\n".join(lines), flush=True)

    def _layout(self, start: Trajectory) -> dict[str, int]:
        """Return titles and widths of the columns, for the most detailed layout that fits into the terminal."""
        cells = self._cells(start.names, 0, 0.0, start.values[0])
        widths = {title: max(len(title), len(cell), 10) for title, cell in cells.items()}
        last_step = self.step + (self.params.get("epochs") or 0) * (self.params.get("steps") or 0)
        widths |= {"step": max(6, len(str(last_step))), _FURTHEST: self._longest_name + 12}
        gaps = [f"{name} - {self._reference_name}" for name in start.names]
        layouts = [[*start.names, *gaps], [*start.names, _DISTANCE, _FURTHEST], [_DISTANCE, _FURTHEST], [_DISTANCE]]
        if self._reference is None:
            layouts = [[*start.names]]
        titles: list[str] = []
        for layout in [*layouts, []]:
            titles = ["step", "loss", *layout]
            excess = sum(widths[title] + 2 for title in titles) - terminal.width()
            if excess > 0 and _FURTHEST in titles and self._longest_name - excess >= SHORTEST:
                self._longest_name -= excess
                widths[_FURTHEST] -= excess
                excess = 0
            if excess <= 0:
                break
        return {title: widths[title] for title in titles}

    def _cells(self, names: tuple[str, ...], step: int, loss: float, values: np.ndarray) -> dict[str, str]:
        cells = {"step": str(step), "loss": number(loss)}
        cells |= {name: number(value) for name, value in zip(names, values, strict=True)}
        if self._reference is not None:
            gaps = values - self._reference
            furthest = np.argmax(np.abs(gaps))
            cells |= {
                f"{name} - {self._reference_name}": number(gap, "+") for name, gap in zip(names, gaps, strict=True)
            }
            cells[_DISTANCE] = number(float(np.linalg.norm(gaps)))
            cells[_FURTHEST] = f"{shortened(names[furthest], self._longest_name)} {number(gaps[furthest], '+')}"
        return cells

    def _styles(self, names: tuple[str, ...], values: np.ndarray) -> dict[str, str]:
        """Return the style of each cell that has one: green for the distances that noise explains."""
        if self._reference is None or not self._has_colour:
            return {}
        gaps = np.abs(values - self._reference)
        explained = dict(zip((f"{name} - {self._reference_name}" for name in names), gaps <= self._noise, strict=True))
        explained[_DISTANCE] = np.linalg.norm(gaps) <= np.linalg.norm(self._noise)
        explained[_FURTHEST] = gaps.max() <= self._noise[np.argmax(gaps)]
        return {title: "green" for title, is_noise in explained.items() if is_noise}

    def _line(self, cells: dict[str, str], styles: dict[str, str]) -> str:
        """Return the cells as a line, aligned at the right edges of their columns.

        A cell that is too long takes space from the gap after it.
        """
        line, length, edge = "", 0, 0  # length: of the printed characters, without those that set colours
        for title, width in self._widths.items():
            cell, edge = cells[title], edge + width
            gap = max(edge - length - len(cell), 2 if length else 0)
            has_style = self._has_colour and title in styles
            line += " " * gap + (terminal.styled(cell, styles[title]) if has_style else cell)
            length, edge = length + gap + len(cell), edge + 2
        return line
