"""bowl_figure: picture of the loss bowl, with its contours, the direction of descent, and the path of a fit."""

from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style, wrapped_label
from linfit.callbacks.figures.loss_plane import LossPlane, loss_plane
from linfit.callbacks.figures.thinned_steps import in_thinned_path
from linfit.parameter_names import flat_reference
from linfit.statistics.curvature import Curvature
from linfit.training.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_GRID, _ARROWS = 161, (15, 11)
_LEVELS, _RATIO = 9, 0.4  # number of contours, and the excess loss of each as a share of that of the next higher one
_CUT_OFF = 1.5  # times the half-width of the picture: a path that goes further out is drawn up to there


@with_project_style
def bowl_figure(
    trajectory: Trajectory,
    optimum: Any,
    curvature: Curvature,
    *,
    truth: Any = None,
    title: str = "",
    dark: bool = False,
) -> "Figure":
    """Draw the squared loss around its optimum, the direction of descent at each point, and the steps of a fit.

    The loss is L* + ½ Σ λ c², where c is the distance from the optimum along an eigenvector of the Hessian and λ is its
    eigenvalue (Boyd & Vandenberghe, "Convex Optimization", 2004, section 9.1.2), so the rows are not needed. Two
    parameters are the axes of the picture; for one parameter, the picture is a curve of the loss. For more, it is the
    plane through the optimum along the directions of smallest and largest curvature: the valley along which descent is
    slow, and the walls between which it zigzags. The view depends only on the first point and the truth: no stable
    descent leaves it.

    Args:
        trajectory: the path of the fit from its start; the later steps of a long path are thinned.
        optimum: the `LeastSquares` of the rows.
        curvature: the `Curvature` of the rows.
        truth: the `GroundTruth` of the data, or any object with its w and b.
        title: the title of the picture.
        dark: whether to draw on a dark background.

    Raises:
        InputError: the optimum or the truth has another shape than the parameters; there are several targets, each of
            which has a bowl of its own.

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
    figure = new_figure((7.2, 5.0))
    draw_bowl(figure, trajectory, optimum, curvature, truth=truth, title=title, style=style_of(dark))
    return figure


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
    """Draw the picture of `bowl_figure` on a figure or a subfigure."""
    plane = loss_plane(trajectory, optimum, curvature)
    is_drawn = in_thinned_path(trajectory.step - trajectory.step[0])
    is_drawn[-1:] = True
    path = trajectory[is_drawn].values
    path = plane.project(path[np.isfinite(path).all(axis=1)])
    true = None if truth is None else plane.project(flat_reference(truth, trajectory.point())[np.newaxis])
    half_widths = plane.half_widths(trajectory.values[0], true)
    outside = (np.abs(path - plane.center) > _CUT_OFF * half_widths).any(axis=1)
    stays = not outside.any()
    path = path if stays else path[: 1 + np.argmax(outside)]

    axes = canvas.add_subplot()
    axes.set_title(title)
    axes.grid(visible=False)
    if len(half_widths) == 2:
        _draw_contours(canvas, axes, plane, half_widths, style)
        _draw_arrows(axes, plane, half_widths, style)
    else:
        _draw_curve(axes, plane, half_widths[0], style)
    to_axes = plane.with_loss if len(half_widths) == 1 else lambda coordinates: coordinates
    axes.plot(*to_axes(path).T, "-o", color=style.red, linewidth=1.4, markersize=3.5, markeredgewidth=0, label="steps")
    square: dict[str, Any] = {"color": style.muted, "fillstyle": "none", "markersize": 9, "markeredgewidth": 2.2}
    axes.plot(*to_axes(path[:1]).T, "s", label="start", **square)
    if true is not None:
        diamond: dict[str, Any] = {"color": style.green, "fillstyle": "none", "markersize": 13, "markeredgewidth": 2.6}
        axes.plot(*to_axes(true).T, "D", label="true", **diamond)
    optimum_at = to_axes(plane.center[np.newaxis]).T
    axes.plot(*optimum_at, "+", color=style.ink, markersize=19, markeredgewidth=2.4, label="optimum")
    if stays:
        axes.plot(
            *to_axes(path[-1:]).T, "o", color=style.red, markersize=8, markeredgecolor=style.paper, label="fitted"
        )
    else:
        axes.plot([], [], " ", label="(fitted: not shown)")
    canvas.legend(loc="outside lower center", ncols=5, frameon=False, handlelength=1.4, columnspacing=1.4)


def _draw_contours(
    canvas: "Figure | SubFigure", axes: "Axes", plane: LossPlane, half_widths: np.ndarray, style: Style
) -> None:
    """Draw contours of the loss with a colour bar, and set the axes of the picture."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    (width, height), (x, y) = half_widths, plane.center
    axes.set(xlim=(x - width, x + width), ylim=(y - height, y + height))
    axes.set(xlabel=wrapped_label(plane.labels[0], 60), ylabel=wrapped_label(plane.labels[1]))
    dx, dy = np.linspace(-width, width, _GRID), np.linspace(-height, height, _GRID)
    excess = plane.excess_loss(np.stack(np.meshgrid(dx, dy), axis=-1))
    top = float(excess.max())
    if top > 0:
        levels = top * _RATIO ** np.arange(_LEVELS, -1, -1.0)
        shading: dict[str, Any] = {
            "cmap": LinearSegmentedColormap.from_list("loss", [style.paper, style.high_loss]),
            "norm": LogNorm(levels[0], top),
        }
        excess = np.maximum(excess, _RATIO * levels[0])
        shades = axes.contourf(x + dx, y + dy, excess, levels, extend="min", **shading)
        axes.contour(x + dx, y + dy, excess, levels, colors=style.muted, linewidths=0.6, alpha=0.6)
        bar = canvas.colorbar(shades, ax=axes, ticks=levels[::2], pad=0.02, aspect=30)
        marked = levels[::2].tolist()
        bar.set_ticks(marked, labels=_distinct([plane.lowest_loss + level for level in marked]))
        bar.set_label("loss" if len(plane.optimum) == 2 else "loss, other directions at the optimum")


