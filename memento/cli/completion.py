"""memento completion: the shell's completion script."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Examples:
      source <(memento completion bash)
      memento completion fish > ~/.config/fish/completions/memento.fish
    """
    from memento.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that are offered"
    click.echo(kind(cli, {}, "memento", "_MEMENTO_COMPLETE").source())
