"""What tests of the library look at."""

from collections.abc import Callable

import pytest

from memento.library import Library


@pytest.fixture
def refs(git: Callable[..., str]) -> Callable[[Library], list[str]]:
    """All references of the library, with what they point at."""

    def listed(library: Library) -> list[str]:
        return git("for-each-ref", "--format=%(refname) %(objectname)", cwd=library.root).splitlines()

    return listed
