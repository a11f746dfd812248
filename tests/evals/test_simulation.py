"""The reference world: closed forms, channels, and what must hold of any sound acceptance rule."""

from dataclasses import replace
from math import prod
from random import Random

import pytest

from memento.evals.simulation.arms import Against, RuleExams, Sequential, always, passes_once
from memento.evals.simulation.reference import compared
from memento.evals.simulation.study import ARMS, SEEDS, Arm, live, study, summary
from memento.evals.simulation.world import (
    BASE,
    CHANNEL,
    GAIN,
    IMPERFECT,
    KINDS,
    PERFECT,
    ROUGH,
    RULES,
    STAGES,
    Rule,
    Run,
    Weather,
    World,
)


def world(seed=0, judge=PERFECT):
    return World(rng=Random(seed), judge=judge)


def perfect_text(here, kind):
    return frozenset(Rule(s, name, 1) for s in range(len(STAGES)) for name in here.needs[kind][s])


def test_an_empty_skill_succeeds_as_often_as_the_bases_say():
    here = world()
    assert here.success((frozenset(),) * KINDS) == pytest.approx(BASE[0] * BASE[1] * BASE[2])


def test_each_kind_needs_half_of_the_rules_of_a_stage_on_average_and_always_the_first():
    needs = [stage for seed in range(20) for kind in world(seed).needs for stage in kind]
    assert all(0 in stage for stage in needs)
    assert sum(map(len, needs)) / len(needs) == pytest.approx(1 + (RULES - 1) / 2, abs=0.15)


def test_quality_is_the_product_of_the_stages_of_the_stated_formula():
    here = world()
    text = perfect_text(here, 0) | {Rule(1, 99, -1)}
    stages = [base + (1 - base) * 0.97 for base in BASE]
    assert here.quality(0, text) == pytest.approx(stages[0] * (stages[1] - 0.25) * stages[2])


def test_runs_succeed_as_often_as_the_closed_form_says():
    here = world()
    text = perfect_text(here, 0)
    share = sum(here.execute(0, text).success for _ in range(4000)) / 4000
    assert share == pytest.approx(here.quality(0, text), abs=0.02)
    assert here.executions == 4000


def test_the_first_failing_stage_is_the_fault_and_is_seen_through_the_channel():
    here = world()
    seen = [0, 0, 0]
    for _ in range(4000):
        seen[here.symptom(Run(fault=2))] += 1
    assert [n / 4000 for n in seen] == pytest.approx(CHANNEL[2], abs=0.03)


def test_the_judge_is_as_sensitive_and_specific_as_stated():
    here = world(judge=IMPERFECT)
    alarms = sum(not here.verdict(Run(fault=1)) for _ in range(4000)) / 4000
    passes = sum(here.verdict(Run(fault=None)) for _ in range(4000)) / 4000
    assert (alarms, passes) == (pytest.approx(0.90, abs=0.02), pytest.approx(0.85, abs=0.02))


def test_trying_a_rule_costs_an_execution_and_shows_whether_it_helps():
    here = world()
    good, bad = Rule(0, 0, 1), Rule(0, 99, -1)
    helped = sum(here.try_rule(good, frozenset({good})) for _ in range(2000)) / 2000
    absent = sum(here.try_rule(good, frozenset()) for _ in range(2000)) / 2000
    harmed = sum(here.try_rule(bad, frozenset({bad})) for _ in range(2000)) / 2000
    assert helped == pytest.approx(BASE[0] + (1 - BASE[0]) * 0.97, abs=0.02)
    assert absent == pytest.approx(BASE[0], abs=0.04)
    assert harmed == pytest.approx(BASE[0] - 0.25, abs=0.04)
    assert here.executions == 6000


@pytest.mark.parametrize(("chance", "accepted"), [(0.98, 1.0), (0.35, 0.0), (0.60, 0.0)])
def test_the_sequential_test_tells_working_rules_from_failing_ones(chance, accepted):
    rng = Random(5)
    share = sum(Sequential()(lambda: rng.random() < chance) for _ in range(1000)) / 1000
    assert share == pytest.approx(accepted, abs=0.1)


def test_an_edit_that_adds_harm_or_drops_a_tested_rule_is_refused():
    here = world(1)
    gate = RuleExams()
    run = Run(fault=0)
    one = frozenset({Rule(0, name, 1) for name in list(here.needs[0][0])[:1]})
    assert gate(here, 0, frozenset(), one, run)
    harmed = sum(gate(here, 0, one, one | {Rule(1, 50 + n, -1)}, run) for n in range(200))
    new = Rule(0, max(here.needs[0][0]), 1)
    dropped = sum(gate(here, 0, one, frozenset({new}), run) for _ in range(50))
    assert harmed <= 10
    assert dropped <= 5, "one in twenty may slip through: that is what alpha says"


def test_the_same_seed_is_the_same_life():
    arm = Arm(accept=RuleExams)
    assert live(arm, 4, tasks=300) == live(arm, 4, tasks=300)


