"""XMP sidecars: what Immich alone knows about a photo, written so that its scan of a library reads it again.

What Immich 2.3.1 and 3.1.0 read, by exiftool's names: of ``ImageDescription`` and ``Description`` the first that is not empty;
``Rating``; ``DateTimeOriginal`` before other dates; ``GPSLatitude`` and ``GPSLongitude``; of ``TagsList``, ``HierarchicalSubject`` and
``Keywords`` the first that is there. A sidecar's fields win over the picture's own of the same name, so the description goes under both
names: a camera's ``ImageDescription`` would hide it. The file is found as ``<name of the photo>.xmp``.

People go into ``PersonInImage`` (IPTC) and, with their places in the picture, into ``mwg-rs:Regions``. They do not go into ``dc:subject``:
Immich makes tags of it where the sidecar has no ``TagsList`` and no ``HierarchicalSubject`` (2.3.1 and 3.1.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from attrs import frozen

from immich_tools.album_backup.regions import NO_REGIONS, Regions
from immich_tools.album_backup.xmp import Packet, writable
from immich_tools.immich.models import Asset, Face, Place

_MINUTE_DIGITS = 8


@frozen
class Known:
    """What Immich knows about a photo. What is None or empty is not written, and stays what an existing sidecar says.

    :ivar rating: -1 (rejected) or 1 to 5.
    :ivar tags: full paths with ``/``; they replace those of an existing sidecar, which Immich keeps in step itself.
    :ivar taken: with the offset of the place where it was taken; without any where neither the file nor Immich knows a time zone: with
        ``+00:00`` it would be declared UTC (2.3.1 and 3.1.0). Cut to milliseconds, as Immich does.
    :ivar people: names of recognised persons.
    :ivar regions: where their faces are; not read back.
    """

    description: str = ""
    rating: int | None = None
    tags: tuple[str, ...] = ()
    taken: datetime | None = None
    place: Place | None = None
    people: tuple[str, ...] = ()
    regions: Regions = NO_REGIONS

    @classmethod
    def of(cls, asset: Asset, faces: Sequence[Face] = ()) -> Known:
        """What an asset's answer says; it must have carried exif, tags and people for all of it."""
        exif = asset.exif
        return cls(
            description="" if exif is None else exif.description,
            rating=None if exif is None else exif.rating,
            tags=tuple(sorted(tag.value for tag in asset.tags or ())),
            taken=_taken(asset),
            place=None if exif is None else exif.place,
            people=tuple(sorted(person.name for person in asset.people or () if person.name)),
            regions=Regions.of(faces, None if exif is None else exif.orientation),
        )


def _taken(asset: Asset) -> datetime | None:
    taken = None if asset.exif is None else asset.exif.date_time_original
    if asset.exif is None or taken is None or asset.exif.time_zone is not None:
        return asset.date_with_zone
    # The server keeps a wall clock without a zone as if it were UTC.
    return taken.astimezone(UTC).replace(tzinfo=None)


def told(description: str) -> str:
    """What Immich reads of a description that was written to a sidecar."""
    return writable(description).strip()


def compose(known: Known, existing: bytes | None = None) -> bytes:
    """The sidecar of a photo. Composing again with the result changes nothing.

    :param existing: a sidecar to start from; everything in it that is not set here stays, whatever its namespace.
    :returns: UTF-8.
    :raises FileFailed: the existing one is not XMP, or has a document type (which could make a small file fill the memory).
    """
    packet = Packet(existing)
    if known.regions.faces and not packet.has("mwg-rs:Regions"):
        packet.set_structure("mwg-rs:Regions", known.regions.value())
    description = told(known.description)
    if description:
        packet.set_default("dc:description", description)
        packet.set_default("tiff:ImageDescription", description)
    if known.rating is not None:
        packet.set_text("xmp:Rating", str(known.rating))
    if known.taken is not None:
        # What qualified the date that was there does not belong to the new one.
        packet.drop("exif:SubSecTimeOriginal", "exif:OffsetTimeOriginal", "exifEX:OffsetTimeOriginal")
        for name in ("exif:DateTimeOriginal", "photoshop:DateCreated"):
            packet.set_text(name, _moment(known.taken))
    if known.place is not None:
        packet.set_text("exif:GPSLatitude", _degrees(known.place.latitude, "NS"))
        packet.set_text("exif:GPSLongitude", _degrees(known.place.longitude, "EW"))
    tags, people = _cleaned(known.tags), _cleaned(known.people)
    if tags:
        packet.set_items("digiKam:TagsList", "Seq", tags)
        # Immich's own rule the other way round: a slash that is part of a name is written as a bar, and read back as a slash.
        packet.set_items("lr:hierarchicalSubject", "Bag", [tag.translate(_SWAPPED) for tag in tags])
    if people:
        packet.set_items("Iptc4xmpExt:PersonInImage", "Bag", _united(packet.texts("Iptc4xmpExt:PersonInImage"), people))
    if tags:
        keywords = [tag.rpartition("/")[2].strip() or tag for tag in tags]
        packet.set_items("dc:subject", "Bag", _united(packet.texts("dc:subject"), keywords))
    return packet.serialize()


def read(sidecar: bytes) -> Known:
    """What Immich reads from a sidecar, and the people, by the rules at the top of this module.

    A date that is not whole counts as none.

    :raises FileFailed: it is not XMP, or not safe to read.
    """
    packet = Packet(sidecar)

    def first(*names: str) -> str:
        return next((text for name in names for text in packet.texts(name)), "")

    latitude, longitude = _read_degrees(first("exif:GPSLatitude")), _read_degrees(first("exif:GPSLongitude"))
    return Known(
        description=first("tiff:ImageDescription", "dc:description"),
        rating=_read_rating(first("xmp:Rating")),
        tags=tuple(
            packet.texts("digiKam:TagsList")
            or [tag.translate(_SWAPPED) for tag in packet.texts("lr:hierarchicalSubject")]
        ),
        taken=_read_moment(first("exif:DateTimeOriginal")),
        place=None if latitude is None or longitude is None else Place(latitude, longitude),
        people=tuple(packet.texts("Iptc4xmpExt:PersonInImage")),
    )


_SWAPPED = str.maketrans("/|", "|/")


def _cleaned(names: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(name for name in (writable(name).strip() for name in names) if name))


def _united(present: list[str], wanted: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*present, *wanted)))


def _moment(moment: datetime) -> str:
    """ISO 8601 with the offset in figures: Immich takes ``Z`` for no zone at all."""
    offset = moment.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds")


def _read_moment(text: str) -> datetime | None:
    if "T" not in text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _degrees(value: float, signs: str) -> str:
    """Degrees and minutes, ``48,51.39600000N``, as XMP writes positions."""
    degrees, minutes = divmod(round(abs(value) * 60, _MINUTE_DIGITS), 60)
    return f"{degrees:.0f},{minutes:.{_MINUTE_DIGITS}f}{signs[value < 0]}"


def _read_degrees(text: str) -> float | None:
    """Degrees, minutes and seconds, the last of them with a fraction."""
    try:
        degrees: float = sum(float(part) / 60.0**power for power, part in enumerate(text.rstrip("NSEW").split(",")))
    except ValueError:
        return None
    return -degrees if text[-1:] in ("S", "W") else degrees


def _read_rating(text: str) -> int | None:
    try:
        return int(float(text)) or None
    except (ValueError, OverflowError):
        return None
