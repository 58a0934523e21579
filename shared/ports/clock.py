"""Time and chance, which the domain must not have."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Gives the time now, aware and in UTC."""

NewSalt = Callable[[], bytes]
"""Gives 16 fresh random bytes."""
