"""Picture of the loss bowl: its contours, where descent leads from each point, and the path that a fit took."""

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import Style, in_style, new_picture, style_of, wrapped
from linfit.callbacks.figures.loss_plane import LossPlane, plane_of
from linfit.callbacks.figures.milestones import shows_motion
from linfit.parameter_names import flat_reference
from linfit.statistics.curvature import Curvature
from linfit.training.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


_GRID, _ARROWS = 161, (15, 11)
_LEVELS, _RATIO = 9, 0.4  # contours, and the height of each above the lowest loss, of that of the next one
_FAR = 1.5  # times the reach: where a path that leaves the picture is cut off


@in_style
def bowl_figure(
    trajectory: Trajectory,
    optimum: Any,
    curvature: Curvature,
    *,
    truth: Any = None,
    title: str = "",
    dark: bool = False,
) -> "Figure":
    """The squared loss around its optimum, the direction of descent everywhere, and the steps of a fit.

    The loss is L* + ½ Σ λ c², with c the distance from the optimum along each eigenvector of the Hessian and λ its
    eigenvalue (Boyd & Vandenberghe, "Convex Optimization", 2004, section 9.1.2): nothing is measured again. Of two
    parameters both are axes; of one, the loss is drawn above it. Of more, the picture is the plane through the
    optimum along the directions of smallest and largest curvature: the valley in which descent is slow, and the walls
    between which it zigzags. The view depends on the first point alone: no stable descent leaves it.

    Args:
        trajectory: the path, with the start first; of long ones, fewer and fewer steps are drawn.
        optimum: the `LeastSquares` of the rows.
        curvature: the `Curvature` of the rows.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        title: above the picture.
        dark: draw on a dark background.

    Raises:
        InputError: an optimum or a truth of another shape than the parameters; several targets, whose loss has a
            bowl each.

    Returns:
        A matplotlib Figure.

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
        >>> model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
        >>> model.compile(learning_rate=0.2)
        >>> _ = model.fit(x, y, batch_size=120, epochs=50, verbose=0)
        >>> curvature = linfit.SufficientStatistics.from_rows(x, y).curvature()
        >>> figure = bowl_figure(model.trajectory, linfit.least_squares(x, y), curvature)
        >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
        ('w', 'b')
    """
    picture = new_picture((7.2, 5.0))
    draw_bowl(picture, trajectory, optimum, curvature, truth=truth, title=title, style=style_of(dark))
    return picture


def draw_bowl(
    canvas: "Figure | SubFigure",
    trajectory: Trajectory,
    optimum: Any,
    curvature: Curvature,
    *,
    style: Style,
    truth: Any = None,
    title: str = "",
) -> None:
    """The same on a figure or a part of one."""
    plane = plane_of(trajectory, optimum, curvature)
    path = trajectory[
        shows_motion(trajectory.step - trajectory.step[0]) | (np.arange(len(trajectory)) == len(trajectory) - 1)
    ].values
    path = plane.project(path[np.isfinite(path).all(axis=1)])
    true = None if truth is None else plane.project(flat_reference(truth, trajectory.point())[np.newaxis])
    reach = plane.reach(trajectory.values[0], true)
    outside = (np.abs(path - plane.shift) > _FAR * reach).any(axis=1)
    stays = not outside.any()
    path = path if stays else path[: 1 + np.argmax(outside)]

    axes = canvas.add_subplot()
    axes.set_title(title)
    axes.grid(visible=False)
    if len(reach) == 2:
        _draw_slopes(canvas, axes, plane, reach, style)
    else:
        _draw_curve(axes, plane, reach, style)
    to_paper = plane.on_curve if len(reach) == 1 else lambda points: points
    axes.plot(*to_paper(path).T, "-o", color=style.red, linewidth=1.4, markersize=3.5, markeredgewidth=0, label="steps")
    grey: dict[str, Any] = {"color": style.muted, "fillstyle": "none", "markersize": 9, "markeredgewidth": 2.2}
    axes.plot(*to_paper(path[:1]).T, "s", label="start", **grey)
    if true is not None:
        open_diamond: dict[str, Any] = {"fillstyle": "none", "markersize": 13, "markeredgewidth": 2.6}
        axes.plot(*to_paper(true).T, "D", color=style.green, label="true", **open_diamond)
    optimum_at = to_paper(plane.shift[np.newaxis]).T
    axes.plot(*optimum_at, "+", color=style.ink, markersize=19, markeredgewidth=2.4, label="optimum")
    if stays:
        axes.plot(
            *to_paper(path[-1:]).T, "o", color=style.red, markersize=8, markeredgecolor=style.paper, label="fitted"
        )
    else:
        axes.plot([], [], " ", label="(fitted: far outside)")
    canvas.legend(loc="outside lower center", ncols=5, frameon=False, handlelength=1.4, columnspacing=1.4)


