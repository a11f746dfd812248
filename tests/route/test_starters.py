"""The starter library as a run routes in it: by words, vectors and what its tests say."""

from pathlib import Path

import pytest

from memento.route import TantivyRouter
from memento.route.confidence import FUSED_THRESHOLD
from memento.route.minilm import MiniLM
from memento.skill import parse
from memento.skill.duplicates import requests_of
from memento.types import test_path as path_of_test

ROOT = Path(__file__).parent.parent.parent
NAMES = sorted(path.name for path in (ROOT / "skills").iterdir())
TESTS = {name: (ROOT / path_of_test(name)).read_bytes() for name in NAMES}


@pytest.fixture(scope="module")
def router() -> TantivyRouter:
    return TantivyRouter(embedder=MiniLM(), threshold=FUSED_THRESHOLD)


@pytest.fixture
def starters(make_library):
    library = make_library()
    for name in NAMES:
        skill = parse((ROOT / "skills" / name / "SKILL.md").read_bytes(), folder=name).skill
        assert skill is not None
        library.held[name] = skill
    return library


def with_tests(library):
    library.commit, library.tests = "with tests", TESTS
    library.blobs = {path_of_test(name): f"100644 {name}" for name in NAMES}
    return library


def test_every_request_of_a_starter_skill_reaches_it_and_no_near_miss_does(router, starters):
    library = with_tests(starters)
    own = [(name, text) for name in NAMES for text in requests_of(TESTS[name])]
    others = [(name, text) for name in NAMES for text in requests_of(TESTS[name], "NEAR_MISSES")]
    routes = router.route_many([text for _, text in own + others], library)
    assert (len(own), len(others)) == (36, 32)
    assert [n for n, r in zip(own, routes, strict=False) if r.skill != n[0]] == []
    assert [n for n, r in zip(others, routes[len(own) :], strict=True) if r.skill == n[0]] == []


def test_without_what_the_tests_say_few_are_lost(router, starters):
    own = [(name, text) for name in NAMES for text in requests_of(TESTS[name])]
    routes = router.route_many([text for _, text in own], starters)
    lost = [text for (name, text), route in zip(own, routes, strict=True) if route.skill != name]
    assert len(lost) <= 4
