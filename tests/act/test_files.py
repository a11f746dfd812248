"""The file tools: inside the workspace only, whatever a path is or becomes."""

import ctypes
import os
import threading

import pytest

from memento.act.tools import inside
from memento.act.tools.edit_file import EditFile
from memento.act.tools.list_files import ListFiles
from memento.act.tools.read_file import ReadFile
from memento.act.tools.search_files import SearchFiles
from memento.act.tools.write_file import WriteFile
from memento.protocols import Limits, ToolResult
from memento.sandbox.host import Host

EXCHANGE = 2
"""RENAME_EXCHANGE (linux/fs.h)."""


@pytest.fixture
def read(session):
    return lambda path, **more: ReadFile()({"path": path, **more}, session)


@pytest.fixture
def edit(session):
    return lambda path, old, new: EditFile()({"path": path, "old": old, "new": new}, session)


@pytest.fixture
def search(session):
    return lambda pattern, **more: SearchFiles()({"pattern": pattern, **more}, session)


@pytest.mark.real
def test_an_edit_replaces_what_stands_there_once_and_keeps_the_rest(edit, workspace):
    (workspace / "run.sh").write_bytes(b"#!/bin/sh\r\necho \xff one\n")
    (workspace / "run.sh").chmod(0o755)
    assert edit("run.sh", "one", "two & <three>") == ToolResult(output="(replaced, in line 2)", exit_code=0)
    assert (workspace / "run.sh").read_bytes() == b"#!/bin/sh\r\necho \xff two & <three>\n"
    assert (workspace / "run.sh").stat().st_mode & 0o777 == 0o755


@pytest.mark.real
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "x = 1",
            "x = 2",
            "a.py holds that text 2 times (lines 1, 3); give more of what stands around it; "
            "nothing was changed.",
        ),
        ("x = 5", "x = 2", "a.py does not hold that text; nothing was changed."),
        (
            "def f():\n    return x",
            "",
            "a.py does not hold that text (line 5 differs from it in blanks or line ends only; read that "
            "line and copy it exactly); nothing was changed.",
        ),
        ("", "x", "old is empty; give the exact text to replace, or use write_file."),
        ("x = 1", "x = 1", "old and new are the same."),
    ],
)  # fmt: skip
def test_an_edit_that_is_not_clear_changes_nothing_and_says_why(edit, workspace, old, new, said):
    text = "x = 1\ny = 2\nx = 1\n\ndef f():\n\treturn x\n"
    (workspace / "a.py").write_text(text)
    assert edit("a.py", old, new) == ToolResult(output=said, exit_code=1)
    assert (workspace / "a.py").read_text() == text


@pytest.mark.real
def test_a_long_file_is_read_in_parts_that_join(read, workspace):
    text = "".join(f"line {n} {'x' * 50}\n" for n in range(1, 401))
    (workspace / "long.txt").write_text(text)
    first = read("long.txt").output
    *lines, note = first.splitlines()
    assert note == f"[lines 1 to {len(lines)} of 400; read on with first_line {len(lines) + 1}]"
    whole, at = lines, len(lines) + 1
    while at <= 400:
        part = [line for line in read("long.txt", first_line=at).output.splitlines() if line[0] != "["]
        whole, at = whole + part, at + len(part)
    assert "\n".join(whole) + "\n" == text


@pytest.mark.real
def test_what_cannot_be_read_as_text_is_said(read, workspace):
    (workspace / "data").write_bytes(b"\x00\x01")
    (workspace / "wide").write_text("y" * 20_000)
    (workspace / "folder").mkdir()
    os.mkfifo(workspace / "pipe")
    assert read("data").output == "data is binary (2 bytes); look at it with a program in the terminal."
    assert read("wide").output == "y" * 7000 + "\n[line 1 is 20000 characters long; this is its start]"
    assert read("folder").output == "folder is a folder; use list_files."
    assert read("pipe").output == "pipe is no file."
    assert read("data/x").output == "data/x: Not a directory."
    assert read("wide", first_line=2).output == "wide has 1 lines."


@pytest.mark.real
def test_a_search_finds_lines_by_pattern_by_text_and_by_name_of_file(search, workspace):
    (workspace / "src").mkdir()
    (workspace / "src" / "a.py").write_text("import os\nprint(os.getcwd())  # (x)\n")
    (workspace / "notes.md").write_text("import nothing\n")
    (workspace / "bin").write_bytes(b"\0import os\n")
    assert search("^import").output == "notes.md:1: import nothing\nsrc/a.py:1: import os"
    assert search("^import", files="*.py").output == "src/a.py:1: import os"
    assert search("(x)", literal=True).output == "src/a.py:2: print(os.getcwd())  # (x)"
    assert search("getcwd", path="src/a.py").output == "a.py:2: print(os.getcwd())  # (x)"
    assert search("absent") == ToolResult(output="(nothing found)", exit_code=0)
    assert search("(").exit_code == 1


