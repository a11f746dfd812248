"""Which tests of a model are admitted: an allow-list, tried with the ways to pass without testing."""

import pytest

from memento.write.admissible import TestFunction, Tests, read_tests, refusal

GOOD = '''\
"""Tests."""

import json
from decimal import Decimal

import pytest


def test_reads_separators(run_script):
    # A comment that stays.
    done = run_script("scripts/total.py", "a.csv", "Sum", files={"a.csv": "Sum\\n\\"1,5\\"\\n"})
    assert done.exit_code == 0
    assert json.loads(done.stdout) == pytest.approx(1.5)


def test_says_so(skill):
    total = sum(Decimal(word.count("a")) for word in skill.body.split())
    for word in ("thousands", "separator"):
        if total:
            print(word)
        assert word in skill.body.lower(), f"{word} is missing"
'''


def test_plain_tests_of_the_skill_are_admitted_and_taken_apart():
    assert refusal(GOOD) is None
    tests = read_tests(GOOD)
    assert tests.imports == ("import json", "from decimal import Decimal", "import pytest")
    assert [function.name for function in tests.functions] == ["test_reads_separators", "test_says_so"]
    assert "# A comment that stays." in tests.functions[0].source
    assert tests.functions[0].source.startswith("def test_reads_separators(run_script):\n")
    assert tests.functions[1].source.endswith('f"{word} is missing"')


def test_a_source_is_taken_apart_wholly():
    source = "def test_x(skill):\n    assert skill.body"
    assert read_tests(source) == Tests(imports=(), functions=(TestFunction(name="test_x", source=source),))


def body(*lines, parameters="skill"):
    return f"def test_x({parameters}):\n" + "".join(f"    {line}\n" for line in lines)


FORGED = {
    "no test": "import json\n",
    "nothing": "",
    "not python": "def test_x(skill:\n",
    "null byte": "def test_x(skill):\n    assert skill\0\n",
    "no assert": body("skill.body"),
    "constant assert": body("assert True", "len(skill.body)"),
    "never uses the skill": body("x = 1", "assert x == 1"),
    "no fixture": body("x = 1", "assert x == 1", parameters=""),
    "assert behind return": body("return", "assert skill.body"),
    "assert in a dead branch": body("if False:", "    assert skill.body"),
    "assert in an empty loop": body("for x in ():", "    assert skill.body"),
    "assert in a loop over nothing": body("for x in skill.body[:0]:", "    assert x"),
    "loop left early": body("for x in (1, 2):", "    break", "    assert skill.body"),
    "swallowed": body("try:", "    assert skill.body", "except AssertionError:", "    pass"),
    "suppressed": "import pytest\n" + body("with pytest.raises(Exception):", "    assert skill.body"),
    "skip": "import pytest\n" + body("pytest.skip()", "assert skill.body"),
    "skip by another name": "import pytest\n" + body("p = pytest", "p.skip()", "assert skill.body"),
    "skip in a list": "import pytest\n" + body("[pytest][0].skip()", "assert skill.body"),
    "skip imported": "from pytest import skip\n" + body("skip()", "assert skill.body"),
    "pytest renamed": "import pytest as json\n" + body("json.skip()", "assert skill.body"),
    "marker": "import pytest\n@pytest.mark.xfail\n" + body("assert skill.body"),
    "decorated away": "@bool\n" + body("assert skill.body"),
    "module marker": "import pytest\npytestmark = pytest.mark.skip\n" + body("assert skill.body"),
    "parametrized": "import pytest\n@pytest.mark.parametrize('x', [])\n" + body("assert skill.body"),
    "exit": "import os\n" + body("os._exit(0)", "assert skill.body"),
    "exit by a module of a module": "import statistics\n"
    + body("statistics.sys.exit(0)", "assert skill.body"),
    "exit builtin": body("exit(0)", "assert skill.body"),
    "import inside": body("import os", "assert skill.body"),
    "import builtin": body("__import__('os')._exit(0)", "assert skill.body"),
    "eval": body("eval('1')", "assert skill.body"),
    "getattr": body("getattr(skill, 'body')", "assert skill.body"),
    "private": body("skill.__class__", "assert skill.body"),
    "always equal": "class E:\n    pass\n" + body("assert skill.body"),
    "class inside": body("class E: pass", "assert skill.body"),
    "function inside": body("def f(): pass", "assert skill.body"),
    "shadowed builtin": body("all = lambda x: True", "assert all(skill.body)"),
    "shadowed fixture": body("skill = 1", "assert skill"),
    "shadowed by lambda": body("f = lambda len: True", "assert f(skill.body)"),
    "shadowed import": "import json\n" + body("json = 1", "assert skill.body"),
    "patched attribute": body("skill.body = 'x'", "assert skill.body"),
    "monkeypatch": body("assert skill.body", parameters="skill, monkeypatch"),
    "request": body("assert skill.body", parameters="skill, request"),
    "default value": body("assert skill.body", parameters="skill=1"),
    "star": body("assert skill.body", parameters="*skill"),
    "open": body("open('/x')", "assert skill.body"),
    "writes to the skill": body("(skill.path / 'x').write_text('y')", "assert skill.body"),
    "walrus": body("assert (x := skill.body)"),
    "yield": body("yield", "assert skill.body"),
    "while": body("while True:", "    pass", "assert skill.body"),
    "global": body("global x", "assert skill.body"),
    "del": body("del skill", "assert True"),
    "async": "async " + body("assert skill.body"),
    "runs at import": "print('hello')\n" + body("assert skill.body"),
    "same name twice": body("assert skill.body") * 2,
    "too many": "".join(body("assert skill.body").replace("test_x", f"test_{n}") for n in range(9)),
    "odd name": body("assert skill.body").replace("test_x", "test_X"),
    "no test name": body("assert skill.body").replace("test_x", "check"),
    "unknown module": "import socket\n" + body("assert skill.body"),
    "everything of a module": "from json import *\n" + body("assert skill.body"),
    "relative import": "from . import json\n" + body("assert skill.body"),
    "undefined name": body("assert skill.body == thing"),
    "hidden character": body("assert 'a\u202eb' in skill.body"),
    "too long": body("assert skill.body") + "#" * 20_000,
}


@pytest.mark.parametrize("source", FORGED.values(), ids=FORGED.keys())
def test_a_test_that_could_pass_without_testing_is_refused(source):
    assert refusal(source) is not None


def test_a_refusal_tells_its_author_what_to_mend():
    assert refusal(FORGED["skip"]) == "test_x: line 3: of pytest only approx may be used"
    assert refusal(FORGED["no assert"]) == "test_x: it has no assert about the skill that is always reached"
