"""What the model may answer to the router. Imported when it asks: pydantic is heavy."""

from pydantic import BaseModel


class ChoiceReply(BaseModel):
    """The name of an offered skill, or null when none fits."""

    skill: str | None
