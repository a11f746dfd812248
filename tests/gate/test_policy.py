"""What a test file may not contain, with its line; and what it may."""

import pytest

from memento.gate.policy import breaches

HEAD = "def total(run_script):\n    return run_script('scripts/add.py').stdout\n\n\n"
TEST = "def test_a(run_script):\n    {}\n    assert total(run_script) == '3'\n"

REFUSED = {
    "import os\nos._exit(0)\n": "os._exit may not be used",
    "import os as o\no._exit(0)\n": "os._exit may not be used",
    "from os import _exit\n": "os._exit may not be used",
    "import sys\nsys.modules['json'] = None\n": "sys.modules may not be used",
    "import gc\n": "the module gc may not be imported",
    "from unittest import mock\n": "the module unittest may not be imported",
    "import memento.testing.plugin\n": "the module memento.testing.plugin may not be imported",
    "pytest_plugins = ['x']\n": "pytest_plugins would be obeyed by pytest or Python",
    "__test__ = False\n": "__test__ would be obeyed by pytest or Python",
    "def pytest_runtest_call(item): pass\n": "pytest_runtest_call would be obeyed by pytest or Python",
    "def run_script(): pass\n": "run_script is a fixture of the harness and may not be replaced",
    "open = print\n": "the builtin open may not be given another meaning",
    "test_b = lambda: None\n": "test_b is not a plain function, so it would not run as a test",
    "import pytest\npytest.skip('x', allow_module_level=True)\n": "pytest.skip may not be used",
    "import json\njson.loads = str\n": "json.loads may not be changed",
    "class A:\n    def __eq__(self, o): return True\n": "a class with __eq__ can be equal to anything",
    "x = ().__class__.__subclasses__()\n": ".__subclasses__ may not be used",
    "try:\n    1 / 0\nexcept ValueError as e:\n    e.__traceback__.tb_frame\n": ".tb_frame may not be used",
    "def test_b(request):\n    assert request\n": "the fixture request reaches into pytest",
    "async def test_b():\n    assert 0\n": "an async test is never awaited",
    "def test_b(skill):\n    skill.body\n": "test_b has nothing that could fail: no assert",
    "def test_b(skill):\n    if skill.body:\n        assert 0\n": (
        "test_b has asserts only where they may be skipped"
    ),
    "def test_b(skill):\n    assert (skill, 'text')\n": "this assert is always true",
    "def test_b(skill):\n    assert skill.body or True\n": "this assert is always true",
    "def test_b(skill):\n    assert skill.body == skill.body\n": "this assert is always true",
    "def test_b(skill):\n    try:\n        assert 0\n    except Exception:\n        pass\n": (
        "this handler swallows a failing assert"
    ),
    "import pytest\ndef test_b(skill):\n    with pytest.raises(AssertionError):\n        assert 0\n": (
        "pytest.raises of what a failing assert raises"
    ),
    "path = '/proc/self/mem'\n": "/proc/ is none of a test's business",
}


@pytest.mark.parametrize(("source", "message"), REFUSED.items(), ids=REFUSED.values())
def test_a_way_to_be_green_without_testing_is_named(source: str, message: str) -> None:
    assert message in {breach.message for breach in breaches(source.encode())}


@pytest.mark.parametrize("line", ["return", "yield"])
def test_a_test_may_not_return_before_its_assert(line: str) -> None:
    found = breaches((HEAD + TEST.format(line)).encode())
    assert [(breach.line, breach.message) for breach in found] == [
        (6, "a test may not return before its end")
    ]


def test_plain_pytest_is_let_through() -> None:
    source = '''"""A skill's tests."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

QUERIES = ("a", "b")


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("a\\n1\\n")
    return path


def rows(text):
    found = json.loads(text)
    assert found
    return found


@pytest.mark.parametrize("n", [1, 2])
def test_a(run_script, ledger, n):
    done = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr


def test_b(skill):
    rows("[1]")


class TestC:
    def test_d(self, skill):
        with pytest.raises(ValueError):
            int(skill.body)
        for path in Path(skill.path).iterdir():
            assert path.exists()
'''
    assert breaches(source.encode()) == ()
