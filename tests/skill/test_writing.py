"""The strict writer: an edit touches what it is asked to touch, and what it writes can be read by all."""

import pytest
import yaml

from memento.errors import SkillError
from memento.skill import check, edit, new, parse
from memento.types import File

ODD = (
    b"\xef\xbb\xbf---\r\n# a comment\r\nname: odd   # the name\r\n"
    b"description: |\r\n  First.\r\n\r\n  Second.\r\n"
    b"x-unknown:\r\n  nested: [1, 2]   # kept\r\n"
    b"metadata:\r\n    author:  me\r\n    list: [a]\r\n\r\n---  \r\n"
    b"\r\n\r\n# Body  \r\n---\r\nrule above\r\n\r\n\r\n"
)


def test_asking_for_what_is_there_changes_no_byte():
    skill = parse(ODD, folder="odd").skill
    assert edit(ODD) == ODD
    assert edit(ODD, name="odd", description="First.\n\nSecond.\n", body=skill.body) == ODD
    assert edit(ODD, metadata={"author": "me", "absent": None}) == ODD


def test_mixed_line_ends_stay_mixed_when_the_body_stays():
    mixed = b"---\nname: x\ndescription: d\n---\nOne.\r\nTwo.\nThree.\r\n"
    assert edit(mixed, body="One.\nTwo.\nThree.") == mixed


@pytest.mark.parametrize(
    ("change", "old", "new_bytes"),
    [
        ({"name": "even"}, b"name: odd   #", b"name: even   #"),
        ({"description": "One: two"}, b"|\r\n  First.\r\n\r\n  Second.\r\n", b'"One: two"\r\n'),
        ({"metadata": {"author": "you"}}, b"author:  me", b"author: you"),
        ({"metadata": {"author": None}}, b"    author:  me\r\n", b""),
        ({"metadata": {"a": "1"}}, b"list: [a]\r\n", b'list: [a]\r\n    a: "1"\r\n'),
        ({"license": "MIT"}, b"\r\n\r\n---  \r\n", b"\r\n\r\nlicense: MIT\r\n---  \r\n"),
        ({"body": "New\n\nbody"}, b"# Body  \r\n---\r\nrule above", b"New\r\n\r\nbody"),
    ],
)
def test_an_edit_replaces_one_range_and_keeps_every_other_byte(change, old, new_bytes):
    assert ODD.count(old) == 1
    assert edit(ODD, **change) == ODD.replace(old, new_bytes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "metadata:\n  memento-version: 1.0.0\n"),
        ("metadata: {}\n", "metadata:\n  memento-version: 1.0.0\n"),
        ("metadata:\n", "metadata:\n  memento-version: 1.0.0\n"),
        ("metadata: {a: b}\n", "metadata:\n  a: b\n  memento-version: 1.0.0\n"),
        ("metadata: note\n", "metadata:\n  original: note\n  memento-version: 1.0.0\n"),
        ("metadata:\n  a: b # c\n", "metadata:\n  a: b # c\n  memento-version: 1.0.0\n"),
    ],
)
def test_metadata_is_added_in_whatever_form_it_is_there(before, after):
    source = f"---\nname: x\ndescription: d\n{before}---\n\nDo.\n"
    target = f"---\nname: x\ndescription: d\n{after}---\n\nDo.\n"
    assert edit(source.encode(), metadata={"memento-version": "1.0.0"}).decode() == target


def test_the_last_metadata_key_goes_without_breaking_the_file():
    source = b"---\nname: x\ndescription: d\nmetadata:\n  a: b\n---\nDo.\n"
    assert edit(source, metadata={"a": None}) == source.replace(b"metadata:\n  a: b\n", b"metadata: {}\n")


def test_frontmatter_that_is_no_yaml_becomes_yaml_with_the_same_values():
    source = b"---\nname: x\ndescription: Use when: asked\nauthor: 'me\n---\n\nDo.\n"
    mended = edit(source, metadata={"memento-version": "1.0.0"})
    assert yaml.safe_load(mended.split(b"---\n")[1]) == {
        "name": "x",
        "description": "Use when: asked",
        "author": "'me",
        "metadata": {"memento-version": "1.0.0"},
    }
    assert mended.endswith(b"---\n\nDo.\n")


TEXTS = ["plain", "a: b", "a #b", "- a", "'", '"', "yes", "null", "1.0", "2020-01-01", "x\ny", "é ü 学"]
MARKS = ["\u2028", "%a", "@a", "`a`", "{a}", "[a", "a:", "!a", "&a", "*a", "|", ">", "---", "...", "~", "="]


@pytest.mark.parametrize("text", [*TEXTS, *MARKS, "\t", "\x07", "\U0001f600"])
def test_every_text_comes_back_as_it_was_given(text):
    data = new(name="x", description=f"d{text}", body="Do.", metadata={"note": text})
    skill = parse(data, folder="x").skill
    assert (skill.description, skill.metadata["note"]) == (f"d{text}".strip(), text)
    assert yaml.safe_load(data.split(b"\n---\n")[0][4:])["metadata"]["note"] == text
    assert edit(data, metadata={"note": text}) == data
    changed = edit(data, metadata={"note": f"{text}!"})
    assert parse(changed, folder="x").skill.metadata["note"] == f"{text}!"


def test_a_new_file_satisfies_the_specification():
    data = new(
        name="new-one",
        description="Does it: well.",
        body="\n# New\n",
        license="MIT",
        compatibility="Python",
        allowed_tools=("Read", "Bash(ls)"),
    )
    assert data.decode() == (
        '---\nname: new-one\ndescription: "Does it: well."\nlicense: MIT\ncompatibility: Python\n'
        "allowed-tools: Read Bash(ls)\nmetadata:\n  memento-version: 0.1.0\n---\n\n# New\n"
    )
    assert check({"SKILL.md": File(data=data)}, name="new-one") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Bad"},
        {"name": "a--b"},
        {"name": "-a"},
        {"name": "a" * 65},
        {"description": ""},
        {"description": " "},
        {"description": "d" * 1025},
        {"compatibility": "c" * 501},
        {"version": "1.0"},
        {"version": "v1.0.0"},
    ],
)
def test_what_breaks_the_specification_is_not_written(wrong):
    with pytest.raises(SkillError):
        new(**{"name": "x", "description": "d", "body": "b", **wrong})


def test_a_file_without_frontmatter_is_not_edited():
    with pytest.raises(SkillError, match="no frontmatter"):
        edit(b"# Only Markdown\n", body="x")


def test_a_body_is_given_to_a_file_that_had_none():
    assert (
        edit(b"---\nname: x\ndescription: d\n---", body="Do.")
        == b"---\nname: x\ndescription: d\n---\n\nDo.\n"
    )
