"""Which Immich server the sandbox imitates."""

from enum import Enum
from typing import Final

from attrs import frozen


@frozen
class Version:
    """A released server version."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class Dialect(Enum):
    """The server whose status codes, bodies, defaults and traps are reproduced."""

    V2 = "v2"
    V3 = "v3"

    @property
    def version(self) -> Version:
        """The release that was measured: 2.3.1 or 3.1.0."""
        return _VERSIONS[self]


_VERSIONS: Final = {Dialect.V2: Version(2, 3, 1), Dialect.V3: Version(3, 1, 0)}
