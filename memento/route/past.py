"""A past request, and what a memory of many says of one skill."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Past(NamedTuple):
    """A request and the skill that it was given to; `solved` False: it was the wrong skill for it."""

    text: str
    skill: str
    solved: bool = True


History = Callable[[], Sequence[Past]]


class Recalled(NamedTuple):
    """What the memory says of one skill; all but `wrong` are 0 when it solved nothing."""

    nearest: float = 0.0
    prototype: float = 0.0
    share: float = 0.0
    height: float = 0.0
    seen: float = 0.0
    """log(1 + the requests that it solved)."""
    wrong: float = 0.0

    @property
    def vote(self) -> float:
        return self.share * self.height


class Usual(NamedTuple):
    """Cosines that a strange request has with the past."""

    nearest: float = 0.5
    prototype: float = 0.5


USUAL = Usual()


def forget_everything() -> Sequence[Past]:
    """No history."""
    return ()
