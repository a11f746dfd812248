"""Text becomes the pieces that the embedder was trained on."""

import pytest

from memento.route.wordpiece import WordPiece

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "bake", "##ry", "##r", "bread", "!", "a", "cafe", "翻", "_"]
WORDS = WordPiece.read("\n".join(PIECES) + "\n")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("bake", ["bake"]),
        ("BAKERY bread!", ["bake", "##ry", "bread", "!"]),
        ("bakerx", ["[UNK]"]),
        ("Café", ["cafe"]),
        ("a翻bread", ["a", "翻", "bread"]),
        ("bake_bread", ["bake", "_", "bread"]),
        ("bake\0\x07 \u00a0bread\n", ["bake", "bread"]),
        ("b" * 101, ["[UNK]"]),
    ],
)
def test_words_are_cut_into_the_longest_known_pieces(text, pieces):
    assert WORDS.encode(text, 128) == [2, *(PIECES.index(p) for p in pieces), 3]


def test_no_more_pieces_than_asked_for_and_the_end_mark_stays():
    assert WORDS.encode("bread " * 100_000, 6) == [2, 7, 7, 7, 7, 3]
