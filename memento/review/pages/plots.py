"""Plots as SVG in the page: no script, no image, no style of their own.

Every colour is a class of the page's style sheet, so light and dark follow it; series differ in their
marks and dashes too, and lie in blue and orange, which readers of every colour vision tell apart. The
table of a plot's numbers stands beside it in the page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from memento.review.pages.text import day, minute
from memento.types import Bounds, Utility

WIDTH, HEIGHT = 480, 272
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 56
DAY_S = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Points (x, y) of one line; `marked` draws a dot at each, `band` lies around the line."""

    kind: str
    """The class that colours it: "first" or "second"."""
    points: Sequence[tuple[float, float]]
    band: Sequence[Bounds] = ()
    marked: bool = False
    steps: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """[low, high], with its ticks and how they are written; `name` says what it counts, where need be."""

    low: float
    high: float
    ticks: Sequence[float]
    write: Callable[[float], str]
    name: str = ""


def lines(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> Markup:
    """A plot of lines over common axes."""
    parts = [_grid(x, y)]
    parts += [_band(x, y, each) for each in series if each.band]
    parts += [_line(x, y, each) for each in series]
    return _svg(title, parts)


def share_axis() -> Axis:
    """From 0 to 100 %."""
    return Axis(low=0, high=1, ticks=(0, 0.25, 0.5, 0.75, 1), write=lambda share: f"{share:.0%}")


def count_axis(most: float, *, low: float = 0) -> Axis:
    """From `low` to at least `most`, with round ticks."""
    most = max(most, low + 1)
    step = _round_step((most - low) / 4)
    ticks = [low + step * n for n in range(6) if low + step * (n - 1) < most]
    return Axis(low=low, high=max(ticks[-1], most), ticks=ticks, write=lambda count: _short(count))


def order_axis(last: int, name: str) -> Axis:
    """Numbers from 1 to `last`."""
    step = max(1, round(_round_step(max(last, 1) / 4)))
    ticks = [1, *range(step, last + 1, step)][-6:]
    return Axis(low=1, high=max(last, 2), ticks=ticks, write=lambda n: f"{n:.0f}", name=name)


def time_axis(first: float, last: float) -> Axis:
    """Unix times; a span of less than three days is written with its minutes."""
    last = max(last, first + 60)
    write = minute if last - first < 3 * DAY_S else day
    return Axis(low=first, high=last + 0.04 * (last - first), ticks=(first, last), write=write)


def interval(utility: Utility) -> Markup:
    """A rate with its 95 % interval on a line from 0 to 1; nothing when nothing is known."""
    if not utility.n:
        return Markup("")
    low, at, high = 100 * utility.bounds.low, 100 * utility.value, 100 * utility.bounds.high
    return Markup(
        '<svg class="interval" viewBox="-4 0 108 14" aria-hidden="true">'
        '<line class="track" x1="0" x2="100" y1="7" y2="7"/>'
        '<line class="span" x1="{:.1f}" x2="{:.1f}" y1="7" y2="7"/>'
        '<circle class="dot" cx="{:.1f}" cy="7" r="4"/></svg>'
    ).format(low, high, at)


def bar(count: int, most: int, kind: str) -> Markup:
    """A bar of a length in proportion to `most`."""
    width = 100 * count / max(most, 1)
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="{}" x="0" y="0" width="{:.1f}" height="10"/></svg>'
    ).format(kind, width)


def _svg(title: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, title, Markup("").join(parts)
    )


def _grid(x: Axis, y: Axis) -> Markup:
    parts = []
    for tick in y.ticks:
        at = _y(y, tick)
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                LEFT, WIDTH - RIGHT, at, at
            )
        )
        parts.append(_label(LEFT - 8, at + 4, y.write(tick), "end"))
    for tick in x.ticks:
        near_end = _x(x, tick) > WIDTH - RIGHT - 40
        anchor = "start" if tick == x.low else "end" if near_end else "middle"
        parts.append(_label(_x(x, tick), HEIGHT - BOTTOM + 24, x.write(tick), anchor))
    if x.name:
        parts.append(_label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x.name, "middle"))
    return Markup("").join(parts)


def _label(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _line(x: Axis, y: Axis, series: Series) -> Markup:
    at = [(_x(x, a), _y(y, b)) for a, b in series.points]
    path = "".join(
        f"{'M' if number == 0 else 'L'}{a:.1f},{b:.1f}"
        if not series.steps or number == 0
        else f"H{a:.1f}V{b:.1f}"
        for number, (a, b) in enumerate(at)
    )
    if series.steps:
        path += f"H{WIDTH - RIGHT}"
    drawn = Markup('<path class="line {}" d="{}"/>').format(series.kind, path)
    if series.marked or len(at) == 1:
        dots = (
            Markup('<circle class="mark {}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(series.kind, a, b)
            for a, b in at
        )
        drawn += Markup("").join(dots)
    return drawn


def _band(x: Axis, y: Axis, series: Series) -> Markup:
    over = [(_x(x, a), _y(y, b.high)) for (a, _), b in zip(series.points, series.band, strict=True)]
    under = [(_x(x, a), _y(y, b.low)) for (a, _), b in zip(series.points, series.band, strict=True)]
    path = "L".join(f"{a:.1f},{b:.1f}" for a, b in [*over, *reversed(under)])
    return Markup('<path class="band {}" d="M{}Z"/>').format(series.kind, path)


def _x(axis: Axis, value: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - axis.low) / (axis.high - axis.low)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - axis.low) / (axis.high - axis.low)


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... that is at least `step`."""
    scale = 1.0
    while True:
        for factor in (1, 2, 5):
            if scale * factor >= step:
                return scale * factor
        scale *= 10


def _short(count: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:g}{unit}"
    return f"{count:g}"
