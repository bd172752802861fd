"""The layout of TensorBoard's Custom Scalars page: which charts it shows for the fits of a log folder."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from linfit.callbacks.events.confidence_zone import zone_tags

OVERLAY = "fit, truth and optimum"
ZONE = "the fit enters the optimum's 95 % zone"
REST = "the other parameters"
_MOST_CHARTS = 16  # parameters with a chart of their own
_SERIES = ("value", "lower", "upper")
_GROUP = 10  # other parameters per chart


def drawable_tags(names: Sequence[str]) -> tuple[str, ...]:
    """Return parameter names as tags that this page can draw: it takes a part in parentheses for the name of a run.

    Parentheses become brackets, unless two names would become equal.
    """
    tags = tuple(name.translate({ord("("): "[", ord(")"): "]"}) for name in names)
    return tags if len(set(tags)) == len(tags) else tuple(names)


def parameters_with_a_chart(size: np.ndarray, error: np.ndarray | None = None) -> list[int]:
    """Return the indices of the parameters that get a chart of their own, in the order of the charts.

    Up to 16 parameters all get one, in their own order. Of more than 16, the most relevant 16 do.

    Args:
        size: values of the parameters, shape (parameters,). The largest get half of the charts.
        error: their distances to the truth, shape (parameters,). The largest of the rest get the other half. Without
            it, all charts go to the largest values.
    """
    if len(size) <= _MOST_CHARTS:
        return list(range(len(size)))
    largest = np.argsort(-np.abs(size), kind="stable").tolist()
    if error is None:
        return largest[:_MOST_CHARTS]
    first = largest[: _MOST_CHARTS // 2]
    furthest = [i for i in np.argsort(-np.abs(error), kind="stable").tolist() if i not in first]
    return first + furthest[: _MOST_CHARTS - len(first)]


def layout(tags: Sequence[str], charted: Sequence[int], zones: Sequence[str], errors: Sequence[str]) -> Any:
    """Return the page of one fit, a `tensorboard.plugins.custom_scalar.layout_pb2.Layout`.

    Args:
        tags: the tags of all parameters.
        charted: the indices of the parameters with a chart of their own, in the order of the charts.
        zones: the tags of the parameters that have a zone, in the order of the charts.
        errors: the tags of the known distances; they share a chart.
    """
    from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Chart, Layout, MarginChartContent

    own = [tags[i] for i in charted]
    rest = [tag for tag in tags if tag not in own]
    charts = [_line_chart("loss", ["loss"])]
    if errors:
        charts.append(_line_chart(" and ".join(errors), errors))
    page = Layout(category=[Category(title=OVERLAY, chart=[*charts, *(_line_chart(tag, [tag]) for tag in own)])])
    if zones:
        series = {tag: MarginChartContent.Series(**dict(zip(_SERIES, zone_tags([tag]), strict=True))) for tag in zones}
        margins = [Chart(title=tag, margin=MarginChartContent(series=[one])) for tag, one in series.items()]
        page.category.add(title=ZONE, chart=margins[::-1])  # TensorBoard draws margin charts in reverse order
    if rest:
        groups = [rest[i : i + _GROUP] for i in range(0, len(rest), _GROUP)]
        titles = [group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups]
        page.category.add(title=REST, chart=map(_line_chart, titles, groups), closed=True)
    return page


def shows_all_of(page: Any, other: Any) -> bool:
    """Return whether a page has all curves of another page."""
    return _tags_of_page(other) <= _tags_of_page(page)


def with_charts_of(page: Any, earlier: Any) -> Any:
    """Add to a page the charts of an earlier page whose curves it lacks: of other parameters or of zones."""
    own = _tags_of_page(page)
    for category in earlier.category:
        missing = [chart for chart in category.chart if not _tags_of_chart(chart) <= own]
        if missing:
            titles = [one.title for one in page.category]
            if category.title not in titles:
                page.category.add(title=category.title, closed=category.closed)
                titles.append(category.title)
            page.category[titles.index(category.title)].chart.extend(missing)
    return page


def _line_chart(title: str, tags: Sequence[str]) -> Any:
    """Return a chart of these tags, for all runs that have them."""
    from tensorboard.plugins.custom_scalar.layout_pb2 import Chart, MultilineChartContent

    return Chart(title=title, multiline=MultilineChartContent(tag=[f"^{re.escape(tag)}$" for tag in tags]))


def _tags_of_chart(chart: Any) -> set[str]:
    return {*chart.multiline.tag, *(getattr(one, part) for one in chart.margin.series for part in _SERIES)}


def _tags_of_page(page: Any) -> set[str]:
    return {tag for category in page.category for chart in category.chart for tag in _tags_of_chart(chart)}
