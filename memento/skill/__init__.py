"""The SKILL.md format: bytes in, values out. Standard library and PyYAML only, also in the sandbox."""

from memento.skill.checks import check
from memento.skill.reader import Diagnostic, Parsed, parse
from memento.skill.versions import bump
from memento.skill.writer import edit, new

__all__ = ["Diagnostic", "Parsed", "bump", "check", "edit", "new", "parse"]
