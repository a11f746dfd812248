"""The quick way to read simple frontmatter is YAML's way, or it is not taken."""

from random import Random

import pytest
import yaml

from memento.skill.frontmatter import _simple_fields, read

LINES = [
    "name: x", "description: a b", "metadata:", "  k: v", '  k2: "1.0"', "a: b: c", "a: b #c", "a: b#c",
    "a: http://x", "a: [1]", 'a: "q"', "a: 'q'", "", "  ", "x:", "a:  b  ", "a: -", "a: - b", "a: (b)",
    "a: 1.10", "a: no", "- a", "? a", "a: é", "a: b:", 'a: "b" c', "#c", "a: *b", "a: b\u2028c", "a: \u0085",
    "a: b, c: d", "a : b", "a: |", "  t", "    k: v", "a.b: c", "a: x%", "a: @", "a: b\tc", "a:\tb",
    "a: b\u00a0c", 'a: "b: c # d"', "---", "...", "a: !b", "a: &b", "<<: a", "a: ~", "a: null", "a: 'b",
]  # fmt: skip


def as_yaml(text: str) -> object:
    try:
        return yaml.load(text, Loader=yaml.CBaseLoader)
    except yaml.YAMLError:
        return None


def test_what_is_read_quickly_is_what_yaml_reads() -> None:
    rng, taken = Random(1), 0
    for _ in range(20_000):
        text = "\n".join(rng.choice(LINES) for _ in range(rng.randint(1, 4))) + rng.choice(["\n", ""])
        simple = _simple_fields(text)
        if simple is not None:
            taken += 1
            assert simple == as_yaml(text), text
    assert taken > 1000


def test_usual_frontmatter_is_simple() -> None:
    text = 'name: x\ndescription: Adds up. Use for sums.\nmetadata:\n  memento-version: "1.0.0"\n'
    assert _simple_fields(text) == read(text).fields
    assert _simple_fields(text) is not None


@pytest.mark.parametrize(
    "text", ["a: b: c", "metadata:\nname: x", "metadata:\n", "a: 'b'", "- a", "a: [b]", ""]
)
def test_what_takes_yaml_to_tell_is_left_to_it(text: str) -> None:
    assert _simple_fields(text) is None