def _draw_slopes(canvas: "Figure | SubFigure", axes: "Axes", plane: LossPlane, reach: np.ndarray, style: Style) -> None:
    """Contours of the loss, and arrows where a step leads."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    (width, height), (left, bottom) = reach, plane.shift
    x, y = np.linspace(-width, width, _GRID), np.linspace(-height, height, _GRID)
    above = plane.height(np.stack(np.meshgrid(x, y), axis=-1))
    top = float(above.max())
    if top > 0:
        levels = top * _RATIO ** np.arange(_LEVELS, -1, -1.0)
        shading: dict[str, Any] = {
            "cmap": LinearSegmentedColormap.from_list("height", [style.paper, style.slope]),
            "norm": LogNorm(levels[0], top),
        }
        above = np.maximum(above, _RATIO * levels[0])
        shades = axes.contourf(left + x, bottom + y, above, levels, extend="min", **shading)
        axes.contour(left + x, bottom + y, above, levels, colors=style.muted, linewidths=0.6, alpha=0.6)
        bar = canvas.colorbar(shades, ax=axes, ticks=levels[::2], pad=0.02, aspect=30)
        marked = levels[::2].tolist()
        bar.set_ticks(marked, labels=_short([plane.lowest + level for level in marked]))
        bar.set_label("loss" if len(plane.optimum) == 2 else "loss, all else at its optimum")

    columns, rows = (np.linspace(-1, 1, 2 * count + 1)[1::2] for count in _ARROWS)
    at = np.stack(np.meshgrid(columns * width, rows * height), axis=-1)
    slope = at @ plane.slope.T / reach  # each as long on paper as in units of the picture
    length = np.linalg.norm(slope, axis=-1, keepdims=True)
    u, v = np.moveaxis(np.divide(-slope, length, out=np.zeros_like(slope), where=length > 0), -1, 0)
    arrows: dict[str, Any] = {"angles": "uv", "pivot": "mid", "scale": 26, "width": 0.0028, "headwidth": 5}
    axes.quiver(left + at[..., 0], bottom + at[..., 1], u, v, color=style.muted, alpha=0.8, **arrows)
    axes.set(xlim=(left - width, left + width), ylim=(bottom - height, bottom + height))
    axes.set(xlabel=textwrap.fill(plane.labels[0], 60), ylabel=wrapped(plane.labels[1]))


def _draw_curve(axes: "Axes", plane: LossPlane, reach: np.ndarray, style: Style) -> None:
    """The loss of the only parameter."""
    width, shift = reach[0], plane.shift[0]
    curve = plane.on_curve(np.linspace(shift - width, shift + width, 401)[:, np.newaxis])
    top = float(curve[:, 1].max())
    axes.plot(*curve.T, color=style.blue, linewidth=1.8, label="_loss")
    room = 0.06 * (top - plane.lowest) or 1.0
    axes.set(xlim=(shift - width, shift + width), ylim=(plane.lowest - room, top))
    axes.set(xlabel=textwrap.fill(plane.labels[0], 60), ylabel="loss")


def _short(losses: list[float]) -> list[str]:
    """Three digits, or as many as it takes to tell them apart."""
    texts: list[str] = []
    for digits in range(3, 16):
        rounded = [float(f"{loss:.{digits}g}") for loss in losses]
        texts = [f"{loss:,.15g}" if 1e-4 <= loss < 1e6 else f"{loss:.{digits}g}" for loss in rounded]
        if len(set(texts)) == len(texts):
            break
    return texts
