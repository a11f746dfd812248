"""Vectors of skills and of past requests, kept in SQLite by (embedder, digest of the text).

A skill's vector is that of its description with three tenths of that of its name: the name alone finds terse
tools, and costs real skills when it weighs more. From all of a library's vectors a share of their mean is
taken (Mu and Viswanath, arXiv 1702.01417): what all skills have in common says nothing about which one is
meant. Measured on three sets: Hit@1 +.007, -.003 and +.013.

Vectors are kept in 16 bits, and are rounded so before their first use too: a route is the same before and
after a restart. The file is a cache that may be deleted.
"""

import hashlib
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from memento.errors import ModelError
from memento.protocols import Embedder
from memento.route.words import spoken
from memento.types import Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAME_SHARE = 0.3
CENTRED = 0.7
"""Share of the mean that is taken away, in a large library."""
FEW = 10
"""In a library of so many skills half of that: the mean of a few is mostly themselves."""
BATCH = 256
"""Texts embedded and kept at once: what a killed process loses."""
LOOKED_UP = 400
"""More keys than this are found by reading all rows of an embedder."""
RECENT = 512
"""Requests whose vectors stay in memory."""

SCHEMA = """create table if not exists vectors(
    embedder text not null, key blob not null, value blob not null, primary key(embedder, key)
) without rowid"""


def key_of(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]


def skill_key(skill: Skill) -> bytes:
    """Of what a skill's vector is made of."""
    return key_of(f"{skill.name}\0{skill.description}")


@dataclass(frozen=True, kw_only=True)
class VectorCache:
    """Vectors in one file. A damaged file is thrown away."""

    path: Path

    def known(self, embedder: str, keys: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values, in no order, perhaps of other keys too; none when the file cannot be read."""
        few = len(keys) <= LOOKED_UP
        marks = f" and key in ({','.join('?' * len(keys))})" if few else ""
        query = f"select key, value from vectors where embedder = ?{marks}"  # noqa: S608 (question marks)
        try:
            with self._open() as db:
                yield from db.execute(query, (embedder, *(keys if few else ())))
        except sqlite3.DatabaseError:
            return

    def write(self, embedder: str, values: Mapping[bytes, bytes]) -> None:
        """Keep vectors. A cache that cannot be written is no accident: it is made anew or done without."""
        rows = [(embedder, key, value) for key, value in values.items()]
        try:
            with self._open() as db:
                db.executemany("insert or replace into vectors values (?,?,?)", rows)
        except sqlite3.OperationalError:  # locked, read-only or full
            return
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)

    def forget(self, embedder: str) -> None:
        """Drop an embedder's vectors: they live in another space than its new ones."""
        try:
            with self._open() as db:
                db.execute("delete from vectors where embedder = ?", (embedder,))
        except sqlite3.DatabaseError:
            return

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=10)) as db, db:
            db.execute(SCHEMA)
            yield db


@dataclass(kw_only=True)
class RecentRequests:
    """The vectors of the last requests: one is often routed again, as at a retry."""

    _held: "OrderedDict[tuple[str, str], Floats]" = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def of(self, texts: Sequence[str], embedder: Embedder) -> "Floats":
        """One row a text. Raises what the embedder raises."""
        import numpy as np

        with self._lock:
            held = {text: v for text in texts if (v := self._held.get((embedder.name, text))) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in held]
        if new:
            held |= dict(zip(new, embed(new, embedder), strict=True))
        with self._lock:
            for text in new[-RECENT:]:
                self._held[embedder.name, text] = held[text]
            while len(self._held) > RECENT:
                self._held.popitem(last=False)
        if len({len(vector) for vector in held.values()}) > 1:
            # The endpoint serves another model now; what was remembered is of the old one.
            self.forget(embedder)
            return embed(texts, embedder)
        return np.stack([held[text] for text in texts])

    def forget(self, embedder: Embedder) -> None:
        with self._lock:
            for key in [key for key in self._held if key[0] == embedder.name]:
                del self._held[key]


