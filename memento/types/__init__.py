"""The values that stages hand to each other: frozen, keyword-only, never half made.

    skills     File  Folder  Skill  ChangeKind
    tasks      Task  Gold  Exercise
    traces     Route  Step  Trajectory  Usage  Call
    episodes   Verdict  Blame  Episode
    utility    Utility  Bounds

Those of a change on its way into the library are in `memento.changes`.
"""

from memento.types.episodes import SKILL_FAULTS, Blame, Episode, Fault, Result, Verdict
from memento.types.skills import BYTES_AS_BASE64, ChangeKind, File, FileName, Folder, Sha, Skill, test_path
from memento.types.tasks import Exercise, Gold, Scorer, Task
from memento.types.traces import Call, Route, Step, Stop, Trajectory, Usage
from memento.types.utility import NORMAL_95, Bounds, Utility

__all__ = [
    "BYTES_AS_BASE64",
    "NORMAL_95",
    "SKILL_FAULTS",
    "Blame",
    "Bounds",
    "Call",
    "ChangeKind",
    "Episode",
    "Exercise",
    "Fault",
    "File",
    "FileName",
    "Folder",
    "Gold",
    "Result",
    "Route",
    "Scorer",
    "Sha",
    "Skill",
    "Step",
    "Stop",
    "Task",
    "Trajectory",
    "Usage",
    "Utility",
    "Verdict",
    "test_path",
]
