"""A report as Markdown: the same tables for a terminal, a file and a pull request."""

from collections.abc import Iterable, Sequence

from memento.evals.report import ArmReport, Comparison, Report, Score

SIMULATED = "**SIMULATED**: the model was a simulation; these figures say nothing about any real one."
HEADS = (
    "library",
    "skills",
    "solved",
    "share",
    "interval",
    "unscored",
    "after retries",
    "tokens per solved",
    "$ per solved",
)


def markdown(report: Report) -> str:
    """The whole report."""
    identity = report.identity
    parts = [
        f"# {identity.dataset}, split {identity.split}: {identity.tasks} tasks with {identity.model}",
        SIMULATED if report.simulated else "",
        "First attempts, with 95 % intervals (Wilson).",
        _table(HEADS, [_arm(arm) for arm in report.arms]),
        _comparisons(report.comparisons),
        _groups("Level", report.arms, "levels"),
        _groups("Subject", report.arms, "subjects"),
        _causes(report.arms),
        _notes(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _arm(arm: ArmReport) -> Sequence[str]:
    retried = arm.after_retry
    return (
        arm.name,
        str(arm.skills),
        f"{arm.first.solved} of {arm.first.tasks - arm.first.unscored}",
        percent(arm.first.share),
        interval(arm.first),
        str(arm.first.unscored),
        percent(retried.share) if retried else "-",
        "-" if arm.cost.tokens_per_solved is None else f"{arm.cost.tokens_per_solved:,.0f}",
        "-" if arm.cost.usd_per_solved is None else f"{arm.cost.usd_per_solved:.4f}",
    )


def _comparisons(comparisons: Sequence[Comparison]) -> str:
    if not comparisons:
        return ""
    rows = [
        (
            f"{c.one} against {c.other}",
            str(c.tasks),
            f"{c.difference:+.1%}",
            str(c.only_one),
            str(c.only_other),
            f"{c.p:.4f}",
            f"{c.p_corrected:.4f}",
        )
        for c in comparisons
    ]
    title = "Paired on the same tasks (McNemar, exact; p corrected by Holm)."
    heads = ("arms", "tasks", "difference", "only the first", "only the second", "p", "p corrected")
    return f"{title}\n\n{_table(heads, rows)}"


def _groups(title: str, arms: Sequence[ArmReport], kind: str) -> str:
    groups: list[tuple[ArmReport, Sequence[Score]]] = [(arm, getattr(arm, kind)) for arm in arms]
    names = sorted({score.name for _, scores in groups for score in scores})
    if not names:
        return ""
    rows = []
    for name in names:
        cells = []
        for _, scores in groups:
            found = next((score for score in scores if score.name == name), None)
            cells.append("-" if found is None else f"{percent(found.share)} {interval(found)}")
        rows.append((name or "(none)", *cells))
    return _table((title, *(arm.name for arm, _ in groups)), rows)


def _causes(arms: Sequence[ArmReport]) -> str:
    names = sorted({cause for arm in arms for cause in arm.causes})
    if not names:
        return ""
    rows = [(name, *(str(arm.causes.get(name, 0)) for arm in arms)) for name in names]
    return _table(("not solved, because", *(arm.name for arm in arms)), rows)


def _notes(report: Report) -> str:
    identity, learning = report.identity, report.learning
    notes = [f"Attempts without a result yet: {report.unfinished}."] if report.unfinished else []
    notes += [f"{name} was not run: {why}" for name, why in report.left_out.items()]
    for what, words in (("text", "the text of"), ("answer", "the answer to")):
        tasks = sorted({leak.task for leak in report.leaks if leak.what == what})
        if tasks:
            skills = sorted({leak.skill for leak in report.leaks if leak.what == what})
            notes.append(f"CONTAMINATION: {words} {', '.join(tasks)} stands in {', '.join(skills)}.")
    if not report.leaks:
        notes.append("No task's text and no answer of this split stands in any skill or tip.")
    errors = [arm for arm in report.arms if arm.calibration_error is not None]
    notes += [f"Calibration error of {arm.name}: {percent(arm.calibration_error)}." for arm in errors]
    if learning.landed:
        usd = "price unknown" if learning.usd_per_landed is None else f"${learning.usd_per_landed:.4f}"
        tokens = learning.tokens_per_landed or 0
        notes.append(
            f"{learning.landed} changes landed; attempts cost {tokens:,.0f} tokens ({usd}) per landed change."
        )
    run = f"Dataset {identity.digest[:12]}, seed {identity.seed}, run {identity.id}."
    notes.append(f"Wall time {report.wall_s:.0f} s. {run}")
    return "\n".join(f"- {note}" for note in notes)


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def interval(score: Score) -> str:
    return f"[{score.low:.1%}, {score.high:.1%}]"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
