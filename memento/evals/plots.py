"""Figures of a report, as matplotlib figures; plots_style.py says how they look.

    curve      first attempts over landed changes, with intervals; controls as lines across
    groups     the same per level and per subject, a panel each, the whole in grey behind
    growth     skills over landed changes
    utility    what the journal knows of each skill, with intervals
    causes     why first attempts were not solved, per library; what attribution blamed while learning

A figure without anything to show is not made. No colour carries meaning alone: series differ in marker
and line too, bars in hatching, and every series is named where it ends.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from memento.evals.arms import CURVE, LIBRARY
from memento.evals.plots_style import Look, canvas, label_end, tidy
from memento.evals.report import ArmReport, Report, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 24
MOST_SKILLS = 30


def figures(report: Report, look: Look) -> "Iterator[tuple[str, Figure]]":
    """(name, figure) for each figure that has something to show."""
    makers: Sequence[tuple[str, Callable[[Report, Look], Figure | None]]] = (
        ("curve", curve),
        ("levels", lambda report, look: groups(report, look, "levels")),
        ("subjects", lambda report, look: groups(report, look, "subjects")),
        ("growth", growth),
        ("utility", utility),
        ("causes", causes),
    )
    for name, make in makers:
        figure = make(report, look)
        if figure is not None:
            yield name, figure


def along(report: Report) -> list[ArmReport]:
    """The library's own arms, by how many changes had landed."""
    own = [arm for arm in report.arms if arm.name == LIBRARY or arm.name.startswith(CURVE)]
    return sorted(own, key=lambda arm: arm.landings or 0)


def curve(report: Report, look: Look) -> "Figure | None":
    own = along(report)
    controls = [arm for arm in report.arms if arm not in own]
    if not own:
        return None
    figure, (axes,) = canvas(report, look, "Held-out tasks solved at the first attempt")
    _series(axes, [(arm.landings or 0, arm.first) for arm in own], look, strong=True)
    begin, end = float(own[0].landings or 0), float(own[-1].landings or 0)
    if begin == end:  # one commit alone: the lines need some width
        begin, end = begin - 0.5, end + 0.5
    label_end(axes, own[-1].landings or 0, own[-1].first.share, LIBRARY, look.colours[0])
    for index, arm in enumerate(controls, 1):
        share = arm.first.share
        if share is not None:
            colour, line = look.colours[index], look.lines[index]
            axes.plot([begin, end], [share, share], color=colour, linestyle=line, linewidth=1.4)
            label_end(axes, end, share, arm.name, colour)
    tidy(axes, look, "landed changes", "share of tasks")
    return figure


def groups(report: Report, look: Look, kind: str) -> "Figure | None":
    own = along(report)
    names = sorted({score.name for arm in own for score in getattr(arm, kind)})
    shown = names[:MOST_PANELS]
    if not shown:
        return None
    title = "First attempts per " + kind.removesuffix("s")
    if len(names) > len(shown):
        title += f" ({len(shown)} of {len(names)})"
    figure, panels = canvas(report, look, title, panels=len(shown))
    for axes, name in zip(panels, shown, strict=True):
        points = [
            (arm.landings or 0, score)
            for arm in own
            for score in getattr(arm, kind)
            if score.name == name and score.share is not None
        ]
        everything = [(arm.landings or 0, arm.first.share) for arm in own if arm.first.share is not None]
        axes.plot(*zip(*everything, strict=True), color=look.faint, linewidth=1.2)
        _series(axes, points, look, strong=False)
        axes.set_title(name or "(none)", fontsize=9, color=look.ink)
        tidy(axes, look, "", "")
    figure.supxlabel("landed changes (grey: all tasks)", fontsize=9, color=look.ink)
    return figure


