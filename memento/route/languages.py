"""In which language is a text, as far as stemming is concerned? None: English, or it cannot be told.

    by its script          Russian, Greek, Arabic, Tamil
    by its small words     the others: at least two, and more of them than English ones

Wrong for the odd text, and it costs little: terms in another language's stems only ever come on top of the
English ones (words.py).
"""

import re
from collections.abc import Mapping
from functools import cache

_SCRIPTS: Mapping[str, re.Pattern[str]] = {
    "russian": re.compile("[\u0400-\u04ff]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "tamil": re.compile("[\u0b80-\u0bff]"),
}
_SMALL_WORDS: Mapping[str, str] = {
    "english": "the a an of to and in is for with on that this from what how my please can you it are",
    "german": "der die das und ist ein eine einen mit für auf von nicht zu den dem des im wie ich mir bitte",
    "french": "le la les des une et est dans pour avec sur du au aux que qui je ce cette mon mes par comment",
    "spanish": "el los las una y es en para con por del que de se mi este esta como lo al mis quiero",
    "italian": "il lo gli una e è di per con che del della dei delle in nel mio questa questo come sono",
    "portuguese": "o os as uma e é em para com por do da dos das que não meu esta este como um no na",
    "dutch": "de het een en van met voor op is niet dat dit naar mijn ik hoe wat je te zijn aan",
    "swedish": "och att det en ett som för med på är inte den till av min jag hur detta",
    "danish": "og at det en et som for med på er ikke den til af min jeg hvordan dette",
    "norwegian": "og å det en et som for med på er ikke den til av min jeg hvordan dette",
    "finnish": "ja on ei että se tämä kun mutta tai joka ovat minun miten kanssa",
    "hungarian": "a az és egy hogy nem van ez meg is vagy mint ki hogyan kérem",
    "romanian": "și o un este pentru cu din la pe nu care că mi cum acest această de",
    "turkish": "ve bir bu için ile de da ne var mi nasıl olarak benim daha",  # noqa: RUF001 (Turkish)
}
_WORD = re.compile(r"[^\W\d_]+")
READ = 400
"""Characters that are enough to tell."""
LEAST = 2


@cache
def _languages() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, words in _SMALL_WORDS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), language)
    return found


def language_of(text: str) -> str | None:
    """The name of another language than English that has a stemmer."""
    start = text[:READ]
    for language, letters in _SCRIPTS.items():
        if letters.search(start):
            return language
    counts = dict.fromkeys(_SMALL_WORDS, 0)
    for word in _WORD.findall(start.lower()):
        for language in _languages().get(word, ()):
            counts[language] += 1
    best = max(counts, key=lambda language: counts[language])
    return best if best != "english" and counts[best] >= LEAST and counts[best] > counts["english"] else None
