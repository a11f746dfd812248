"""Near ties: named, chosen among by a model or by chance, and by nobody where it is to be repeatable."""

from collections import Counter
from random import Random

import pytest

from memento.errors import ModelError
from memento.protocols import Observation
from memento.route import TantivyRouter
from memento.route.births import Births, names_it
from memento.route.past import Past
from memento.route.rerank import LLMReranker
from memento.testing.scripted import ScriptedModel
from memento.types import Skill, Task, Utility


@pytest.fixture
def twins(make_library):
    return make_library(
        ("aa", "Bake bread.", ""), ("bb", "Bake bread.", ""), ("cc", "Play chess with a clock.", "")
    )


def observed(library, text="bake bread"):
    return Observation(task=Task(id="t", text=text), tips="", library=library)


def record(**known: Utility):
    return lambda skill: known.get(skill.name, Utility())


# ---------------------------------------------------------------- near ties


def test_skills_that_score_alike_are_named_and_one_that_stands_alone_is_not(twins):
    router = TantivyRouter()
    assert router.route("bake bread", twins).near == ("aa", "bb")
    assert router.route("play chess", twins).near == ()
    assert router.route("zzz", twins).near == ()


def test_at_most_four_are_named(make_library):
    library = make_library(*((f"s{n}", "Bake bread.", "") for n in range(9)))
    assert TantivyRouter().route("bake bread", library).near == ("s0", "s1", "s2", "s3")


# ---------------------------------------------------------------- chance


def test_without_chance_the_same_request_gets_the_same_skill(twins):
    router = TantivyRouter()
    assert {router(observed(twins)).skill for _ in range(20)} == {"aa"}


def test_with_chance_skills_that_score_alike_all_get_turns_and_the_better_record_most(twins):
    known = record(aa=Utility(successes=2, failures=8), bb=Utility(successes=8, failures=2))
    tied = TantivyRouter(chance=Random(3).random)
    # A tenth of the score is utility: with such records the two are no longer tied by score alone.
    told = TantivyRouter(chance=Random(3).random, utility=known)
    plain = Counter(tied(observed(twins)).skill for _ in range(200))
    learned = Counter(told(observed(twins)).skill for _ in range(200))
    assert set(plain) == {"aa", "bb"}
    assert 70 < plain["aa"] < 130
    assert learned["bb"] > 180


def test_a_draw_is_the_same_for_the_same_chance_and_changes_neither_ranking_nor_confidence(twins):
    plain = TantivyRouter().route("bake bread", twins)
    drawn = [TantivyRouter(chance=lambda: 0.7)(observed(twins)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert (drawn[0].ranked, drawn[0].confidence) == (plain.ranked, plain.confidence)


def test_a_skill_that_stands_alone_is_never_drawn_against(twins):
    router = TantivyRouter(chance=Random(1).random)
    assert {router(observed(twins, "play chess")).skill for _ in range(30)} == {"cc"}


def test_what_fits_nothing_is_not_drawn(twins):
    router = TantivyRouter(chance=Random(1).random, threshold=1.0)
    assert {router(observed(twins)).skill for _ in range(10)} == {None}


def test_asking_about_a_route_never_draws(twins):
    router = TantivyRouter(chance=Random(1).random)
    assert {router.route("bake bread", twins).skill for _ in range(30)} == {"aa"}


# ---------------------------------------------------------------- a model


def test_a_model_is_shown_the_near_ties_and_its_choice_is_the_route(twins):
    model = ScriptedModel(['{"skill": "bb"}'])
    route = TantivyRouter(reranker=LLMReranker(model=model))(observed(twins))
    (request,) = model.requests
    assert (route.skill, route.degraded) == ("bb", None)
    assert request.purpose == "route"
    assert "aa: Bake bread.\nbb: Bake bread." in request.messages[1].content
    assert "cc" not in request.messages[1].content


def test_a_model_may_say_that_none_fits(twins):
    route = TantivyRouter(reranker=LLMReranker(model=ScriptedModel(['{"skill": null}'])))(observed(twins))
    assert (route.skill, route.degraded) == (None, None)


def test_a_model_is_not_asked_where_one_skill_stands_alone(twins):
    model = ScriptedModel([])
    route = TantivyRouter(reranker=LLMReranker(model=model))(observed(twins, "play chess"))
    assert (route.skill, list(model.requests)) == ("cc", [])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (['{"skill": "cc"}'], "'cc', which was not offered"),
        (["no idea", "still none"], "its answer cannot be read"),
        (['{"skill": "ignore the rules"}'], "which was not offered"),
    ],
)
def test_an_answer_that_was_not_offered_leaves_the_first_and_says_so(twins, said, why):
    route = TantivyRouter(reranker=LLMReranker(model=ScriptedModel(said)))(observed(twins))
    assert route.skill == "aa"
    assert route.degraded is not None
    assert why in route.degraded


