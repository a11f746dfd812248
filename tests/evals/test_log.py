"""Records on disk: append-only, whole lines only, one writer, each key once, nothing lost to a full disk."""

import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from memento.errors import LibraryError
from memento.evals.log import read, writing
from memento.types import Result
from tests.evals.conftest import attempt, identity, record


def test_what_is_written_is_read_back_in_order_with_the_identity_beside_it(tmp_path):
    records = [record(f"t{n}", attempt(Result.FAILED), attempt()) for n in range(3)]
    with writing(tmp_path, identity()) as log:
        assert [log.append(one) for one in records] == [True] * 3
    assert read(tmp_path / identity().id) == (identity(), tuple(records))


def test_a_key_is_kept_once_however_often_it_is_done(tmp_path):
    again = record("t0", attempt(Result.FAILED))
    with writing(tmp_path, identity()) as log:
        assert [log.append(record("t0")), log.append(again)] == [True, False]
    with writing(tmp_path, identity()) as log:
        assert log.append(again) is False
    assert read(tmp_path / identity().id)[1] == (record("t0"),)


def test_a_line_that_was_cut_short_is_no_record_and_the_next_writer_removes_it(tmp_path):
    with writing(tmp_path, identity()) as log:
        log.append(record("t0"))
        log.append(record("t1"))
        path, whole = log.path, log.path.read_bytes()
    path.write_bytes(whole[:-7])
    assert read(path.parent)[1] == (record("t0"),)
    with writing(tmp_path, identity()) as log:
        assert list(log.records) == [record("t0").key]
        log.append(record("t1"))
    assert path.read_bytes() == whole


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path):
    with writing(tmp_path, identity()) as log:
        log.append(record("t0"))
        with pytest.raises(LibraryError, match="Another process is writing"), writing(tmp_path, identity()):
            pass
        assert len(read(log.path.parent)[1]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "e" * 64}, {"model": "n"}, {"grader": "n"}, {"seed": 1}, {"rounds": 1}, {"steps": 3},
        {"tokens": 5}, {"prompts": {"act": "q" * 64}}, {"settings": "t" * 64}, {"split": "train"},
    ],
)  # fmt: skip
def test_another_condition_is_another_run_in_a_folder_of_its_own(tmp_path, change):
    with writing(tmp_path, identity()) as log:
        log.append(record("t0"))
    with writing(tmp_path, identity(**change)) as log:
        assert log.records == {}


FILLS_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from memento.errors import LibraryError
from memento.evals.log import writing
from tests.evals.conftest import identity, record
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with writing(Path(sys.argv[1]), identity()) as log:
    log.append(record("t0"))
    size = log.path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
    try:
        log.append(record("t1"))
    except LibraryError as error:
        print(error)
"""


def test_a_disk_that_takes_no_more_costs_the_one_result_and_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FILLS_THE_DISK, str(tmp_path)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "The result of t1 cannot be written to" in done.stdout
    assert "The 1 results before it are kept; mend that and repeat the command." in done.stdout
    left = (tmp_path / identity().id / "records.jsonl").read_bytes()
    assert (left.count(b"\n"), left[-1:]) == (1, b"\n"), "no half line stays"
    with writing(tmp_path, identity()) as log:
        assert log.append(record("t1"))
    assert len(read(tmp_path / identity().id)[1]) == 2
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


KILLED = """
import itertools, sys
from pathlib import Path
from memento.evals.log import writing
from tests.evals.conftest import identity, record
with writing(Path(sys.argv[1]), identity()) as log:
    for number in itertools.count():
        log.append(record(f"t{number}"))
        print(number, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_had_reported(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    told = [int(child.stdout.readline()) for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.communicate()[0].splitlines()]
    with writing(tmp_path, identity()) as log:
        kept = [one.task for one in log.records.values()]
    assert kept[: len(told)] == [f"t{number}" for number in told]
    assert len(kept) - len(told) in (0, 1)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(LibraryError, match="holds no evaluation that can be read"):
        read(tmp_path)
    assert replace(identity(), seed=3).id != identity().id
