"""Names of files and folders that every usual file system takes, and that Immich's scan of a library does not pass over."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 255
"""Bytes of UTF-8 in one name (ext4, XFS, Btrfs). NTFS, exFAT and APFS count UTF-16 units or characters, which are never more."""

_EXTENSION: Final = re.compile(r"\S{1,10}")

# What Windows and SMB refuse; controls, separators of lines, marks that turn the direction of writing; halves of characters.
_REFUSED: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]'
)
# HFS+ does not compare them.
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_END: Final = re.compile(r"[\s.]+\Z")
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"}
)
# New external libraries exclude folders of these names (Immich 2.3.1 and 3.1.0); those with a dot in front are covered below.
_EXCLUDED: Final = frozenset({"@eadir", "#recycle", "#snapshot"})


def safe_name(text: str, *, room: int = LONGEST) -> str:
    """The nearest name to `text` that is one name everywhere: never empty, no path, not hidden, not a device of Windows.

    - Characters that some file system refuses become ``_``; the rest is in composed form (NFC).
    - Blanks around it and dots at its end go, which Windows would drop by itself. A dot in front becomes ``_``: Immich does not
      scan hidden files.
    - What is too long is cut before the extension.

    Giving it its own result changes nothing.

    :param room: bytes of UTF-8 that it may have, at least 32.
    """
    name = unicodedata.normalize("NFC", _REFUSED.sub("_", unicodedata.normalize("NFC", text)))
    name = _END.sub("", name.lstrip())
    if name.startswith("."):
        name = "_" + name[1:]
    device = name.partition(".")[0].rstrip()
    if device.lower() in _DEVICES | _EXCLUDED:
        name = f"{device}_{name[len(device) :]}"
    stem, extension = split_extension(name)
    return shortened(stem, room - len(extension.encode())) + extension or "_"


def split_extension(name: str) -> tuple[str, str]:
    """A name as stem and extension; the extension has its dot in front, or is empty.

    What follows the last dot is none if it is very long or has blanks in it: ``Mr. Smith`` is all stem.
    """
    stem, dot, extension = name.rpartition(".")
    if not stem or not _EXTENSION.fullmatch(extension):
        return name, ""
    return stem, dot + extension


def shortened(text: str, room: int) -> str:
    """The beginning of a text that has at most `room` bytes of UTF-8, cut between characters, without blanks and dots at the cut."""
    encoded = text.encode()
    return text if len(encoded) <= room else _END.sub("", encoded[:room].decode(errors="ignore"))


def collision_key(path: str) -> str:
    """Equal for paths that some usual file system takes for the same.

    Those that ignore case do it each in their own way; this is coarser than all of them, so that at worst a file gets a number it did
    not need.
    """
    folded = unicodedata.normalize("NFD", path).upper().casefold()
    return _INVISIBLE.sub("", unicodedata.normalize("NFD", folded))
