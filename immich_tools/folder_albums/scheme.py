"""Telling albums of one way of running the tool from those of another.

Somebody may run the tool twice, with different roots or levels. What the one run made looks wrong to the other, so each only renames
albums, and takes files out of them, that were made as it makes them itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Self

from attrs import frozen

_NAMING: Final = ("album_levels", "album_separator", "album_name_post_regex", "merge", "also_parents")
"""Options that decide what albums are called."""


@frozen
class Scheme:
    """What decides which file goes into which album.

    :ivar naming: how albums are called.
    """

    naming: str = ""
    roots: frozenset[str] = frozenset()

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The scheme of options as a plan document holds them."""
        roots = options.get("root_path")
        texts = roots if isinstance(roots, list) else []
        naming = json.dumps([options.get(name) for name in _NAMING], sort_keys=True)
        return cls(naming, frozenset(str(text).rstrip("/\\") for text in texts))

    def manages(self, other: Scheme) -> bool:
        """Whether albums of another scheme are looked after: it calls albums alike, and all its roots are among these."""
        return self.naming == other.naming and other.roots <= self.roots