def _draw_arrows(axes: "Axes", plane: LossPlane, half_widths: np.ndarray, style: Style) -> None:
    """Draw arrows of equal length in the direction of a gradient step."""
    columns, rows = (np.linspace(-1, 1, 2 * count + 1)[1::2] for count in _ARROWS)
    at = np.stack(np.meshgrid(columns, rows), axis=-1) * half_widths
    ascent = at @ plane.step_matrix.T / half_widths  # in units of the picture, so that the angles on paper are right
    length = np.linalg.norm(ascent, axis=-1, keepdims=True)
    u, v = np.moveaxis(np.divide(-ascent, length, out=np.zeros_like(ascent), where=length > 0), -1, 0)
    x, y = plane.center
    arrows: dict[str, Any] = {"angles": "uv", "pivot": "mid", "scale": 26, "width": 0.0028, "headwidth": 5}
    axes.quiver(x + at[..., 0], y + at[..., 1], u, v, color=style.muted, alpha=0.8, **arrows)


def _draw_curve(axes: "Axes", plane: LossPlane, half_width: float, style: Style) -> None:
    """Draw the loss as a function of the only parameter, and set the axes of the picture."""
    center = plane.center[0]
    curve = plane.with_loss(np.linspace(center - half_width, center + half_width, 401)[:, np.newaxis])
    top = float(curve[:, 1].max())
    axes.plot(*curve.T, color=style.blue, linewidth=1.8, label="_loss")
    margin = 0.06 * (top - plane.lowest_loss) or 1.0
    axes.set(xlim=(center - half_width, center + half_width), ylim=(plane.lowest_loss - margin, top))
    axes.set(xlabel=wrapped_label(plane.labels[0], 60), ylabel="loss")


def _distinct(losses: list[float]) -> list[str]:
    """Return the losses with three significant digits, or with as many as it takes for all to differ."""
    texts: list[str] = []
    for digits in range(3, 16):
        rounded = [float(f"{loss:.{digits}g}") for loss in losses]
        texts = [f"{loss:,.15g}" if 1e-4 <= loss < 1e6 else f"{loss:.{digits}g}" for loss in rounded]
        if len(set(texts)) == len(texts):
            break
    return texts
