"""What a report says: shares with intervals, unscored apart, paired tests, costs, words and figures."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from memento.evals.arms import Arm
from memento.evals.guard import Leak
from memento.evals.interchange import ctrf, junit
from memento.evals.plots import figures
from memento.evals.plots_style import DARK, LIGHT, rendered
from memento.evals.report import (
    Growth,
    Learning,
    Report,
    Worth,
    compare,
    report_of_arm,
    score,
    wall,
)
from memento.evals.statistics import Share, holm, mcnemar
from memento.evals.words import markdown
from memento.testing.snapshots import MemorySnapshot
from memento.types import Result, Stop, Usage
from tests.evals.conftest import ARM, attempt, identity, record

PASSED, FAILED, UNJUDGED = Result.PASSED, Result.FAILED, Result.UNJUDGED


def records(*results, **more):
    return [record(f"t{n}", attempt(result), **more) for n, result in enumerate(results)]


# ---------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("solved", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_intervals_are_wilsons(solved, n, low, high):
    bounds = Share(solved=solved, n=n).bounds
    assert (bounds.low, bounds.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (8, 1, 0.0390625), (3, 3, 1.0), (0, 10, 2 / 1024)],
)
def test_mcnemars_test_is_exact_and_two_sided(one, other, p):
    assert mcnemar(one, other) == pytest.approx(p) == mcnemar(other, one)


def test_holms_correction_steps_down_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


# ---------------------------------------------------------------- the fold


def test_unscored_tasks_are_neither_right_nor_wrong_and_are_counted_beside_the_share():
    found = score("all", records(PASSED, PASSED, FAILED, UNJUDGED), lambda r: r.first)
    assert (found.tasks, found.solved, found.unscored) == (4, 2, 1)
    assert found.share == pytest.approx(2 / 3)
    assert (found.at_least, found.at_most) == (0.5, 0.75)


def test_the_headline_is_the_first_attempt_and_what_retries_add_stands_apart():
    tasks = [
        record("t0", attempt(FAILED), attempt(PASSED)),
        record("t1", attempt(FAILED), attempt(FAILED)),
        record("t2"),
    ]
    report = report_of_arm(ARM, tasks, landings=2)
    assert (report.first.solved, report.after_retry.solved) == (1, 2)
    assert report_of_arm(ARM, records(PASSED, FAILED), landings=2).after_retry is None


def test_costs_are_those_of_every_attempt_over_the_solved_tasks_and_an_unknown_price_stays_unknown():
    tasks = [record("t0", attempt(FAILED), attempt(PASSED)), record("t1", grading=Usage(calls=3, usd=1.0))]
    cost = report_of_arm(ARM, tasks, landings=None).cost
    assert (cost.calls, cost.tokens, cost.tokens_per_solved, cost.usd_per_solved) == (3, 300, 150.0, 0.75)
    assert cost.grading == Usage(calls=3, usd=1.0)
    unknown = [record("t0", attempt(usage=Usage(calls=1, usd=None)))]
    assert report_of_arm(ARM, unknown, landings=None).cost.usd_per_solved is None
    assert report_of_arm(ARM, records(FAILED), landings=None).cost.tokens_per_solved is None


def test_causes_tell_a_wrong_answer_from_a_spent_budget_and_from_no_score():
    tasks = [
        record("t0", attempt(FAILED)),
        record("t1", attempt(FAILED, skill=None)),
        record("t2", attempt(FAILED, stop=Stop.BUDGET)),
        record("t3", attempt(FAILED, stop=Stop.STUCK)),
        record("t4", attempt(FAILED, stop=Stop.MODEL_ERROR)),
        record("t5", attempt(UNJUDGED)),
        record("t6"),
    ]
    assert report_of_arm(ARM, tasks, landings=None).causes == {
        "wrong with a skill": 1, "wrong without a skill": 1, "budget spent": 1, "went in circles": 1,
        "refused or too long": 1, "unscored": 1,
    }  # fmt: skip


def test_groups_are_shown_when_there_are_several():
    two = [*records(PASSED, FAILED, level="1"), *records(PASSED, level="2")]
    assert [(s.name, s.solved, s.tasks) for s in report_of_arm(ARM, two, landings=None).levels] == [
        ("1", 1, 2), ("2", 1, 1),
    ]  # fmt: skip
    assert report_of_arm(ARM, records(PASSED, level="1"), landings=None).levels == ()


def test_arms_are_compared_on_the_tasks_that_both_have_a_score_for():
    one = {r.task: r for r in records(PASSED, PASSED, PASSED, FAILED, UNJUDGED, PASSED)}
    other = {r.task: r for r in records(PASSED, FAILED, FAILED, PASSED, PASSED)}
    (found,) = compare({"library": one, "no skills": other})
    assert (found.tasks, found.only_one, found.only_other) == (4, 2, 1)
    assert (found.difference, found.p, found.p_corrected) == (0.25, 1.0, 1.0)
    assert compare({"no skills": other}) == ()


def test_wall_time_counts_overlapping_tasks_once_and_pauses_not_at_all():
    spans = [(0.0, 10.0), (5.0, 10.0), (6.0, 1.0), (100.0, 1.0)]
    assert wall([record(f"t{n}", started=s, seconds=d) for n, (s, d) in enumerate(spans)]) == 16.0


# ---------------------------------------------------------------- words, figures, formats


def report(*, simulated=False, **more) -> Report:
    own = [*records(PASSED, PASSED, FAILED, level="1"), record("t3", attempt(UNJUDGED), level="2")]
    none = records(FAILED, PASSED, FAILED, level="1", library="no skills")
    control = Arm(name="no skills", label="no skills", snapshot=MemorySnapshot())
    early = Arm(name="after 0 landings", label="b" * 40, snapshot=MemorySnapshot())
    values = {
        "simulated": simulated,
        "identity": identity(simulated=simulated, model="SIMULATED (seed 0)" if simulated else "m"),
        "folder": "/runs/1",
        "arms": (
            report_of_arm(ARM, own, landings=2),
            report_of_arm(early, records(FAILED, PASSED, level="1"), landings=0),
            report_of_arm(control, none, landings=None),
        ),
        "comparisons": compare({"library": {r.task: r for r in own}, "no skills": {r.task: r for r in none}}),
        "leaks": (Leak(task="t1", skill="sums", what="text"), Leak(task="t2", skill="sums", what="answer")),
        "left_out": {"read-write": "there is nothing to train it on."},
        "growth": tuple(Growth(commit=str(n), when=float(n), landings=n, skills=5 + n) for n in range(3)),
        "worth": (Worth(skill="sums", successes=3, failures=1, utility=0.75, low=0.3, high=0.95),),
        "learning": Learning(episodes=4, landed=2, usage=Usage(calls=4, input_tokens=1000, usd=None),
                             usd_per_landed=None, tokens_per_landed=500, faults={"tool": 3}),
        "unfinished": 1,
        "wall_s": 12.0,
    }  # fmt: skip
    return Report(**{**values, **more})


def test_the_words_say_shares_intervals_controls_contamination_and_what_is_missing():
    text = markdown(report())
    assert "| library | 0 | 2 of 3 | 66.7% | [20.8%, 93.9%] | 1 | - | 200 | 1.0000 |" in text
    assert "| library against no skills | 3 | +33.3% | 1 | 0 | 1.0000 | 1.0000 |" in text
    assert "CONTAMINATION: the text of t1 stands in sums." in text
    assert "CONTAMINATION: the answer to t2 stands in sums." in text
    assert "- read-write was not run: there is nothing to train it on." in text
    assert "- Attempts without a result yet: 1." in text
    assert "2 changes landed; attempts cost 500 tokens (price unknown) per landed change." in text
    assert "SIMULATED" not in text


def test_simulated_results_are_stamped_in_every_format():
    simulated = report(simulated=True)
    assert "**SIMULATED**" in markdown(simulated)
    assert junit(simulated.identity, []).splitlines()[1].startswith('<testsuites name="SIMULATED ')
    assert json.loads(ctrf(simulated.identity, [], version="1"))["results"]["environment"]["extra"] == {
        "simulated": True
    }
    for _, figure in figures(simulated, LIGHT):
        assert "SIMULATED: says nothing about any real model" in figure._suptitle.get_text()


def test_a_name_with_a_bar_or_a_line_break_breaks_no_table():
    hostile = replace(report(), left_out={}, arms=(replace(report().arms[0], name="a|b\nc"),))
    assert "| a\\|b c | 0 | 2 of 3 |" in markdown(hostile)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_each_figure_is_a_png_and_an_svg_with_its_text_in_it_and_the_same_every_time(look):
    made = dict(figures(report(), look))
    assert list(made) == ["curve", "levels", "growth", "utility", "causes"]
    again = dict(figures(report(), look))
    for name, figure in made.items():
        png, svg = rendered(figure, "png"), rendered(figure, "svg")
        assert png.startswith(b"\x89PNG")
        assert (png, svg) == (rendered(again[name], "png"), rendered(again[name], "svg"))
        assert look.paper.encode() in svg
        ElementTree.fromstring(svg)
    words = {name: rendered(figure, "svg").decode() for name, figure in made.items()}
    assert "no skills" in words["curve"]
    assert "landed changes" in words["curve"]
    assert "sums  (4)" in words["utility"]
    assert "what attribution blamed while learning" in words["causes"]


def test_a_figure_without_anything_to_show_is_not_made():
    empty = report(growth=(), worth=(), arms=(), learning=replace(report().learning, faults={}))
    assert dict(figures(empty, LIGHT)) == {}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_ink_is_readable_and_no_two_series_look_alike(look):
    def contrast(a, b):
        one, other = sorted((luminance(a), luminance(b)), reverse=True)
        return (one + 0.05) / (other + 0.05)

    assert contrast(look.ink, look.paper) >= 7
    assert all(contrast(colour, look.paper) >= 2 for colour in look.colours)
    styles = list(zip(look.colours, look.lines, look.hatches, strict=True))
    assert len(set(look.colours)) == len(set(look.hatches)) == len(styles)


def test_junit_counts_and_names_what_was_not_solved():
    hostile = record("t\x00<1>", attempt(FAILED), subject="a&b")
    suites = ElementTree.fromstring(
        junit(identity(), [record("t0"), hostile, record("t2", attempt(UNJUDGED))])
    )
    suite = suites[0]
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": ARM.label, "tests": "3", "failures": "1", "errors": "1", "skipped": "0",
    }  # fmt: skip
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("t0", []), ("t?<1>", ["failure"]), ("t2", ["error"]),
    ]  # fmt: skip


def test_ctrf_has_what_its_schema_wants():
    document = json.loads(
        ctrf(identity(), [record("t0"), record("t1", attempt(FAILED), attempt())], version="1.2")
    )
    assert document["reportFormat"] == "CTRF"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["specVersion"])
    results = document["results"]
    assert results["tool"] == {"name": "memento", "version": "1.2"}
    assert results["summary"] == {
        "tests": 2, "passed": 1, "failed": 1, "pending": 0, "skipped": 0, "other": 0,
        "start": 100000, "stop": 101000,
    }  # fmt: skip
    assert results["tests"][1] == {
        "name": "t1", "status": "failed", "duration": 1000, "suite": [ARM.label], "retries": 1,
        "message": "wrong with a skill",
    }  # fmt: skip
