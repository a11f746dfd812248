"""memento lint: what the library could do without."""

from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.say import landing
from memento.cli.workplace import console, json_option, library_option, open_workplace, print_json


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be proposed.")
@library_option
@json_option
def command(dry_run: bool, library_dir: Path | None, as_json: bool) -> int:
    """Propose merges and retirements: skills that repeat another, do badly, are shadowed or unused.

    Each becomes a branch that removes the skill and its tests, and waits for a human; nothing lands
    here. What is pinned, what other skills point to, and what was refused before is left alone.

    Exit codes: 0 there is nothing to propose, 5 something waits for a human.

    \b
    Examples:
      memento lint --dry-run
      memento lint --json | jq '.[].advice.reason'
    """
    from memento.assemble.routers import router_of
    from memento.review.lint import Linted, Linter

    place = open_workplace(library_dir)
    router = router_of(place.config, place.journal, place.library.root)
    linter = Linter(library=place.library, journal=place.journal, reach=router.route)
    advice = linter.advice()
    done = [
        Linted(advice=each, landing=None, note="dry run") if dry_run else linter.propose(each)
        for each in advice
    ]
    if as_json:
        print_json(list[Linted], done)
    else:
        err = console(stderr=True)
        for each in done:
            err.print(one_line(f"{each.advice.skill}: {each.advice.idea} ({each.advice.reason})", 300))
            err.print(f"  {landing(each.landing) if each.landing else each.note}")
        if not done:
            err.print("nothing to merge or retire")
    return 5 if done else 0
