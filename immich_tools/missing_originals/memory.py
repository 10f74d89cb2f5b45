"""What is remembered from one run to the next, so that a guard sees a disk that dies slowly. A value.

What was trashed is told by the journals (`history`), whichever command trashed it; what was seen is kept in a file (`state`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from attrs import evolve, field, frozen

from immich_tools.codec import strict_converter, structured
from immich_tools.i18n import _

SCHEMA: Final = 1


@frozen
class Trashed:
    """An original that a run moved to the trash.

    :ivar day: when.
    :ivar path: of the original, as the server sees it.
    """

    day: date
    path: str


@frozen
class Memory:
    """What earlier runs did and saw.

    :ivar trashed: asset id → when and what, for what was trashed and not restored by a run since.
    :ivar missing: asset id → in how many runs in a row its file was missing.
    :ivar devices: root, as the server sees it → number of the device it was on when it was last proven to be there.
    """

    trashed: Mapping[str, Trashed] = field(factory=dict)
    missing: Mapping[str, int] = field(factory=dict)
    devices: Mapping[str, int] = field(factory=dict)

    def lost(self, today: date, window: int, selected: Collection[str]) -> Iterator[str]:
        """The paths of the originals that the runs of the window trashed and that are gone since.

        :param window: days, today included.
        :param selected: ids of the originals that are there outside the trash now; what somebody restored is not lost.
        """
        for asset_id, trashed in self.trashed.items():
            if trashed.day > today - timedelta(days=window) and asset_id not in selected:
                yield trashed.path

    def runs_missing(self, asset_id: str) -> int:
        """In how many runs in a row the file of an asset was missing, this one included, in which it is."""
        return self.missing.get(asset_id, 0) + 1

    def after_looking(self, missing: Iterable[str], settled: Iterable[str], devices: Mapping[str, int]) -> Memory:
        """The memory after a run has looked at the disk.

        :param missing: ids of all assets whose files are missing.
        :param settled: ids of the others of which something is known now; their count begins again. Those that this run knows nothing
            of keep theirs: another run looks for them, such as one with another user's key.
        :param devices: of the roots that were proven to be there.
        """
        left = set(settled)
        return evolve(
            self,
            missing={key: count for key, count in self.missing.items() if key not in left}
            | {asset_id: self.runs_missing(asset_id) for asset_id in missing},
            devices={**self.devices, **devices},
        )

    def to_json(self) -> dict[str, Any]:
        """What was seen, as JSON values."""
        return {
            "schema": SCHEMA,
            "missing": dict(sorted(self.missing.items())),
            "devices": dict(sorted(self.devices.items())),
        }

    @classmethod
    def from_json(cls, document: Any) -> Memory:
        """What `to_json` wrote.

        :raises ValueError: it is something else.
        """
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            found = document.get("schema") if isinstance(document, dict) else None
            raise ValueError(_("it has schema {found}, this version reads {known}").format(found=found, known=SCHEMA))
        stored = structured(strict_converter(), document, _Stored)
        return cls(missing=stored.missing, devices=stored.devices)


@frozen
class _Stored:
    """What the file holds."""

    schema: int
    missing: Mapping[str, int]
    devices: Mapping[str, int]
