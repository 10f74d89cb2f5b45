"""In which folder a file of the server is kept that may be a disk of its own: there a mount can be missing as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define, field, frozen

from immich_tools.missing_originals.records import AssetRecord
from immich_tools.paths import PathMap, is_below, parts

STORAGE_FOLDERS: Final = ("upload", "library", "encoded-video")
"""The folders of Immich's media location that hold originals; each may be mounted by itself, and each has a marker of its own."""
MEDIA_LOCATIONS: Final = ("/usr/src/app/upload", "/data")
"""Where the server's container keeps them: until 2025, and since then."""


def local_folder(folder: str, path_map: PathMap) -> str:
    """Where a folder of the server is on this computer, in the form of `AssetRecord.folder`.

    :param folder: up to and including its last slash; what has no slash stays as it is.
    """
    return path_map.local(folder).rstrip("/") + "/" if folder else ""


@frozen(order=True)
class Place:
    """A root, as the server sees it.

    :ivar has_marker: whether Immich puts its marker file there.
    """

    folder: str
    has_marker: bool = False


def media_locations(records: Iterable[AssetRecord]) -> tuple[str, ...]:
    """The media locations that the paths of uploads show, the innermost first.

    Below ``upload``, ``encoded-video`` and mostly ``library``, the next folder is called by the owner's id, which tells for sure where
    they are (2.3.1 and 3.1.0); with a storage label ``library`` is recognised by its name.
    """
    sure: set[str] = set()
    others: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for record in records:
        if record.library_id is not None or (record.folder, record.owner_id) in seen:
            continue
        seen.add((record.folder, record.owner_id))
        location = _location(record.folder, record.owner_id)
        if location is None:
            others.add(record.folder)
        else:
            sure.add(location)
    for folder in sorted(others):
        known = next((each for each in (*sorted(sure), *MEDIA_LOCATIONS) if is_below(folder, each)), None)
        if known is not None:
            sure.add(known)
        elif "/library/" in folder:
            sure.add(folder[: folder.index("/library/")])
    return tuple(sorted(sure, key=lambda each: (-len(each), each)))


def _location(folder: str, owner_id: str) -> str | None:
    for name in STORAGE_FOLDERS:
        start = folder.find(f"/{name}/{owner_id}/")
        if start >= 0:
            return folder[:start]
    return None


@define
class Places:
    """Finds the root of each path: the innermost folder that may be a disk of its own.

    :ivar media: the media locations.
    :ivar others: further folders: those that are mapped to folders here, and the import paths of external libraries.
    """

    media: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    _roots: tuple[Place, ...] = field(init=False, eq=False, repr=False)
    _known: dict[str, Place] = field(factory=dict, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        roots = {folder.rstrip("/"): Place(folder.rstrip("/") or "/") for folder in (*self.media, *self.others)}
        for location in self.media:
            for name in STORAGE_FOLDERS:
                folder = f"{location.rstrip('/')}/{name}"
                roots[folder] = Place(folder, has_marker=True)
        self._roots = tuple(sorted(roots.values(), key=lambda place: (-len(place.folder), place.folder)))

    def place(self, path: str) -> Place:
        """The root of a path; of one that lies in none of them, its topmost folder.

        :param path: as the server sees it, of a file.
        """
        folder = path[: path.rfind("/") + 1]
        known = self._known.get(folder)
        if known is None:
            known = self._known[folder] = self._find(folder)
        return known

    def _find(self, folder: str) -> Place:
        for place in self._roots:
            if is_below(folder, place.folder):
                return place
        names = parts(folder)
        return Place("/" + names[0] if names else "/")
