"""Tools are found as skills are: name, description, and the same words and vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from memento.protocols import Embedder, ToolSpec
from memento.route.router import TantivyRouter
from memento.types import File, FileName, Folder, Sha, Skill


@dataclass(frozen=True, kw_only=True)
class Toolset:
    """A set of tools in the shape of a library: a snapshot that never changes."""

    held: Mapping[str, Skill] = field(repr=False)
    commit: Sha | None = None

    def names(self) -> Sequence[str]:
        return sorted(self.held)

    def skill(self, name: str) -> Skill | None:
        return self.held.get(name)

    def folder(self, name: str) -> Folder:
        return {FileName("SKILL.md"): File(data=self.held[name].body.encode())} if name in self.held else {}

    def test(self, name: str) -> bytes | None:  # noqa: ARG002 (the seam's name)
        return None

    def entries(self) -> Mapping[str, str]:
        return {}

    def tips(self) -> str:
        return ""


def rank(query: str, specs: Sequence[ToolSpec], k: int, *, embedder: Embedder | None = None) -> Sequence[str]:
    """Names of at most `k` tools that fit `query`, best first; fewer where no more have to do with it.

    Without an embedder, or with one that is down, words alone decide. `specs` have different names. To search
    the same tools often, keep a router and a toolset: their index is then made once.
    """
    route = TantivyRouter(embedder=embedder).route(query, toolset(specs))
    return [name for name, _ in route.ranked[:k]]


def offered(
    router: TantivyRouter, tools: Toolset, text: str, *, k: int, always: Sequence[str] = ()
) -> Sequence[str]:
    """Names of the `k` tools that fit `text` best, those of `always` first and in any case.

    When fewer than `k` are found, the rest is filled up in order of name: a tool too many costs little.
    """
    ranked = [name for name, _ in router.route(text, tools).ranked]
    names = dict.fromkeys((*(n for n in always if n in tools.held), *ranked, *tools.names()))
    return list(names)[: max(k, len([n for n in always if n in tools.held]))]


def toolset(specs: Sequence[ToolSpec]) -> Toolset:
    """Tools by name; the names and descriptions of their parameters are the body."""
    held = {
        spec.name: Skill(name=spec.name, description=spec.description, body=_parameters(spec))
        for spec in specs
    }
    about = "\0".join(f"{s.name}\0{s.description}\0{s.body}" for _, s in sorted(held.items()))
    digest = sha256(about.encode("utf-8", "replace")).hexdigest()
    # A made-up commit: the index of these tools is kept, and is that of no others.
    return Toolset(held=held, commit=Sha(f"tools {digest}"))


def _parameters(spec: ToolSpec) -> str:
    properties = spec.parameters.get("properties", {})
    return " ".join(
        f"{name} {about.get('description', '') if isinstance(about, Mapping) else ''}"
        for name, about in properties.items()
    )
