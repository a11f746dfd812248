"""What only Docker promises: what is said when it cannot serve, and that no container is left behind."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from memento.errors import SandboxError
from memento.sandbox.container import OWNER, owner
from memento.sandbox.docker import Docker, built
from memento.sandbox.exec import _Frames
from tests.sandbox.conftest import sandbox_named


@pytest.mark.real
def test_a_session_leaves_no_container():
    docker = sandbox_named("docker")
    ours = {"label": f"{OWNER}={owner()}"}  # other processes have containers of their own at this moment
    before = docker.client.containers.list(all=True, filters=ours)
    with docker.open() as session:
        session.run(["true"])
        assert len(docker.client.containers.list(filters=ours)) == len(before) + 1
    assert docker.client.containers.list(all=True, filters=ours) == before


@pytest.mark.real
def test_a_container_of_a_dead_memento_is_removed_by_the_next():
    docker = sandbox_named("docker")
    owner = {"memento": "1", "memento.owner": f"{os.uname().nodename}:999999999"}
    stale = docker.client.containers.create(docker.image, ["/bin/true"], labels=owner)
    Docker.connect(os.environ)
    assert stale.id not in {container.id for container in docker.client.containers.list(all=True)}


@pytest.mark.real
def test_an_image_that_is_not_there_is_said_by_name():
    missing = Docker(client=sandbox_named("docker").client, image="memento-no-such-image:1")
    with pytest.raises(SandboxError, match="memento-no-such-image"), missing.open():
        pass


@pytest.mark.real
def test_the_image_is_built_once_from_the_shipped_dockerfile_on_a_base_that_is_given():
    docker = sandbox_named("docker")
    if docker.image is None:
        assert built(docker.client).startswith("memento-sandbox:")
        return
    given = {"BASE": docker.image, "PACKAGES": ""}
    tag = built(docker.client, arguments=given, network="none")
    try:
        before = docker.client.images.get(tag).id
        assert built(docker.client, arguments=given, network="none") == tag
        assert docker.client.images.get(tag).id == before
        ours = Docker(client=docker.client, image=tag)
        ours.check()
        with ours.open() as session:
            assert session.run(["python3", "-c", "print(6 * 7)"]).stdout == b"42\n"
    finally:
        docker.client.images.remove(tag, force=True)


@pytest.mark.real
def test_an_image_that_cannot_be_built_is_said_with_the_ways_out():
    docker = sandbox_named("docker")
    with pytest.raises(SandboxError, match=r"cannot be built: .*\[sandbox\] image in memento.toml"):
        built(docker.client, arguments={"BASE": "memento-no-such-base:1"}, network="none")


@pytest.mark.real
def test_the_steps_of_one_task_share_a_warm_container():
    with sandbox_named("docker").open() as session:
        session.run(["sh", "-c", "echo warm >/tmp/kept"])
        assert session.run(["cat", "/tmp/kept"]).stdout == b"warm\n"


def test_an_engine_that_does_not_answer_is_said_with_the_way_out(tmp_path):
    with pytest.raises(SandboxError, match=r"does not answer .* Start it, or point DOCKER_HOST at it"):
        Docker.connect({"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_frames_are_sorted_however_they_are_cut(size):
    data = frame(1, b"\x06out") + frame(2, b"err") + frame(1, b"") + frame(1, b"more")
    frames = _Frames(cap=100)
    for start in range(0, len(data), size):
        frames.feed(data[start : start + size])
    assert (bytes(frames.kept[1]), bytes(frames.kept[2]), frames.cut) == (b"\x06outmore", b"err", False)


@pytest.mark.real
def test_a_container_that_is_killed_from_outside_is_an_accident_and_a_killed_command_is_an_answer():
    docker = sandbox_named("docker")
    with docker.open() as session:
        assert session.run(["sh", "-c", "kill -KILL -1"]).exit_code == 137
        with ThreadPoolExecutor() as pool:
            running = pool.submit(session.run, ["sh", "-c", "echo $$ >running; exec sleep 60"])
            while not (session.watch.folder / "running").exists():
                time.sleep(0.01)
            session.container.kill()
            with pytest.raises(SandboxError, match="ended from outside"):
                running.result()
