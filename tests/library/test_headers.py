"""The kept headers of skills: as good as reading them, whatever became of the file."""

import json
from dataclasses import replace

import pytest

from memento.changes import Rewrite
from memento.library.headers import Header
from memento.library.reader import reading
from memento.types import ChangeKind, File
from tests.library.changes import created, landed, propose, rewritten


def kept(library):
    return library.root / ".memento/headers.json"


def read_anew(library):
    return replace(library.at(), cache=None).headers()


def test_a_header_says_what_the_skill_says(library):
    library.commit_files({"skills/broken/SKILL.md": b"no frontmatter\n"}, "break", {})
    at = library.at()
    assert at.headers() == [
        Header("broken", at.headers()[0].tree, "", "", "there is no frontmatter"),
        *(
            Header(name, at.skill(name).tree, at.skill(name).version, at.skill(name).description, None)
            for name in ("greeter", "ledger-totals")
        ),
    ]


def test_kept_headers_follow_every_change(library):
    assert library.state
    library.at().headers()
    landed(library, propose(library, rewritten(library, "greeter", "hello")))
    landed(library, propose(library, created("new-one")))
    assert library.at().headers() == read_anew(library)
    gone = Rewrite(skill="new-one", kind=ChangeKind.EDIT, folder={}, idea="retire")
    landed(library, propose(library, gone))
    assert [header.name for header in library.at().headers()] == ["greeter", "ledger-totals"]
    assert library.at().headers() == read_anew(library)


@pytest.mark.parametrize(
    "ruin",
    [
        lambda data: b"",
        lambda data: data[:-7],
        lambda data: data.replace(b"Greets", b"Insult", 1),
        lambda data: b"\0" * len(data),
        lambda data: b"[]\n[]",
        lambda data: b"{}\n" + data.split(b"\n", 1)[1],
        lambda data: data.replace(b'"form": "', b'"form": "x', 1),
        lambda data: b"null\nnull",
    ],
)
def test_a_damaged_file_is_as_good_as_none(library, ruin):
    assert library.state
    honest = library.at().headers()
    data = kept(library).read_bytes()
    assert ruin(data) != data
    kept(library).write_bytes(ruin(data))
    assert library.at().headers() == honest
    assert kept(library).read_bytes() == data


def test_headers_of_another_commit_are_not_taken_for_this_one(library):
    assert library.state
    before = library.at()
    landed(library, propose(library, rewritten(library, "greeter", "hello")))
    after = library.at().headers()
    assert before.headers() == replace(before, cache=None).headers() != after


def test_headers_are_known_again_by_another_process_without_a_parser(library):
    assert library.state
    library.at().headers()
    about = json.loads(kept(library).read_bytes().split(b"\n")[0])
    assert about["tree"] == library.at().git.line("rev-parse", "HEAD:skills")
    rows = kept(library).read_bytes().split(b"\n", 1)[1]
    assert json.loads(rows)[0][0] == "greeter"


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_one_entry_is_found_as_if_the_folder_had_been_taken_apart(make_library, options):
    library = make_library("x", *options)
    folder = {"SKILL.md": File(data=b"---\nname: a\ndescription: b\n---\n")}
    folder |= {f"{name}.txt": File(data=name.encode()) for name in ("a", "b", "ab", "100644 a")}
    landed(library, propose(library, Rewrite(skill="a", kind=ChangeKind.CREATE, folder=folder, idea="x")))
    with reading(library.git) as read:
        there = {path: read.entry(library.tip(), path) for path in (f"skills/a/{name}" for name in folder)}
        assert {path: f"{item.mode} {item.sha}" for path, item in there.items()} == {
            path: entry for path, entry in library.at().entries().items() if path.startswith("skills/a/")
        }
        for path in (
            "skills/a/b",
            "skills/a/txt",
            "skills/a/100644 b.txt",
            "skills/a/SKILL.md/x",
            "skills//a",
        ):
            assert read.entry(library.tip(), path) is None
