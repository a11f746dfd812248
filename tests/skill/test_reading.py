"""The lenient reader: odd files are read, and what is odd about them is said with line and fix."""

import random

import pytest

from memento.skill import Diagnostic, edit, parse
from memento.types import Skill

PLAIN = b"---\nname: plain\ndescription: Does it. Use it.\n---\n\n# Plain\n\nDo it.\n"


def codes(data: bytes, folder: str = "plain") -> list[str]:
    return [diagnostic.code for diagnostic in parse(data, folder=folder).diagnostics]


def test_a_plain_file_is_read_without_a_word():
    parsed = parse(PLAIN, folder="plain")
    assert parsed.skill == Skill(name="plain", description="Does it. Use it.", body="# Plain\n\nDo it.")
    assert parsed.diagnostics == ()
    assert parsed.problems() == ""


def test_every_specified_field_is_read():
    data = (
        b"---\nname: plain\ndescription: >-\n  Does\n  it.\nlicense: MIT\ncompatibility: Python 3.11\n"
        b'allowed-tools: Read Bash(git add *)\nmetadata:\n  memento-version: "1.10.0"\n  flag: yes\n---\nx\n'
    )
    parsed = parse(data, folder="plain")
    assert parsed.diagnostics == ()
    assert parsed.skill == Skill(
        name="plain",
        description="Does it.",
        body="x",
        version="1.10.0",
        license="MIT",
        compatibility="Python 3.11",
        allowed_tools=("Read", "Bash(git add *)"),
        metadata={"memento-version": "1.10.0", "flag": "yes"},
    )


def front(*lines: str) -> bytes:
    return "\n".join(["---", "name: plain", *lines, "---", "", "Do it.", ""]).encode()


@pytest.mark.parametrize(
    ("data", "description", "said"),
    [
        (b"\xef\xbb\xbf" + PLAIN, "Does it. Use it.", ["bom"]),
        (PLAIN.replace(b"\n", b"\r\n"), "Does it. Use it.", ["crlf"]),
        (b"\n\n" + PLAIN, "Does it. Use it.", []),
        (PLAIN.replace(b"---\n\n#", b"--- \t\n\n#"), "Does it. Use it.", []),
        (PLAIN.replace(b"---\n\n#", b"...\n\n#"), "Does it. Use it.", []),
        (front("description: Use when: asked"), "Use when: asked", ["yaml"]),
        (front("description: a --- b"), "a --- b", []),
        (front("description: |", "  one", "  ---", "  two"), "one\n---\ntwo", []),
        (front('description: "never closed'), '"never closed', ["yaml"]),
        (front("description: one", "  and two"), "one and two", []),
        (front("description: d", "version: 2", "nested:", "  a: [1]"), "d", ["unknown-field"] * 2),
        (front("description: d", "metadata: [a]"), "d", ["metadata"]),
        (front("description: d", "metadata:", "  a:", "    b: c"), "d", ["metadata"]),
        (front("description: caf\xe9").replace(b"\xc3\xa9", b"\xe9"), "caf\ufffd", ["not-utf8"]),
        (front("description: 3"), "3", []),
        (front("description: yes"), "yes", []),
        (front("description: !!python/object:os.system x"), "x", []),
        (front("description: d", "description: e"), "e", []),
        (front("description: d").replace(b"\nDo it.\n", b""), "d", ["no-body"]),
        (front("description: d").replace(b"name: plain\n", b""), "d", ["name"]),
        (front("description: " + "d" * 1025), "d" * 1025, ["long-description"]),
    ],
)
def test_an_odd_file_is_read_and_the_oddity_named(data, description, said):
    parsed = parse(data, folder="plain")
    assert parsed.skill is not None
    assert parsed.skill.description == description
    assert [diagnostic.code for diagnostic in parsed.diagnostics] == said
    assert {diagnostic.severity for diagnostic in parsed.diagnostics} <= {"warning"}


