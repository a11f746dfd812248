"""Vectors of skills, kept in SQLite by (embedder, digest of the text): a cache that may be deleted.

A skill's vector is that of its description with a fifth of that of its name (measured: the name alone finds
terse tools, and costs real skills when it weighs more). Vectors are kept in 16 bits, and are rounded so
before their first use too: a route is the same before and after a restart.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import ModelError
from memento.protocols import Embedder
from memento.route.words import spoken
from memento.types import Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME_SHARE = 0.2
BATCH = 256
"""Skills embedded and kept at once: what a killed process loses."""

SCHEMA = """create table if not exists vectors(
    embedder text not null, key blob not null, value blob not null, primary key(embedder, key)
) without rowid"""


def key_of(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]


@dataclass(frozen=True, kw_only=True)
class VectorCache:
    """Vectors in one file. A damaged file is thrown away."""

    path: Path

    def read(self, embedder: str, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The known ones; {} when the file cannot be read."""
        try:
            with self._open() as db:
                found = dict(db.execute("select key, value from vectors where embedder = ?", (embedder,)))
        except sqlite3.DatabaseError:
            return {}
        wanted = set(keys)
        return {key: value for key, value in found.items() if key in wanted}

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
        with self._open() as db:
            db.execute("delete from vectors where embedder = ?", (embedder,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=10)) as db, db:
            db.execute(SCHEMA)
            yield db


def embed(texts: Sequence[str], embedder: Embedder) -> "NDArray[np.float32]":
    """Vectors of requests. Raises ModelError, also when the embedder breaks its promise of a matrix."""
    import numpy as np

    vectors = embedder.embed(texts)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ModelError(
            f"the embedder {embedder.name} gave {vectors.shape} for {len(texts)} texts, or no numbers"
        )
    return vectors


def skill_vectors(
    skills: Sequence[Skill], embedder: Embedder, cache: VectorCache | None
) -> "NDArray[np.float32]":
    """Unit vectors, one a skill, in order; only unknown ones are computed. Raises ModelError."""
    import numpy as np

    keys = [key_of(f"{skill.name}\0{skill.description}") for skill in skills]
    known = dict(cache.read(embedder.name, keys)) if cache else {}
    missing = [n for n, key in enumerate(keys) if key not in known]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        fresh = _mixed([skills[n] for n in batch], embedder)
        values = {keys[n]: row.tobytes() for n, row in zip(batch, fresh, strict=True)}
        if cache and known and len(next(iter(known.values()))) != len(next(iter(values.values()))):
            # The same name with another dimension: the endpoint serves another model now.
            cache.forget(embedder.name)
            return skill_vectors(skills, embedder, None)
        known.update(values)
        if cache:
            cache.write(embedder.name, values)
    rows = [known[key] for key in keys]
    if not rows:
        return np.zeros((0, 1), dtype=np.float32)
    return np.frombuffer(b"".join(rows), dtype=np.float16).reshape(len(rows), -1).astype(np.float32)


def _mixed(skills: Sequence[Skill], embedder: Embedder) -> "NDArray[np.float16]":
    import numpy as np

    names = [spoken(skill.name) for skill in skills]
    about = [skill.description or name for skill, name in zip(skills, names, strict=True)]
    both = embed([*about, *names], embedder)
    mixed = (1 - NAME_SHARE) * both[: len(skills)] + NAME_SHARE * both[len(skills) :]
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    rounded: NDArray[np.float16] = (mixed / np.maximum(lengths, 1e-9)).astype(np.float16)
    return rounded