def test_with_a_gate_a_useless_rewriter_does_no_lasting_harm():
    lives = [live(Arm(accept=RuleExams, rewriter="useless"), seed, tasks=1500) for seed in range(4)]
    assert summary(lives).final_success == pytest.approx(0.165, abs=0.01)


def test_a_perfect_rewriter_reaches_the_ceiling():
    ceiling = prod(base + (1 - base) * GAIN for base in BASE)
    lives = [live(Arm(accept=RuleExams, rewriter="perfect"), seed, judge=PERFECT) for seed in range(3)]
    assert summary(lives).final_success == pytest.approx(ceiling, abs=0.01)
    assert {life.harmful_share for life in lives} == {0.0}


def test_an_identical_proposal_is_never_accepted():
    lives = [live(Arm(accept=RuleExams, rewriter="identical"), seed, tasks=1000) for seed in range(3)]
    assert sum(life.landed for life in lives) == 0


def test_an_arm_without_edits_stays_where_it_began():
    assert live(ARMS["frozen skills"], 0, tasks=200).curve == pytest.approx((0.165, 0.165))


def test_rule_exams_beat_whole_task_rules_on_every_count():
    arms = {name: ARMS[name] for name in ("memento", "better on 10", "no gate")}
    got = dict(study(arms, range(4)))
    ours, ten = got["memento"], got["better on 10"]
    assert ours.final_success >= 0.93
    assert ours.harmful_share <= 0.05
    assert ours.false_accept <= 0.05
    assert ours.executions <= 8000
    assert ours.final_success > ten.final_success > got["no gate"].final_success
    assert ours.executions < ten.executions


def test_the_controls_come_near_the_table_that_the_world_came_with():
    arms = {name: ARMS[name] for name in ("no gate", "better on 10")}
    got = dict(study(arms, range(SEEDS), judge=PERFECT))
    found = list(compared(got))
    assert len(found) == 10
    assert [(c.arm, c.figure, c.ours) for c in found if c.off] == []
    other = replace(got["no gate"], harmful_share=0.41, executions=3500, final_success=0.03)
    off = [c.figure for c in compared({"no gate": other}) if c.off]
    assert off == ["true success", "harmful", "executions"], "another reading of the world is seen"


def test_the_whole_task_controls_are_what_they_say():
    here = world(judge=PERFECT)
    assert always(here, 0, frozenset(), frozenset(), Run(fault=0))
    assert here.executions == 0
    Against(n=10, ties=False)(here, 0, frozenset(), frozenset(), Run(fault=0))
    assert here.executions == 20


# ---------------------------------------------------------------- the rough world


def test_an_outage_fails_whatever_the_skill_says_and_teaches_nobody_who_sees_it():
    dark = Weather(outage=1.0, seen=1.0)
    here = World(rng=Random(0), weather=dark)
    assert here.execute(0, perfect_text(here, 0)) == Run(fault=1, outage=True, seen=True)
    ours = live(ARMS["memento"], 0, tasks=50, weather=dark)
    theirs = live(ARMS["no gate"], 0, tasks=50, weather=dark)
    assert (ours.executions, ours.landed) == (50, 0)
    assert theirs.landed > 30


def test_drift_makes_an_old_rule_useless_and_a_new_one_needed():
    here = World(rng=Random(0), weather=Weather(drift=1.0))
    before, texts = here.needs, tuple(perfect_text(here, kind) for kind in range(KINDS))
    best = here.success(texts)
    for _ in range(20):
        here.draw()
    sizes = [[len(stage) for stage in kind] for kind in before]
    assert [[len(stage) for stage in kind] for kind in here.needs] == sizes
    assert all(0 in stage for kind in here.needs for stage in kind)
    assert here.success(texts) < best - 0.1


def test_a_pasted_answer_passes_its_own_task_and_no_rule_exam():
    here = World(rng=Random(0), judge=PERFECT, weather=Weather(pastes=1.0))
    parent: frozenset[Rule] = frozenset()
    pasted = here.rewrite(0, parent, 1)
    assert all(passes_once(here, 0, parent, pasted, Run(fault=1)) for _ in range(20))
    again = [here.again(0, pasted, pasted).success for _ in range(100)]
    assert 0 < sum(again) < 50, "it is the answer of one task"
    assert sum(RuleExams()(here, 0, parent, pasted, Run(fault=1)) for _ in range(50)) <= 4


def test_in_the_rough_world_too_rule_exams_learn_without_harm():
    arms = {name: ARMS[name] for name in ("memento", "passes once")}
    got = dict(study(arms, range(3), weather=ROUGH))
    ours = got["memento"]
    assert (ours.final_success >= 0.9, ours.harmful_share <= 0.05, ours.false_accept <= 0.05) == (True,) * 3
    assert got["passes once"].final_success < ours.final_success - 0.1
    assert ours.judge_sensitivity == pytest.approx(0.90, abs=0.02)
    assert ours.judge_specificity == pytest.approx(0.85, abs=0.02)
    assert ours.attribution_accuracy == pytest.approx(0.75, abs=0.05)
    assert ours.regressions == pytest.approx(ours.harmful_share * ours.landed, abs=1)
