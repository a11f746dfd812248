"""What every backend promises about running a command."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from memento.errors import SandboxError
from memento.protocols import Limits, Mount, Sandbox, SandboxSession


def sh(session: SandboxSession, script: str, **options):
    return session.run(["/bin/sh", "-c", script], **options)


def test_a_command_answers_with_its_streams_and_its_exit_code(session):
    done = sh(session, "echo out; echo err >&2; exit 3")
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert (done.timed_out, done.truncated) == (False, False)
    assert done.seconds > 0


def test_a_command_that_says_nothing_gives_nothing(session):
    done = session.run(["true"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")


def test_bytes_pass_unchanged_in_both_directions(session):
    data = bytes(range(256)) * 300
    done = session.run(["cat"], stdin=data, limits=Limits(output_kb=1024))
    assert done.stdout == data


def test_output_that_is_no_utf_8_is_kept_as_it_is(session):
    assert sh(session, r"printf '\377\376\000\200'").stdout == b"\xff\xfe\x00\x80"


def test_large_input_is_read_to_its_end(session):
    data = os.urandom(3 << 20)
    done = session.run(["sha256sum"], stdin=data)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_input_that_nobody_reads_does_not_block(session):
    done = session.run(["true"], stdin=b"x" * (1 << 20))
    assert (done.exit_code, done.timed_out) == (0, False)


def test_without_input_standard_input_is_at_its_end(session):
    assert session.run(["cat"]).exit_code == 0


def test_a_missing_program_is_127(session):
    assert session.run(["no-such-program"]).exit_code == 127


def test_a_file_that_is_not_executable_is_126(session):
    sh(session, "echo hello >plain")
    assert session.run(["./plain"]).exit_code == 126


def test_a_missing_working_directory_is_an_answer(session):
    assert session.run(["true"], cwd="/workspace/nowhere").exit_code == 126


def test_a_signal_is_128_and_its_number(session):
    assert sh(session, "kill -TERM $$").exit_code == 143


@pytest.mark.parametrize(
    "word", ["a\0b", "\ud800", "x" * (1 << 18)], ids=["NUL", "half a surrogate", "too long"]
)
def test_words_that_no_system_accepts_are_answered_not_raised(session, word):
    done = session.run(["echo", word])
    assert (done.exit_code, done.stdout) == (126, b"")
    assert done.stderr.startswith(b"cannot run this: ")


def test_a_caller_that_gives_no_command_is_told_so(session):
    with pytest.raises(SandboxError, match="empty command"):
        session.run([])


def test_a_relative_working_directory_is_the_callers_mistake(session):
    with pytest.raises(SandboxError, match="not absolute"):
        session.run(["true"], cwd="work")


ALIVE = "while :; do touch alive; sleep 0.1; done"
"""A child that shows, again and again, that it is there."""


def nobody_is_alive(session: SandboxSession) -> bool:
    time.sleep(0.5)
    return sh(session, "ls").stdout == b""


def test_a_command_that_never_ends_and_ignores_signals_is_stopped_with_its_children(session):
    child = f"trap '' TERM INT HUP; {ALIVE}"
    script = f"echo before; touch begun; (sh -c \"{child}\" &); ({child}) & trap '' TERM INT HUP; sleep 600"
    done = sh(session, script, limits=Limits(wall_s=2.0))
    assert (done.timed_out, done.exit_code) == (True, 124)
    # On a busy machine the clock may run out before the shell has begun; what it said by then is kept.
    assert done.stdout == b"before\n" or b"begun" not in sh(session, "ls").stdout
    sh(session, "rm -f alive begun")
    assert nobody_is_alive(session)


def test_a_forgotten_child_neither_blocks_nor_survives(session):
    done = sh(session, f"({ALIVE}) & while ! [ -e alive ]; do sleep 0.02; done; echo started")
    assert (done.exit_code, done.stdout) == (0, b"started\n")
    sh(session, "rm alive")
    assert nobody_is_alive(session)


def test_long_output_is_cut_per_stream_and_said_so(session):
    script = "head -c 5000 /dev/zero | tr '\\0' a; head -c 500 /dev/zero | tr '\\0' b >&2"
    done = sh(session, script, limits=Limits(output_kb=1))
    assert (done.stdout, done.stderr, done.truncated) == (b"a" * 1024, b"b" * 500, True)
    assert done.exit_code == 0


def test_output_of_exactly_the_limit_is_not_cut(session):
    done = sh(session, "head -c 1024 /dev/zero", limits=Limits(output_kb=1))
    assert (len(done.stdout), done.truncated) == (1024, False)


def test_endless_output_is_stopped_before_the_clock_does(session):
    done = session.run(["yes"], limits=Limits(wall_s=60, output_kb=4))
    assert (done.exit_code, len(done.stdout), done.truncated, done.timed_out) == (137, 4096, True, False)
    assert done.stderr == b"\nkilled: more than 64 MB of output\n"


def test_the_environment_is_ours_and_what_the_caller_adds(session):
    done = session.run(["env"], env={"GREETING": "good morning"})
    names = {line.partition("=")[0] for line in done.stdout.decode().splitlines()}
    assert "GREETING=good morning" in done.stdout.decode().splitlines()
    optional = {"LD_LIBRARY_PATH", "PWD", "OLDPWD", "TMPDIR", "_", "HOSTNAME", "SHLVL"}
    assert names - optional == {"GREETING", "HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE"}


def test_work_lasts_from_one_command_to_the_next(session):
    sh(session, "echo kept >note")
    assert sh(session, "cat note").stdout == b"kept\n"


def test_the_workspace_is_the_callers_folder(opened, tmp_path):
    (tmp_path / "in.txt").write_text("from outside")
    session = opened(workspace=tmp_path)
    assert sh(session, "cat in.txt; echo from inside >out.txt").stdout == b"from outside"
    assert (tmp_path / "out.txt").read_text() == "from inside\n"


def test_what_was_made_in_the_workspace_belongs_to_the_caller(any_sandbox: Sandbox, tmp_path):
    with any_sandbox.open(workspace=tmp_path) as session:
        sh(session, "mkdir -p a/b; touch a/b/c")
    assert {path.stat().st_uid for path in tmp_path.rglob("*")} == {os.getuid()}


def test_locked_folders_are_open_after_the_session(any_sandbox: Sandbox, tmp_path):
    with any_sandbox.open(workspace=tmp_path) as session:
        sh(session, "mkdir -p a/b; touch a/b/c; chmod 000 a/b a")
    assert [oct(path.stat().st_mode & 0o700) for path in (tmp_path / "a", tmp_path / "a/b")] == ["0o700"] * 2


def test_a_missing_workspace_is_refused(any_sandbox: Sandbox, tmp_path):
    with (
        pytest.raises(SandboxError, match="not an existing folder"),
        any_sandbox.open(workspace=tmp_path / "nowhere"),
    ):
        pass


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "SKILL.md").write_text("text")
    return folder


def test_a_mount_is_seen_where_the_session_says(opened, skills):
    session = opened(mounts=[Mount(source=skills, target="/skills")])
    assert session.run(["cat", session.path("/skills/SKILL.md")]).stdout == b"text"


def test_no_command_changes_the_source_of_a_mount(opened, skills):
    session = opened(mounts=[Mount(source=skills, target="/skills")])
    inside = session.path("/skills")
    sh(
        session,
        f"echo evil >{inside}/SKILL.md; rm -f {inside}/SKILL.md; touch {inside}/new; chmod 777 {inside}",
    )
    assert [(path.name, path.read_text()) for path in skills.iterdir()] == [("SKILL.md", "text")]


@pytest.mark.parametrize(
    "target",
    ["skills", "/", "/etc", "/usr/x", "/workspace/x", "/proc", "/a/../etc", "/a//b", "/a/", "/opt/memento"],
)
def test_a_mount_over_something_of_the_system_is_refused(any_sandbox: Sandbox, skills, target):
    with (
        pytest.raises(SandboxError, match="cannot show"),
        any_sandbox.open(mounts=[Mount(source=skills, target=target)]),
    ):
        pass


def test_two_mounts_in_one_place_are_refused(any_sandbox: Sandbox, skills):
    mounts = [Mount(source=skills, target="/a"), Mount(source=skills, target="/a/b")]
    with pytest.raises(SandboxError, match="another mount"), any_sandbox.open(mounts=mounts):
        pass


def test_the_harness_can_be_imported_by_the_isolated_python(session):
    code = "import pytest, yaml, memento.testing.plugin; print(pytest.__name__)"
    done = session.run([*session.python, "-c", code])
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"pytest\n", b"")


def test_the_isolated_python_runs_modules_and_scripts(session):
    sh(session, "echo 'import sys; print(sys.argv[1:])' >script.py")
    assert session.run([*session.python, "script.py", "a"]).stdout == b"['a']\n"
    assert session.run([*session.python, "-m", "pytest", "--version"]).exit_code == 0


def test_a_module_in_the_workspace_shadows_nothing_of_the_isolated_python(session):
    sh(session, "for m in json pytest yaml memento; do echo 'raise SystemExit(9)' >$m.py; done")
    code = "import json, pytest, yaml, memento; print('ours')"
    assert session.run([*session.python, "-c", code]).stdout == b"ours\n"


def test_the_tools_that_an_agent_types_are_there(session):
    done = sh(
        session,
        "for t in python3 bash awk sed grep sort find tar; do command -v $t >/dev/null || echo $t; done",
    )
    assert done.stdout == b""
    assert sh(session, "python3 -c 'print(6*7)'").stdout == b"42\n"


def test_a_file_larger_than_the_limit_cannot_be_written(session):
    done = sh(session, "head -c 3000000 /dev/zero >big", limits=Limits(file_mb=1))
    assert done.exit_code != 0
    assert int(sh(session, "wc -c <big").stdout) <= 1 << 20


def test_a_busy_loop_is_stopped_by_its_processor_time(session):
    done = sh(session, "while :; do :; done", limits=Limits(cpu_s=1, wall_s=120))
    assert (done.exit_code, done.timed_out) in ((128 + 24, False), (137, False))


def test_a_workspace_that_grows_without_end_is_stopped(session):
    script = "i=0; while :; do i=$((i+1)); head -c 900000 /dev/zero >f$i; done"
    done = sh(session, script, limits=Limits(disk_mb=16, wall_s=60))
    assert done.stderr.endswith(b"killed: /workspace holds more than 16 MB; remove what is not needed\n")
    assert sh(session, "rm -f f*; ls").stdout == b""
