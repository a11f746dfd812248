"""What a user asks of `memento eval`, as one value."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of `memento eval DATASET`. No `arms` means the library and every control there can be."""

    dataset: str
    split: str = "test"
    data: Path | None = None
    families: str | None = None
    size: int | None = None
    images: bool = False
    limit: int | None = None
    seed: int = 0
    rounds: int = 0
    arms: tuple[str, ...] = ()
    curve: int | None = None
    at: str | None = None
    workers: int = 1
    rate: float | None = None
    """Model calls per minute."""
    ray_address: str | None = None
    simulated: bool = False

    def wants(self, arm: str) -> bool:
        """Whether an arm is asked for."""
        return not self.arms or arm.replace(" ", "-") in self.arms
