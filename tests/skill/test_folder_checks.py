"""The strict checks of a whole folder, and versions."""

import pytest

from memento.skill import bump, check, new
from memento.skill.versions import newer
from memento.types import ChangeKind, File


def folder(body: str = "Do it.", **files: bytes) -> dict[str, File]:
    document = new(name="x", description="Does it.", body=body)
    return {
        "SKILL.md": File(data=document),
        **{name.replace("__", "/").replace("_", "."): File(data=data) for name, data in files.items()},
    }


def found(files: dict[str, File], name: str = "x") -> list[tuple[str, str, str, int]]:
    return [(d.severity, d.code, d.file, d.line) for d in check(files, name=name)]


def test_a_good_folder_has_nothing_to_say():
    body = "See [notes](references/notes.md#part), [web](https://x.org), [top](#top).\nRun scripts/go.py."
    assert found(folder(body, references__notes_md=b"x", scripts__go_py=b"print(1)\n")) == []


@pytest.mark.parametrize(
    ("body", "files", "expected"),
    [
        ("[a](gone.md)", {}, ("error", "dead-link", "SKILL.md", 8)),
        ("\n\n[a](../other/SKILL.md)", {}, ("error", "link-outside", "SKILL.md", 8)),
        ("[a](/etc/passwd)", {}, ("error", "link-outside", "SKILL.md", 8)),
        ("[a](a/b/c.md)", {"a__b__c_md": b"x"}, ("warning", "deep-link", "SKILL.md", 8)),
        ("Run scripts/gone.py", {}, ("error", "missing-file", "SKILL.md", 8)),
        ("x\n" * 501, {}, ("warning", "long-body", "SKILL.md", 1)),
        ("x", {"scripts__a_py": b"def f(:\n"}, ("error", "syntax", "scripts/a.py", 1)),
        ("x", {"scripts__a_py": b"(" * 9999}, ("error", "syntax", "scripts/a.py", 1)),
        ("x", {"a_bin": b"\xff\xfe"}, ("error", "not-text", "a.bin", 1)),
        ("x", {"a_txt": b"a\0b"}, ("error", "not-text", "a.txt", 1)),
        ("x", {"a_txt": b"a" * 600_000}, ("error", "large-file", "a.txt", 1)),
    ],
)
def test_each_fault_is_found_where_it_is(body, files, expected):
    assert found(folder(body, **files)) == [expected]


def test_links_in_code_are_not_links():
    assert found(folder("```\n[a](gone.md)\n```\n`[b](gone.md)`")) == []


def test_too_many_and_too_large_are_errors():
    many = {**folder(), **{f"f{n}.txt": File(data=b"") for n in range(200)}}
    assert found(many) == [("error", "many-files", "SKILL.md", 1)]
    large = {**folder(), **{f"f{n}.txt": File(data=b"a" * 500_000) for n in range(11)}}
    assert found(large) == [("error", "large-folder", "SKILL.md", 1)]


def test_what_the_reader_forgives_the_check_does_not():
    assert found(folder(), name="y") == [("error", "name", "SKILL.md", 2)]
    assert [code for _, code, _, _ in found({})] == ["no-skill-md"]
    broken = {"SKILL.md": File(data=b"---\nname: x\ndescription: a: b\n---\nx\n")}
    assert found(broken) == [("error", "yaml", "SKILL.md", 3)]


@pytest.mark.parametrize(
    ("version", "kind", "after"),
    [
        ("1.2.3", ChangeKind.OPTIMISE, "1.2.4"),
        ("1.2.3", ChangeKind.ROLLBACK, "1.2.4"),
        ("1.2.3", ChangeKind.EDIT, "1.2.4"),
        ("1.2.3", ChangeKind.DISCOVER, "1.3.0"),
        ("0.0.0", ChangeKind.CREATE, "0.1.0"),
        ("1.0.0", ChangeKind.CREATE, "1.0.0"),
        ("nonsense", ChangeKind.OPTIMISE, "0.0.1"),
        ("01.2.3", ChangeKind.OPTIMISE, "0.0.1"),
    ],
)
def test_the_kind_of_a_change_decides_the_version(version, kind, after):
    assert bump(version, kind) == after


def test_versions_are_compared_as_numbers():
    assert newer("0.9.0", "0.10.0") == "0.10.0"
    assert newer("1.0.0", "nonsense") == "1.0.0"


def test_a_missing_file_is_said_once_however_often_it_is_named():
    body = "Run scripts/gone.py, then scripts/gone.py. See [it](references/a.md) at references/a.md."
    assert [code for _, code, _, _ in found(folder(body))] == ["dead-link", "missing-file"]
