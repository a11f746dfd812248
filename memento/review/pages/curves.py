"""The plots of the page of progress, from its view."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from memento.review.pages.plots import Series, count_axis, lines, order_axis, share_axis, time_axis
from memento.review.pages.progress import Bin, Point, ProgressView


@dataclass(frozen=True, kw_only=True, slots=True)
class Plots:
    """The drawings of the page of progress."""

    learning: Markup
    growth: Markup
    landings: Markup
    tokens: Markup


def drawn(view: ProgressView) -> Plots:
    """All of them; one without numbers is empty."""
    middles = [(part.first + part.last) / 2 for part in view.bins]
    order = order_axis(view.bins[-1].last if view.bins else 1, "tasks, in the order they came")
    alone = Series(
        kind="first",
        points=_along(middles, [part.alone.value for part in view.bins]),
        band=[part.alone.bounds for part in view.bins],
        marked=True,
    )
    retried = Series(
        kind="second", points=_along(middles, [part.retried.value for part in view.bins]), marked=True
    )
    tokens = [part.tokens for part in view.bins]
    spent = Series(kind="first", points=_along(middles, tokens), marked=True)
    return Plots(
        learning=lines(
            _told("Share of tasks solved at the first attempt", view.bins),
            order,
            share_axis(),
            [retried, alone],
        ),
        growth=_counted("Number of skills", view.skills),
        landings=_counted("Changes landed", view.landings),
        tokens=lines("Mean tokens per task", order, count_axis(max(tokens, default=1)), [spent]),
    )


def _counted(title: str, points: Sequence[Point]) -> Markup:
    if not points:
        return Markup("")
    x = time_axis(points[0].when, points[-1].when)
    series = Series(kind="first", points=[(point.when, point.count) for point in points], steps=True)
    most = max(point.count for point in points)
    return lines(f"{title}: {points[-1].count} at last", x, count_axis(most), [series])


def _along(middles: list[float], values: list[float]) -> list[tuple[float, float]]:
    return list(zip(middles, values, strict=True))


def _told(title: str, bins: Sequence[Bin]) -> str:
    if not bins:
        return title
    return f"{title}: {bins[0].alone.value:.0%} at first, {bins[-1].alone.value:.0%} at last"
