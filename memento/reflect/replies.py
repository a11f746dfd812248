"""What the model may answer to the stages that reflect. Imported when a stage asks: pydantic is heavy."""

from typing import Literal

from pydantic import BaseModel, Field

TIP_CHARACTERS = 200


class CriterionReply(BaseModel):
    """One thing that a good attempt does, checkable from its trace."""

    kind: Literal["outcome", "process"]
    text: str = Field(min_length=1, max_length=400)
    only_if: str | None = None
    depends_on: int | None = None


class RubricReply(BaseModel):
    """Criteria, at most eight."""

    criteria: list[CriterionReply] = Field(min_length=1, max_length=8)


class ScoreReply(BaseModel):
    """A grade with its evidence. Grades are checked by the judge: an unoffered one is not repaired."""

    criterion: int
    grade: str
    cause: Literal["agent", "outside"] = "agent"
    quotes: list[str] = []


class JudgeReply(BaseModel):
    """One score for each criterion."""

    scores: list[ScoreReply]


class EffectReply(BaseModel):
    """Something that was changed and not asked for, with its evidence."""

    what: str = Field(min_length=1, max_length=400)
    harmful: bool
    quotes: list[str] = []


class EffectsReply(BaseModel):
    """Side effects, often none."""

    effects: list[EffectReply] = Field(default=[], max_length=12)


class BlameReply(BaseModel):
    """Where the fault lies."""

    fault: Literal["tool", "planning", "reasoning", "routing", "environment", "model", "judge"] | None
    skill: str | None = None
    first_wrong_step: int | None = None
    explanation: str = Field(min_length=1, max_length=1000)
    quotes: list[str] = []
    confidence: float = Field(ge=0, le=1)


class TipReply(BaseModel):
    """One general sentence, or null."""

    tip: str | None = Field(max_length=TIP_CHARACTERS)


class MergedTip(BaseModel):
    """One sentence that stands for several tips."""

    tip: str = Field(max_length=TIP_CHARACTERS)
    sources: list[int] = Field(alias="from")


class CondensedReply(BaseModel):
    """Tips that were merged; the others stay."""

    tips: list[MergedTip] = Field(default=[], max_length=50)
