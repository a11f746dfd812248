"""A real Ray cluster of two nodes on loopback, with a token; run by `make ray-test`, which installs Ray.

The model is a slow loopback endpoint. One node is killed in the middle, a worker process before it: no
task is lost and none is done twice in the record.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from memento.evals.log import read
from memento.testing.loopback import LoopbackServer

BIN = Path(sys.executable).parent
TASKS = 40
SLOW_S = 0.4


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of the cluster: `ray start --block` and what it started."""

    process: subprocess.Popen

    def processes(self) -> list[psutil.Process]:
        try:
            me = psutil.Process(self.process.pid)
            return [*me.children(recursive=True), me]
        except psutil.NoSuchProcess:
            return []

    def workers(self) -> list[psutil.Process]:
        return [p for p in self.processes() if "ray::" in " ".join(p.cmdline()[:1])]

    def kill(self) -> None:
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(30)


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    address: str
    nodes: list[Node]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[RayCluster]:
    # Ray's sockets live below its temporary folder, and a socket's path may have 107 bytes.
    home = tmp_path_factory.mktemp("r")
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(home),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "MEMENTO_SANDBOX": "bubblewrap",
        "OPENAI_API_KEY": "sk-canary",
        "CI": os.environ.get("CI", ""),
    }
    port = 20_000 + os.getpid() % 10_000
    common = ["--node-ip-address=127.0.0.1", "--num-cpus=2", "--object-store-memory=80000000", "--block"]
    commands = [
        [
            BIN / "ray",
            "start",
            "--head",
            f"--port={port}",
            "--include-dashboard=false",
            f"--temp-dir=/tmp/r{port}",
        ],
        [BIN / "ray", "start", f"--address=127.0.0.1:{port}"],
    ]
    nodes: list[Node] = []
    try:
        for number, command in enumerate(commands):
            with (home / f"node{number}.txt").open("wb") as out:
                process = subprocess.Popen(
                    [*map(str, command), *common],
                    env=environment,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            nodes.append(Node(process=process))
            wait_for(environment, f"127.0.0.1:{port}", number + 1, home)
        yield RayCluster(address=f"127.0.0.1:{port}", nodes=nodes, environment=environment)
    finally:
        for node in reversed(nodes):
            node.kill()


ALIVE = """
import ray, sys
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
print(sum(node["Alive"] for node in ray.nodes()))
"""


def wait_for(environment: dict[str, str], address: str, count: int, home: Path) -> None:
    until = time.monotonic() + 90
    said = ""
    while time.monotonic() < until:
        done = subprocess.run(
            [sys.executable, "-c", ALIVE, address],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stdout.strip() == str(count):
            return
        said = done.stderr[-2000:]
        time.sleep(0.5)
    logs = "".join(path.read_text()[-2000:] for path in home.glob("node*.txt"))
    raise AssertionError(f"{count} nodes did not come up: {said}\n{logs}")


@pytest.fixture
def library(tmp_path, cluster) -> Path:
    root = tmp_path / "library"
    subprocess.run([BIN / "memento", "init", root], env=cluster.environment, check=True, capture_output=True)
    rows = [{"id": f"t{n}", "text": f"What is {n} plus {n}?", "answer": str(2 * n)} for n in range(TASKS)]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


def slowly(body) -> str:
    """Answers right two times in three, by the task alone."""
    time.sleep(SLOW_S)
    text = body["messages"][1]["content"]
    number = int(text.split("What is ")[1].split()[0])
    return str(2 * number if number % 3 else 2 * number + 1)


def command(cluster: RayCluster, server: LoopbackServer, *more: str) -> list[str]:
    return [
        str(BIN / "memento"), "eval", "../tasks.jsonl", "--split", "all", "--arm", "library", "--json",
        "--ray", cluster.address, "--model", "loopback", "--base-url", server.base_url, *more,
    ]  # fmt: skip


def recorded(library: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in library.glob(".memento/evals/*/records.jsonl"))


def test_a_killed_worker_and_a_killed_node_lose_no_task_and_double_none(cluster, library) -> None:
    with LoopbackServer(slowly) as server:
        child = subprocess.Popen(
            command(cluster, server, "--workers", "8"), cwd=library, env=cluster.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        killed = []
        try:
            for least, victim in ((4, "worker"), (12, "node")):
                until = time.monotonic() + 90
                while recorded(library) < least and child.poll() is None and time.monotonic() < until:
                    time.sleep(0.05)
                assert child.poll() is None, child.communicate()[1]
                if victim == "worker":
                    worker = cluster.nodes[1].workers()[0]
                    os.kill(worker.pid, signal.SIGKILL)
                else:
                    cluster.nodes[1].kill()
                killed.append((victim, recorded(library)))
            out, err = child.communicate(timeout=180)
        finally:
            child.kill()
    assert child.returncode == 0, err
    assert [victim for victim, _ in killed] == ["worker", "node"]
    assert killed[1][1] < TASKS, "the node died in the middle"
    assert out.startswith("{"), out[:2000]
    report = json.loads(out)
    (run,) = library.glob(".memento/evals/*/")
    _, records = read(run)
    assert Counter(record.task for record in records) == Counter(f"t{n}" for n in range(TASKS))
    solved = sum(n % 3 != 0 for n in range(TASKS))
    assert (report["arms"][0]["first"]["solved"], report["unfinished"]) == (solved, 0)
    assert len({record.library for record in records}) == 1
    assert b"sk-canary" not in b"".join(path.read_bytes() for path in run.iterdir() if path.is_file())


def test_what_is_done_is_not_done_again_by_threads_or_by_the_cluster(cluster, library) -> None:
    with LoopbackServer(slowly) as server:
        first = subprocess.run(
            command(cluster, server, "--workers", "8", "--limit", "6"), cwd=library, env=cluster.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert first.returncode == 0, first.stderr
        asked = len(server.requests)
        argv = command(cluster, server, "--limit", "6")
        without = [word for word in argv if word not in ("--ray", cluster.address)]
        again = subprocess.run(
            without, cwd=library, env=cluster.environment, capture_output=True, text=True, check=False
        )
        assert again.returncode == 0, again.stderr
        assert len(server.requests) == asked == 6
    one, other = json.loads(first.stdout), json.loads(again.stdout)
    assert one["arms"] == other["arms"]


def test_the_rate_limit_holds_over_the_whole_cluster(cluster, library) -> None:
    arrived: list[float] = []

    def answer(body) -> str:
        arrived.append(time.monotonic())
        return slowly(body)

    with LoopbackServer(answer) as server:
        done = subprocess.run(
            command(cluster, server, "--workers", "2", "--limit", "8", "--rate", "60"),
            cwd=library, env=cluster.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(arrived) == 8
    # The first call of each process is late, because it is still importing. Unpaced the rest takes 1.5 s.
    assert arrived[-1] - arrived[2] >= 3.5, "a call a second, whichever node makes it"


def test_a_cluster_that_is_not_there_and_a_wrong_token_are_said_in_a_sentence(cluster, library) -> None:
    with LoopbackServer(slowly) as server:
        other = {**cluster.environment, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        for argv, environment in (
            (command(cluster, server), other),
            (
                [w if w != cluster.address else "127.0.0.1:1" for w in command(cluster, server)],
                cluster.environment,
            ),
        ):
            done = subprocess.run(
                argv, cwd=library, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 2, done.stderr
            assert "No Ray cluster can be used at 127.0.0.1:" in done.stderr
            assert "Traceback" not in done.stderr