@pytest.mark.parametrize(
    ("value", "tools"),
    [
        ("Read, Write", ("Read", "Write")),
        ("Read Write", ("Read", "Write")),
        ("[Read, Write]", ("Read", "Write")),
        ("\n  - Read\n  - Bash(git add *)", ("Read", "Bash(git add *)")),
        ("Bash(git:*), Read", ("Bash(git:*)", "Read")),
        ("Bash(unclosed", ("Bash(unclosed",)),
        ('""', ()),
    ],
)
def test_allowed_tools_are_read_however_they_are_separated(value, tools):
    parsed = parse(front("description: d", f"allowed-tools: {value}"), folder="plain")
    assert parsed.skill.allowed_tools == tools
    is_specified = value in ("Read Write", "Bash(unclosed", '""')
    assert [d.code for d in parsed.diagnostics] == ([] if is_specified else ["allowed-tools"])


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"", "no-frontmatter", "there is no frontmatter"),
        (b"# Only Markdown\n", "no-frontmatter", "there is no frontmatter"),
        (b"---\nname: plain\n", "no-frontmatter", "the frontmatter has no end"),
        (PLAIN.decode().encode("utf-16"), "no-frontmatter", "the file is UTF-16"),
        (b"---\n---\nbody\n", "yaml", "the frontmatter is not valid YAML"),
        (front("license: MIT"), "no-description", "no description"),
        (front("description:"), "no-description", "no description"),
        (front("description: [a: b]", "description: {}"), "no-description", "no description"),
    ],
)
def test_only_unreadable_frontmatter_or_no_description_makes_a_skill_unusable(data, code, message):
    parsed = parse(data, folder="plain")
    assert parsed.skill is None
    assert message in parsed.problems()
    assert code in [d.code for d in parsed.diagnostics if d.severity == "error"]


def test_a_diagnostic_names_line_and_fix():
    data = front("license: MIT", "description: d", "author: me")
    assert parse(data, folder="plain").diagnostics == (
        Diagnostic(
            severity="warning",
            code="unknown-field",
            line=5,
            message="`author` is not a specified field",
            fix="put it in metadata",
        ),
    )
    crooked = b"\n" + front("description: one: two: three")
    assert [(d.code, d.line) for d in parse(crooked, folder="plain").diagnostics] == [("yaml", 4)]


def test_a_skill_is_named_after_its_folder():
    parsed = parse(PLAIN, folder="other")
    assert parsed.skill.name == "other"
    assert [(d.code, d.line) for d in parsed.diagnostics] == [("name", 2)]
    assert codes(PLAIN, "Bad_Name") == ["name", "folder-name"]


DEEP = ["[" * 60_000, "- " * 30_000, "{a: " * 30_000, "? " * 30_000, "[ a\n" * 40_000]


@pytest.mark.parametrize("yaml", [*DEEP, "a: &a [*a]", "\0", "a: \x07"])
def test_frontmatter_made_to_break_a_parser_is_an_answer_within_a_moment(yaml):
    assert parse(f"---\n{yaml}\n---\n".encode(), folder="plain").skill is None


def test_an_alias_bomb_is_not_unfolded():
    bomb = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    parsed = parse(front("description: d", *bomb, "metadata: *a59", "allowed-tools: *a59"), folder="plain")
    assert parsed.skill == Skill(name="plain", description="d", body="Do it.")


def test_no_bytes_raise_and_a_no_change_edit_changes_none():
    dice = random.Random(7)
    seeds = [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n"),
        front("description: Use when: asked", "metadata:", "  a: b", "allowed-tools: [x]"),
        front('description: "x"', "metadata: {a: b}", "# comment", "odd: |", "  text", ""),
    ]
    pieces = [
        b"---",
        b"\n",
        b"\r",
        b": ",
        b"- ",
        b'"',
        b"'",
        b"|",
        b"&a",
        b"*a",
        b"{",
        b"[",
        b"\xff",
        b"\0",
        b"\t",
    ]
    for _ in range(1500):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data) + 1)
            data[at : at + dice.randint(0, 3)] = dice.choice(pieces)
        skill = parse(bytes(data), folder="plain").skill
        if skill is not None:
            again = edit(bytes(data), body=skill.body, metadata=skill.metadata)
            assert again == bytes(data)