@pytest.mark.real
def test_a_search_is_bounded_in_lines_in_length_and_in_time(sandbox, workspace):
    (workspace / "many").write_text("match\n" * 500 + "match" + "z" * 1000)
    (workspace / "slow").write_text("a" * 40 + "b")
    with sandbox.open(workspace=workspace, limits=Limits(wall_s=1)) as session:
        slow = SearchFiles()({"pattern": "(a+)+$", "files": "slow"}, session)
    with sandbox.open(workspace=workspace) as session:
        many = SearchFiles()({"pattern": "match", "files": "many"}, session).output.splitlines()
        long = SearchFiles()({"pattern": "matchz", "files": "many"}, session).output
    assert (len(many), many[-1]) == (101, "[more than 100 lines; search for something narrower]")
    assert slow.exit_code == 124
    assert long == f"many:501: match{'z' * 295} [...]"


HOST = [Host, pytest.param(None, marks=pytest.mark.real)]


@pytest.fixture(params=HOST, ids=["host", "bubblewrap"])
def anywhere(request, sandbox, workspace):
    with (request.param() if request.param else sandbox).open(workspace=workspace) as session:
        yield session


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../secret", "link", "folder/secret", "/workspace/../secret", "/proc/self/environ"],
)
def test_no_path_leads_out_of_the_workspace(anywhere, workspace, path):
    """On the bare host, too, where a command could: the tools hold themselves to it."""
    (workspace.parent / "secret").write_text("canary")
    (workspace / "link").symlink_to(workspace.parent / "secret")
    (workspace / "folder").symlink_to(workspace.parent)
    outside = f"{path} does not lie in /workspace"
    assert ReadFile()({"path": path}, anywhere).output.startswith(outside)
    assert SearchFiles()({"path": path, "pattern": "c"}, anywhere).output.startswith(outside)
    assert ListFiles()({"path": path}, anywhere).output.startswith(outside)
    wrote = WriteFile()({"path": path, "content": "x"}, anywhere)
    edited = EditFile()({"path": path, "old": "canary", "new": "x"}, anywhere)
    assert (wrote.exit_code, edited.exit_code) == (1, 1)
    assert (workspace.parent / "secret").read_text() == "canary"
    assert sorted(entry.name for entry in workspace.parent.iterdir()) == ["secret", "work"]


def test_a_link_within_the_workspace_is_followed_and_stays_a_link(anywhere, workspace):
    (workspace / "real").write_text("old")
    (workspace / "link").symlink_to("real")
    assert ReadFile()({"path": "link"}, anywhere).output == "old"
    WriteFile()({"path": "link", "content": "new"}, anywhere)
    assert ((workspace / "link").is_symlink(), (workspace / "real").read_text()) == (True, "new")


def test_a_write_replaces_a_hard_link_and_not_what_it_is_linked_to(anywhere, workspace, tmp_path):
    (tmp_path / "outside").write_text("canary")
    os.link(tmp_path / "outside", workspace / "hard")
    WriteFile()({"path": "hard", "content": "x"}, anywhere)
    assert ((tmp_path / "outside").read_text(), (workspace / "hard").read_text()) == ("canary", "x")


def test_a_write_leaves_nothing_else_behind(anywhere, workspace):
    (workspace / "folder").mkdir()
    assert WriteFile()({"path": "a/b/c.txt", "content": "x"}, anywhere).output == "(wrote 1 bytes)"
    assert (
        WriteFile()({"path": "folder", "content": "x"}, anywhere).output == "folder is a folder or no file."
    )
    assert WriteFile()({"path": "/workspace", "content": "x"}, anywhere).exit_code == 1
    assert WriteFile()({"path": ".memento/shell", "content": "x"}, anywhere).exit_code == 1
    assert sorted(str(p.relative_to(workspace)) for p in workspace.rglob("*")) == [
        "a",
        "a/b",
        "a/b/c.txt",
        "folder",
    ]


def test_a_folder_that_becomes_a_link_while_a_tool_looks_leads_nowhere(tmp_path):
    """The race itself: one thread exchanges a folder with a link to a secret, another reads and writes."""
    work, secret = tmp_path / "work", tmp_path / "secret"
    (work / "folder").mkdir(parents=True)
    secret.mkdir()
    (work / "folder" / "f").write_text("ours")
    (secret / "f").write_text("canary")
    (work / "link").symlink_to(secret)
    done = threading.Event()

    libc = ctypes.CDLL(None)

    def swap():
        while not done.is_set():
            libc.renameat2(-100, bytes(work / "folder"), -100, bytes(work / "link"), EXCHANGE)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen, refused = set(), 0
    roots = {"/workspace": str(work)}
    for n in range(1500):
        request = inside.Request(do="", path="folder/f", roots=roots, content=f"ours {n}", first_line=1)
        try:
            seen.add(inside.read(request).split()[0])
            inside.write(request)
        except (OSError, inside.Refused):
            refused += 1
    done.set()
    swapper.join()
    assert seen == {"ours"}
    assert (secret / "f").read_text() == "canary"
    assert refused > 0, "the race never happened, so nothing was shown"
