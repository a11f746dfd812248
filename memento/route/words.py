"""Text to index terms; the same path for skills and for queries, so that they can meet.

    NFKC -> scripts without spaces cut into pairs of characters -> split at what is no letter or digit
         -> under 40 bytes -> lower case, accents off -> request words out -> English stems
         -> numbers of one or two digits out (list items, days, counts: they fit any skill)
    and, where the text is in another language that has a stemmer, its words once more in that one's stems

Skills hold English stems in any case, so a request whose language cannot be told still meets them. Of
unspaced scripts a skill holds single characters beside the pairs, for requests of one character.

A query is a bag of these terms and never a query language: `-word`, `a:b` or an unbalanced quote mean
nothing here.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from memento.route.languages import language_of

if TYPE_CHECKING:
    import tantivy

MAX_QUERY_CHARS = 8_000
MAX_QUERY_TERMS = 128

# What people wrap a request in. "use" and "make" say nothing about which skill fits, while
# "find", "write" or "open" do, and stay.
_REQUEST_WORDS = """
a about after all also am an and any are as ask at be because been before being both but by can could
d did do does doing don done each else every few for from get give given got had has have having he hello
help her here hi him his how i if im in into is it its itself ive just know let lets like ll m make many
me might mine more most much must my need needs no not now of off ok okay on one only or other our out over
own please re really s same shall she should so some such sure t tell than thank thanks that the their them
then there these they this those through to too try under up us use used using ve very via want wants was
we were what when where whether which while who whom whose why will with within without would yes yet you
your yours
"""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Han, kana, Thai, Lao, Khmer, Myanmar: written without spaces, a run would be one useless term.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A query's distinct terms in order of appearance; `shortened` when not all of it was read."""

    terms: tuple[str, ...]
    shortened: bool = False


@cache
def _analyser(language: str) -> "tantivy.TextAnalyzer":
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(40))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
        .filter(Filter.custom_stopword(_REQUEST_WORDS.split()))
        .filter(Filter.stemmer(language))
        .build()
    )


def terms(text: str) -> Sequence[str]:
    """All terms of a skill's text in order, with repetitions; those in another language's stems behind."""
    return _terms(text, singles=True)


def name_terms(name: str) -> Sequence[str]:
    """Terms of a skill's name; hyphens, underscores and camelCase separate words."""
    return terms(_CAMEL.sub(" ", name))


def query_terms(text: str) -> Words:
    """Distinct terms of a request. A long one is read at both ends, where the wish is stated."""
    half = MAX_QUERY_CHARS // 2
    long = len(text) > MAX_QUERY_CHARS
    read = f"{text[:half]} {text[-half:]}" if long else text
    found = tuple(dict.fromkeys(_terms(read, singles=False)))
    if len(found) <= MAX_QUERY_TERMS:
        return Words(terms=found, shortened=long)
    half = MAX_QUERY_TERMS // 2
    return Words(terms=found[:half] + found[-half:], shortened=True)


def spoken(name: str) -> str:
    """A skill's name as one would say it: `gift-card_tool` and `GiftCardTool` are "gift card tool"."""
    return re.sub(r"[-_\s]+", " ", _CAMEL.sub(" ", name)).strip().lower()


def _terms(text: str, *, singles: bool) -> Sequence[str]:
    # A lone surrogate (undecodable bytes read as text) cannot be handed to Rust.
    clean = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    cut = _UNSPACED.sub(lambda run: f" {_pairs(run.group(), singles=singles)} ", clean)
    found = _stems(cut, "english")
    other = language_of(clean)
    if other is not None:
        known = set(found)
        found += [term for term in _stems(cut, other) if term not in known]
    return found


def _stems(text: str, language: str) -> list[str]:
    found = _analyser(language).analyze(text)
    return [term for term in found if len(term) > 2 or not term.isdecimal()]


def _pairs(run: str, *, singles: bool) -> str:
    """ "客户报" -> "客户 户报"; vowel signs, which are no letters, are left out."""
    letters = [c for c in run if unicodedata.category(c)[0] in "LN"]
    pairs = ["".join(pair) for pair in pairwise(letters)]
    return " ".join([*pairs, *(letters if singles or not pairs else ())])
