"""What a picture's own metadata says: EXIF through Pillow, and XMP sidecars."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timezone
from fractions import Fraction
from functools import cache
from typing import Any, Final

from attrs import define, field

from immich_tools.sandbox import moments, xmp
from immich_tools.sandbox.entities import Exif
from immich_tools.sandbox.places import set_place, zone_of

_MAKE, _MODEL, _ORIENTATION, _DESCRIPTION, _RATING = 0x010F, 0x0110, 0x0112, 0x010E, 0x4746
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_TAKEN, _TAKEN_OFFSET, _TAKEN_FRACTION = 0x9003, 0x9011, 0x9291
_EXPOSURE, _F_NUMBER, _ISO, _FOCAL_LENGTH, _LENS = 0x829A, 0x829D, 0x8827, 0x920A, 0xA434
_FRACTION_LIMIT: Final = 10_000


@define
class FileMetadata:
    """What was read; `exif` has no file size and no modification date."""

    exif: Exif = field(factory=Exif)
    tags: list[str] = field(factory=list)


@cache
def _pillow() -> Any:
    """Pillow with HEIC where its plugin is installed; None without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return Image
    register_heif_opener()
    return Image


def open_image(content: bytes) -> Any:
    """The picture as a Pillow image, or None when it cannot be read."""
    pillow = _pillow()
    if pillow is None:
        return None
    try:
        image = pillow.open(io.BytesIO(content))
        image.load()
    except (OSError, ValueError, SyntaxError):
        return None
    return image


def read_picture(content: bytes) -> FileMetadata:
    """Read a picture; anything unreadable has no metadata."""
    image = open_image(content)
    found = FileMetadata()
    if image is None:
        return found
    exif, raw = found.exif, image.getexif()
    details, gps = raw.get_ifd(_EXIF_IFD), raw.get_ifd(_GPS_IFD)
    exif.width, exif.height = image.size
    exif.make, exif.model = _text(raw.get(_MAKE)), _text(raw.get(_MODEL))
    exif.orientation = str(raw[_ORIENTATION]) if _ORIENTATION in raw else None
    exif.description = _text(raw.get(_DESCRIPTION)) or ""
    exif.rating = int(raw[_RATING]) if _RATING in raw else None
    exif.lens_model = _text(details.get(_LENS))
    exif.f_number, exif.focal_length = _number(details.get(_F_NUMBER)), _number(details.get(_FOCAL_LENGTH))
    exif.iso = int(details[_ISO]) if _ISO in details else None
    exif.exposure_time = _exposure(details.get(_EXPOSURE))
    _read_date(exif, details)
    latitude, longitude = _coordinate(gps, 1, "S"), _coordinate(gps, 3, "W")
    if latitude is not None and longitude is not None:
        set_place(exif, latitude, longitude)
        if exif.time_zone is None and exif.date_time_original is not None:
            # A date without an offset is the wall time of the place (both versions).
            exif.time_zone = zone_of(latitude, longitude)
            exif.date_time_original = moments.from_local_time(exif.date_time_original, exif.time_zone)
    return found


def _text(value: object) -> str | None:
    return str(value).strip("\0 ") or None if value is not None else None


def _number(value: Any) -> float | None:
    return round(float(value), 4) if value is not None else None


def _exposure(value: Any) -> str | None:
    if value is None:
        return None
    fraction = Fraction(float(value)).limit_denominator(_FRACTION_LIMIT)
    return f"{fraction.numerator}/{fraction.denominator}" if fraction < 1 else f"{float(fraction):g}"


def _read_date(exif: Exif, details: Mapping[int, Any]) -> None:
    try:
        taken = datetime.strptime(str(details[_TAKEN]), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return
    digits = "".join(filter(str.isdigit, str(details.get(_TAKEN_FRACTION, ""))))[:6]
    offset = str(details.get(_TAKEN_OFFSET, "")).strip()
    parsed = moments.parse(f"{taken:%Y-%m-%dT%H:%M:%S}.{digits or 0}{offset}")
    if parsed is not None:
        exif.date_time_original = parsed[0]
        exif.time_zone = moments.zone_name(parsed[1]) if parsed[1] is not None else None


def _coordinate(gps: Mapping[int, Any], reference: int, negative: str) -> float | None:
    parts = gps.get(reference + 1)
    if not parts:
        return None
    degrees: float = sum(float(part) / 60.0**power for power, part in enumerate(parts))
    return round(-degrees if str(gps.get(reference)) == negative else degrees, 6)


def apply_sidecar(found: FileMetadata, sidecar: bytes, *, is_v3: bool) -> None:
    """Let an XMP sidecar win over what the picture says: description, rating, tags, date, place and time zone.

    What counts is what Immich 2.3.1 and 3.1.0 look at: of the descriptions `tiff:ImageDescription` (which a picture may have too)
    before `dc:description`; of the dates `exif:DateTimeOriginal`, not `photoshop:DateCreated`; of the tags digiKam's list, else
    Lightroom's hierarchy, else the flat `dc:subject`. A place gives the time zone, whatever offset a date has; a date without an
    offset is the wall time there when it stands beside the place."""
    values, exif = xmp.values_of(sidecar), found.exif
    described = values.get(xmp.IMAGE_DESCRIPTION) or ([] if exif.description else values.get(f"{xmp.DC}description"))
    if described:
        exif.description = described[0].strip()
    rating = values.get(f"{xmp.XMP}Rating")
    if rating:
        exif.rating = int(float(rating[0]))
    place = _sidecar_place(values)
    zone = None
    if place is not None:
        set_place(exif, *place)
        zone = zone_of(*place)
    dates = values.get(f"{xmp.EXIF}DateTimeOriginal")
    parsed = moments.parse(dates[0]) if dates else None
    if dates and parsed is not None:
        moment, offset = moments.cut_to_milliseconds(parsed[0]), parsed[1]
        exif.date_time_original = moments.from_local_time(moment, zone) if offset is None else moment
        exif.time_zone = _declared_zone(dates[0], offset) or (None if is_v3 else exif.time_zone)
    exif.time_zone = zone or exif.time_zone
    if values.get(xmp.TAGS_LIST):
        found.tags = values[xmp.TAGS_LIST]
    elif values.get(xmp.HIERARCHY):
        found.tags = ["/".join(part.replace("/", "|") for part in value.split("|")) for value in values[xmp.HIERARCHY]]
    elif values.get(f"{xmp.DC}subject"):
        found.tags = values[f"{xmp.DC}subject"]


def _sidecar_place(values: Mapping[str, list[str]]) -> tuple[float, float] | None:
    """Latitude and longitude; 0, 0 is no place, and then that of the picture counts (both versions)."""
    latitude, longitude = (
        xmp.coordinate(values.get(f"{xmp.EXIF}GPS{name}", [""])[0]) for name in ("Latitude", "Longitude")
    )
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    return latitude, longitude


def _declared_zone(text: str, offset: timezone | None) -> str | None:
    """Immich 2.3.1 and 3.1.0: `+00:00` is a declared zone, `Z` is none."""
    if offset is None or text.endswith("Z"):
        return None
    return moments.zone_name(offset) if offset.utcoffset(None) else "UTC+0"
