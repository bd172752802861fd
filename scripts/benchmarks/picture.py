"""The chart of the cost of a step: one bar for each program, on a logarithmic axis."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OURS, OTHERS, DARK = "#c1121f", "#b8bfc6", "#24292f"


def steps_figure(seconds: dict[str, float]) -> "Figure":
    """Draw one bar for each program, in the given order, with linfit's in colour."""
    from matplotlib.figure import Figure

    names = list(seconds)
    figure = Figure(figsize=(8.4, 0.42 * len(names) + 1.2), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    colours = [OURS if name.startswith("linfit") else OTHERS for name in names]
    bars = axes.barh(names, [seconds[name] for name in names], color=colours, height=0.72)
    axes.bar_label(bars, [with_unit(value) for value in seconds.values()], padding=5, color=DARK)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(min(seconds.values()) / 4, max(seconds.values()) * 12)  # room for the labels
    ticks = [10.0**power for power in range(-7, 0)]
    axes.set_xticks(ticks, [with_unit(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("each line is 10 times the one before", color=DARK)
    axes.grid(axis="x", color="#e6e9ec")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="both", length=0)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name.startswith("linfit") else "normal")
    axes.set_title("Time for one step of gradient descent (120 rows, full batch)", loc="left", color=DARK)
    return figure


def with_unit(seconds: float) -> str:
    """Format a time in the unit that people would use."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9999 * size:
            return f"{seconds / size:.2g} {unit}" if seconds < 99.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e6:.2g} µs"
