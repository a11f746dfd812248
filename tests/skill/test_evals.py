"""Evaluations of other tools: both words for a check are read, and what is not understood stays."""

import json
from dataclasses import replace

import pytest

from memento.errors import SkillError
from memento.skill.evals import Eval, read_evals, write_evals

ONE = Eval(id="1", prompt="Total a.csv", expected_output="42", files=("a.csv",), checks=("It says 42",))


def document(key: str) -> bytes:
    item = {
        "id": 1,
        "prompt": "Total a.csv",
        "expected_output": "42",
        "files": ["a.csv"],
        key: ["It says 42"],
    }
    return json.dumps({"skill_name": "x", "note": "kept", "evals": [{**item, "odd": [1]}]}).encode()


@pytest.mark.parametrize("key", ["assertions", "expectations"])
def test_both_words_for_a_check_are_read_and_the_one_in_use_is_written(key):
    data = document(key)
    assert read_evals(data) == (ONE,)
    two = Eval(id="2", prompt="Another", checks=("It ends",))
    written = json.loads(write_evals([replace(ONE, expected_output="43"), two], skill="x", source=data))
    assert written == {
        "skill_name": "x",
        "note": "kept",
        "evals": [
            {
                "id": 1,
                "prompt": "Total a.csv",
                "expected_output": "43",
                "files": ["a.csv"],
                "odd": [1],
                key: ["It says 42"],
            },
            {"id": 2, "prompt": "Another", "expected_output": "", "files": [], key: ["It ends"]},
        ],
    }


def test_a_file_that_says_it_already_keeps_every_byte():
    data = document("expectations").replace(b", ", b" ,\t")
    assert write_evals(read_evals(data), skill="x", source=data) == data


def test_a_new_file_is_read_back_as_it_was_given():
    for key in ("assertions", "expectations"):
        data = write_evals([ONE], skill="x", key=key)
        assert read_evals(data) == (ONE,)
        assert list(json.loads(data)) == ["skill_name", "evals"]
        assert key in json.loads(data)["evals"][0]


def test_loose_forms_are_read():
    loose = [{"prompt": "p", "assertions": [{"text": "a", "type": "x"}, "b", 3], "expectations": ["b", "c"]}]
    assert read_evals(b"\xef\xbb\xbf" + json.dumps(loose).encode()) == (
        Eval(id="1", prompt="p", checks=("a", "b", "c")),
    )


@pytest.mark.parametrize(
    "data", [b"", b"{", b"3", b'{"evals": {}}', b'[{"id": 1}]', b"[1]", b"\xff", b"[" * 99999]
)
def test_what_cannot_be_read_is_an_answer_with_the_fix(data):
    with pytest.raises(SkillError, match=r"evals/evals.json"):
        read_evals(data)


def test_ids_are_unique_and_prompts_are_there():
    for wrong in ([ONE, ONE], [Eval(id="1", prompt=" ")]):
        with pytest.raises(SkillError, match="id of its own"):
            write_evals(wrong, skill="x")
    with pytest.raises(SkillError, match="assertions or expectations"):
        write_evals([ONE], skill="x", key="checks")
