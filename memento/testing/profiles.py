"""How endpoints differ from the wire format, each difference with the place where it is documented.

A profile is what one provider, or one server as it is often started, does: what it refuses and in
which words, what it takes and ignores, and how it says an answer. The models behind it are scripted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A status and a body, in the provider's own shape and words."""

    status: int
    body: Any

    @property
    def text(self) -> str:
        return json.dumps(self.body)


class Numbering(StrEnum):
    """`index` of streamed tool calls."""

    RIGHT = "right"
    ALL_ZERO = "all zero"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One endpoint's ways."""

    name: str
    sources: tuple[str, ...] = ()
    refuses: Mapping[str, Refusal] = field(default_factory=dict)
    """By what a request asks for (wire.features)."""
    ignores: frozenset[str] = frozenset()
    """Taken and without effect: the server drops them before the model is asked."""
    numbering: Numbering = Numbering.RIGHT
    whole_calls: bool = False
    """A streamed call's arguments come in one piece."""
    stops_at_calls: bool = True
    """finish_reason is tool_calls when there are some; else stop."""
    comment: str = ""
    """Between the events of a stream, to keep it open."""
    cost: float | None = None
    """usage.cost of each answer."""
    signature: str = ""
    """Comes with each tool call and must come back with it."""
    unsigned: Refusal | None = None
    """The answer to a request whose calls have lost their signature."""


def _openai(status: int, message: str, **more: str) -> Refusal:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}
    return Refusal(status=status, body={"error": error})


PLAIN = Profile(name="plain")

OPENAI = Profile(
    name="OpenAI, a reasoning model",
    sources=(
        "https://platform.openai.com/docs/guides/reasoning",
        "https://platform.openai.com/docs/api-reference/chat/create",
    ),
    refuses={
        "temperature": _openai(
            400,
            "Unsupported value: 'temperature' does not support 0 with this model."
            " Only the default (1) value is supported.",
            param="temperature",
            code="unsupported_value",
        )
    },
)

OPENROUTER = Profile(
    name="OpenRouter, a model whose providers have no tools",
    sources=(
        "https://openrouter.ai/docs/api/reference/streaming",
        "https://openrouter.ai/docs/api/reference/errors-and-debugging",
        "https://openrouter.ai/docs/guides/guides/usage-accounting",
    ),
    refuses={
        "tools": Refusal(
            status=404,
            body={"error": {"message": "No endpoints found that support tool use.", "code": 404}},
        )
    },
    comment="OPENROUTER PROCESSING",
    cost=0.00014,
)

GEMINI = Profile(
    name="Gemini's compatibility endpoint",
    sources=(
        "https://ai.google.dev/gemini-api/docs/openai",
        "https://ai.google.dev/gemini-api/docs/thought-signatures",
        "https://github.com/googleapis/python-genai/issues/2868",
    ),
    refuses={
        "seed": Refusal(
            status=400,
            body=[
                {
                    "error": {
                        "code": 400,
                        "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
        )
    },
    numbering=Numbering.ABSENT,
    whole_calls=True,
    stops_at_calls=False,
    signature="c2lnbmF0dXJl",
    unsigned=Refusal(
        status=400,
        body=[
            {
                "error": {
                    "code": 400,
                    "message": "Function call is missing a thought_signature in functionCall parts.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
    ),
)

ANTHROPIC = Profile(
    name="Anthropic's compatibility endpoint",
    sources=("https://docs.anthropic.com/en/api/openai-sdk",),
    ignores=frozenset({"json_schema", "json_object", "seed"}),
)

OLLAMA = Profile(
    name="Ollama",
    sources=(
        "https://docs.ollama.com/api/openai-compatibility",
        "https://github.com/ollama/ollama/issues/15457",
    ),
    ignores=frozenset({"tool_choice"}),
    numbering=Numbering.ALL_ZERO,
    whole_calls=True,
)

OLLAMA_NO_TOOLS = Profile(
    name="Ollama, a model without tools",
    sources=("https://github.com/ollama/ollama/issues/5796",),
    refuses={
        "tools": Refusal(
            status=400,
            body={
                "error": {
                    "message": "registry.ollama.ai/library/loopback:latest does not support tools",
                    "type": "api_error",
                    "param": None,
                    "code": None,
                }
            },
        )
    },
)

LLAMA_CPP = Profile(
    name="llama.cpp's server without --jinja",
    sources=(
        "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        "https://github.com/defilantech/LLMKube/issues/126",
    ),
    refuses={
        "tools": Refusal(
            status=500,
            body={
                "error": {"code": 500, "message": "tools param requires --jinja flag", "type": "server_error"}
            },
        )
    },
)

VLLM = Profile(
    name="vLLM without --enable-auto-tool-choice",
    sources=(
        "https://docs.vllm.ai/en/latest/features/tool_calling/",
        "https://github.com/vllm-project/vllm/issues/9986",
    ),
    refuses={
        "tools": Refusal(
            status=400,
            body={
                "object": "error",
                "message": '"auto" tool choice requires --enable-auto-tool-choice'
                " and --tool-call-parser to be set",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            },
        )
    },
)

LM_STUDIO = Profile(
    name="LM Studio",
    sources=(
        "https://lmstudio.ai/docs/developer/openai-compat",
        "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189",
    ),
    refuses={
        "json_object": Refusal(
            status=400, body={"error": "'response_format.type' must be 'json_schema' or 'text'"}
        )
    },
)

PROFILES = (OPENAI, OPENROUTER, GEMINI, ANTHROPIC, OLLAMA, OLLAMA_NO_TOOLS, LLAMA_CPP, VLLM, LM_STUDIO)
