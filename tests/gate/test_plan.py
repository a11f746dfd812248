"""What is known of a test file before anything runs."""

from memento.gate.plan import Plan, plan

SOURCE = b"""
import pytest

QUERIES = ("Add up", "Total")
NEAR_MISSES = ["Greet"]

@pytest.mark.parametrize("a,b", [(1, "x"), (None, "y")])
@pytest.mark.parametrize("c", [True, 2.5])
def test_cases(a, b, c): ...

@pytest.mark.parametrize("a", open("list").read().split())
def test_unknown(a): ...

def test_routes(route):
    assert route("Where to?") == "adder"

def test_agent(solve): ...
"""


def test_cases_queries_routes_and_what_needs_a_model_are_read_from_the_text() -> None:
    assert plan(SOURCE) == Plan(
        expected=("test_cases", "test_unknown", "test_routes", "test_agent"),
        model=frozenset({"test_agent"}),
        cases={
            "test_cases": frozenset(
                f"test_cases[{case}]" for case in ("True-1-x", "True-None-y", "2.5-1-x", "2.5-None-y")
            )
        },
        queries=("Add up", "Total"),
        near_misses=("Greet",),
        routed=("Where to?",),
    )
