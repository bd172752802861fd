"""What TensorBoard's Custom Scalars page shows of the fits in a log folder: which charts, in which order."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from linfit.callbacks.events.zone import zone_tags

OVERLAY = "fit, truth and optimum"
ZONE = "the fit enters the optimum's 95 % zone"
REST = "the other parameters"
_MOST_CHARTS = 16  # parameters with a chart of their own
_SERIES = ("value", "lower", "upper")
_GROUP = 10  # of the others in one chart


def as_tags(names: Sequence[str]) -> tuple[str, ...]:
    """Names as tags that this page can draw: it takes what stands between parentheses for the name of a run."""
    tags = tuple(name.translate({ord("("): "[", ord(")"): "]"}) for name in names)
    return tags if len(set(tags)) == len(tags) else tuple(names)


def most_telling(size: np.ndarray, error: np.ndarray | None = None) -> list[int]:
    """Which parameters have a chart of their own, in their own order: all, or of many the 16 to look at first.

    Args:
        size: the values to go by, shape (parameters,): half of the places go to the largest.
        error: their distances to the truth: the other half goes to the largest of the rest; None leaves all places
            to the largest values.
    """
    if len(size) <= _MOST_CHARTS:
        return list(range(len(size)))
    largest = np.argsort(-np.abs(size), kind="stable").tolist()
    if error is None:
        return largest[:_MOST_CHARTS]
    first = largest[: _MOST_CHARTS // 2]
    furthest = [i for i in np.argsort(-np.abs(error), kind="stable").tolist() if i not in first]
    return first + furthest[: _MOST_CHARTS - len(first)]


def layout(tags: Sequence[str], shown: Sequence[int], zones: Sequence[str], errors: Sequence[str]) -> Any:
    """The page of one fit, a `tensorboard.plugins.custom_scalar.layout_pb2.Layout`.

    Args:
        tags: those of all parameters.
        shown: the indices of those with a chart of their own, in the order of the charts.
        zones: the tags of the parameters that have a zone, in the order of the charts.
        errors: the tags of the known distances; they share a chart.
    """
    from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Chart, Layout, MarginChartContent

    own = [tags[i] for i in shown]
    rest = [tag for tag in tags if tag not in own]
    charts = [_lines("loss", ["loss"])]
    if errors:
        charts.append(_lines(" and ".join(errors), errors))
    page = Layout(category=[Category(title=OVERLAY, chart=[*charts, *(_lines(tag, [tag]) for tag in own)])])
    if zones:
        series = {tag: MarginChartContent.Series(**dict(zip(_SERIES, zone_tags([tag]), strict=True))) for tag in zones}
        margins = [Chart(title=tag, margin=MarginChartContent(series=[one])) for tag, one in series.items()]
        page.category.add(title=ZONE, chart=margins[::-1])  # TensorBoard draws these from the last to the first
    if rest:
        groups = [rest[i : i + _GROUP] for i in range(0, len(rest), _GROUP)]
        titles = [group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups]
        page.category.add(title=REST, chart=map(_lines, titles, groups), closed=True)
    return page


def shows_all_of(page: Any, other: Any) -> bool:
    """Whether a page has the curves of another one."""
    return _tags_of(other) <= _tags_of(page)


def with_earlier(page: Any, earlier: Any) -> Any:
    """The page, with those charts of an earlier one that show what it does not: of other parameters, or of zones."""
    own = _tags_of(page)
    for category in earlier.category:
        missing = [chart for chart in category.chart if not _shown(chart) <= own]
        if missing:
            titles = [one.title for one in page.category]
            if category.title not in titles:
                page.category.add(title=category.title, closed=category.closed)
                titles.append(category.title)
            page.category[titles.index(category.title)].chart.extend(missing)
    return page


def _lines(title: str, tags: Sequence[str]) -> Any:
    """A chart of these tags, of all runs that have them."""
    from tensorboard.plugins.custom_scalar.layout_pb2 import Chart, MultilineChartContent

    return Chart(title=title, multiline=MultilineChartContent(tag=[f"^{re.escape(tag)}$" for tag in tags]))


def _shown(chart: Any) -> set[str]:
    return {*chart.multiline.tag, *(getattr(one, part) for one in chart.margin.series for part in _SERIES)}


def _tags_of(page: Any) -> set[str]:
    return {tag for category in page.category for chart in category.chart for tag in _shown(chart)}
