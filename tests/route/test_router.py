"""The route: found by words, refused when nothing fits, never steered by query syntax, never starving."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from memento.errors import ModelError
from memento.protocols import Observation
from memento.route import Candidate, TantivyRouter
from memento.route.index import FUSED_HEAD_BOOST, Wording, build
from memento.route.past import Recalled
from memento.route.router import THRESHOLD
from memento.route.weights import BM25_UNIT, sure_features
from memento.types import Route, Skill, Task, Utility

NOTHING = Route(skill=None, confidence=0.0)


# ---------------------------------------------------------------- adversarial


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "😀🎉",
        "?!.,;",
        "the of and to",
        "\0\x1b[31m",
        "\udc80\udcff",
        '"',
        "+",
        "-",
        "((((",
        "a:",
    ],
)
def test_a_request_without_content_words_fits_no_skill(workshop, text):
    assert TantivyRouter().route(text, workshop) == NOTHING


@pytest.mark.parametrize(
    "text",
    [
        "+bake -sourdough loaves",
        'bake "sourdough loaves',
        "bake AND NOT sourdough OR loaves",
        "head:bake full:sourdough (loaves",
        "bake^9 sourdough~2 [loaves TO *]",
        "bake\\ sourdough * {loaves}",
    ],
)
def test_query_syntax_in_a_request_means_nothing(workshop, text):
    plain = TantivyRouter().route("bake sourdough loaves", workshop)
    assert plain.skill == "bread-baking"
    assert TantivyRouter().route(text, workshop).ranked[0] == plain.ranked[0]


def test_a_star_does_not_match_everything(workshop):
    assert TantivyRouter().route("* *:*", workshop) == NOTHING


def test_a_request_of_100_kb_is_routed_by_what_it_says_at_either_end(workshop):
    noise = " ".join(f"filler{n}" for n in range(12_000))
    for text in (f"Bake sourdough loaves. {noise}", f"{noise} Bake sourdough loaves."):
        assert len(text) > 100_000
        assert TantivyRouter().route(text, workshop).ranked[0][0] == "bread-baking"


def test_a_request_of_100_kb_of_prose_is_answered_within_a_second(workshop):
    text = "sourdough loaves and other bread to bake " * 2_500
    assert TantivyRouter().route(text, workshop).skill == "bread-baking"


@pytest.mark.parametrize(
    ("text", "skill"),
    [("请翻译这封信件", "translation"), ("UBERSETZE die BRIEFE", "translation"), ("مرحبا بالعالم", None)],
)
def test_other_scripts_are_matched_by_their_characters(workshop, text, skill):
    assert TantivyRouter().route(text, workshop).skill == skill


# ---------------------------------------------------------------- the decision


def test_an_empty_library_fits_nothing(make_library):
    assert TantivyRouter().route("bake bread", make_library()) == NOTHING


def test_a_skill_is_found_by_the_parts_of_its_name(make_library):
    library = make_library(("tide-tables", "Harbours.", ""), ("chess_openings", "Games.", ""))
    router = TantivyRouter()
    assert router.route("tables of the tide", library).skill == "tide-tables"
    assert router.route("an opening in chess", library).skill == "chess_openings"


def test_a_skill_is_found_by_other_forms_of_its_words(workshop):
    assert TantivyRouter().route("predicting the tides of harbours", workshop).skill == "tide-tables"


def test_a_word_of_the_body_finds_a_skill_and_the_same_word_in_a_description_finds_it_first(make_library):
    library = make_library(
        ("one", "Bake loaves of bread.", "Mind the thermometer."),
        ("two", "Check a thermometer.", "Mind the oven."),
        ("three", "Play chess.", "Think."),
    )
    ranked = [name for name, _ in TantivyRouter().route("thermometer", library).ranked]
    assert ranked == ["two", "one"]


def test_a_request_that_shares_little_with_any_skill_fits_none_but_is_ranked(workshop):
    route = TantivyRouter().route(
        "Compute the interest on a loan whose rate is fixed at the opening", workshop
    )
    assert (route.skill, [name for name, _ in route.ranked]) == (None, ["chess-openings"])
    assert 0 < route.confidence < 0.38


def test_the_threshold_is_inclusive_and_handed_in(workshop):
    text = "bake something"
    sure = TantivyRouter().route(text, workshop).confidence
    assert TantivyRouter(threshold=sure).route(text, workshop).skill == "bread-baking"
    assert TantivyRouter(threshold=np.nextafter(sure, 1)).route(text, workshop).skill is None


def test_ten_candidates_are_ranked_best_first_and_ties_by_name(make_library):
    skills = [(f"skill-{n:02}", "Bake bread.", "") for n in range(15)]
    route = TantivyRouter().route("bake bread", make_library(*reversed(skills)))
    assert [name for name, _ in route.ranked] == [f"skill-{n:02}" for n in range(10)]
    assert len({score for _, score in route.ranked}) == 1


def test_the_route_of_a_task_is_the_route_of_its_text(workshop):
    observed = Observation(task=Task(id="t", text="bake loaves"), tips="chess opening", library=workshop)
    router = TantivyRouter()
    assert router(observed) == router.route("bake loaves", workshop)


def test_confidence_hardly_depends_on_how_many_strange_skills_stand_beside(make_library, workshop):
    strangers = [(f"stranger-{n}", f"About topic{n} and matter{n}.", f"Text{n}.") for n in range(400)]
    crowd = make_library(
        *((s.name, s.description, s.body) for s in workshop.held.values()), *strangers, commit="c2"
    )
    alone, crowded = (TantivyRouter().route("bake sourdough loaves", lib) for lib in (workshop, crowd))
    assert (alone.skill, crowded.skill) == ("bread-baking", "bread-baking")
    assert crowded.ranked[0][1] > 3 * alone.ranked[0][1]
    assert abs(crowded.confidence - alone.confidence) < 0.1


# ---------------------------------------------------------------- utility


def record(**known: Utility):
    return lambda skill: known.get(skill.name.replace("-", "_"), Utility())


def test_utility_decides_between_near_equals(make_library):
    library = make_library(("aa", "Bake bread.", ""), ("bb", "Bake bread.", ""))
    failing = record(aa=Utility(successes=2, failures=8))
    solving = record(bb=Utility(successes=9, failures=1))
    for utility in (failing, solving):
        assert TantivyRouter(utility=utility).route("bake bread", library).skill == "bb"


def test_a_record_neither_starves_a_new_skill_nor_hides_a_failing_one(workshop):
    worst = record(bread_baking=Utility(failures=1000), chess_openings=Utility(successes=1000))
    route = TantivyRouter(utility=worst).route("bake loaves, no opening", workshop)
    plain = TantivyRouter().route("bake loaves, no opening", workshop)
    assert (
        (route.skill, route.confidence)
        == (plain.skill, plain.confidence)
        == ("bread-baking", plain.confidence)
    )


def test_no_record_costs_nothing(make_library):
    library = make_library(("aa", "Bake bread.", ""), ("bb", "Bake bread.", ""))
    half = record(aa=Utility(successes=50, failures=50))
    scores = dict(TantivyRouter(utility=half).route("bake bread", library).ranked)
    assert scores["aa"] == scores["bb"]


# ---------------------------------------------------------------- explain


def test_the_explanation_holds_the_route_and_what_spoke_for_each_candidate(workshop):
    router = TantivyRouter(utility=record(bread_baking=Utility(successes=4)))
    explained = router.explain("Please bake 2 rye loaves", workshop)
    (candidate,) = explained.candidates
    assert explained.route == router.route("Please bake 2 rye loaves", workshop)
    assert (explained.terms, explained.threshold) == (("bake", "rye", "loav"), 0.38)
    assert candidate == Candidate(
        skill="bread-baking",
        score=pytest.approx(candidate.bm25 * 1.025),
        bm25=candidate.bm25,
        cosine=None,
        utility=0.75,
        coverage=pytest.approx(0.8),
        confidence=explained.route.confidence,
        matched=("bake", "loav"),
        parts=(("bm25", candidate.bm25), ("utility", pytest.approx(candidate.bm25 * 0.025))),
    )
    assert candidate.confidence == pytest.approx((0.8 + candidate_strength(candidate.bm25, 4)) / 2)


def candidate_strength(bm25: float, size: int) -> float:
    words = bm25 / float(np.log(1 + (size - 0.5) / 1.5))
    return words / (words + 4)


# ---------------------------------------------------------------- the index follows the commit


def test_a_commit_is_indexed_once_also_by_threads(workshop):
    router = TantivyRouter()
    with ThreadPoolExecutor(8) as pool:
        routes = set(pool.map(lambda _: router.route("bake loaves", workshop), range(32)))
    assert (len(routes), workshop.listed) == (1, 1)


def test_another_commit_is_another_library(workshop, make_library):
    router = TantivyRouter()
    after = make_library(("loaves", "Bake loaves.", ""), commit="c2")
    seen = [router.route("bake loaves", library).skill for library in (workshop, after, workshop)]
    assert seen == ["bread-baking", "loaves", "bread-baking"]


def test_a_work_tree_is_read_at_every_call(make_library):
    library = make_library(("loaves", "Bake loaves.", ""), commit=None)
    router = TantivyRouter()
    before = router.route("bake loaves", library).skill
    library.held["loaves"] = Skill(name="loaves", description="Play chess.", body="")
    assert (before, router.route("bake loaves", library).ranked[0][1] > 0) == ("loaves", True)
    assert router.route("play chess", library).skill == "loaves"


def test_only_the_last_few_commits_are_kept(make_library):
    router = TantivyRouter()
    libraries = [make_library(("loaves", "Bake loaves.", ""), commit=f"c{n}") for n in range(6)]
    for n in (0, 1, 2, 3, 0, 4, 0, 1, 5):
        router.route("bake", libraries[n])
    assert [library.listed for library in libraries] == [1, 2, 1, 1, 1, 1]


def test_a_past_that_knows_nothing_like_a_request_speaks_for_no_skill():
    strange = Recalled(nearest=-0.2, share=1.0, height=-0.2, seen=2.0)
    assert sure_features(0.1, 0.0, strange, 0.0, Wording(0.0, 1.0)) == {
        "cosine": 0.1,
        "bm25": 0.0,
        "seen": 1.0,
        "nearest": -0.2,
        "height": 0.0,
        "share": 0.0,
        "count": 0.0,
        "margin": 0.0,
        "covered": 0.0,
        "unknown": 0.1,
    }


def test_words_that_no_skill_has_leave_it_to_the_meaning_and_never_speak_alone():
    two = [
        Skill(name="loaves", description="Bake loaves.", body=""),
        Skill(name="chess", description="Play.", body=""),
    ]
    wording = build(two).wording
    assert (wording(("bake",)).unknown, wording(("bake", "gluten")).unknown, wording(()).most) == (0, 0.5, 0)
    assert [sure_features(c, 0.0, None, 0.0, wording(("gluten",)))["unknown"] for c in (0.4, -0.2)] == [
        0.4,
        0,
    ]
    often = build([*two, Skill(name="rye", description=" ".join(["bake"] * 500), body="")])
    part = often.search(("bake",), limit=1, head=FUSED_HEAD_BOOST)["rye"] / often.wording(("bake",)).most
    assert 0.9 < part <= 1


# ---------------------------------------------------------------- an embedder


@dataclass
class Topics:
    """Unit vectors by topic words; `down` makes it fail like an endpoint."""

    down: bool = False
    calls: int = 0
    name: str = "topics"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        self.calls += 1
        if self.down:
            raise ModelError("connection refused", kind="connection")
        groups = (("sourdough", "pastry"), ("harbour", "sea"), ("chess", "pawn"))
        rows = [[float(any(w in text.lower() for w in group)) for group in groups] + [0.1] for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_an_embedder_finds_a_skill_that_shares_no_word(workshop):
    assert TantivyRouter().route("pastry", workshop).ranked == ()
    explained = TantivyRouter(embedder=Topics()).explain("pastry", workshop)
    best = explained.candidates[0]
    assert (best.skill, best.bm25, best.cosine, best.matched) == (
        "bread-baking",
        0.0,
        pytest.approx(0.97, abs=0.01),
        (),
    )
    assert explained.route.skill == "bread-baking"


def test_without_history_a_score_is_cosine_and_a_share_of_bm25(workshop):
    best = TantivyRouter(embedder=Topics()).explain("bake sourdough", workshop).candidates[0]
    assert best.cosine is not None
    assert best.score == pytest.approx(best.bm25 / BM25_UNIT + best.cosine)


def test_an_embedder_that_is_down_degrades_the_route_and_says_so(workshop):
    embedder = Topics(down=True)
    router = TantivyRouter(embedder=embedder)
    plain = TantivyRouter().route("bake loaves", workshop)
    route = router.route("bake loaves", workshop)
    assert route.degraded == "embedder topics is down, words alone decided: connection refused"
    assert (route.skill, route.confidence, route.ranked) == (plain.skill, plain.confidence, plain.ranked)
    explained = replace(router, threshold=0.1).explain("predict gluten futures by spice", workshop)
    assert 0.1 < explained.route.confidence < explained.threshold == THRESHOLD
    assert explained.route.skill is None
    embedder.down = False
    assert router.route("bake loaves", workshop).degraded is None


def test_of_two_that_score_alike_the_second_is_not_the_surer_one(make_library):
    library = make_library(
        ("loaves", "Bake loaves of bread.", ""), ("rolls", "Bake loaves and rolls of bread.", "")
    )
    cases = TantivyRouter(embedder=Topics()).explain("bake loaves of bread", library).candidates
    assert [c.skill for c in cases] == ["loaves", "rolls"]
    assert cases[0].confidence > cases[1].confidence


def test_the_skills_of_a_commit_are_embedded_once(workshop):
    embedder = Topics()
    router = TantivyRouter(embedder=embedder)
    for _ in range(3):
        router.route("bake loaves", workshop)
    assert embedder.calls == 2
