"""memento report: the library as pages that a browser opens from a folder."""

import time
from dataclasses import dataclass
from pathlib import Path

import click

from memento.cli.workplace import console, json_option, library_option, open_workplace, print_json


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What `memento report --json` prints."""

    folder: str
    pages: int
    bytes: int
    seconds: float


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="memento-report",
    show_default=True,
    help="The folder to write. An earlier report there is replaced; anything else is refused.",
)
@library_option
@json_option
def command(output: Path, library_dir: Path | None, as_json: bool) -> None:
    """Write the library as a static site: skills, changes with their evidence, learning curve, cost.

    No page loads anything from elsewhere. Open index.html in a browser, or publish the folder as it is
    (GitHub Pages). It shows tasks and traces of the journal: look before you publish.

    \b
    Examples:
      memento report
      memento report -o site --json
    """
    from memento.assemble.ambience import Ambience
    from memento.assemble.reviews import site_of
    from memento.review.pages.writing import write

    begun = time.monotonic()
    place = open_workplace(library_dir)
    written = write(site_of(place.library, place.journal, Ambience(), live=False), output)
    seconds = round(time.monotonic() - begun, 2)
    if as_json:
        found = Reported(folder=written.folder, pages=written.pages, bytes=written.bytes, seconds=seconds)
        print_json(Reported, found)
        return
    click.echo(Path(written.folder) / "index.html")
    console(stderr=True).print(
        f"{written.pages} pages, {written.bytes / 1e6:.1f} MB, in {seconds:.1f} s", soft_wrap=True
    )
