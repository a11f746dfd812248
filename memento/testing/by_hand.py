"""What `pytest skill_tests/` typed by hand loads by itself: the fixtures, and parked tests as expected
failures. The gate does not load this: it leaves parked tests out of its decisions, and must see
whether they pass.
"""

import pytest

pytest_plugins = ["memento.testing.plugin"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A regression test that a rollback parked is shown as xfailed, with the reason."""
    for item in items:
        parked = getattr(getattr(item, "module", None), "PARKED", ())
        if getattr(item, "originalname", None) in parked:
            item.add_marker(pytest.mark.xfail(reason="parked by a rollback", strict=False))
