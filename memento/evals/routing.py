"""How well the router finds what is right, on any corpus and queries; no model, no library.

    corpus.jsonl     one document per line: id (or _id), and name, description, body; or title, text
    queries.jsonl    one request per line: id (or _id), text, and `relevant`, a list of ids; `split` as wanted
    qrels/*.tsv      relevance apart, as BEIR (arXiv 2104.08663) has it: query-id, corpus-id, score

Measures, means over the requests that have something relevant (Jarvelin and Kekalainen, TOIS 20, 2002):

    recall@k    share of the relevant ones among the first k
    mrr@10      one over the rank of the first relevant one; 0 when it is not among the first ten
    ndcg@10     discounted gain with binary relevance, over that of the best order
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import AliasChoices, BaseModel, Field

from memento.errors import UsageError
from memento.evals.datasets.rows import read_rows
from memento.protocols import Snapshot
from memento.route.router import RANKED, TantivyRouter
from memento.types import File, Folder, Sha, Skill

AT = (1, 5, 10)


class _Document(BaseModel):
    id: str = Field(validation_alias=AliasChoices("id", "_id"))
    name: str = Field(default="", validation_alias=AliasChoices("name", "title"))
    description: str = ""
    body: str = Field(default="", validation_alias=AliasChoices("body", "text"))


class _Query(BaseModel):
    id: str = Field(validation_alias=AliasChoices("id", "_id"))
    text: str
    relevant: list[str] = []
    split: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request and the ids of what is right for it."""

    text: str
    relevant: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RoutingSet:
    """A corpus as a library, and its requests."""

    library: Snapshot
    requests: tuple[Request, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingReport:
    """What `memento eval routing --json` prints; shares are in [0, 1]."""

    data: str
    embedder: str
    documents: int
    requests: int
    without_relevant: int
    """Requests that were left out, because nothing is right for them."""
    recall: Mapping[str, float]
    mrr: float
    ndcg: float


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Implements Snapshot over documents that are no folders."""

    held: Mapping[str, Skill] = field(repr=False)
    commit: Sha | None = None

    def entries(self) -> Mapping[str, str]:
        return {}

    def names(self) -> Sequence[str]:
        return sorted(self.held)

    def skill(self, name: str) -> Skill | None:
        return self.held.get(name)

    def folder(self, name: str) -> Folder:
        return {"SKILL.md": File(data=self.held[name].body.encode())} if name in self.held else {}

    def test(self, name: str) -> bytes | None:
        del name
        return None

    def tips(self) -> str:
        return ""


def load(folder: Path, split: str | None = None) -> RoutingSet:
    """The set in `folder`. UsageError when a file or a relevant document is missing."""
    for name in ("corpus.jsonl", "queries.jsonl"):
        if not (folder / name).is_file():
            raise UsageError(f"{folder} has no {name}. `memento eval routing --help` says what it holds.")
    documents = {row.id: row for row in read_rows(folder / "corpus.jsonl", _Document)}
    apart = _qrels(folder, split)
    requests = []
    for row in read_rows(folder / "queries.jsonl", _Query):
        if split is None or not row.split or row.split == split:
            relevant = frozenset(row.relevant) | apart.get(row.id, frozenset())
            if unknown := relevant - documents.keys():
                raise UsageError(f"The query {row.id} names {min(unknown)!r}, which is not in corpus.jsonl.")
            requests.append(Request(text=row.text, relevant=relevant))
    if not any(request.relevant for request in requests):
        where = f" of the split {split}" if split else ""
        raise UsageError(f"{folder} has no query{where} with anything relevant.")
    held = {id_: _skill(row) for id_, row in documents.items()}
    # A made-up commit: with one, the index is built once and not at every request.
    return RoutingSet(library=Corpus(held=held, commit=Sha("0" * 40)), requests=tuple(requests))


def _skill(row: _Document) -> Skill:
    """A document as a skill. Its key is its id; a name of its own goes in front of the description."""
    named = row.name and row.name != row.id
    description = f"{row.name}. {row.description}".strip() if named else row.description
    return Skill(name=row.id, description=description, body=row.body)


def _qrels(folder: Path, split: str | None) -> Mapping[str, frozenset[str]]:
    """Relevant documents by query, of every table there is, or of the one named as the split."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.glob("qrels/*.tsv")):
        if split is not None and path.stem != split:
            continue
        with path.open(encoding="utf-8", newline="") as source:
            for row in csv.reader(source, delimiter="\t"):
                # The head line has no number in its last column.
                if len(row) >= 3 and row[-1].lstrip("-").isdigit() and int(row[-1]) > 0:
                    found.setdefault(row[0], set()).add(row[1])
    return {query: frozenset(ids) for query, ids in found.items()}


def measure(data: RoutingSet, router: TantivyRouter, *, name: str) -> RoutingReport:
    """Every request through the router, and the means."""
    asked = [request for request in data.requests if request.relevant]
    routes = router.route_many([request.text for request in asked], data.library)
    ranked = [[skill for skill, _ in route.ranked[:RANKED]] for route in routes]
    pairs = list(zip(asked, ranked, strict=True))
    n = len(pairs)
    return RoutingReport(
        data=name,
        embedder=router.embedder.name if router.embedder else "words",
        documents=len(data.library.names()),
        requests=n,
        without_relevant=len(data.requests) - n,
        recall={str(k): sum(recall(found, r.relevant, k) for r, found in pairs) / n for k in AT},
        mrr=sum(reciprocal_rank(found, r.relevant) for r, found in pairs) / n,
        ndcg=sum(ndcg(found, r.relevant, RANKED) for r, found in pairs) / n,
    )


def recall(found: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """Share of `relevant` among the first `k` of `found`."""
    return len(relevant & set(found[:k])) / len(relevant)


def reciprocal_rank(found: Sequence[str], relevant: frozenset[str]) -> float:
    """One over the rank of the first relevant one, 0 when there is none."""
    return next((1 / rank for rank, name in enumerate(found, 1) if name in relevant), 0.0)


def ndcg(found: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`, with gains of 0 and 1."""
    gain = sum(1 / math.log2(rank + 1) for rank, name in enumerate(found[:k], 1) if name in relevant)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return gain / best
