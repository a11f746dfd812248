"""Folders that untrusted code left behind."""

import os
from copy import copy
from pathlib import Path

import pytest

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
    deep_tree(1100)
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


OVER = "/workspace holds more than 4 MB; remove what is not needed"


class Disk:
    """The room on a file system, as others leave it; nothing else is told by it."""

    f_frsize = 1 << 20

    def __init__(self):
        self.f_bavail, self.f_favail = 1000, 100_000

    def __call__(self, _folder):
        return copy(self)


@pytest.fixture
def watch(tmp_path) -> DiskWatch:
    """A command may fill the folder to 4 MB; the clock stands still, so measuring costs nothing."""
    watch = DiskWatch(folder=tmp_path, clock=lambda: 1.0)
    watch.begin(4)
    return watch


def test_a_folder_below_its_limit_is_not_exceeded(watch, tmp_path):
    write(tmp_path, "a", 3)
    assert watch.exceeded() is None


def test_a_folder_over_its_limit_is_told_once_and_may_then_shrink(watch, tmp_path):
    write(tmp_path, "a", 3)
    write(tmp_path, "b", 3)
    assert watch.exceeded() == OVER
    (tmp_path / "a").unlink()
    assert watch.exceeded() is None


def test_a_command_is_not_stopped_for_what_the_one_before_it_left(watch, tmp_path):
    write(tmp_path, "a", 3)
    write(tmp_path, "b", 3)
    watch.begin(4)
    assert watch.exceeded() is None
    write(tmp_path, "c", 1)
    assert watch.exceeded() == OVER


def test_each_command_has_a_limit_of_its_own(watch, tmp_path):
    watch.begin(8)
    write(tmp_path, "a", 6)
    assert watch.exceeded() is None
    watch.begin(4)
    write(tmp_path, "b", 1)
    assert watch.exceeded() == OVER


def test_many_empty_files_count_too(watch, tmp_path):
    for number in range(1100):
        (tmp_path / str(number)).touch()
    assert watch.exceeded() == OVER


@pytest.mark.parametrize("freed", [0, 500])
def test_a_folder_is_measured_whatever_others_take_or_give_back(tmp_path, freed):
    disk = Disk()
    watch = DiskWatch(folder=tmp_path, clock=lambda: 1.0, free=disk)
    watch.begin(4)
    write(tmp_path, "a", 6)
    disk.f_bavail += freed
    assert watch.exceeded() == OVER


@pytest.mark.parametrize(("blocks", "files"), [(4, 0), (0, 1024)])
def test_what_is_dear_to_measure_is_measured_again_when_it_may_be_full(tmp_path, blocks, files):
    seconds, disk = iter(range(1000)), Disk()
    watch = DiskWatch(folder=tmp_path, clock=lambda: next(seconds), free=disk)
    watch.begin(4)  # which took a second
    write(tmp_path, "a", 6)
    assert [watch.exceeded() for _ in range(9)] == [None] * 9
    disk.f_bavail, disk.f_favail = disk.f_bavail - blocks, disk.f_favail - files
    assert watch.exceeded() == OVER


def test_what_is_dear_to_measure_is_measured_again_after_twenty_times_as_long(tmp_path):
    seconds = iter(range(1000))
    watch = DiskWatch(folder=tmp_path, clock=lambda: next(seconds), free=Disk())
    watch.begin(4)
    write(tmp_path, "a", 6)
    assert [watch.exceeded() for _ in range(20)] == [None] * 19 + [OVER]
