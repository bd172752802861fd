"""The report of a recovery study: its table, its verdict and its picture."""

from typing import TYPE_CHECKING

import numpy as np
from recovery import Recovery

from linfit.callbacks import recovery_figure
from linfit.text.text_table import aligned, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def table(study: Recovery) -> str:
    """Return the table: a line for each parameter, and one for the coverage of all parameters."""
    titles = ["", "truth", "mean estimate", "bias / error", "spread", "predicted spread", "spread / predicted"]
    lines = []
    for i in study.shown():
        values = [number(study.truth[i]), number(study.mean[i]), f"{study.bias[i]:+.2f}"]
        values += [number(study.spread[i]), number(study.predicted[i])]
        ratio = f"{study.ratio[i]:.3f} ± {study.ratio_error[i]:.3f}"
        lines.append([study.names[i], *values, ratio, _percent(study.coverage[i], study.coverage_error[i])])
    lines.append(["all", *[""] * 6, _percent(study.overall, study.overall_error)])
    text = aligned([*titles, "95 % coverage"], lines)
    left_out = len(study.names) - len(lines) + 1
    return "\n".join(text + [f"{left_out} more parameters are closer to the prediction."] * (left_out > 0))


def headline(study: Recovery) -> str:
    """Return the first half of the verdict, which is also the picture's title."""
    found = "Recovered" if study.recovered else "Not as predicted"
    share = _percent(study.overall, study.overall_error)
    return f"{found}: 95 % intervals of gradient descent hold the truth in {share} of {study.sets:,} data sets"


def verdict(study: Recovery, rows: int, heavy: bool) -> str:
    """Return the result in words, with the likely reason if it is not as predicted."""
    if study.recovered:
        biased, spread = (int(np.argmin(chance)) for chance in study.chance[:2])
        return (
            f"{headline(study)}. Chance explains the rest: of the mean estimates, that of {study.names[biased]} is "
            f"furthest from its truth, by {abs(study.bias[biased]):.1f} standard errors; of the spreads, that of "
            f"{study.names[spread]} is furthest from its prediction, with {study.ratio[spread]:.3f} ± "
            f"{study.ratio_error[spread]:.3f} times its size."
        )
    count, all_errors = len(study.names), np.argwhere(study.unexpected)
    worst = sorted(all_errors.tolist(), key=lambda at: study.chance[*at])[:3]
    findings = [_finding(study, kind, i) for kind, i in worst] or [f"the {count} parameters together are too far off"]
    more = len(all_errors) - len(worst)
    text = f"{headline(study)}; {', '.join(findings)}{f', and {more} more such findings' if more else ''}. "
    if heavy:
        return text + (
            f"The likely reason: with heavy-tailed noise {rows:,} rows are too few to estimate the standard error. It "
            "is too small in most data sets, which miss the rare large values, and too large in the few that have one. "
            f"Student's t assumes normal noise. More rows help: --rows {max(2000, 10 * rows)}."
        )
    return text + (
        "With normal noise the theory is exact, and chance alone causes this in about one of a thousand studies. Try "
        "another --seed. If the result is the same, either the fits or their standard errors are wrong."
    )


def picture(study: Recovery) -> "Figure":
    """Draw the parameters of the table."""
    at = study.shown()
    unexpected = [study.names[i] for i in at if study.unexpected[:, i].any()]
    return recovery_figure(
        [study.names[i] for i in at],
        study.standardized[:, at],
        study.degrees_of_freedom,
        unexpected=unexpected,
        title=headline(study),
    )


def _finding(study: Recovery, kind: int, i: int) -> str:
    """Return one finding in words, by its row in `unexpected`."""
    name = study.names[i]
    return (
        f"{name} is biased by {study.bias[i]:+.1f} standard errors of its mean",
        f"{name} spreads {study.ratio[i]:.3f} ± {study.ratio_error[i]:.3f} times as much as predicted",
        f"the intervals of {name} hold it in {_percent(study.coverage[i], study.coverage_error[i])}",
    )[kind]


def _percent(share: float, error: float) -> str:
    return f"{share:.1%} ± {error:.1%}".replace("%", " %")
