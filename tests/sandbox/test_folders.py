"""Folders that untrusted code left behind."""

import os
from pathlib import Path

from memento.sandbox import folders
from memento.sandbox.watch import DiskWatch


def deep_tree(levels: int) -> None:
    """A tree in the current folder whose paths no system call takes."""
    for _ in range(levels):
        Path("d" * 100).mkdir()
        os.chdir("d" * 100)


def test_a_tree_deeper_than_any_path_is_removed(tmp_path, monkeypatch):
    folder = tmp_path / "left"
    folder.mkdir()
    monkeypatch.chdir(folder)
    deep_tree(1500)
    monkeypatch.chdir(tmp_path)
    folders.remove(folder)
    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_not_followed(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    (folder := tmp_path / "left").mkdir()
    (folder / "link").symlink_to(kept)
    folders.remove(folder)
    assert [(path.name, oct(path.stat().st_mode & 0o777)) for path in tmp_path.iterdir()] == [
        ("kept", "0o500")
    ]


def test_a_scratch_folder_is_private_and_gone_afterwards(tmp_path):
    with folders.scratch(tmp_path) as folder:
        assert (folder.parent, oct(folder.stat().st_mode & 0o777)) == (tmp_path, "0o700")
        (folder / "locked").mkdir(mode=0o000)
    assert list(tmp_path.iterdir()) == []


def test_unlocking_leaves_a_deep_tree_where_it_is(tmp_path):
    place = tmp_path
    for number in range(30):
        place = place / f"level{number}"
    place.mkdir(parents=True)
    assert folders.unlock(tmp_path) == []
    assert place.is_dir()


def write(folder: Path, name: str, megabytes: int) -> None:
    (folder / name).write_bytes(os.urandom(1 << 20) * megabytes)


def test_a_folder_below_its_limit_is_not_exceeded(tmp_path):
    watch = DiskWatch(folder=tmp_path, limit=20 << 20)
    write(tmp_path, "a", 10)
    assert watch.exceeded() is None


def test_a_folder_over_its_limit_is_told_once_and_may_then_shrink(tmp_path):
    watch = DiskWatch(folder=tmp_path, limit=20 << 20)
    write(tmp_path, "a", 15)
    write(tmp_path, "b", 15)
    assert watch.exceeded() == "/workspace holds more than 20 MB; remove what is not needed"
    (tmp_path / "a").unlink()
    assert watch.exceeded() is None


def test_a_command_is_not_stopped_for_what_the_one_before_it_left(tmp_path):
    watch = DiskWatch(folder=tmp_path, limit=20 << 20)
    write(tmp_path, "a", 15)
    write(tmp_path, "b", 15)
    watch.begin()
    assert watch.exceeded() is None
    write(tmp_path, "c", 15)
    assert watch.exceeded() == "/workspace holds more than 20 MB; remove what is not needed"


def test_many_empty_files_count_too(tmp_path):
    watch = DiskWatch(folder=tmp_path, limit=4 << 20)
    for number in range(1100):
        (tmp_path / str(number)).touch()
    assert watch.exceeded() == "/workspace holds more than 4 MB; remove what is not needed"
