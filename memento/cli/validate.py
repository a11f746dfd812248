"""memento validate: skills against the Agent Skills specification."""

from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.workplace import console, json_option, print_json


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF 2.1.0 on stdout.")
@json_option
def command(paths: tuple[Path, ...], as_sarif: bool, as_json: bool) -> int:
    """Check skills against the Agent Skills specification: a folder, a file of it, or a whole tree.

    Each finding has its file, its line and the fix. Without PATHS everything below the current
    folder is checked. Nothing is executed, and no library is needed: this is also a pre-commit hook.

    Exit codes: 0 no error (warnings may be there), 1 at least one error, 2 nothing to check.

    \b
    Examples:
      memento validate skills/files
      memento validate --sarif > skills.sarif
    """
    from memento.review.validate import Validated, located, validate
    from memento.skill.sarif import sarif

    found = validate(paths or (Path(),))
    if as_json:
        print_json(tuple[Validated, ...], found)
    elif as_sarif:
        click.echo(sarif(located(found)))
    else:
        for d in located(found):
            message = one_line(f"{d.message} ({d.fix}) [{d.rule}]", 400)
            click.echo(f"{one_line(d.path, 400)}:{d.line}: {d.level}: {message}")
    errors = sum(skill.errors for skill in found)
    if not as_json and not as_sarif:
        warnings = sum(len(skill.diagnostics) for skill in found) - errors
        unusable = sum(not skill.usable for skill in found)
        said = f"{len(found)} skills, {errors} errors, {warnings} warnings, {unusable} unusable"
        console(stderr=True).print(said)
    return 1 if errors else 0
