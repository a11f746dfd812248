"""How figures look, on light and on dark paper, and how they become files.

Colours are those of Okabe and Ito (jfly.uni-koeln.de/color, 2008), which people of any colour vision can
tell apart; those too pale or too dark for the paper are left out. Figures are made without pyplot: there
is no global state, and nothing of the user's settings reaches them.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from memento.errors import UsageError
from memento.evals.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS_HIGH = 200
"""About how high the axes of a figure with one panel are."""
LINE = 11
"""Points from one line of small text to the next."""
MISSING = "Figures need matplotlib: pip install 'memento-skills[plots]', or leave --out away."


@dataclass(frozen=True, kw_only=True)
class Look:
    """Paper and ink."""

    name: str
    paper: str
    ink: str
    faint: str
    colours: tuple[str, ...]
    lines: tuple[str, ...] = ("-", "--", ":", "-.", "-", "--")
    hatches: tuple[str, ...] = ("", "///", "...", "xx", "\\\\\\", "++")


LIGHT = Look(
    name="light",
    paper="#ffffff",
    ink="#1f2328",
    faint="#c4c9d0",
    colours=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000"),
)
DARK = Look(
    name="dark",
    paper="#0d1117",
    ink="#e6edf3",
    faint="#484f58",
    colours=("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442"),
)


def require() -> None:
    """UsageError with the command that installs matplotlib when it is not there."""
    try:
        import matplotlib  # noqa: F401 (whether it is there)
    except ImportError:
        raise UsageError(MISSING) from None


def canvas(
    report: Report, look: Look, title: str, *, panels: int = 1, rows: int = 0, stacked: bool = False
) -> "tuple[Figure, list[Axes]]":
    """A titled figure with `panels` axes; `rows` is how many lines of text it must have room for."""
    from matplotlib.figure import Figure

    columns = 1 if stacked else min(panels, 4)
    lines = -(-panels // columns)
    height = max(3.8 if lines == 1 else 2.2 * lines + 1.0, 0.26 * rows + 1.6)
    figure = Figure(
        figsize=(7.6 if columns < 3 else 10.0, height), facecolor=look.paper, layout="constrained"
    )
    stamp = "SIMULATED: says nothing about any real model\n" if report.simulated else ""
    identity = report.identity
    figure.suptitle(
        f"{title}\n{stamp}{identity.dataset}, {identity.tasks} tasks, {identity.model}",
        fontsize=10,
        color=look.ink,
    )
    grid = figure.subplots(lines, columns, squeeze=False, sharex=not stacked, sharey=not stacked)
    axes = list(grid.flat)
    for unused in axes[panels:]:
        unused.set_visible(False)
    return figure, axes[:panels]


def tidy(axes: "Axes", look: Look, x: str, y: str, *, share: bool = True, across: bool = False) -> None:
    """Labels, a light grid along the values, and no frame that says nothing."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes.set_facecolor(look.paper)
    axes.set_xlabel(x, fontsize=9, color=look.ink)
    axes.set_ylabel(y, fontsize=9, color=look.ink)
    axes.tick_params(colors=look.ink, labelsize=8, length=3)
    axes.grid(axis="x" if across else "y", color=look.faint, linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(look.faint)
    values = axes.xaxis if across else axes.yaxis
    if share:
        values.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    else:
        values.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if not across:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def label_end(axes: "Axes", x: float, y: float | None, text: str, colour: str) -> None:
    """A series' name where it ends, kept clear of names that are there already."""
    from matplotlib.text import Annotation

    if y is None:
        return
    low, high = axes.get_ylim()
    points = POINTS_HIGH / (high - low)
    notes = [note for note in axes.texts if isinstance(note, Annotation)]
    heights = [note.xy[1] * points + note.xyann[1] for note in notes]
    shift = 0.0
    while any(abs(y * points + shift - height) < LINE for height in heights):
        shift -= LINE
    axes.annotate(
        text,
        xy=(x, y),
        xytext=(8, shift),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=colour,
        annotation_clip=False,
    )


def rendered(figure: "Figure", kind: str) -> bytes:
    """The figure as `png` or `svg`; made and rendered anew, the same report gives the same bytes."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = BytesIO()
    with rc_context({"svg.hashsalt": "memento", "svg.fonttype": "none"}):
        if kind == "png":
            FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})
        else:
            FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": "Memento"})
    return out.getvalue()
