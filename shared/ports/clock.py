"""Time and randomness, which the domain must not use itself."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns the current time, aware and in UTC."""

NewSalt = Callable[[], bytes]
"""Returns 16 new random bytes."""
