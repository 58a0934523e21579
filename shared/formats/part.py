"""What a writer gives: one file or several, each in parts, as they are made."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.domain.thread.transcript import Transcript

RenderedFile = tuple[str, Iterator[bytes]]
"""A name without a folder, and the bytes. Take the bytes before the next file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraIdentity:
    """Who somebody is in Microsoft Entra."""

    id: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What only an export may ask for; archives are always written without."""

    bom: bool = False
    """Begin CSV with a byte order mark, which Excel needs to see UTF-8."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Raw id → `user`, `assistant` or `system`, for fine-tuning."""
    identities: Mapping[str, EntraIdentity] = field(default_factory=dict)
    """Raw id → who that is, for an import into Teams."""
    linked: bool = True
    """Whether the files that were fetched stand beside, as in an archive."""


PLAIN = Options()
Writer = Callable[[Transcript, Options], Iterator[RenderedFile]]
