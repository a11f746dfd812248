"""The trace as text, and what counts as a quote of it."""

import pytest

from memento.prompts.trace import is_quoted, trace_text
from memento.types import Step, Stop, Trajectory


def step(index, output="fine", **changes):
    values = {"index": index, "thought": "", "tool": "terminal", "arguments": "{}", "output": output}
    return Step(**values | changes)


def test_a_trace_shows_calls_exit_codes_origins_and_the_answer():
    trajectory = Trajectory(
        steps=(
            step(1, thought=" look first ", arguments='{"command": "ls"}', output="a.csv\n", exit_code=0),
            step(2, tool="web_fetch", output="page", tainted=True),
        ),
        answer="42",
        stop=Stop.BUDGET,
        detail="20 of 20 steps",
    )
    assert trace_text(trajectory) == (
        '[step 1] terminal {"command": "ls"}\nthought: look first\nexit code: 0\noutput:\na.csv\n\n'
        "[step 2] web_fetch (from outside the task) {}\noutput:\npage\n\n"
        "[final answer]\n42\n\n[stopped] budget: 20 of 20 steps"
    )


def test_no_steps_and_no_answer_are_said_to_be_none():
    assert trace_text(Trajectory(steps=(), answer=None, stop=Stop.STUCK)) == "[final answer]\n(none)"


def test_a_long_output_is_cut_in_the_middle_and_says_by_how_much():
    text = trace_text(Trajectory(steps=(step(1, "a" * 5000 + "b" * 5000),), answer="x", stop=Stop.ANSWERED))
    assert "a" * 1500 + "\n[7000 characters are left out here]\n" + "b" * 1500 in text


def test_a_long_trace_keeps_its_first_and_last_steps():
    steps = tuple(step(n, f"output of {n} " + "x" * 2000) for n in range(1, 41))
    text = trace_text(Trajectory(steps=steps, answer="x", stop=Stop.ANSWERED), most=20_000)
    assert len(text) < 20_200
    assert "[step 1]" in text
    assert "[step 40]" in text
    assert "[step 20]" not in text
    shown = text.count("[step ")
    assert f"[{40 - shown} steps are left out here]" in text


def test_a_trace_that_fits_is_whole():
    steps = tuple(step(n) for n in range(1, 41))
    text = trace_text(Trajectory(steps=steps, answer="x", stop=Stop.ANSWERED))
    assert [f"[step {n}]" in text for n in range(1, 41)] == [True] * 40


@pytest.mark.parametrize(
    ("quote", "is_one"),
    [
        ("could not convert", True),
        ("could  not\n convert ", True),
        ("Could not convert", False),
        ("could not be converted", False),
        ("could", False),
        ("", False),
        (" \n ", False),
        ("42", True),
        (" 42\n", True),
        ("4", False),
    ],
)
def test_a_quote_stands_in_the_trace_word_for_word_or_is_the_whole_answer(quote, is_one):
    assert is_quoted(quote, "ValueError: could not\nconvert 42 of 4", answer="42") is is_one


def test_without_an_answer_nothing_short_is_a_quote():
    assert not is_quoted("", "some trace", answer=None)
    assert not is_quoted("", "some trace", answer="")
    assert not is_quoted("some", "some trace", answer=None)
