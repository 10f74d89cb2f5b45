"""How mounts show names: each replaces what it cannot show."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

RESERVED = '\\:*?"<>|'
TO_PRIVATE = {ord(each): 0xF000 + ord(each) for each in RESERVED}
TO_SFM = {ord(each): 0xF020 + place for place, each in enumerate('"*/:<>?\\|') if each != "/"}
TO_FULL_WIDTH = {ord(each): 0xFEE0 + ord(each) for each in RESERVED}
TO_CATIA = str.maketrans('":*<>?\\|', "¨÷¤«»¿ÿ¦")


def outside_ascii(replacement: Callable[[str], str]) -> Callable[[str], str]:
    """A mount that replaces each character outside ASCII."""
    return lambda name: "".join(each if each.isascii() else replacement(each) for each in name)


def reserved(replacement: Callable[[str], str]) -> Callable[[str], str]:
    """A mount that replaces each character that Windows refuses."""
    return lambda name: "".join(replacement(each) if each in RESERVED else each for each in name)


def in_bytes(name: str, encoding: str) -> str:
    return name.encode(encoding, "replace").decode("utf-8", "surrogateescape")


def end_replaced(name: str) -> str:
    return name[:-1] + {" ": "\uf028", ".": "\uf029"}.get(name[-1], name[-1])


MOUNTS: dict[str, Callable[[str], str]] = {
    "cifs without utf8": outside_ascii(lambda each: "?" * (len(each.encode("utf-16-le")) // 2)),
    "cifs, names stored decomposed": lambda name: outside_ascii(lambda _: "?")(unicodedata.normalize("NFD", name)),
    "vfat": outside_ascii(lambda _: "_"),
    "vfat, utf-8 bytes": outside_ascii(lambda each: "_" * len(each.encode())),
    "vfat with uni_xlate": outside_ascii(lambda each: f":{ord(each) & 0xFFFF:04x}"),
    "replacement characters": outside_ascii(lambda _: "\ufffd"),
    "beyond U+FFFF": lambda name: "".join("??" if ord(each) > 0xFFFF else each for each in name),
    "latin-1 bytes": lambda name: in_bytes(name, "latin-1"),
    "cp1251 bytes": lambda name: in_bytes(name, "cp1251"),
    "shift-jis bytes": lambda name: in_bytes(name, "shift_jis"),
    "utf-8 read as latin-1": lambda name: name.encode().decode("latin-1"),
    "utf-8 read as cp437": lambda name: name.encode().decode("cp437"),
    "cap": outside_ascii(lambda each: "".join(f":{byte:02x}" for byte in each.encode())),
    "percent": outside_ascii(lambda each: "".join(f"%{byte:02X}" for byte in each.encode())),
    "mapposix": lambda name: end_replaced(name.translate(TO_PRIVATE)),
    "sfm": lambda name: end_replaced(name.translate(TO_SFM)),
    "rclone": lambda name: name.translate(TO_FULL_WIDTH),
    "catia": lambda name: name.translate(TO_CATIA),
    "reserved as underscores": reserved(lambda _: "_"),
    "reserved as question marks": lambda name: reserved(lambda _: "?")(name.replace("?", "*")),
    "ends dropped": lambda name: name.rstrip(" .") or name,
    "short names": lambda name: name if name.isascii() else f"{name[0].upper() if name[0].isascii() else 'X'}~1.JPG",
}


def shown_by(mount: str, name: str) -> str | None:
    """How a mount shows a name; None where it cannot hold it at all."""
    try:
        return MOUNTS[mount](name)
    except UnicodeError:
        return None
