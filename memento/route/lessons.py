"""What a library's past teaches, as arrays: every past request with its candidates, in several views.

request      a past one that some skill of the library solved; it is left out of the memory that it is
             held against, as if it had not been seen yet
candidates   as the router finds them
view         a memory from which a random share of the skills' past was taken (SHARES): what a skill
             looks like before it has one is learned beside what it looks like after
proven       candidates that solved something; the others would only teach that the new lose
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from memento.errors import UsageError
from memento.route.indexes import Indexed
from memento.route.memory import Memory, Recall
from memento.route.ranking import Asked
from memento.route.weights import BM25_UNIT, PAST, TEXT
from memento.route.words import query_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Flags = NDArray[np.bool_]

LEAST = 30
"""Requests; fewer teach nothing that holds."""
MOST = 3_000
"""Requests, the newest."""
SHARES = (1.0, 0.7, 0.5, 0.5, 0.0, *[0.8] * 10)
"""Of the skills that keep their past, by view."""
FULL, NONE = 0, 4
BALANCE = tuple(range(5, len(SHARES)))
"""Views that the weights are not fitted on, only balanced: a new skill comes among many that have a past."""
TOGETHER = 128

Texts = Callable[[Asked, Indexed], Mapping[str, tuple[float, float]]]
"""(BM25, cosine) of every candidate."""


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """Requests x candidates, padded."""

    text: "Floats" = field(repr=False)
    """Requests x candidates x TEXT."""
    past: "Floats" = field(repr=False)
    """Views x requests x candidates x PAST; 0 where a skill has no past."""
    wording: "Floats" = field(repr=False)
    """Requests x (the most BM25, in units, and the share of unknown words)."""
    there: "Flags" = field(repr=False)
    """Whether there is a candidate."""
    right: "Flags" = field(repr=False)
    proven: "Flags" = field(repr=False)
    warm: "Flags" = field(repr=False)
    """Views x requests: every right skill has a past."""
    cold: "Flags" = field(repr=False)
    """Views x requests: none of them has."""

    def __len__(self) -> int:
        return len(self.right)

    def rows(self, chosen: "Flags") -> "Lessons":
        """Some of the requests."""
        by_view = ("past", "warm", "cold")
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return Lessons(**{k: v[:, chosen] if k in by_view else v[chosen] for k, v in parts.items()})


def gathered(memory: Memory | None, indexed: Indexed, texts: Texts) -> Lessons:
    """Raises UsageError when there is too little past, and what `texts` raises."""
    import numpy as np

    owners = _owners(memory, indexed) if memory else {}
    numbers = sorted(owners)[-MOST:]
    if memory is None or len(numbers) < LEAST:
        raise UsageError(
            f"{len(numbers)} past requests are too few to learn from; {LEAST} are needed. "
            "Run tasks, or add QUERIES to the tests of skills."
        )
    views = _views(memory)
    parts = [
        _some(numbers[start : start + TOGETHER], owners, views, indexed, texts)
        for start in range(0, len(numbers), TOGETHER)
    ]
    width = max(part.there.shape[1] for part in parts)
    padded = [_padded(part, width) for part in parts]
    whole = {
        f.name: np.concatenate(
            [getattr(part, f.name) for part in padded], axis=1 if f.name in ("past", "warm", "cold") else 0
        )
        for f in fields(Lessons)
    }
    return Lessons(**whole)


def _owners(memory: Memory, indexed: Indexed) -> Mapping[int, frozenset[str]]:
    """By number of a request, the skills of the library that solved it."""
    found: dict[int, set[str]] = {}
    for skill in memory.skills:
        if skill in indexed.trees:
            for number in memory.solved_by(skill):
                found.setdefault(int(number), set()).add(skill)
    return {number: frozenset(skills) for number, skills in found.items()}


def _views(memory: Memory) -> Sequence[Memory]:
    import numpy as np

    draw = np.random.default_rng(0)
    views = []
    for share in SHARES:
        lost = draw.random(len(memory.skills)) >= share
        views.append(memory.without({s for s, gone in zip(memory.skills, lost, strict=True) if gone}))
    return views


def _some(
    numbers: Sequence[int],
    owners: Mapping[int, frozenset[str]],
    views: Sequence[Memory],
    indexed: Indexed,
    texts: Texts,
) -> Lessons:
    import numpy as np

    full = views[FULL]
    vectors = full.vectors[np.array(numbers)]
    recalls = [view.recall(vectors, without=numbers) for view in views]
    asked = [
        Asked(terms=query_terms(full.texts[n]).terms, vector=vectors[r], recall=recalls[FULL], number=r)
        for r, n in enumerate(numbers)
    ]
    found = [dict(texts(a, indexed)) for a in asked]
    shape = (len(numbers), max(1, *map(len, found)))
    made = _empty(shape, len(views))
    proven = frozenset[str]().union(*owners.values())
    for r, candidates in enumerate(found):
        names = list(candidates)
        right = owners[numbers[r]]
        most, made.wording[r, 1] = indexed.index.wording(asked[r].terms)
        made.wording[r, 0] = most / BM25_UNIT
        many = slice(len(names))
        made.text[r, many] = [(cosine, bm25 / BM25_UNIT) for bm25, cosine in candidates.values()]
        made.there[r, many] = True
        made.right[r, many] = [name in right for name in names]
        made.proven[r, many] = [name in proven for name in names]
        for v, recall in enumerate(recalls):
            made.past[v, r, many] = _past(recall, r, names, made.text[r, many])
            kept = [recall.knows(r, name) for name in right]
            made.warm[v, r], made.cold[v, r] = all(kept), not any(kept)
    return made


def _past(recall: Recall, request: int, names: Sequence[str], text: "Floats") -> "Floats":
    """The features of PAST, candidate by candidate."""
    import numpy as np

    table = recall.table(request, names)
    seen = (table[:, 4] > 0).astype(np.float32)
    columns = {
        "seen": seen,
        "nearest": table[:, 0],
        "prototype": table[:, 1],
        "vote": table[:, 2] * table[:, 3],
        "height": table[:, 3],
        "share": table[:, 2],
        "count": table[:, 4],
        "seen_cosine": seen * text[:, 0],
        "seen_bm25": seen * text[:, 1],
    }
    return np.stack([columns[name] for name in PAST], axis=1).astype(np.float32, copy=False)


def _empty(shape: tuple[int, int], views: int) -> Lessons:
    import numpy as np

    def flags(*of: int) -> "Flags":
        return np.zeros(of, dtype=bool)

    return Lessons(
        text=np.zeros((*shape, len(TEXT)), dtype=np.float32),
        past=np.zeros((views, *shape, len(PAST)), dtype=np.float32),
        wording=np.zeros((shape[0], 2), dtype=np.float32),
        there=flags(*shape),
        right=flags(*shape),
        proven=flags(*shape),
        warm=flags(views, shape[0]),
        cold=flags(views, shape[0]),
    )


def _padded(part: Lessons, width: int) -> Lessons:
    import numpy as np

    more = width - part.there.shape[1]
    two = ((0, 0), (0, more))
    return Lessons(
        text=np.pad(part.text, (*two, (0, 0))),
        past=np.pad(part.past, ((0, 0), *two, (0, 0))),
        wording=part.wording,
        there=np.pad(part.there, two),
        right=np.pad(part.right, two),
        proven=np.pad(part.proven, two),
        warm=part.warm,
        cold=part.cold,
    )
