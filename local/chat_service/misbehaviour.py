"""How the service misbehaves: by seed, so that a bad run can be repeated."""

import random
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Misbehaviour:
    """Probabilities from 0 to 1; everything works by default.

    For events, `duplicate` delivers twice, `reorder` lets newer ones overtake, `drop`
    never delivers. For requests, `throttle` answers 429, `fail` 503. `delay` is the
    longest time that an event is held back, `retry_after` the pause that a 429 asks
    for, both in seconds.
    """

    seed: int = 1
    duplicate: float = 0.0
    reorder: float = 0.0
    drop: float = 0.0
    delay: float = 0.0
    throttle: float = 0.0
    fail: float = 0.0
    retry_after: float = 1.0
    chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def does(self, what: str) -> bool:
        probability: float = getattr(self, what)
        return probability > 0 and self.chance.random() < probability

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Misbehaviour":
        """Return the misbehaviour that a request asks for.

        Raises:
            TypeError: a name is unknown.

        """
        known = {option.name for option in fields(cls) if option.init}
        if unknown := value.keys() - known:
            raise TypeError(f"unknown: {', '.join(sorted(unknown))}")
        return cls(**value)