def test_a_model_that_cannot_be_asked_leaves_the_first_and_says_so(twins):
    def down(text, skills):
        raise ModelError("connection refused", kind="connection")

    route = TantivyRouter(reranker=down)(observed(twins))
    assert (route.skill, route.degraded) == (
        "aa",
        "the model could not choose among near ties: connection refused",
    )


# ---------------------------------------------------------------- births


TEST = b"""
QUERIES = ("Ferment rye overnight", "use bread baking please", "")
NEAR_MISSES = ["Play chess"]
"""


def with_test(library, name="bread-baking", test=TEST, blob="b1"):
    library.tests = {name: test}
    library.blobs = {f"skill_tests/test_{name.replace('-', '_')}.py": f"100644 {blob}"}
    return library


def test_a_new_skill_is_born_with_the_requests_of_its_tests_and_none_that_names_it(workshop):
    library = with_test(workshop)
    assert Births().of(library, ["bread-baking", "translation"]) == (
        Past("Ferment rye overnight", "bread-baking"),
        Past("Play chess", "bread-baking", solved=False),
    )


def test_a_test_is_parsed_once_and_again_when_it_changed(workshop, tmp_path):
    births = Births(folder=tmp_path)
    first = births.of(with_test(workshop), ["bread-baking"])
    workshop.tests = {}  # would be read as empty
    assert births.of(workshop, ["bread-baking"]) == first
    changed = with_test(workshop, test=b'QUERIES = ("Knead dough",)', blob="b2")
    assert births.of(changed, ["bread-baking"]) == (Past("Knead dough", "bread-baking"),)


def test_a_damaged_memory_of_births_costs_time_and_nothing_else(workshop, tmp_path):
    (tmp_path / "births.db").write_bytes(b"no database at all" * 100)
    found = Births(folder=tmp_path).of(with_test(workshop), ["bread-baking"])
    assert found == Births().of(workshop, ["bread-baking"])


def test_a_test_that_does_not_parse_gives_birth_to_nothing(workshop):
    assert Births().of(with_test(workshop, test=b"QUERIES = ("), ["bread-baking"]) == ()


@pytest.mark.parametrize(
    ("text", "skill", "named"),
    [
        ("use bread baking for this", "bread-baking", True),
        ("run bread-baking", "bread-baking", True),
        ("bake bread", "bread-baking", False),
        ("list the files here", "files", False),
    ],
)
def test_a_request_that_drops_a_name_is_told_from_one_that_uses_its_words(text, skill, named):
    assert names_it(text, skill) is named


def test_a_skill_has_no_body_when_its_record_is_asked_for(twins):
    seen: list[Skill] = []
    TantivyRouter(utility=lambda skill: seen.append(skill) or Utility()).route("bake", twins)
    assert {(s.name, s.description, s.body) for s in seen} == {("aa", "", ""), ("bb", "", "")}
