"""What an endpoint can do with a model: learned from its refusals, or measured by a probe and kept.

    can        asked for and given
    cannot     refused, or taken and ignored
    (neither)  unknown: tried in the strongest form first

What a refusal teaches lasts as long as the process: it may have been about that one request. What
`memento doctor --probe` measured is kept in the user's state folder, one file per base URL and
model, and forgotten when it is asked to measure again.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


class Feature(StrEnum):
    """What is asked of an endpoint beyond messages."""

    TOOLS = "tools"
    FORCED_TOOL = "forced_tool"
    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    STREAM = "stream"
    STREAM_USAGE = "stream_usage"
    SEED = "seed"
    TEMPERATURE = "temperature"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What is known of one model at one endpoint."""

    can: frozenset[Feature] = frozenset()
    cannot: frozenset[Feature] = frozenset()

    def with_(self, feature: Feature, can: bool) -> "Capabilities":
        """The same, with this about `feature` instead of what was known."""
        one = frozenset({feature})
        if can:
            return replace(self, can=self.can | one, cannot=self.cannot - one)
        return replace(self, can=self.can - one, cannot=self.cannot | one)


UNKNOWN = Capabilities()


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Capabilities on disk; `folder` is made when something is first kept."""

    folder: Path

    def recall(self, base_url: str, model: str) -> Capabilities:
        """What a probe found out; nothing when there was none, or when its file cannot be read."""
        try:
            kept = json.loads(self._path(base_url, model).read_text("utf-8"))
            return Capabilities(can=_features(kept["can"]), cannot=_features(kept["cannot"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Capabilities()

    def keep(self, base_url: str, model: str, found: Capabilities) -> Path:
        """Keep what a probe found out, whole or not at all. OSError when the folder cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(base_url, model)
        text = json.dumps(
            {
                "base_url": without_credentials(base_url),
                "model": model,
                "can": sorted(found.can),
                "cannot": sorted(found.cannot),
            },
            indent=2,
        )
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(name).replace(path)
        return path

    def _path(self, base_url: str, model: str) -> Path:
        key = f"{without_credentials(base_url).rstrip('/')}\n{model}"
        host = "".join(c if c.isalnum() else "-" for c in urlsplit(base_url).hostname or "")
        return self.folder / f"{host}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def without_credentials(url: str) -> str:
    """A URL without the name and the password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _features(names: Iterable[str]) -> frozenset[Feature]:
    # A newer version may have kept what this one does not know.
    return frozenset(Feature(name) for name in names if name in set(Feature))
