"""Near-duplicates: a skill that says what another says is to extend that one instead of standing beside it.

Two skills are one, by the first of these that holds:

name          they differ in a number, a version or a word like "new" only: bfs, bfs-2, bfs-v3, bfs-5x5
description   they share at least SAME of their content words, and are no siblings
behaviour     at least SAME_REQUESTS of the requests that the smaller one is tested with are asked of the
              other as well, and the descriptions share at least RELATED

Siblings say the same of different things (convert-pdf, convert-word): each has a word in its name and
its description that the other has nowhere. They may stand side by side.

SAME was measured with `benchmarks/duplicates.py`, which prints for collections of skills what share it
would refuse: collections that people curate must keep nearly all, one that a machine grew must not.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil

from memento.protocols import Snapshot
from memento.skill.python import parsed
from memento.types import Skill

SAME = 0.6
RELATED = 0.4
SAME_REQUESTS = 0.5
_SAME_REQUEST = 0.75

_VARIANT = re.compile(r"(?:[-_](?:v?\d+\w*|new|enhanced|improved|copy|final|updated|better))+$")
_WORD = re.compile(r"[^\W_]{2,}")
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        """
all an and any are as asked asks at be by can do does for from has if in into is it its not of on or
so skill such task tasks that the their them these this to use used user uses using via want wants
when where which with you your
""",
    )
)
_ENDINGS = ("ing", "ies", "es", "ed", "s")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a skill is compared by."""

    name: str
    description: str
    requests: tuple[str, ...] = field(default=())
    """What its tests say must reach it (QUERIES)."""

    @cached_property
    def words(self) -> frozenset[str]:
        return content_words(self.description)

    @cached_property
    def stem(self) -> str:
        return _VARIANT.sub("", self.name)

    @cached_property
    def name_words(self) -> frozenset[str]:
        return content_words(self.name.replace("-", " "))


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """The skill to extend instead, and why."""

    extend: str
    reason: str
    score: float
    """In [0, 1]: how much the two have in common by that reason."""


def profile_of(skill: Skill, test: bytes | None) -> Profile:
    """A skill with the requests that its test file names; a file that does not parse names none."""
    return Profile(name=skill.name, description=skill.description, requests=requests_of(test or b""))


def duplicate_of(new: Profile, others: Iterable[Profile]) -> Duplicate | None:
    """The skill that `new` repeats most, None when it repeats none. Itself does not count."""
    found = [twin for other in others if other.name != new.name and (twin := compare(new, other))]
    return min(found, key=lambda twin: (-twin.score, twin.extend), default=None)


def twin_in(library: Snapshot, new: Profile) -> Duplicate | None:
    """The skill of `library` that `new` repeats most, None when it repeats none."""
    skills = (library.skill(name) for name in library.names())
    return duplicate_of(new, (_with_tests(skill, new, library) for skill in skills if skill is not None))


def _with_tests(skill: Skill, new: Profile, library: Snapshot) -> Profile:
    profile = profile_of(skill, None)
    # A test file costs a process to read: only where its requests can decide.
    if new.requests and shared(new.words, profile.words) >= RELATED:
        return profile_of(skill, library.test(skill.name))
    return profile


def compare(new: Profile, other: Profile) -> Duplicate | None:
    """Why `new` repeats `other`, None when it does not."""
    if new.stem == other.stem:
        reason = f"its name is a variant of {other.name}"
        return Duplicate(extend=other.name, reason=reason, score=1.0)
    alike = shared(new.words, other.words)
    if alike >= SAME and not siblings(new, other):
        reason = f"its description says what {other.name} says ({alike:.0%} of the words)"
        return Duplicate(extend=other.name, reason=reason, score=alike)
    asked = _asked_alike(new.requests, other.requests)
    if asked >= SAME_REQUESTS and alike >= RELATED and not siblings(new, other):
        reason = f"its tests ask what those of {other.name} ask ({asked:.0%} of the requests)"
        return Duplicate(extend=other.name, reason=reason, score=asked)
    return None


def pairs(profiles: Sequence[Profile]) -> Iterator[tuple[Profile, Profile]]:
    """Every pair that `compare` could find alike, and few others: not n * n / 2 of them.

    Two sets that share a part RELATED of their words share one of the rarest few of each (prefix
    filtering: Chaudhuri, Ganti, Kaushik 2006), so only those are looked up.
    """
    common = Counter(word for profile in profiles for word in profile.words)
    holders: dict[str, list[int]] = {}
    for number, profile in enumerate(profiles):
        rarest = sorted(profile.words, key=lambda word: (common[word], word))
        most = len(rarest) - ceil(RELATED * len(rarest)) + 1
        keys = [f"name {profile.stem}", *rarest[:most]]
        for other in sorted({other for key in keys for other in holders.get(key, ())}):
            yield profiles[other], profile
        for key in keys:
            holders.setdefault(key, []).append(number)


def siblings(one: Profile, other: Profile) -> bool:
    """Whether each is about a thing, named in its name and description, that the other never mentions."""
    mine = (one.name_words & one.words) - other.words - other.name_words
    theirs = (other.name_words & other.words) - one.words - one.name_words
    return bool(mine and theirs)


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, without endings."""
    return frozenset(_bare(word) for word in _WORD.findall(text.casefold()) if word not in _EMPTY)


def requests_of(test: bytes, constant: str = "QUERIES") -> tuple[str, ...]:
    """The literal strings of a constant in a test file; nothing of it is executed."""
    try:
        body = parsed(test).body
    except SyntaxError:
        return ()
    for node in body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == [
            constant
        ]:
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                return ()
            return (
                tuple(item for item in value if isinstance(item, str))
                if isinstance(value, tuple | list)
                else ()
            )
    return ()


def _asked_alike(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    few, many = sorted(([content_words(text) for text in texts] for texts in (one, other)), key=len)
    if not few:
        return 0.0
    return sum(any(shared(a, b) >= _SAME_REQUEST for b in many) for a in few) / len(few)


def shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard: the share of all their words that both have."""
    return len(one & other) / len(one | other) if one | other else 0.0


def _bare(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word.removesuffix("e") if len(word) > 3 else word
