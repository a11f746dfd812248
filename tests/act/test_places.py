"""/workspace and /skill mean the same to the model wherever its commands run."""

import pytest

from memento.act.tools.command import placed
from memento.act.tools.list_files import ListFiles
from memento.act.tools.read_file import ReadFile
from memento.act.tools.terminal import Terminal
from memento.act.tools.write_file import WriteFile
from memento.protocols import Mount
from memento.sandbox.bubblewrap import Bubblewrap
from memento.sandbox.host import Host


@pytest.fixture(params=[Host, pytest.param(Bubblewrap, marks=pytest.mark.real)])
def session(request, tmp_path):
    skill, work = tmp_path / "export", tmp_path / "work"
    skill.mkdir()
    work.mkdir()
    (skill / "hello.sh").write_text("echo hello $1")
    with request.param().open(workspace=work, mounts=[Mount(source=skill, target="/skill")]) as session:
        yield session


def test_a_script_of_the_skill_runs_by_the_name_that_the_skill_gives_it(session):
    assert (
        Terminal()({"command": "bash /skill/hello.sh /workspace/x | sed 's/.*hello/hi/'"}, session).exit_code
        == 0
    )
    assert Terminal()({"command": 'cat "/skill/hello.sh"'}, session).output == "echo hello $1"


def test_files_have_one_name_for_all_tools(session):
    WriteFile()({"path": "/workspace/a.txt", "content": "kept"}, session)
    assert Terminal()({"command": "cat a.txt"}, session).output == "kept"
    assert ReadFile()({"path": "/workspace/a.txt"}, session).output == "kept"
    assert ReadFile()({"path": "/skill/hello.sh"}, session).output == "echo hello $1"
    assert ListFiles()({"path": "/skill"}, session).output == "f 13 hello.sh"


class Elsewhere:
    """A session that names everything differently."""

    def path(self, target):
        return f"/else{target}"


@pytest.mark.parametrize(
    ("command", "run"),
    [
        ("cat /workspace/a /skill/b", "cat /else/workspace/a /else/skill/b"),
        ("cd /workspace; ls", "cd /else/workspace; ls"),
        ("ls '/workspace'", "ls '/else/workspace'"),
        ("ls --to=/workspace", "ls --to=/else/workspace"),
        ("ls /workshop /skills", "ls /workshop /skills"),
        ("ls /home/workspace ./workspace/a work/skill/b", "ls /home/workspace ./workspace/a work/skill/b"),
        ("curl http://a.test/workspace/b", "curl http://a.test/workspace/b"),
        ("ls $HOME/workspace ${X}/workspace ~/workspace", "ls $HOME/workspace ${X}/workspace ~/workspace"),
    ],
)
def test_only_the_two_places_are_renamed(command, run):
    assert placed(command, Elsewhere()) == run
