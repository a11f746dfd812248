"""What is taken of a skill from elsewhere, and in what form."""

import pytest

from memento.skill import check, parse
from memento.skill.taking import conformed, left_out, skill_name, unfit, without_version
from memento.types import File


@pytest.mark.parametrize(
    "path",
    [
        "SKILL.md",
        "LICENSE",
        "LICENCE.txt",
        "scripts/a.py",
        "references/a/b.md",
        "assets/x.txt",
        "scripts/latest.py",
    ],
)
def test_the_skill_and_its_own_folders_are_taken(path):
    assert left_out(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "skill.md",
        "evals/evals.json",
        ".env",
        "scripts/.env",
        "scripts/.git/config",
        "scripts/../SKILL.md",
        "scripts//a.py",
        "/etc/passwd",
        "scripts/test_a.py",
        "scripts/a_test.py",
        "scripts/Tests/a.py",
        "assets/a.spec.ts",
        "scripts/conftest.py",
        "scripts/sitecustomize.py",
        "scripts/hooks/pre-commit",
        "scripts/__pycache__/a.pyc",
        "hooks/x",
        "scripts",
    ],
)
def test_everything_else_is_left_out_and_the_reason_said(path):
    assert left_out(path)


def test_content_that_is_no_reasonable_text_is_left_out():
    assert unfit("é".encode()) is None
    assert [unfit(data) for data in (b"\xff", b"a\0", b"a" * 600_000)] == [
        "not UTF-8 text",
        "not text",
        "over 512 KB",
    ]


@pytest.mark.parametrize(
    ("folder", "said", "name"),
    [
        ("good", "other", "good"),
        ("My Skill", "my-skill-2", "my-skill-2"),
        ("My  Skill!", "My Skill", "my-skill"),
        ("..", "", "skill"),
        ("学", "x" * 65, "skill"),
        ("a" * 70, "", "a" * 64),
    ],
)
def test_a_name_is_the_folders_where_it_can_be(folder, said, name):
    assert skill_name(folder, f"---\nname: {said}\ndescription: d\n---\n".encode()) == name


@pytest.mark.parametrize(
    "front",
    [
        "name: other\ndescription: d",
        "description: d",
        "description: Use when: asked\nmetadata: {a: b, c: [d, e], f: {g: h}}",
        "description: d\nmetadata:\n  a: b\n  c:\n    - d\nallowed-tools: Read, Write",
        "description: d\nmetadata: note\nodd: [1, 2]\nallowed-tools:\n  - Read\n  - Bash(git *)",
        "description: d\nmetadata: [a, b]",
        "description: d\nmetadata: {}",
        "description: d\r\nmetadata:\r\n  a: [b]",
    ],
)
def test_the_form_becomes_the_specifications_and_the_meaning_stays(front):
    data = f"---\n{front}\n---\n\nDo it.\n".encode()
    made = conformed(data, name="x")
    before, after = parse(data, folder="x").skill, parse(made, folder="x").skill
    assert (after.description, after.body, after.allowed_tools) == (
        before.description,
        before.body,
        before.allowed_tools,
    )
    assert before.metadata.items() <= after.metadata.items()
    found = check({"SKILL.md": File(data=made)}, name="x")
    assert {d.code for d in found} <= {"unknown-field", "crlf"}
    assert conformed(made, name="x") == made


def test_a_document_in_form_keeps_every_byte():
    data = (
        b"\xef\xbb\xbf---\r\nname: x  # why\r\ndescription: |\r\n  d\r\nodd: {a: [1]}\r\n---\r\nDo.\r\n\r\n"
    )
    assert conformed(data, name="x") == data
    assert without_version(data) == data


def test_what_a_landing_writes_is_taken_away_to_compare():
    data = b"---\nname: x\ndescription: d\nmetadata:\n  a: b\n---\nDo.\n"
    landed = data.replace(b"  a: b\n", b"  a: b\n  memento-version: 0.1.0\n  memento-parent: abc\n")
    assert without_version(landed) == data
    assert b"memento-parent" not in conformed(landed, name="x")
