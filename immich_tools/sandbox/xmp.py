"""XMP sidecars: what a SidecarWrite job puts into them, and what an extraction finds there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree import ElementTree

from attrs import frozen

RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP: Final = "{http://ns.adobe.com/xap/1.0/}"
EXIF: Final = "{http://ns.adobe.com/exif/1.0/}"
DC: Final = "{http://purl.org/dc/elements/1.1/}"
IMAGE_DESCRIPTION: Final = "{http://ns.adobe.com/tiff/1.0/}ImageDescription"
TAGS_LIST: Final = "{http://www.digikam.org/ns/1.0/}TagsList"
HIERARCHY: Final = "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject"
_META: Final = "{adobe:ns:meta/}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
for _prefix, _namespace in (
    ("x", _META),
    ("rdf", RDF),
    ("xmp", XMP),
    ("exif", EXIF),
    ("dc", DC),
    ("tiff", IMAGE_DESCRIPTION),
    ("digiKam", TAGS_LIST),
    ("lr", HIERARCHY),
):
    ElementTree.register_namespace(_prefix, _namespace.partition("}")[0].lstrip("{"))


@frozen
class SidecarChange:
    """What to write; what is None stays as it is. An empty description or list of tags is removed.

    :ivar date: ISO 8601, with or without an offset.
    :ivar place: latitude and longitude in degrees.
    """

    description: str | None = None
    rating: int | None = None
    date: str | None = None
    place: tuple[float, float] | None = None
    tags: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self == NO_CHANGE


NO_CHANGE: Final = SidecarChange()


def changed(sidecar: bytes | None, change: SidecarChange) -> bytes | None:
    """A sidecar with a change written into it.

    Returns:
        None when there is a sidecar that cannot be read, as exiftool refuses to change one.
    """
    try:
        root = ElementTree.fromstring(sidecar) if sidecar else ElementTree.Element(f"{_META}xmpmeta")
    except ElementTree.ParseError:
        return None
    rdf = next(root.iter(f"{RDF}RDF"), None)
    if rdf is None:
        rdf = ElementTree.SubElement(root, f"{RDF}RDF")
    if change.description is not None:
        for name in (f"{DC}description", IMAGE_DESCRIPTION):
            _set(rdf, name, [change.description] if change.description else [], "Alt")
    if change.rating is not None:
        _set(rdf, f"{XMP}Rating", [str(change.rating)])
    if change.date is not None:
        _set(rdf, f"{EXIF}DateTimeOriginal", [change.date])
    if change.place is not None:
        for name, degrees, letters in zip(("Latitude", "Longitude"), change.place, ("NS", "EW"), strict=True):
            _set(rdf, f"{EXIF}GPS{name}", [_coordinate(degrees, letters)])
    if change.tags is not None:
        _set(rdf, TAGS_LIST, change.tags, "Seq")
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return written


def _set(rdf: ElementTree.Element, name: str, values: Iterable[str], container: str = "") -> None:
    descriptions = list(rdf.iter(f"{RDF}Description"))
    for description in descriptions:
        description.attrib.pop(name, None)
        for element in description.findall(name):
            description.remove(element)
    items = list(values)
    if not items:
        return
    home = descriptions[0] if descriptions else ElementTree.SubElement(rdf, f"{RDF}Description")
    element = ElementTree.SubElement(home, name)
    if not container:
        element.text = items[0]
        return
    parent = ElementTree.SubElement(element, f"{RDF}{container}")
    for item in items:
        written = ElementTree.SubElement(parent, f"{RDF}li", {_LANGUAGE: "x-default"} if container == "Alt" else {})
        written.text = item


def _coordinate(degrees: float, letters: str) -> str:
    """`48,51.39600000N`."""
    whole, rest = divmod(abs(degrees), 1)
    return f"{whole:.0f},{rest * 60:.8f}{letters[degrees < 0]}"


def values_of(sidecar: bytes) -> Mapping[str, list[str]]:
    """Every property with its texts, by the property's full name; nothing of a sidecar that cannot be read."""
    try:
        root = ElementTree.fromstring(sidecar)
    except ElementTree.ParseError:
        return {}
    values: dict[str, list[str]] = {}
    for description in root.iter(f"{RDF}Description"):
        for name, text in description.attrib.items():
            values.setdefault(name, []).append(text)
        for element in description:
            items = [item.text for item in element.iter(f"{RDF}li") if item.text and item.text.strip()]
            if not items and element.text and element.text.strip():
                items = [element.text.strip()]
            if items:
                values.setdefault(element.tag, []).extend(items)
    return values


def coordinate(text: str) -> float | None:
    """`48,51.396N`, `48,51,23.76N` or a decimal number."""
    sign = -1 if text[-1:] in "SW" else 1
    parts = text.rstrip("NSEW").split(",")
    try:
        degrees: float = sum(float(part) / 60.0**power for power, part in enumerate(parts))
    except ValueError:
        return None
    return round(sign * degrees, 6)
