"""What the model may answer to the roles that write. Imported when a role asks: pydantic is heavy.

A limit that is broken is told to the model, which may mend it once.
"""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from memento.skill.reader import DESCRIPTION_CHARACTERS, NAME, NAME_CHARACTERS
from memento.write.admissible import refusal
from memento.write.region import BEGIN, END

MOST_FILES = 20
FILE_CHARACTERS = 60_000
TOTAL_CHARACTERS = 200_000

_PATH = re.compile(r"SKILL\.md|(?:scripts|references|assets)(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}){1,3}")
_RESERVED = re.compile(r"(?:^|/)conftest\.py$|\.(?:pth|pyc|pyo|so|dll|exe)$", re.IGNORECASE)


def _admissible(source: str) -> str:
    reason = "the region's markers" if BEGIN in source or END in source else refusal(source)
    if reason is not None:
        raise ValueError(f"the tests are refused: {reason}")
    return source


def _place(path: str) -> str:
    if not _PATH.fullmatch(path) or _RESERVED.search(path):
        raise ValueError("a file is SKILL.md or lies in scripts/, references/ or assets/, with a plain name")
    return path


class ExamReply(BaseModel):
    """Test functions as Python source, and requests that the skill is for."""

    source: Annotated[str, AfterValidator(_admissible)]
    queries: list[str] = Field(default=[], max_length=8)


class RequestsReply(BaseModel):
    """Requests that must reach a skill, and such that look like it and must not."""

    requests: list[str] = Field(default=[], max_length=8)
    near_misses: list[str] = Field(min_length=1, max_length=8)


class DescriptionReply(BaseModel):
    """A skill's description, whole."""

    idea: str = Field(min_length=1, max_length=400)
    description: str = Field(min_length=1, max_length=DESCRIPTION_CHARACTERS)


class FileReply(BaseModel):
    """One whole file."""

    path: Annotated[str, AfterValidator(_place)]
    content: str = Field(max_length=FILE_CHARACTERS)


class RewriteReply(BaseModel):
    """The files that change, whole; the others stay."""

    idea: str = Field(min_length=1, max_length=400)
    files: list[FileReply] = Field(default=[], max_length=MOST_FILES)
    delete: list[str] = Field(default=[], max_length=MOST_FILES)

    @model_validator(mode="after")
    def _total(self) -> Self:
        if sum(len(file.content) for file in self.files) > TOTAL_CHARACTERS:
            raise ValueError(f"all files together have at most {TOTAL_CHARACTERS} characters")
        return self


class CharterReply(BaseModel):
    """A new skill's charter, or the reason to write none."""

    one_off: bool = False
    existing: str | None = None
    name: str = ""
    description: str = Field(default="", max_length=DESCRIPTION_CHARACTERS)
    usage: str = Field(default="", max_length=4_000)

    @property
    def declined(self) -> bool:
        return self.one_off or bool(self.existing)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.declined:
            return self
        if not NAME.fullmatch(self.name) or len(self.name) > NAME_CHARACTERS:
            raise ValueError(f"name: a-z, 0-9 and single hyphens, at most {NAME_CHARACTERS} characters")
        if not self.description.strip() or not self.usage.strip():
            raise ValueError("a new skill needs a description and a usage")
        return self
