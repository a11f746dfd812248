"""memento serve: the pages live, with approve and reject."""

import os
import webbrowser
from pathlib import Path

import click

from memento.cli.workplace import console, library_option, open_workplace, sandbox_option


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port on 127.0.0.1; by default a free one."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the address in your browser.")
@sandbox_option
@library_option
def command(port: int, open_browser: bool, sandbox: str | None, library_dir: Path | None) -> None:
    """Show the library in a browser, and decide there about what waits: approve, reject, comment.

    Serves on 127.0.0.1 only, to the browser that opens the printed address: it holds a token, so keep it
    to yourself. An approval runs the gate and lands what passes. Ends with ^C.

    \b
    Examples:
      memento serve --open
      memento serve --port 8421
    """
    from memento.assemble.ambience import Ambience
    from memento.assemble.gates import lazy_sandbox_of
    from memento.assemble.reviews import server_of

    place = open_workplace(library_dir, {("sandbox", "kind"): sandbox})
    server = server_of(
        place.library,
        lazy_sandbox_of(place.config, os.environ),
        Ambience(),
        config=place.config,
        environ=os.environ,
        port=port,
    )
    click.echo(server.guard.start)
    err = console(stderr=True)
    err.print("serving until ^C")
    if open_browser:
        webbrowser.open(server.guard.start)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            err.print("ended; what had landed stays, nothing is half landed")
