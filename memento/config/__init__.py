"""Settings: memento.toml < environment < flags.

sections   what may be set, and what it means
reading    from the three places to a `Config`; the only reader of the environment
settings   where each value comes from
"""

from memento.config.reading import load, state_folder, variable_of
from memento.config.sections import (
    BudgetSettings,
    Config,
    EmbedderKind,
    GateSettings,
    JudgeSettings,
    LibrarySettings,
    LoopSettings,
    McpSettings,
    ModelSettings,
    ReviewSettings,
    RouteSettings,
    Rule,
    SandboxKind,
    SandboxSettings,
    SearchKind,
    ServerSettings,
    TelemetrySettings,
    WebSettings,
)

__all__ = [
    "BudgetSettings",
    "Config",
    "EmbedderKind",
    "GateSettings",
    "JudgeSettings",
    "LibrarySettings",
    "LoopSettings",
    "McpSettings",
    "ModelSettings",
    "ReviewSettings",
    "RouteSettings",
    "Rule",
    "SandboxKind",
    "SandboxSettings",
    "SearchKind",
    "ServerSettings",
    "TelemetrySettings",
    "WebSettings",
    "load",
    "state_folder",
    "variable_of",
]
