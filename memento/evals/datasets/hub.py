"""A copy of a gated dataset from Hugging Face, with the user's own token.

    GET {endpoint}/api/datasets/{repo}/tree/main/{under}?recursive=true    what there is
    GET {endpoint}/datasets/{repo}/resolve/main/{path}                      one file

A file is written aside and renamed into place, so an interrupted download goes on where it stopped.
The token goes to the endpoint's own host only: redirects to a storage host are followed without it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import UsageError

if TYPE_CHECKING:
    import httpx2

ENDPOINT = "https://huggingface.co"
REFUSED = {401, 403}


@dataclass(frozen=True, kw_only=True)
class Hub:
    """Where datasets come from. `token` is the user's ($HF_TOKEN); without one, gated sets are refused."""

    token: str | None
    endpoint: str = ENDPOINT

    def fetch(self, repository: str, under: str, into: Path) -> Path:
        """Every file below `under` as `into`/its path. UsageError when it is gated or not to be had."""
        with self._client(repository) as client:
            listed = self._get(
                client, f"/api/datasets/{repository}/tree/main/{under}?recursive=true", repository
            )
            paths = [str(entry["path"]) for entry in listed.json() if entry.get("type") == "file"]
            for path in paths:
                target = into / path
                if ".." in Path(path).parts or path.startswith("/"):
                    raise UsageError(f"{repository} lists a file outside its folder: {path!r}.")
                if not target.is_file():
                    answer = self._get(client, f"/datasets/{repository}/resolve/main/{path}", repository)
                    _write(target, answer.content)
        return into

    @contextmanager
    def _client(self, repository: str) -> "Iterator[httpx2.Client]":
        import httpx2

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            with httpx2.Client(
                base_url=self.endpoint, headers=headers, follow_redirects=True, timeout=60.0
            ) as client:
                yield client
        except httpx2.HTTPError as error:
            raise UsageError(
                f"{repository} cannot be fetched from {self.endpoint} ({error}). What has come is kept; try "
                "again, or give a local copy as --data."
            ) from error

    def _get(self, client: "httpx2.Client", url: str, repository: str) -> "httpx2.Response":
        answer = client.get(url)
        if answer.status_code in REFUSED:
            raise UsageError(
                f"{repository} is gated, and {self.endpoint} refused access"
                f"{'' if self.token else ' without a token'}. Accept its conditions at "
                f"{ENDPOINT}/datasets/{repository} and set HF_TOKEN to a token of yours that may read it, "
                "or give a local copy as --data."
            )
        if answer.status_code != 200:
            raise UsageError(
                f"{repository}: {self.endpoint} answered {answer.status_code} for {url.split('?')[0]}. "
                "Try again, or give a local copy as --data."
            )
        return answer


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part")
    with aside.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(target)
