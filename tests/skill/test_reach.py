"""What a skill can reach, whatever it calls it."""

import base64

import pytest

from memento.skill.reach import capabilities
from memento.types import File

BLOB = base64.b64encode(bytes(range(256))).decode()


def reach(text: str, name: str = "scripts/a.py") -> set[str]:
    return set(capabilities({name: File(data=text.encode())}, None))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os as o\no.environ['A']", {"use of os.environ", "environment A"}),
        ("from os import environ as e\ndict(e)", {"use of os.environ"}),
        ("from os import *", {"use of os.*"}),
        ("import os.path, socket as s", {"module socket"}),
        ("from urllib.request import urlopen", {"module urllib"}),
        ("import sys\nsys.modules['o' + 's']", {"use of sys.modules"}),
        ("getattr(x, 'sys' + 'tem')", {"use of getattr with a name that it makes"}),
        ("getattr(x, 'name', None)", set()),
        ("exec(compile('', '', 'exec'))", {"use of exec"}),
        ("import shutil\nshutil.rmtree(x)", {"use of shutil.rmtree"}),
        ("from pathlib import Path\nPath(x).unlink()\nPath.home()", {"use of unlink", "use of Path.home"}),
        ("items.remove(1)\nimport re, json\nopen('out', 'w')", set()),
        (f"DATA = '{BLOB}'", {f"encoded {BLOB[:12]}..."}),
        (f"LINE = '{'-' * 200}'", set()),
        ("open('.git/hooks/x')", {"place .git/hooks"}),
    ],
)
def test_a_script_reaches_what_its_syntax_tree_names(source: str, found: set[str]) -> None:
    assert reach(source) == found


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('COUNT=$(wc -l <"$1")\necho "$COUNT"', set()),
        ('for FILE in *; do read -r LINE <"$FILE"; echo "$LINE"; done', set()),
        (
            'echo "$AWS_SECRET_ACCESS_KEY" "${TOKEN}"',
            {"environment AWS_SECRET_ACCESS_KEY", "environment TOKEN"},
        ),
        ("rm -rf /workspace/x; printenv", {"command rm -rf", "command printenv"}),
    ],
)
def test_a_shell_script_reaches_the_names_that_it_does_not_set(script: str, found: set[str]) -> None:
    assert reach(script, "scripts/a.sh") == found


def test_fields_that_another_host_may_obey_are_reach() -> None:
    header = "name: a\ndescription: b\nPreToolUse: x\nmetadata:\n  memento-pinned: 'true'\n  author: me"
    assert reach(f"---\n{header}\n---\nx\n", "SKILL.md") == {"field PreToolUse", "field memento-pinned"}
