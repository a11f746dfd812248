"""Tricks that make a failing test look like a passing one. Each hides one test that must fail."""

from collections.abc import Mapping

import pytest

from memento.changes import TestResult
from memento.gate.harness import Harness
from memento.gate.job import RUN, Job, Results
from memento.gate.keys import run_key
from memento.gate.plan import plan
from memento.gate.reports import read_reports
from memento.protocols import Completed
from memento.skill.testfile import expected_tests
from tests.gate.conftest import OLD_TEST, folder, make_harness

pytestmark = pytest.mark.real

HIDDEN = "def test_hidden():\n    assert False\n"

TRICKS = {
    "the process exits in the import": f"import os\nos._exit(0)\n{HIDDEN}",
    "sys.exit in the import": f"import sys\nsys.exit(0)\n{HIDDEN}",
    "pytest.exit": f"import pytest\ndef test_a():\n    pytest.exit('done', returncode=0)\n{HIDDEN}",
    "the process exits in a test before": f"import os\ndef test_a():\n    os._exit(0)\n{HIDDEN}",
    "an exit handler": f"import atexit, os\natexit.register(lambda: os._exit(0))\n{HIDDEN}",
    "skip": f"import pytest\n@pytest.mark.skip\n{HIDDEN}",
    "skip inside": "import pytest\ndef test_hidden():\n    pytest.skip('no')\n",
    "skip of the module": f"import pytest\npytest.skip('no', allow_module_level=True)\n{HIDDEN}",
    "importorskip": f"import pytest\npytest.importorskip('nowhere')\n{HIDDEN}",
    "xfail": f"import pytest\n@pytest.mark.xfail\n{HIDDEN}",
    "xfail inside": "import pytest\ndef test_hidden():\n    pytest.xfail('known')\n",
    "empty parametrize": (
        "import pytest\n@pytest.mark.parametrize('x', [])\ndef test_hidden(x):\n    assert False\n"
    ),
    "not collected by a hook": (f"def pytest_collection_modifyitems(items):\n    items.clear()\n{HIDDEN}"),
    "collected under another name": f"__test__ = False\n{HIDDEN}",
    "deselected by the class": (
        "class TestX:\n    __test__ = False\n    def test_hidden(self):\n        assert False\n"
    ),
    "deleted after definition": f"{HIDDEN}\ndel test_hidden\n",
    "plugins of the file": f"pytest_plugins = ['nowhere']\n{HIDDEN}",
    "a forged line": f'print(\'\\n0 {{"id": "test_hidden", "passed": true, "detail": ""}}\')\n{HIDDEN}',
    "output without end": f"print('x' * 10_000_000)\n{HIDDEN}",
    "a crash": f"import ctypes\nctypes.string_at(0)\n{HIDDEN}",
    "recursion": f"def f(): f()\nf()\n{HIDDEN}",
}


@pytest.fixture(scope="module")
def tricked(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Results]:
    """All tricks beside a file without one, in one sandbox, a process group each."""
    sources = {"none": OLD_TEST, **TRICKS}
    jobs = [Job(skill="adder", folder=folder(), test=source.encode()) for source in sources.values()]
    together = make_harness(tmp_path_factory.mktemp("tricks"))
    return dict(zip(sources, together.run_together(jobs), strict=True))


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_does_not_turn_a_failing_test_green(tricked: Mapping[str, Results], trick: str) -> None:
    name = "TestX::test_hidden" if "class TestX" in TRICKS[trick] else "test_hidden"
    assert [r.passed for r in tricked[trick] if r.id.split("[")[0] == name] == [False]


def test_the_tricks_of_others_do_not_turn_a_good_file_red(tricked: Mapping[str, Results]) -> None:
    assert tricked["none"] == (TestResult(id="test_plain_numbers", passed=True),)


def test_a_hidden_failure_behind_a_second_definition_is_not_a_pass(harness: Harness) -> None:
    source = f"{HIDDEN}\ndef test_hidden():\n    pass\n"
    results = harness.run("adder", folder(), source.encode())
    assert results == (TestResult(id="test_hidden", passed=False, detail="it is defined more than once"),)


def test_a_folder_with_a_conftest_does_not_change_the_verdict(harness: Harness) -> None:
    hook = "import pytest\n@pytest.hookimpl\ndef pytest_runtest_call(item):\n    pass\n"
    results = harness.run("adder", folder(conftest__py=hook), HIDDEN.encode())
    assert [(r.id, r.passed) for r in results] == [("test_hidden", False)]


def test_a_hang_is_stopped_and_fails(harness: Harness) -> None:
    done = Completed(exit_code=-9, stdout=b"", stderr=b"", timed_out=True)
    assert read_reports(done, (), plan(b"def test_a(): ...")) == (
        TestResult(id="test_a", passed=False, detail="did not report: the run was stopped at its time limit"),
        TestResult(id=RUN, passed=False, detail="the run was stopped at its time limit"),
    )


def test_a_pass_is_remembered_by_content_and_a_failure_is_not(harness: Harness) -> None:
    harness.run("adder", folder(), OLD_TEST.encode())
    harness.run("adder", folder("print(0)"), OLD_TEST.encode())
    known = [
        harness.journal.cache.run(
            run_key(Job(skill="adder", folder=content, test=OLD_TEST.encode()), "bubblewrap")
        )
        for content in (folder(), folder("print(0)"), folder(version="2.0.0"))
    ]
    assert known == [(TestResult(id="test_plain_numbers", passed=True),), None, None]


def test_expected_tests_are_read_without_running_the_file() -> None:
    source = b"""raise SystemExit
def test_a(): ...
class TestB:
    def test_c(self): ...
    def help(self): ...
"""
    assert expected_tests(source) == ("test_a", "TestB::test_c")
