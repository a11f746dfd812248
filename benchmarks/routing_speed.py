"""How quick the router is, and how large: the second half of `python benchmarks/routing.py DATA_DIR`."""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from routing_data import Skills, read_corpus, read_queries
from routing_others import others_ms

from memento.protocols import Embedder
from memento.route import TantivyRouter
from memento.route.minilm import MiniLM
from memento.types import Sha, Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Drawn:
    """Vectors drawn at random for skills, computed for requests: what a route costs, not what it finds."""

    def __init__(self, inner: Embedder, size: int) -> None:
        self.inner = inner
        self.name = f"drawn-{size}"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        import numpy as np

        if len(texts) == 1:
            return self.inner.embed(texts)
        vectors = np.random.default_rng(len(texts)).standard_normal((len(texts), 384), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


@dataclass(frozen=True, kw_only=True)
class Many(Skills):
    """`size` skills made as they are asked for: the real ones, then halves of two real ones put together."""

    real: Sequence[Skill] = ()
    size: int = 0

    def names(self) -> Sequence[str]:
        return [f"skill-{n:06}" for n in range(self.size)]

    def skill(self, name: str) -> Skill | None:
        n = int(name[-6:])
        a, b = self.real[n % len(self.real)], self.real[(n * 7 + n // len(self.real)) % len(self.real)]
        return Skill(
            name=name,
            description=a.description[: len(a.description) // 2] + b.description[len(b.description) // 2 :],
            body=a.body[: len(a.body) // 2] + b.body[len(b.body) // 2 :],
            tree=Sha(name),
        )


def p50_ms(router: TantivyRouter, library: Skills, texts: Sequence[str]) -> float:
    """The median time of a route, one at a time, the index being there."""
    times = []
    for n, text in enumerate(texts):
        start = time.perf_counter()
        router.route(text, library)
        if n:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure_speed(folders: Sequence[Path]) -> dict[str, float]:
    """All times and the memory, on texts of the set with the longest bodies, requests of all sets."""
    skills, texts = texts_of(folders)
    inner = MiniLM()
    sample = skills[:60]
    inner.embed(["load"])
    start = time.perf_counter()
    inner.embed([s.description for s in sample])
    found = {"embed_skill_ms": 1000 * (time.perf_counter() - start) / len(sample)}
    for size in (1_000, 10_000, 100_000):
        library = Many(commit=Sha(f"{size}"), held={}, real=skills, size=size)
        with tempfile.TemporaryDirectory() as state:
            start = time.perf_counter()
            TantivyRouter(folder=Path(state)).route("build the index", library)
            built = time.perf_counter() - start
            router = TantivyRouter(embedder=Drawn(inner, size), folder=Path(state))
            found[f"p50_ms_{size}"] = p50_ms(router, library, texts)
            if size == 10_000:
                found["index_10000_s"] = built
                found["reindex_one_ms"] = reindexed_ms(Path(state), library)
            if size == 100_000:
                found["rss_build_mb_100000"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                found["rss_mb_100000"] = served_mb(Path(state), folders)
    return found | others_ms(skills, texts[1:])


def texts_of(folders: Sequence[Path]) -> tuple[Sequence[Skill], Sequence[str]]:
    """Real skills to cut from, and requests, the first only to warm up."""
    corpora = [read_corpus(folder) for folder in folders]
    skills = max(
        (list(held.values()) for held, _ in corpora), key=lambda s: statistics.fmean(len(x.body) for x in s)
    )
    texts = ["warm up"]
    for folder, (_, names) in zip(folders, corpora, strict=True):
        texts += [q.text for q in read_queries(folder, names)[:60]]
    return skills, texts


def served_mb(state: Path, folders: Sequence[Path]) -> float:
    """Memory of a process of its own that finds the index of 100,000 skills and answers requests."""
    argv = [sys.executable, __file__, str(state), *map(str, folders)]
    ran = subprocess.run(argv, check=True, capture_output=True, text=True)
    return float(ran.stdout)


def serve(state: Path, folders: Sequence[Path]) -> float:
    """What `served_mb` runs: the resident memory after all requests."""
    skills, texts = texts_of(folders)
    library = Many(commit=Sha("100000"), held={}, real=skills, size=100_000)
    router = TantivyRouter(embedder=Drawn(MiniLM(), 100_000), folder=state)
    for text in texts:
        router.route(text, library)
    return resident_mb()


def reindexed_ms(folder: Path, library: Skills) -> float:
    """One skill changed, at a new commit; the library's other texts are where they were."""
    from memento.route.disk import on_disk

    held = {name: skill for name in library.names() if (skill := library.skill(name))}
    times = []
    for n in range(5):
        name = sorted(held)[7 * n]
        about = f"Changed {n}. {held[name].description}"
        held[name] = replace(held[name], description=about, tree=Sha(f"changed {n}"))
        start = time.perf_counter()
        on_disk(folder / "index", f"change-{n}", held.values)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def resident_mb() -> float:
    """Of this process now, from /proc; the peak where there is none."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    print(serve(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]]))
