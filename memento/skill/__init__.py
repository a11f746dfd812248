"""The SKILL.md format: bytes in, values out. Standard library and PyYAML only, also in the sandbox."""

from memento.skill.reader import Diagnostic, Parsed, parse
from memento.skill.versions import bump

__all__ = ["Diagnostic", "Parsed", "bump", "parse"]
