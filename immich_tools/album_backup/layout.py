"""Where the files of an album go below the destination: the folder by a template, and names that never meet.

The parts of a unit (the original, its motion video, sidecar and edited version) keep one stem. Where two units want one path, one of
them gets a number in front of its extensions, ``IMG_0001+1.JPG``, as Immich's own storage template does it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from itertools import count
from string import Formatter
from typing import Final

from attrs import field, frozen

from immich_tools.album_backup.names import LONGEST, collision_key, safe_name, shortened, split_extension
from immich_tools.disk.content import Content
from immich_tools.errors import UsageError
from immich_tools.i18n import _

UNKNOWN: Final = "Unknown"
"""Stands for a date, owner or camera that nobody knows; a name of a folder, so the same in all languages."""

_NUMBER_ROOM: Final = 8
_PLACEHOLDERS: Final = ("album", "year", "month", "day", "owner", "camera")


class Role(Enum):
    """Which part of a unit a file is."""

    ORIGINAL = "original"
    MOTION = "motion"
    SIDECAR = "sidecar"
    BROKEN = "broken-sidecar"
    """What lies beside the upload as its sidecar and cannot be read."""
    EDITED = "edited"


@frozen
class Part:
    """A file to be written.

    :ivar extension: with its dot, such as ``.MOV``; empty for none. Not needed for the sidecar, which adds ``.xmp`` to the original's.
    :ivar content: what the file holds; None when not known.
    """

    role: Role
    extension: str = ""
    content: Content | None = None


@frozen
class Unit:
    """What belongs together and is copied together.

    :ivar id: what the caller knows it by; unique.
    :ivar name: the file name of the original, as the server has it.
    :ivar album: name of the album.
    :ivar album_start: date of the album's first asset.
    :ivar taken: wall clock of the place where it was taken; None when not known.
    :ivar content: of the original; None when not known, and then it is not recognised if it is already there.
    :ivar others: the parts besides the original.
    """

    id: str
    name: str
    album: str
    album_start: date | None = None
    taken: datetime | None = None
    owner: str = ""
    camera: str = ""
    content: Content | None = None
    others: tuple[Part, ...] = ()


@frozen
class Layout:
    """Folders below the destination.

    :ivar template: names of folders with placeholders, separated by ``/``.
    :ivar by_album: whether dates are those of the album's start instead of each asset's own.
    """

    template: str = field()
    by_album: bool = False

    @template.validator
    def _check(self, _attribute: object, template: str) -> None:
        for name in template.split("/"):
            try:
                pieces = list(Formatter().parse(name))
            except ValueError:
                pieces = [("", "", "", None)]
            if name.strip() in ("", ".", ".."):
                raise UsageError(
                    _(
                        "--layout '{text}': write names of folders with single slashes between them, such as {example}."
                    ).format(text=template, example="{year}/{album}")
                )
            for _text, placeholder, form, conversion in pieces:
                if placeholder is not None and (placeholder not in _PLACEHOLDERS or form or conversion):
                    raise UsageError(
                        _("--layout '{text}': the placeholders are {names}.").format(
                            text=template, names=", ".join(f"{{{each}}}" for each in _PLACEHOLDERS)
                        )
                    )

    @classmethod
    def of_album(cls, *, with_year: bool) -> Layout:
        """A folder named after the album, in one named after the year of its first asset if asked for."""
        return cls("{year}/{album}" if with_year else "{album}", by_album=True)

    def folder(self, unit: Unit) -> str:
        """The folder of a unit's files below the destination, with ``/`` between its names."""
        when = unit.album_start if self.by_album else unit.taken
        values = {
            "album": unit.album,
            "year": f"{when:%Y}".zfill(4) if when else "",
            "month": f"{when:%m}" if when else "",
            "day": f"{when:%d}" if when else "",
            "owner": unit.owner,
            "camera": unit.camera,
        }
        safe = {name: safe_name(value) if value.strip() else UNKNOWN for name, value in values.items()}
        return "/".join(safe_name(name.format_map(safe)) for name in self.template.split("/"))


