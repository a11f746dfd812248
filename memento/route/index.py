"""One library, indexed: BM25 over two fields of terms that are analysed by us, not by Tantivy.

    head   name and description
    full   head, and the first 4,000 characters of the body

Fields hold analysed terms separated by spaces, so that the index needs no tokenizer of its own (a
custom one is not stored with an index and would be missing after a restart), and so that what a
skill covers of a query can be read back from its stored fields. `n` numbers the skills: a number is
read from a column in no time, a stored field is not.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from memento.route.words import name_terms, terms
from memento.types import Skill

if TYPE_CHECKING:
    import tantivy

BODY_CHARS = 4_000
"""As they stand. Code blocks out, headings twice and 8,000 characters find .025 more of 1,761 real skills
beside vectors, .006 by words alone. But the confidence of words was measured on this, and new skills whose
words stand in code blocks are then refused: `memento demo` lands 3 instead of 10."""
HEAD_BOOST = 0.5
"""Measured: 1 and 0.5 are equal on three sets, 0 loses 6 points on real skills, 1 alone loses 10."""

FUSED_HEAD_BOOST = 0.25
"""Beside vectors, which are of the head: .4 and .1 points of Hit@1 better on two sets, .3 worse on one."""
WRITER_BYTES = 15_000_000  # the least that Tantivy accepts
SATURATED = 2.2
"""BM25 of a term that a text repeats without end, in units of its weight: k1 + 1, with Tantivy's k1."""


class Wording(NamedTuple):
    """A request's words, in the light of a library."""

    most: float
    """BM25 beside vectors that no text can exceed."""
    unknown: float
    """Share of the words that no skill has."""


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

    numbers: Mapping[str, int] = field(repr=False)
    """Of every skill, by name."""
    names: Sequence[str] = field(repr=False)
    """By number; "" where a number is no longer used."""
    searcher: "tantivy.Searcher | None" = field(repr=False)
    schema: "tantivy.Schema | None" = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.numbers)

    def search(self, query: Sequence[str], *, limit: int, head: float = HEAD_BOOST) -> Mapping[str, float]:
        """BM25 of the best skills, best first; ties in the order in which they were indexed."""
        if self.searcher is None or self.schema is None or not query:
            return {}
        return self._scored(_query(self.schema, query, head), limit)

    def scores(
        self, query: Sequence[str], names: Sequence[str], *, head: float = HEAD_BOOST
    ) -> Mapping[str, float]:
        """BM25 of the named skills, as they come from another retriever; 0 where no term is shared."""
        found = dict.fromkeys(names, 0.0)
        if self.searcher is None or self.schema is None or not query or not names:
            return found
        from tantivy import Occur, Query

        # Not a term set: Tantivy makes an automaton of it, for three times the rest of the search.
        one = [(Occur.Should, Query.term_query(self.schema, "n", self.numbers[name])) for name in names]
        wanted = Query.boolean_query(one)
        both = [
            (Occur.Must, Query.const_score_query(wanted, 0.0)),
            (Occur.Must, _query(self.schema, query, head)),
        ]
        return {**found, **self._scored(Query.boolean_query(both), len(names))}

    def hit(self, name: str, bm25: float) -> Hit:
        """The named skill with its terms."""
        from tantivy import Query

        assert self.searcher is not None
        assert self.schema is not None
        query = Query.term_query(self.schema, "n", self.numbers[name])
        ((_, address),) = self.searcher.search(query, limit=1, count=False).hits
        document = self.searcher.doc(address)
        head, full = (frozenset(str(document.get_first(f) or "").split()) for f in ("head", "full"))
        return Hit(skill=name, bm25=bm25, head=head, full=full)

    def rarity(self, query: Iterable[str]) -> Mapping[str, float]:
        """Inverse document frequency per term, as BM25 counts it; `self.rarest` bounds it from above.

        An unknown term weighs half of the rarest known one: in a small library most words of any
        request are unknown, and that says more about the library than about the request.
        """
        return {term: self._weight(held) for term, held in self._held(query).items()}

    def wording(self, query: Sequence[str]) -> Wording:
        """Of a request's terms."""
        held = self._held(query)
        weight = sum(map(self._weight, held.values()))
        unknown = sum(not n for n in held.values()) / max(1, len(held))
        return Wording(SATURATED * (1 + FUSED_HEAD_BOOST) * weight, unknown)

    @property
    def rarest(self) -> float:
        """The weight of a term that one single skill has."""
        return _idf(1, self.size) if self.size else 1.0

    def _held(self, query: Iterable[str]) -> Mapping[str, int]:
        """By term, how many skills hold it; replaced ones that Tantivy still counts may be among them."""
        if self.searcher is None:
            return dict.fromkeys(query, 0)
        return {term: self.searcher.doc_freq("full", term) for term in query}

    def _weight(self, held: int) -> float:
        return _idf(min(held, self.size), self.size) if held else self.rarest / 2

    def _scored(self, query: "tantivy.Query", limit: int) -> dict[str, float]:
        assert self.searcher is not None
        found = self.searcher.search(query, limit=limit, count=False).hits
        numbers = self.searcher.fast_field_values("n", [address for _, address in found])
        return {self.names[int(n or 0)]: score for n, (score, _) in zip(numbers, found, strict=True)}


def _idf(held: int, size: int) -> float:
    return math.log(1 + (size - held + 0.5) / (held + 0.5))


def _query(schema: "tantivy.Schema", words: Sequence[str], boost: float) -> "tantivy.Query":
    from tantivy import Occur, Query

    clauses = []
    for word in words:
        head = Query.term_query(schema, "head", word, index_option="freq")
        clauses.append((Occur.Should, Query.boost_query(head, boost)))
        clauses.append((Occur.Should, Query.term_query(schema, "full", word, index_option="freq")))
    return Query.boolean_query(clauses)


def schema() -> "tantivy.Schema":
    """The fields of an index, in memory or on disk."""
    import tantivy

    return (
        tantivy.SchemaBuilder()
        .add_unsigned_field("n", indexed=True, fast=True)
        .add_text_field("head", stored=True, tokenizer_name="whitespace", index_option="freq")
        .add_text_field("full", stored=True, tokenizer_name="whitespace", index_option="freq")
        .build()
    )


def document(skill: Skill, number: int) -> "tantivy.Document":
    """What of a skill is indexed."""
    import tantivy

    head = [*name_terms(skill.name), *terms(skill.description)]
    full = [*head, *terms(skill.body[:BODY_CHARS])]
    made = tantivy.Document(head=[" ".join(head)], full=[" ".join(full)])
    made.add_unsigned("n", number)
    return made


def build(skills: Iterable[Skill]) -> Index:
    """An index in memory over `skills`, whose names are unique."""
    import tantivy

    index = tantivy.Index(schema())
    writer = index.writer(heap_size=WRITER_BYTES, num_threads=1)
    numbers: dict[str, int] = {}
    for number, skill in enumerate(skills):
        writer.add_document(document(skill, number))
        numbers[skill.name] = number
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return Index(
        numbers=numbers,
        names=by_number(numbers),
        searcher=index.searcher(),
        schema=index.schema,
    )


def by_number(numbers: Mapping[str, int]) -> Sequence[str]:
    """The names in a list, each at its number."""
    found = [""] * (max(numbers.values(), default=-1) + 1)
    for name, number in numbers.items():
        found[number] = name
    return found
