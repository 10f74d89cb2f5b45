"""XMP packets as trees: read without trusting them, changed property by property, written with the prefixes they had."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias
from xml.etree.ElementTree import (
    Comment,
    Element,
    ParseError,
    ProcessingInstruction,
    SubElement,
    TreeBuilder,
    XMLParser,
    indent,
)

from immich_tools.errors import FileFailed
from immich_tools.i18n import _

NAMESPACES: Final = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
Value: TypeAlias = "str | Mapping[str, Value] | Sequence[Value]"
"""A text, a structure of named values, or a list without order."""

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_LANGUAGE: Final = f"{{{_XML}}}lang"
_DEFAULT: Final = "x-default"
_LARGEST: Final = 16 << 20
_DEEPEST: Final = 200

_HEAD: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL: Final = '\n<?xpacket end="w"?>\n'
# What XML 1.0 cannot hold, not even escaped.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A reader turns a bare carriage return into a line feed, and in an attribute all blanks into spaces.
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE_ESCAPES: Final = _ESCAPES | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def writable(text: str) -> str:
    """A text without the characters that XML cannot hold, such as controls and halves of characters."""
    return _UNWRITABLE.sub("", text)


def _full(name: str) -> str:
    """``dc:subject`` with the namespace in place of its prefix."""
    prefix, _colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


_RDF, _DESCRIPTION, _ITEM = _full("rdf:RDF"), _full("rdf:Description"), _full("rdf:li")


class _Builder(TreeBuilder):
    """Keeps comments and prefixes; refuses what could make a small file large."""

    def __init__(self) -> None:
        super().__init__(insert_comments=True, insert_pis=True)
        self.prefixes: dict[str, str] = {}
        self._depth = 0

    def start_ns(self, prefix: str, uri: str) -> None:
        """Called for each declaration of a namespace."""
        if prefix and prefix not in self.prefixes.values():
            self.prefixes.setdefault(uri, prefix)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Called before anything in a document type is read; only there can entities be declared."""
        raise ParseError(_("it has a document type"))

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Called for each element."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ParseError(_("it is nested too deeply"))
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Called at the end of each element."""
        self._depth -= 1
        return super().end(tag)


class Packet:
    """One XMP packet. Properties are named like ``dc:subject``, with the prefixes of `NAMESPACES`.

    :param content: an existing packet, which stays in it but for what is set; None to begin an empty one.
    :raises FileFailed: it is not XMP, or not safe to read.
    """

    def __init__(self, content: bytes | None = None) -> None:
        self._prefixes: dict[str, str] = {}
        if content is None:
            self._root = Element(_full("x:xmpmeta"))
            self._rdf = SubElement(self._root, _RDF)
            return
        builder = _Builder()
        parser = XMLParser(target=builder)
        try:
            if len(content) > _LARGEST:
                raise ParseError(_("it is too large"))
            parser.feed(content)
            self._root = parser.close()
        except (ParseError, ValueError, LookupError) as error:  # the two latter: an encoding nobody knows
            raise FileFailed(_("The sidecar cannot be read: {error}.").format(error=error)) from error
        found = next(self._root.iter(_RDF), None)
        if found is None:
            raise FileFailed(_("The sidecar cannot be read: it is no XMP."))
        self._rdf, self._prefixes = found, builder.prefixes

    def texts(self, name: str) -> list[str]:
        """The values of a property; of alternatives in several languages the default one only."""
        full = _full(name)
        values = []
        for description in self._rdf.findall(_DESCRIPTION):
            if full in description.attrib:
                values.append(description.attrib[full])
            for element in description.findall(full):
                items = list(element.iter(_ITEM))
                if any(_LANGUAGE in item.attrib for item in items):
                    items = [item for item in items if item.get(_LANGUAGE) == _DEFAULT] or items[:1]
                values += [item.text or "" for item in items] if items else [element.text or ""]
        return [value for value in map(str.strip, values) if value]

    def drop(self, *names: str) -> None:
        """Remove properties."""
        for full in map(_full, names):
            for description in self._rdf.findall(_DESCRIPTION):
                description.attrib.pop(full, None)
                for element in description.findall(full):
                    description.remove(element)

    def set_text(self, name: str, text: str) -> None:
        """Set a property of one value."""
        self._new(name).text = writable(text)

    def set_items(self, name: str, kind: str, items: Sequence[str]) -> None:
        """Set a property of several values.

        :param kind: ``Bag`` (no order) or ``Seq``.
        """
        array = SubElement(self._new(name), _full(f"rdf:{kind}"))
        for item in items:
            SubElement(array, _ITEM).text = writable(item)

    def has(self, name: str) -> bool:
        """Whether a property is there, whatever it holds."""
        full = _full(name)
        return any(
            full in description.attrib or description.find(full) is not None
            for description in self._rdf.findall(_DESCRIPTION)
        )

    def set_structure(self, name: str, value: Value) -> None:
        """Set a property that is made of parts, which are named like properties."""
        _fill(self._new(name), value)

    def set_default(self, name: str, text: str) -> None:
        """Set the default of a property with alternatives in several languages; those in a named language stay."""
        others = [
            item for element in self._elements(name) for item in element.iter(_ITEM) if item.get(_LANGUAGE) != _DEFAULT
        ]
        array = SubElement(self._new(name), _full("rdf:Alt"))
        SubElement(array, _ITEM, {_LANGUAGE: _DEFAULT}).text = writable(text)
        array.extend(item for item in others if _LANGUAGE in item.attrib)

    def serialize(self) -> bytes:
        """The packet in UTF-8."""
        indent(self._root, " ")
        prefixes = dict(self._prefixes)
        for uri in dict.fromkeys(self._namespaces()):
            if uri not in prefixes:
                prefixes[uri] = self._free_prefix(uri, set(prefixes.values()))
        declared = "".join(f' xmlns:{prefix}="{uri.translate(_ATTRIBUTE_ESCAPES)}"' for uri, prefix in prefixes.items())
        return (_HEAD + _markup(self._root, prefixes, declared) + _TAIL).encode()

    def _elements(self, name: str) -> Iterator[Element]:
        for description in self._rdf.findall(_DESCRIPTION):
            yield from description.findall(_full(name))

    def _new(self, name: str) -> Element:
        self.drop(name)
        description = self._rdf.find(_DESCRIPTION)
        if description is None:
            description = SubElement(self._rdf, _DESCRIPTION, {_full("rdf:about"): ""})
        return SubElement(description, _full(name))

    def _namespaces(self) -> Iterator[str]:
        for element in self._root.iter():
            for name in (element.tag, *element.attrib):
                if isinstance(name, str) and name.startswith("{") and not name.startswith(f"{{{_XML}}}"):
                    yield name[1:].partition("}")[0]

    @staticmethod
    def _free_prefix(uri: str, used: set[str]) -> str:
        wished = next((prefix for prefix, known in NAMESPACES.items() if known == uri), "ns")
        number, prefix = 0, wished
        while prefix in used:
            number += 1
            prefix = f"{wished}{number}"
        return prefix


def _fill(element: Element, value: Value) -> None:
    if isinstance(value, str):
        element.text = writable(value)
    elif isinstance(value, Mapping):
        element.set(_full("rdf:parseType"), "Resource")
        for name, part in value.items():
            _fill(SubElement(element, _full(name)), part)
    else:
        bag = SubElement(element, _full("rdf:Bag"))
        for part in value:
            _fill(SubElement(bag, _ITEM), part)


def _markup(element: Element, prefixes: dict[str, str], declared: str = "") -> str:
    """An element as text, with what follows it; the standard library's own way would make up prefixes."""
    # The tags of comments and instructions are the functions that make them, which the types do not say.
    kind: object = element.tag
    if kind is Comment:
        return f"<!--{element.text}-->{element.tail or ''}"
    if kind is ProcessingInstruction:
        return f"<?{element.text}?>{element.tail or ''}"

    def short(name: str) -> str:
        if not name.startswith("{"):
            return name
        uri, _brace, local = name[1:].partition("}")
        return f"{'xml' if uri == _XML else prefixes[uri]}:{local}"

    name = short(element.tag)
    attributes = "".join(
        f' {short(key)}="{value.translate(_ATTRIBUTE_ESCAPES)}"' for key, value in element.attrib.items()
    )
    inside = (element.text or "").translate(_ESCAPES) + "".join(_markup(child, prefixes) for child in element)
    closed = f">{inside}</{name}>" if inside else "/>"
    return f"<{name}{declared}{attributes}{closed}{(element.tail or '').translate(_ESCAPES)}"
