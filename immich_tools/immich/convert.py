"""From the server's JSON to the types of `models`: the one place that knows both spellings of both major versions.

Assets are read from plain dictionaries, not through the generated models: a listing of 100,000 assets costs a third of the time.
Nothing here raises for a value it does not know; what cannot be read becomes None, UNKNOWN or OTHER, which planners leave alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from sys import intern
from typing import Any, Final, TypeAlias

from dateutil import parser as tolerant_parser

from immich_tools.immich.models import Asset, AssetType, Exif, Person, Place, Tag, Visibility

Json: TypeAlias = Mapping[str, Any]

NOWHERE: Final = Place(0.0, 0.0)
# Zones and windows move a moment by less; so near to Python's ends no photo was taken.
EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
LATEST: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
_TYPES: Final = {kind.value: kind for kind in AssetType}
_VISIBILITIES: Final = {kind.value: kind for kind in Visibility}
_DURATION: Final = re.compile(r"(\d+):(\d{2}):(\d{2})(?:\.(\d+))?")


def parse_time(text: object) -> datetime | None:
    """Read a moment as the server may send it: ``Z`` or an offset, a fraction of any length, or no zone at all (taken as UTC).

    :returns: an aware datetime that can be moved by two days at least; None for anything that is not a moment, and for those before the
        year 1 or at the end of the year 9999, which JavaScript knows and Python does not.
    """
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = tolerant_parser.isoparse(text.replace(" ", "T", 1))
        except (ValueError, OverflowError):
            return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # Compared by subtraction, which cannot overflow as a conversion to UTC would.
    return moment if EARLIEST <= moment <= LATEST else None


def parse_duration(value: object) -> int | None:
    """Milliseconds of a duration: Immich 3 sends an integer or null, Immich 2 ``0:00:01.500`` (all zeros for a still)."""
    if isinstance(value, int | float):
        return _integer(value) or None
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    hours, minutes, seconds = (int(part) for part in match.group(1, 2, 3))
    fraction = int((match.group(4) or "0").ljust(3, "0")[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction or None


@lru_cache(maxsize=4096)
def _tag(identity: str, value: str, parent: str | None) -> Tag:
    return Tag(id=identity, value=value, parent_id=parent)


def tag_from_json(item: Json) -> Tag:
    """A tag of ``GET /tags`` or inside an asset."""
    return _tag(item["id"], item.get("value") or item.get("name") or "", item.get("parentId"))


def _number(value: object) -> float | None:
    """A finite number; JSON knows no other, Python's reader does."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _integer(value: object) -> int | None:
    if type(value) is int:
        return value
    number = _number(value)
    return None if number is None else round(number)


def _orientation(value: object) -> int | None:
    """The server sends a text of one digit."""
    text = str(value)
    return int(text) if len(text) == 1 and text in "12345678" else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _filled(value: object) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


def exif_from_json(item: Json) -> Exif:
    """The ``exifInfo`` of an asset."""
    latitude, longitude = _number(item.get("latitude")), _number(item.get("longitude"))
    place = None if latitude is None or longitude is None else Place(float(latitude), float(longitude))
    return Exif(
        file_size=_integer(item.get("fileSizeInByte")),
        width=_integer(item.get("exifImageWidth")),
        height=_integer(item.get("exifImageHeight")),
        date_time_original=parse_time(item.get("dateTimeOriginal")),
        # Immich drops a place of 0/0 when it reads a file or sidecar; until then 0/0 is how a place looks that was just removed.
        place=None if place == NOWHERE else place,
        rating=_integer(item.get("rating")) or None,
        description=_text(item.get("description")),
        make=item.get("make"),
        model=item.get("model"),
        filled=sum(map(_filled, item.values())),
        time_zone=_text(item.get("timeZone")) or None,
        orientation=_orientation(item.get("orientation")),
    )


def asset_from_json(item: Json, *, tells_people: bool = False) -> Asset:
    """One asset of a search, an album, a duplicate group or ``GET /assets/{id}``.

    :param tells_people: whether an empty list of people means that there are none. Searches without ``withPeople``, albums and
        duplicate groups carry an empty list whoever is in the picture (Immich 2.3.1 and 3.1.0).
    """
    exif, tags, people, stack = item.get("exifInfo"), item.get("tags"), item.get("people"), item.get("stack")
    duration, unassigned = item.get("duration"), item.get("unassignedFaces")
    return Asset(
        item["id"],
        # Nobody's and of no known kind where the server does not say: no tool touches such a one, and the others are read all the same.
        intern(item.get("ownerId") or ""),
        _TYPES.get(item.get("type") or "", AssetType.OTHER),
        item.get("originalPath") or "",
        item.get("originalFileName") or "",
        parse_time(item.get("fileCreatedAt")),
        parse_time(item.get("localDateTime")),
        _VISIBILITIES.get(item.get("visibility") or "", Visibility.UNKNOWN),
        item.get("checksum") or "",
        item.get("isFavorite") is True,
        item.get("isTrashed") is True,
        item.get("isOffline") is True,
        None if duration is None else parse_duration(duration),
        item.get("livePhotoVideoId"),
        item.get("libraryId"),
        item.get("duplicateId"),
        stack["id"] if stack else None,
        None if exif is None else exif_from_json(exif),
        None if tags is None else tuple(sorted(map(tag_from_json, tags))),
        people_from_json(people) if people or (tells_people and people is not None) else None,
        len(unassigned) if tells_people and unassigned is not None else None,
        item.get("isEdited") is True,
        parse_time(item.get("createdAt")) if tells_people else None,
        updated_at=parse_time(item.get("updatedAt")),
        file_modified_at=parse_time(item.get("fileModifiedAt")),
    )


def people_from_json(people: Sequence[Json]) -> tuple[Person, ...]:
    """The people in an asset, by name."""
    return tuple(sorted(map(person_from_json, people)))


def person_from_json(who: Json) -> Person:
    """A recognised person."""
    return Person(name=who.get("name") or "", id=who["id"])
