"""A report as files: words, values, other tools' formats, and figures on light and dark paper."""

from pathlib import Path

from memento import __version__
from memento.evals.evaluation import Evaluated
from memento.evals.interchange import ctrf, junit
from memento.evals.plots import figures
from memento.evals.plots_style import DARK, LIGHT, rendered
from memento.evals.report import Report
from memento.evals.words import markdown


def write_files(folder: Path, evaluated: Evaluated) -> tuple[Path, ...]:
    """Everything in `folder`, which is made. OSError when it cannot be written."""
    from pydantic import TypeAdapter

    report, records = evaluated.report, evaluated.records
    texts = {
        "report.md": markdown(report),
        "report.json": TypeAdapter(Report).dump_json(report, indent=2).decode() + "\n",
        "junit.xml": junit(report.identity, records),
        "ctrf.json": ctrf(report.identity, records, version=__version__),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return (*(folder / name for name in texts), *_figures(folder, report))


def _figures(folder: Path, report: Report) -> tuple[Path, ...]:
    written = []
    for look in (LIGHT, DARK):
        for name, figure in figures(report, look):
            for kind in ("png", "svg"):
                path = folder / f"{name}-{look.name}.{kind}"
                path.write_bytes(rendered(figure, kind))
                written.append(path)
    return tuple(written)
