"""Small real files to upload: JPEGs of noise with EXIF dates and places, and the shortest video there is."""

from __future__ import annotations

import io
import random
import struct
from datetime import datetime
from typing import Final

from PIL import Image

EXIF_IFD: Final = 0x8769
GPS_IFD: Final = 0x8825
DATE_TIME_ORIGINAL: Final = 0x9003
OFFSET_TIME_ORIGINAL: Final = 0x9011


def photo(
    seed: str, *, width: int, height: int, taken: datetime | None, place: tuple[float, float] | None = None
) -> bytes:
    """A JPEG of noise: no two seeds look alike to anybody, and more pixels always make a larger file.

    :param taken: aware; None for a file without a date.
    :param place: latitude and longitude in degrees.
    """
    image = Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3))
    exif = Image.Exif()
    details = exif.get_ifd(EXIF_IFD)
    if taken is not None:
        details[DATE_TIME_ORIGINAL] = f"{taken:%Y:%m:%d %H:%M:%S}"
        details[OFFSET_TIME_ORIGINAL] = taken.isoformat()[-6:]
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


def video(seed: str) -> bytes:
    """A QuickTime file of one second without a picture: what a server needs to take it for a video."""
    movie_header = struct.pack(
        ">IIIIIIHH8s36s24sI", 0, 0, 0, 1000, 1000, 0x10000, 0x100, 0, b"", _identity_matrix(), b"", 1
    )
    noise = random.Random(seed).randbytes(64)
    return (
        _atom(b"ftyp", b"qt  " + bytes(4) + b"qt  ")
        + _atom(b"mdat", noise)
        + _atom(b"moov", _atom(b"mvhd", movie_header))
    )


def _atom(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _identity_matrix() -> bytes:
    return struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
