"""hub       a loopback GitHub whose main is the shared library's main
desk      the library connected to it: publish, sync, and the hands behind them
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from memento.assemble.gates import journal_of
from memento.journal import Journal
from memento.library import Library
from memento.review.github.connecting import connect
from memento.review.github.publishing import Publisher
from memento.review.github.syncing import Sync
from tests.review.github.loopback import LoopbackGitHub
from tests.review.situations import NOW, hands, policy


@dataclass(kw_only=True)
class Desk:
    library: Library
    hub: LoopbackGitHub
    waited: list[float]
    round: Callable | None = None

    @property
    def journal(self) -> Journal:
        return journal_of(self.library)

    @property
    def publish(self) -> Publisher:
        connection = connect(
            self.library, self.hub.environ, gh=lambda host: None, now=lambda: NOW, sleep=self.waited.append
        )
        return Publisher(
            library=self.library, journal=self.journal, policy=policy(self.library), connection=connection
        )

    @property
    def sync(self) -> Sync:
        publish = self.publish
        return Sync(
            library=self.library,
            journal=self.journal,
            connection=publish.connection,
            review=hands(self.library),
            publish=publish,
            round=self.round,
        )


@pytest.fixture
def hub(library: Library, tmp_path: Path) -> Iterator[LoopbackGitHub]:
    bare = Path(shutil.copytree(library.root / ".git", tmp_path / "hub.git"))
    shutil.rmtree(bare / "hooks", ignore_errors=True)
    _configure(bare, "[core]", "bare = true", "[http]", "receivepack = true")
    with LoopbackGitHub(bare) as server:
        _configure(library.root / ".git", '[remote "origin"]', f"url = {server.address}")
        yield server


def _configure(git_dir: Path, *lines: str) -> None:
    with (git_dir / "config").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", *lines, ""]))


@pytest.fixture
def desk(library: Library, hub: LoopbackGitHub) -> Desk:
    return Desk(library=library, hub=hub, waited=[])
