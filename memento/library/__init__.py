"""The library in git: read at a commit, propose as objects, land by compare-and-swap.

git is spoken only here.
"""

from typing import TYPE_CHECKING, Any

from memento.library.library import Library

if TYPE_CHECKING:
    from memento.library.history import LogEntry
    from memento.library.queue import land

__all__ = ["Library", "LogEntry", "land"]


def __getattr__(name: str) -> Any:
    """What only a change or a look back needs is loaded when it is asked for."""
    if name == "land":
        from memento.library.queue import land

        return land
    if name == "LogEntry":
        from memento.library.history import LogEntry

        return LogEntry
    raise AttributeError(name)