def _series(axes: "Axes", points: Sequence[tuple[int, Score]], look: Look, *, strong: bool) -> None:
    known = [(x, score, score.share) for x, score in points if score.share is not None]
    if not known:
        return
    axes.errorbar(
        [x for x, _, _ in known],
        [share for _, _, share in known],
        yerr=[
            [max(0.0, share - score.low) for _, score, share in known],
            [max(0.0, score.high - share) for _, score, share in known],
        ],
        color=look.colours[0],
        marker="o",
        markersize=5 if strong else 4,
        linewidth=2 if strong else 1.4,
        elinewidth=1,
        capsize=3,
    )
    axes.set_ylim(-0.03, 1.03)


def growth(report: Report, look: Look) -> "Figure | None":
    if not report.growth:
        return None
    figure, (axes,) = canvas(report, look, "Skills in the library")
    xs, ys = [g.landings for g in report.growth], [g.skills for g in report.growth]
    axes.step(xs, ys, where="post", color=look.colours[0], linewidth=2)
    axes.plot(xs, ys, "o", color=look.colours[0], markersize=4)
    axes.set_ylim(0, max(ys) * 1.15 + 1)
    label_end(axes, xs[-1], ys[-1], f"{ys[-1]} skills", look.colours[0])
    tidy(axes, look, "landed changes", "skills", share=False)
    return figure


def utility(report: Report, look: Look) -> "Figure | None":
    shown = report.worth[:MOST_SKILLS]
    if not shown:
        return None
    figure, (axes,) = canvas(report, look, "Utility of skills, with 95 % intervals", rows=len(shown))
    rows = range(len(shown))[::-1]
    axes.errorbar(
        [worth.utility for worth in shown],
        rows,
        xerr=[
            [max(0.0, w.utility - w.low) for w in shown],
            [max(0.0, w.high - w.utility) for w in shown],
        ],
        fmt="o",
        color=look.colours[0],
        ecolor=look.colours[0],
        elinewidth=1.2,
        capsize=3,
    )
    axes.set_yticks(list(rows), [f"{w.skill}  ({w.successes + w.failures:.3g})" for w in shown])
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.7, len(shown) - 0.3)
    tidy(axes, look, "successes / (successes + failures); outcomes in brackets", "", across=True)
    return figure


def causes(report: Report, look: Look) -> "Figure | None":
    arms = [arm for arm in report.arms if not arm.name.startswith(CURVE)][: len(look.colours)]
    names = sorted({cause for arm in arms for cause in arm.causes})
    faults = sorted(report.learning.faults)
    if not names and not faults:
        return None
    parts = [bool(names), bool(faults)]
    rows = len(names) * len(arms) + len(faults)
    figure, panels = canvas(report, look, "Failures by cause", panels=sum(parts), rows=rows, stacked=True)
    free = iter(panels)
    if names:
        axes = next(free)
        height = 0.8 / len(arms)
        for index, arm in enumerate(arms):
            at = [row - 0.4 + height * (index + 0.5) for row in range(len(names))]
            counts = [arm.causes.get(name, 0) for name in names]
            _bars(axes, at, counts, height, look, index, arm.name)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()  # bars from the top, in the order of the legend
        axes.legend(frameon=False, fontsize=8, labelcolor=look.ink, loc="best")
        axes.set_title("held-out first attempts that were not solved", fontsize=9, color=look.ink)
        tidy(axes, look, "", "", share=False, across=True)
    if faults:
        axes = next(free)
        counts = [report.learning.faults[fault] for fault in faults]
        _bars(axes, range(len(faults)), counts, 0.6, look, 0, "")
        axes.set_yticks(range(len(faults)), faults)
        axes.set_title("what attribution blamed while learning", fontsize=9, color=look.ink)
        tidy(axes, look, "attempts", "", share=False, across=True)
    return figure


def _bars(
    axes: "Axes",
    at: Sequence[float],
    counts: Sequence[int],
    height: float,
    look: Look,
    index: int,
    name: str,
) -> None:
    bars = axes.barh(
        at,
        counts,
        height=height,
        color=look.colours[index],
        hatch=look.hatches[index],
        edgecolor=look.paper,
        label=name,
        linewidth=0.5,
    )
    axes.bar_label(bars, padding=3, fontsize=8, color=look.ink)
    axes.margins(x=0.12)
