"""Small real files to upload: JPEGs of noise with EXIF dates and places, and the shortest video there is."""

from __future__ import annotations

import io
import random
import struct
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from PIL import Image

EXIF_IFD: Final = 0x8769
GPS_IFD: Final = 0x8825
MAKE: Final = 0x010F
MAKER_NOTE: Final = 0x927C
DATE_TIME_ORIGINAL: Final = 0x9003
OFFSET_TIME_ORIGINAL: Final = 0x9011


def photo(
    seed: str,
    *,
    width: int,
    height: int,
    taken: datetime | None,
    place: tuple[float, float] | None = None,
    identifier: str | None = None,
) -> bytes:
    """A JPEG of noise: no two seeds look alike to anybody, and more pixels always make a larger file.

    :param taken: aware; None for a file without a date.
    :param place: latitude and longitude in degrees.
    :param identifier: what an iPhone writes into both halves of a live photo.
    """
    image = Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3))
    exif = Image.Exif()
    details = exif.get_ifd(EXIF_IFD)
    if taken is not None:
        details[DATE_TIME_ORIGINAL] = f"{taken:%Y:%m:%d %H:%M:%S}"
        details[OFFSET_TIME_ORIGINAL] = taken.isoformat()[-6:]
    if identifier is not None:
        exif[MAKE] = "Apple"
        details[MAKER_NOTE] = _maker_note(identifier)
    if place is not None:
        latitude, longitude = place
        exif.get_ifd(GPS_IFD).update(
            {
                1: "S" if latitude < 0 else "N",
                2: _degrees(abs(latitude)),
                3: "W" if longitude < 0 else "E",
                4: _degrees(abs(longitude)),
            }
        )
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


def _degrees(value: float) -> tuple[float, float, float]:
    degrees, rest = divmod(value, 1)
    minutes, rest = divmod(rest * 60, 1)
    return degrees, minutes, rest * 60


def _maker_note(identifier: str) -> bytes:
    """Apple's maker note with one entry, the content identifier; offsets count from its beginning."""
    value = identifier.encode() + b"\0"
    return b"Apple iOS\0\0\x01MM" + struct.pack(">HHHIII", 1, 0x11, 2, len(value), 32, 0) + value


def live_photo(seed: str, *, taken: datetime) -> tuple[bytes, bytes]:
    """A still and its motion video, which a server joins by the identifier that both carry."""
    identifier = str(uuid5(NAMESPACE_URL, seed)).upper()
    still = photo(seed, width=80, height=60, taken=taken, identifier=identifier)
    return still, video(seed, identifier=identifier)


def sidecar(description: str) -> bytes:
    """An XMP file with a description."""
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>
<rdf:li xml:lang="x-default">{description}</rdf:li></rdf:Alt></dc:description></rdf:Description>
</rdf:RDF></x:xmpmeta>""".encode()


def video(seed: str, *, identifier: str | None = None) -> bytes:
    """A QuickTime file of one second without a picture: what a server needs to take it for a video.

    :param identifier: see `photo`.
    """
    movie_header = struct.pack(
        ">IIIIIIHH8s36s24sI", 0, 0, 0, 1000, 1000, 0x10000, 0x100, 0, b"", _identity_matrix(), b"", 1
    )
    noise = random.Random(seed).randbytes(64)
    return (
        _atom(b"ftyp", b"qt  " + bytes(4) + b"qt  ")
        + _atom(b"mdat", noise)
        + _atom(b"moov", _atom(b"mvhd", movie_header) + (b"" if identifier is None else _keys(identifier)))
    )


def _keys(identifier: str) -> bytes:
    """QuickTime's list of keys with the content identifier."""
    handler = _atom(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    key = b"com.apple.quicktime.content.identifier"
    keys = _atom(b"keys", struct.pack(">II", 0, 1) + _atom(b"mdta", key))
    data = _atom(b"data", struct.pack(">II", 1, 0) + identifier.encode())
    values = _atom(b"ilst", struct.pack(">II", 8 + len(data), 1) + data)
    return _atom(b"meta", handler + keys + values)


def _atom(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _identity_matrix() -> bytes:
    return struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
