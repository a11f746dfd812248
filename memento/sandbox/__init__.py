"""Places to run code that nobody trusts: skills' scripts, their tests, and what the agent types.

choose(kind, environ) -> Sandbox        select.py: bubblewrap, docker or host; never a silent fallback
scratch() -> folder                     folders.py: a workspace that can be removed whatever was left in it
"""

from memento.sandbox.folders import remove, scratch
from memento.sandbox.select import choose

__all__ = ["choose", "remove", "scratch"]
