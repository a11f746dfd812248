"""The language model and the embedder, and what is said to them and by them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from memento.types import Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A tool call as the model wrote it; `arguments` is its JSON text, not yet parsed."""

    id: str
    name: str
    arguments: str
    extra: str = ""
    """JSON that the endpoint wants back beside the call (Gemini's thought signature), unread by us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message; `role` is system, user, assistant or tool."""

    role: str
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolSpec:
    """What a model is told of a tool; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call of the model. `purpose` names the stage that asks, for the journal and the budget."""

    purpose: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    schema: Mapping[str, Any] | None = None
    """A JSON Schema that the reply must satisfy, where structured output is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The model's answer: text, tool calls, or both."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    counted: bool = True
    """False when the endpoint stated no tokens: those in `usage` are an estimate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """A piece of a reply while it comes in; the whole reply is still what `complete` returns."""

    purpose: str
    """Of the request that is answered."""
    text: str
    call: str = ""
    """The tool whose arguments this is a piece of; "" for the reply's own text."""
    first: bool = False
    """The request was sent, with nothing said yet: what was heard of this reply before is void."""


Hear = Callable[[Delta], None]
"""A model that can stream is given its listener when it is made."""


class Model(Protocol):
    """A frozen language model. Raises ModelError; never retries silently past its deadline."""

    @property
    def name(self) -> str:
        """Identifies the model in episodes and trailers; a simulated one starts with SIMULATED."""

    def complete(self, request: Request) -> Reply: ...


class Embedder(Protocol):
    """Text to vectors."""

    @property
    def name(self) -> str:
        """Identifies the embedder, and with it the space its vectors live in."""

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of shape (len(texts), dimensions)."""
