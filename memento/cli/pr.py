"""memento pr: proposals as pull requests on GitHub, and what became of them there."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import one_line
from memento.cli.review import WAITS, proposal_ids
from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    sandbox_option,
)

if TYPE_CHECKING:
    from memento.review.github.publishing import Published
    from memento.review.github.syncing import Synced


class _PrGroup(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A first word that names no command is a proposal."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["open", *args])


@click.group(cls=_PrGroup)
def command() -> None:
    """Put an open proposal before people as a pull request, and learn what became of it.

    The library's remote `origin` says which repository; where there is a remote `upstream`, origin is a
    fork of it. The token is that of $GITHUB_TOKEN, $GH_TOKEN or `gh auth token`, and needs Contents: write
    and Pull requests: write. It goes to github.com alone; another GitHub takes $GH_ENTERPRISE_TOKEN, or is
    named by $GH_HOST. With [review] where = "github" in memento.toml every run does this by itself.

    Exit codes: 0 done, 4 GitHub or the token, 5 some proposal waits for something here.

    \b
    Examples:
      memento pr 3fa8
      memento pr 3fa8 --draft --json
      memento pr sync
      memento pr sync --model NAME
    """


@command.command("open")
@click.argument("proposal", metavar="ID", shell_complete=proposal_ids)
@click.option("--draft", is_flag=True, help="Open a new one as a draft, whatever the gate said.")
@library_option
@json_option
def open_(proposal: str, draft: bool, library_dir: Path | None, as_json: bool) -> None:
    """Push the branch of a proposal, and open its pull request or bring that up to date.

    There is one pull request for each proposal. `memento pr ID` means the same.

    \b
    Examples:
      memento pr 3fa8
      memento pr open csv-sums --json
    """
    from memento.assemble.reviews import publisher_of
    from memento.review.github.publishing import Published

    place = open_workplace(library_dir)
    publisher = publisher_of(place.library, os.environ, place.ambience)
    _name_token(publisher.connection.hub.token.source)
    done = publisher(proposal, draft=draft)
    if as_json:
        print_json(Published, done)
    else:
        _tell_published(done)


@command.command("sync")
@click.option(
    "--model", help="Who rewrites what a comment asks for; without a model, comments are only kept."
)
@click.option("--base-url", help="Its OpenAI-compatible endpoint.")
@sandbox_option
@library_option
@json_option
def sync(
    model: str | None, base_url: str | None, sandbox: str | None, library_dir: Path | None, as_json: bool
) -> int:
    """Learn of merges, closings and comments since the last look. Doing it twice does no more.

    What was merged counts as landed, and main here goes along with main there. What was closed is a
    refused idea, with the last comment as its reason. A comment of somebody with rights in the repository
    is kept, and leads to another round of the rewriter on the same branch where a model is set.

    \b
    Examples:
      memento pr sync
      memento pr sync --model NAME --base-url http://127.0.0.1:11434/v1
      memento pr sync --json
    """
    from memento.assemble.gates import lazy_sandbox_of
    from memento.assemble.reviews import sync_of
    from memento.review.github.syncing import Synced

    flags: dict[tuple[str, str], object] = {
        ("model", "name"): model,
        ("model", "base_url"): base_url,
        ("sandbox", "kind"): sandbox,
    }
    place = open_workplace(library_dir, flags)
    look = sync_of(
        place.library,
        lazy_sandbox_of(place.config, os.environ),
        place.ambience,
        config=place.config,
        environ=os.environ,
    )
    _name_token(look.connection.hub.token.source)
    found = look()
    if as_json:
        print_json(tuple[Synced, ...], found)
    else:
        _tell_synced(found)
    return WAITS if any(each.waits for each in found) else 0


@command.command("comment")
@click.argument("reports", type=click.Path(path_type=Path), metavar="REPORTS.json")
def comment(reports: Path) -> None:
    """Print the reports of `memento gate --json` as a comment for a pull request.

    For CI: no text of a report comes alive in it, whoever wrote the file. Sends nothing.

    \b
    Examples:
      memento gate --base origin/main --json > gate.json; memento pr comment gate.json
    """
    from memento.review.github.comment import comment_text, read_reports

    click.echo(comment_text(read_reports(reports)), nl=False)


def _name_token(source: str) -> None:
    console(stderr=True).print(f"  token    that of {one_line(source)}", soft_wrap=True)


def _tell_published(done: "Published") -> None:
    what = "opened" if done.created else "updated"
    draft = " as a draft" if done.draft else ""
    console(stderr=True).print(
        f"  {what:<8} #{done.number}{draft}, for {one_line(done.proposal)}", soft_wrap=True
    )
    for note in done.notes:
        console(stderr=True).print(f"  note     {one_line(note, 400)}", soft_wrap=True)
    click.echo(one_line(done.url, 400))


def _tell_synced(found: "tuple[Synced, ...]") -> None:
    out = console(stderr=True)
    if not found:
        out.print("no open proposal has a pull request; `memento pr ID` makes one")
    for each in found:
        new = f", {each.remarks} new comment{'s' if each.remarks != 1 else ''}" if each.remarks else ""
        out.print(
            f"  {each.fate:<8} #{each.number} {one_line(each.proposal)} {each.skill}{new}", soft_wrap=True
        )
        if each.note:
            out.print(f"           {one_line(each.note, 400)}", soft_wrap=True)