def arrange(
    units: Iterable[Unit], layout: Layout, present: Mapping[str, Content | None] | None = None
) -> dict[str, dict[Role, str]]:
    """Give every file its path.

    The same units get the same paths in whatever order they come. A unit whose original is already there keeps that path, also when
    others of the same name were added to the album since; the others get paths that are free.

    :param units: of all albums of one destination.
    :param present: what lies in the folders already: path below the destination → what the file holds; None where that is not known,
        and for folders and links.
    :returns: id of the unit → part → path below the destination.
    """
    arrangement = _Arrangement(layout, {} if present is None else present)
    waiting = sorted(units, key=lambda unit: (unit.taken is None, str(unit.taken), unit.name, unit.id))
    waiting = [unit for unit in waiting if not arrangement.keep(unit)]
    # First everybody who can have the plain name, so that a file that is really called IMG+1 keeps its name.
    waiting = [unit for unit in waiting if not arrangement.take(unit, 0)]
    for unit in waiting:
        arrangement.take_next(unit)
    return arrangement.paths


class _Arrangement:
    """The paths given so far."""

    def __init__(self, layout: Layout, present: Mapping[str, Content | None]) -> None:
        self.paths: dict[str, dict[Role, str]] = {}
        self._layout = layout
        self._taken: set[str] = set()
        self._occupied = {collision_key(path) for path in present}
        self._places: dict[Content, set[str]] = {}
        for path, content in present.items():
            if content is not None:
                self._places.setdefault(content, set()).add(unicodedata.normalize("NFC", path))
        self._last: dict[str, int] = {}

    def keep(self, unit: Unit) -> bool:
        """Give a unit the path where its original is already."""
        if unit.content is None or unit.content not in self._places:
            return False
        folder, stem, suffixes = self._wishes(unit)
        extension = suffixes[Role.ORIGINAL]
        numbers = []
        for path in self._places[unit.content]:
            number = path.removeprefix(f"{folder}/{stem}").removesuffix(extension)
            if path == f"{folder}/{stem}{number}{extension}" and (not number or _is_number(number)):
                numbers.append(int(number or 0))
        # What else lies at this stem is not looked at: it belongs to this very file, or the copy will report it.
        return any(self._give(unit, number, set()) for number in sorted(numbers))

    def take(self, unit: Unit, number: int) -> bool:
        """Give a unit the paths with a number, if all of them are free."""
        return self._give(unit, number, self._occupied)

    def take_next(self, unit: Unit) -> None:
        """Give a unit the first number whose paths are free."""
        folder, stem, _suffixes = self._wishes(unit)
        name = collision_key(f"{folder}/{stem}")
        for number in count(self._last.get(name, 0) + 1):
            if self.take(unit, number):
                # Lower numbers are taken for this name, or not free for the parts of some unit: no need to try them again.
                self._last[name] = number
                return

    def _give(self, unit: Unit, number: int, occupied: set[str]) -> bool:
        folder, stem, suffixes = self._wishes(unit)
        mark = f"+{number}" if number else ""
        paths = {role: f"{folder}/{stem}{mark}{suffix}" for role, suffix in suffixes.items()}
        keys = {collision_key(path) for path in paths.values()}
        if keys & self._taken or keys & occupied:
            return False
        self._taken |= keys
        self.paths[unit.id] = paths
        return True

    def _wishes(self, unit: Unit) -> tuple[str, str, dict[Role, str]]:
        """The folder, the stem, and what each part adds to it."""
        stem, extension = split_extension(safe_name(unit.name))
        suffixes = {Role.ORIGINAL: extension}
        for part in unit.others:
            own = split_extension(safe_name(f"_{part.extension}"))[1]
            if part.role is Role.SIDECAR:
                suffixes[part.role] = f"{extension}.xmp"
            elif part.role is Role.BROKEN:
                suffixes[part.role] = f"{extension}.xmp.broken"
            elif part.role is Role.EDITED:
                suffixes[part.role] = f"-edited{own}"
            else:
                suffixes[part.role] = f"-motion{own}" if own.lower() == extension.lower() else own
        longest = max(len(suffix.encode()) for suffix in suffixes.values())
        return self._layout.folder(unit), shortened(stem, LONGEST - longest - _NUMBER_ROOM), suffixes


def _is_number(mark: str) -> bool:
    digits = mark[1:]
    return mark[0] == "+" and digits.isascii() and digits.isdecimal() and digits[0] != "0" and len(mark) <= _NUMBER_ROOM
