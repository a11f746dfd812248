"""The seams. A stage is a function or a frozen object with `__call__`; everything else is handed in.

models      Model  Embedder
sandboxes   Sandbox  SandboxSession
tools       Tool
snapshots   Snapshot
stages      Router  Executor  Judge  Attributor  Charterer  ExamAuthor  Rewriter  Gate  Probation  Policy
"""

from memento.protocols.models import Delta, Embedder, Hear, Message, Model, Reply, Request, ToolCall, ToolSpec
from memento.protocols.sandboxes import Completed, Limits, Mount, Sandbox, SandboxSession
from memento.protocols.snapshots import Snapshot
from memento.protocols.stages import (
    Attributor,
    Charterer,
    ExamAuthor,
    Executor,
    Gate,
    Judge,
    Observation,
    Parent,
    Policy,
    Probation,
    Rewriter,
    Router,
    TipMemory,
    TipWriter,
)
from memento.protocols.tools import Tool, ToolResult

__all__ = [
    "Attributor",
    "Charterer",
    "Completed",
    "Delta",
    "Embedder",
    "ExamAuthor",
    "Executor",
    "Gate",
    "Hear",
    "Judge",
    "Limits",
    "Message",
    "Model",
    "Mount",
    "Observation",
    "Parent",
    "Policy",
    "Probation",
    "Reply",
    "Request",
    "Rewriter",
    "Router",
    "Sandbox",
    "SandboxSession",
    "Snapshot",
    "TipMemory",
    "TipWriter",
    "Tool",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
]