@dataclass(frozen=True, kw_only=True)
class Space:
    """A library's skills as unit vectors, with what was taken from them."""

    rows: "Floats" = field(repr=False)
    lengths: "Floats" = field(repr=False)
    centre: "Floats" = field(repr=False)

    def raw(self) -> "Floats":
        """As the embedder gave them."""
        found: Floats = self.rows * self.lengths[:, None] + self.centre
        return found


def centred(rows: "Floats") -> Space:
    """`rows` less a share of their mean, at length 1; they are changed in place, being large."""
    import numpy as np

    share = CENTRED * len(rows) / (len(rows) + FEW)
    centre = np.float32(share) * (rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1], np.float32))
    rows -= centre
    lengths = np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.float32(1e-9))
    rows /= lengths[:, None]
    return Space(rows=rows, lengths=lengths, centre=centre)


def embed(texts: Sequence[str], embedder: Embedder) -> "Floats":
    """Vectors of requests. Raises ModelError, also when the embedder breaks its promise of a matrix."""
    import numpy as np

    vectors = embedder.embed(texts)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ModelError(
            f"the embedder {embedder.name} gave {vectors.shape} for {len(texts)} texts, or no numbers"
        )
    return vectors


def skill_vectors(
    keys: Sequence[bytes],
    skills: Callable[[Sequence[int]], Sequence[Skill]],
    embedder: Embedder,
    cache: VectorCache | None,
) -> "Floats":
    """Unit vectors, one a key; `skills` gives the unknown ones by number. Raises ModelError."""
    return _kept(keys, lambda numbers: _mixed(skills(numbers), embedder), embedder, cache)


def request_vectors(texts: Sequence[str], embedder: Embedder, cache: VectorCache | None) -> "Floats":
    """Vectors of past requests; only unknown ones are computed. Raises ModelError."""
    keys = [key_of(f"request\0{text}") for text in texts]
    return _kept(keys, lambda numbers: embed([texts[n] for n in numbers], embedder), embedder, cache)


def _kept(
    keys: Sequence[bytes],
    make: "Callable[[Sequence[int]], Floats]",
    embedder: Embedder,
    cache: VectorCache | None,
) -> "Floats":
    import numpy as np

    places = {key: n for n, key in enumerate(keys)}
    found: Floats | None = None
    for key, value in cache.known(embedder.name, keys) if cache else ():
        if key not in places:
            continue
        row = np.frombuffer(value, dtype=np.float16)
        if found is None:
            found = np.empty((len(keys), len(row)), dtype=np.float32)
        if len(row) != found.shape[1]:
            return _anew(keys, make, embedder, cache)
        found[places.pop(key)] = row
    missing = sorted(places.values())
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        fresh = make(batch).astype(np.float16)
        if found is None:
            found = np.empty((len(keys), fresh.shape[1]), dtype=np.float32)
        if fresh.shape[1] != found.shape[1]:
            return _anew(keys, make, embedder, cache)
        found[batch] = fresh
        if cache:
            cache.write(embedder.name, {keys[n]: row.tobytes() for n, row in zip(batch, fresh, strict=True)})
    return np.zeros((0, 1), dtype=np.float32) if found is None else found


def _anew(
    keys: Sequence[bytes],
    make: "Callable[[Sequence[int]], Floats]",
    embedder: Embedder,
    cache: VectorCache | None,
) -> "Floats":
    """The same name with another dimension: the endpoint serves another model now."""
    if cache:
        cache.forget(embedder.name)
    return _kept(keys, make, embedder, None)


def _mixed(skills: Sequence[Skill], embedder: Embedder) -> "Floats":
    import numpy as np

    names = [spoken(skill.name) for skill in skills]
    about = [skill.description or name for skill, name in zip(skills, names, strict=True)]
    both = embed([*about, *names], embedder)
    mixed = (1 - NAME_SHARE) * both[: len(skills)] + NAME_SHARE * both[len(skills) :]
    unit: Floats = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
    return unit.astype(np.float32, copy=False)
