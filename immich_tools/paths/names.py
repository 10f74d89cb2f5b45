"""The normal form of paths. Nothing here looks at a disk."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def normal_path(path: str) -> str:
    """A path with ``/`` between its names and in composed Unicode form (NFC), so that what looks alike is alike."""
    path = separated(path)
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def separated(path: str) -> str:
    r"""A path with ``/`` between its names, which stay as they are.

    A backslash separates names only in paths that begin like those of Windows (``C:\`` or ``\\server``); elsewhere it is part of a name.
    """
    if path[:1].isascii() and path[:1].isalpha() and path[1:3] in (":\\", ":/", ":"):
        return path[0].upper() + path[1:].replace("\\", "/")
    return path.replace("\\", "/") if path.startswith("\\") else path


def parts(path: str) -> list[str]:
    """The names of a path, without empty ones and dots."""
    return [name for name in path.split("/") if name not in ("", ".")]


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it at any depth: ``/a/bc`` does not lie in ``/a/b``.

    Compared name by name: Unicode forms, slashes at the end or in a row, ``.`` and the separators of Windows make no difference, but
    capitals do. Every tool compares paths of the server with folders by this.
    """
    return _comparable(path).startswith(_comparable_folder(folder))


def _comparable(path: str) -> str:
    path = normal_path(path)
    if "//" in path or "/." in path or path.startswith("./"):
        path = ("/" if path.startswith("/") else "") + "/".join(parts(path))
    return below(path) if path else ""


_comparable_folder = lru_cache(maxsize=1024)(_comparable)


def below(folder: str) -> str:
    """What the paths of everything in a folder begin with."""
    return folder if folder.endswith("/") else folder + "/"
