"""Which external libraries cannot hold metadata, as runs found out; remembered for the next plan.

Immich keeps description, rating, tags, date and place of an asset in a sidecar beside its file. Where the server may only read the folder
of an external library, they are gone within a second of being written (2.3.1 and 3.1.0). The API does not tell such folders.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from immich_tools.codec import strict_converter, structured
from immich_tools.disk.atomic import write_atomically
from immich_tools.i18n import _
from immich_tools.plan.result import Result, Status

NAME: Final = "read-only-libraries.json"


@frozen
class _Stored:
    """What the file holds."""

    libraries: Mapping[str, str]


@define
class LibraryMemory:
    """What is known of the user's external libraries.

    :ivar path: the file that remembers it; None to remember nothing.
    :ivar refusing: library id → when a run found that it cannot hold metadata (ISO 8601).
    """

    path: Path | None = None
    refusing: dict[str, str] = field(factory=dict)
    _holding: set[str] = field(factory=set)

    @classmethod
    def load(cls, folder: Path) -> LibraryMemory:
        """What runs with journals in a folder found out; nothing where the file cannot be read: then it is found out again."""
        path = folder / NAME
        with suppress(OSError, ValueError):
            stored = structured(strict_converter(), json.loads(path.read_text(encoding="utf-8")), _Stored)
            return cls(path, dict(stored.libraries))
        return cls(path)

    def is_tried(self, library_id: str) -> bool:
        """Whether it is known if the library holds what is written."""
        return library_id in self.refusing or library_id in self._holding

    def holds(self, library_id: str) -> bool:
        """Whether nothing is known against writing to the library."""
        return library_id not in self.refusing

    def refusal(self, library_id: str) -> Result:
        """What becomes of a change that the library cannot hold."""
        reason = _(
            "the server cannot write beside the files of this external library, so metadata written there is lost"
        )
        if self.path is not None:
            reason += _(" (found out {day}; delete {path} once the folder is writable)").format(
                day=self.refusing[library_id][:10], path=self.path
            )
        return Result(Status.SKIPPED, reason)

    def remember(self, library_id: str, *, holds: bool) -> None:
        """Remember what a try showed."""
        if holds:
            self._holding.add(library_id)
            return
        self.refusing[library_id] = datetime.now(UTC).isoformat(timespec="seconds")
        if self.path is not None:
            # A run is not worse for it: the next one finds it out again.
            with suppress(OSError):
                write_atomically(self.path, json.dumps({"libraries": self.refusing}, indent=1).encode())
