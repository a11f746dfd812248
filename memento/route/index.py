"""One library, indexed: BM25 over two fields of terms that are analysed by us, not by Tantivy.

    head   name and description
    full   head, and the first 4,000 characters of the body

Fields hold analysed terms separated by spaces, so that the index needs no tokenizer of its own (a
custom one is not stored with an index and would be missing after a restart), and so that what a
skill covers of a query can be read back from its stored fields.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memento.route.words import name_terms, terms
from memento.types import Skill

if TYPE_CHECKING:
    import tantivy

BODY_CHARS = 4_000
HEAD_BOOST = 0.5
"""Measured: 1 and 0.5 are equal on three sets, 0 loses 6 points on real skills, 1 alone loses 10."""

_WRITER_BYTES = 15_000_000  # the least that Tantivy accepts


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A skill that shares a term with the query; `bm25` is unbounded, `head` and `full` are its terms."""

    skill: str
    bm25: float
    head: frozenset[str]
    full: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """Read-only and safe to share between threads."""

    size: int
    searcher: "tantivy.Searcher | None" = field(repr=False)
    schema: "tantivy.Schema | None" = field(repr=False)

    def search(self, query: Sequence[str], *, limit: int) -> tuple[Hit, ...]:
        """The skills with the best BM25, best first; ties in the order in which they were indexed."""
        if self.searcher is None or self.schema is None or not query:
            return ()
        found = self.searcher.search(_query(self.schema, query), limit=limit, count=False).hits
        return tuple(self._hit(score, address) for score, address in found)

    def named(self, names: Iterable[str]) -> tuple[Hit, ...]:
        """The named skills without a text score, as they come from another retriever."""
        from tantivy import Query

        if self.searcher is None or self.schema is None:
            return ()
        found = []
        for name in names:
            query = Query.term_query(self.schema, "id", name)
            found += [self._hit(0.0, a) for _, a in self.searcher.search(query, limit=1).hits]
        return tuple(found)

    def rarity(self, query: Iterable[str]) -> Mapping[str, float]:
        """Inverse document frequency per term, as BM25 counts it; `self.rarest` bounds it from above.

        An unknown term weighs half of the rarest known one: in a small library most words of any
        request are unknown, and that says more about the library than about the request.
        """
        weights = {}
        for term in query:
            held = 0 if self.searcher is None else self.searcher.doc_freq("full", term)
            weights[term] = _idf(held, self.size) if held else self.rarest / 2
        return weights

    @property
    def rarest(self) -> float:
        """The weight of a term that one single skill has."""
        return _idf(1, self.size) if self.size else 1.0

    def _hit(self, score: float, address: "tantivy.DocAddress") -> Hit:
        assert self.searcher is not None
        document = self.searcher.doc(address)
        head, full = (frozenset(str(document.get_first(f) or "").split()) for f in ("head", "full"))
        return Hit(skill=str(document.get_first("id")), bm25=score, head=head, full=full)


def _idf(held: int, size: int) -> float:
    return math.log(1 + (size - held + 0.5) / (held + 0.5))


def _query(schema: "tantivy.Schema", words: Sequence[str]) -> "tantivy.Query":
    from tantivy import Occur, Query

    clauses = []
    for word in words:
        head = Query.term_query(schema, "head", word, index_option="freq")
        clauses.append((Occur.Should, Query.boost_query(head, HEAD_BOOST)))
        clauses.append((Occur.Should, Query.term_query(schema, "full", word, index_option="freq")))
    return Query.boolean_query(clauses)


def build(skills: Iterable[Skill]) -> Index:
    """An index in memory over `skills`, whose names are unique."""
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_text_field("id", stored=True, tokenizer_name="raw")
        .add_text_field("head", stored=True, tokenizer_name="whitespace", index_option="freq")
        .add_text_field("full", stored=True, tokenizer_name="whitespace", index_option="freq")
        .build()
    )
    index = tantivy.Index(schema)
    writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
    size = 0
    for skill in skills:
        head = [*name_terms(skill.name), *terms(skill.description)]
        full = [*head, *terms(skill.body[:BODY_CHARS])]
        writer.add_document(tantivy.Document(id=[skill.name], head=[" ".join(head)], full=[" ".join(full)]))
        size += 1
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return Index(size=size, searcher=index.searcher(), schema=schema)
