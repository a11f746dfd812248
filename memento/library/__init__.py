"""The library in git: read at a commit, propose as objects, land by compare-and-swap.

git is spoken only here.
"""

from memento.library.history import LogEntry
from memento.library.library import Library
from memento.library.queue import land

__all__ = ["Library", "LogEntry", "land"]
