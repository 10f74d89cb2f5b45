"""Drawing small pictures with real metadata, and stand-ins for videos."""

import io
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Any

from attrs import frozen


class Format(StrEnum):
    """The file formats that can be drawn; the value is Pillow's name."""

    JPEG = "JPEG"
    HEIC = "HEIF"
    DNG = "TIFF"
    PNG = "PNG"


@frozen
class Camera:
    make: str
    model: str


PHONE = Camera("Apple", "iPhone 12")
CAMERA = Camera("Canon", "Canon EOS R6")


@frozen
class Picture:
    """What a picture shows and says. The same `motif` gives the same drawing in every size, quality and format.

    `taken` carries its offset; `place` is latitude and longitude in degrees."""

    motif: int
    taken: datetime | None = None
    place: tuple[float, float] | None = None
    camera: Camera | None = PHONE
    width: int = 320
    height: int = 240
    quality: int = 90
    format: Format = Format.JPEG


def has_heic() -> bool:
    """Whether the plugin that writes HEIC is installed."""
    try:
        import pillow_heif  # noqa: F401  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return False
    return True


def draw(picture: Picture) -> bytes:
    """The file. Without the HEIC plugin a HEIC picture is a JPEG inside.

    Raises:
        ImportError: Pillow is not installed.
    """
    from PIL import Image, ImageDraw

    chance = Random(picture.motif)
    size = (320, 240)
    image = Image.new("RGB", size, _color(chance))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = chance.randrange(size[0]), chance.randrange(size[1])
        right, bottom = left + chance.randrange(20, 140), top + chance.randrange(20, 100)
        shape = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        shape((left, top, right, bottom), fill=_color(chance))
    if (picture.width, picture.height) != size:
        image = image.resize((picture.width, picture.height))
    form = picture.format
    if form is Format.HEIC:
        if has_heic():
            from pillow_heif import register_heif_opener

            register_heif_opener()
        else:
            form = Format.JPEG
    out = io.BytesIO()
    options: dict[str, Any] = {"exif": _exif(picture)} if form is not Format.PNG else {}
    if form in (Format.JPEG, Format.HEIC):
        options["quality"] = picture.quality
    image.save(out, form.value, **options)
    return out.getvalue()


def _color(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def _exif(picture: Picture) -> Any:
    from PIL import Image

    exif = Image.Exif()
    if picture.camera is not None:
        exif[0x010F], exif[0x0110] = picture.camera.make, picture.camera.model
    if picture.taken is not None:
        details = exif.get_ifd(0x8769)
        details[0x9003] = f"{picture.taken:%Y:%m:%d %H:%M:%S}"
        details[0x9291] = f"{picture.taken.microsecond // 1000:03d}"
        offset = f"{picture.taken:%z}"
        if offset:
            details[0x9011] = f"{offset[:3]}:{offset[3:]}"
    if picture.place is not None:
        gps = exif.get_ifd(0x8825)
        for tag, value, names in ((1, picture.place[0], "NS"), (3, picture.place[1], "EW")):
            gps[tag] = names[value < 0]
            degrees, rest = divmod(abs(value), 1)
            minutes, rest = divmod(rest * 60, 1)
            gps[tag + 1] = (degrees, minutes, round(rest * 60, 4))
    return exif


def video(motif: int, kilobytes: int = 4) -> bytes:
    """A file that is recognised as an MP4 video by its first bytes; there is nothing to play in it."""
    head = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    return head + Random(motif).randbytes(kilobytes * 1024 - len(head))
