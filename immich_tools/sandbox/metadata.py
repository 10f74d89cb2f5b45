"""What a picture's own metadata says: EXIF through Pillow, and XMP sidecars."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Any, Final
from xml.etree import ElementTree

from attrs import define, field

from immich_tools.sandbox import moments
from immich_tools.sandbox.entities import Exif
from immich_tools.sandbox.places import set_place

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


_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP: Final = "{http://ns.adobe.com/xap/1.0/}"
_XMP_EXIF: Final = "{http://ns.adobe.com/exif/1.0/}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_IMAGE_DESCRIPTION: Final = "{http://ns.adobe.com/tiff/1.0/}ImageDescription"
_TAGS_LIST: Final = "{http://www.digikam.org/ns/1.0/}TagsList"
_HIERARCHY: Final = "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject"


def apply_sidecar(found: FileMetadata, sidecar: bytes) -> None:
    """Let an XMP sidecar win over what the picture says: description, rating, tags, date and place.

    What counts is what Immich 2.3.1 and 3.1.0 look at: of the descriptions `tiff:ImageDescription` (which a picture may have too)
    before `dc:description`; of the dates `exif:DateTimeOriginal`, not `photoshop:DateCreated`; of the tags digiKam's list, else
    Lightroom's hierarchy, never the flat `dc:subject`."""
    try:
        root = ElementTree.fromstring(sidecar)
    except ElementTree.ParseError:
        return
    values = _sidecar_values(root)
    exif = found.exif
    described = values.get(_IMAGE_DESCRIPTION) or ([] if exif.description else values.get(f"{_DC}description"))
    if described:
        exif.description = described[0]
    rating = values.get(f"{_XMP}Rating")
    if rating:
        stars = int(float(rating[0]))
        exif.rating = stars or None
    dates = values.get(f"{_XMP_EXIF}DateTimeOriginal")
    parsed = moments.parse(dates[0]) if dates else None
    if parsed is not None:
        exif.date_time_original = parsed[0]
        exif.time_zone = moments.zone_name(parsed[1]) if parsed[1] is not None else None
    latitude, longitude = values.get(f"{_XMP_EXIF}GPSLatitude"), values.get(f"{_XMP_EXIF}GPSLongitude")
    if latitude and longitude:
        set_place(exif, _xmp_coordinate(latitude[0]), _xmp_coordinate(longitude[0]))
    if values.get(_TAGS_LIST):
        found.tags = values[_TAGS_LIST]
    elif values.get(_HIERARCHY):
        found.tags = ["/".join(part.replace("/", "|") for part in value.split("|")) for value in values[_HIERARCHY]]


def _sidecar_values(root: ElementTree.Element) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for description in root.iter(f"{_RDF}Description"):
        for name, text in description.attrib.items():
            values.setdefault(name, []).append(text)
        for element in description:
            items = [item.text.strip() for item in element.iter(f"{_RDF}li") if item.text and item.text.strip()]
            if not items and element.text and element.text.strip():
                items = [element.text.strip()]
            if items:
                values.setdefault(element.tag, []).extend(items)
    return values


def _xmp_coordinate(text: str) -> float | None:
    """`48,51.396N`, `48,51,23.76N` or a decimal number."""
    sign = -1 if text[-1:] in "SW" else 1
    parts = text.rstrip("NSEW").split(",")
    try:
        degrees: float = sum(float(part) / 60.0**power for power, part in enumerate(parts))
    except ValueError:
        return None
    return round(sign * degrees, 6)
