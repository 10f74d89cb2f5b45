"""What removals claim of the disk, so that whoever carries them out looks again right before: now, from a saved plan, or after an undo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from immich_tools.disk.replaced_names import odd_kinds
from immich_tools.missing_originals.facts import Survey
from immich_tools.missing_originals.places import Place, local_folder
from immich_tools.missing_originals.records import split_path
from immich_tools.paths import PathMap
from immich_tools.plan.claims import AliveRoot, FilesMissing

WITNESSES: Final = 4
"""Files of a root of which one at least must be there, of different folders; more would make plans long. One is added for each kind of
odd names that are missing."""


def missing_claims(survey: Survey, path_map: PathMap, paths: Iterable[str]) -> tuple[FilesMissing, ...] | None:
    """That files are missing while their disks are there; None where a file's path does not allow to look for it once more.

    :param paths: as the server sees them.
    """
    by_place: dict[Place, set[str]] = {}
    for path in paths:
        by_place.setdefault(survey.places.place(path), set()).add(path)
    try:
        return tuple(_claim(survey, path_map, place, by_place[place]) for place in sorted(by_place))
    except ValueError:
        return None


def _claim(survey: Survey, path_map: PathMap, place: Place, paths: set[str]) -> FilesMissing:
    present = survey.witnesses.get(place.folder, ())
    # The only file of a disk cannot be missing and prove that the disk is there: then the claim never holds.
    others = [path for path in present if path not in paths]
    witnesses = _witnesses(others, paths, len(place.folder.rstrip("/"))) or list(present[:1])
    root = AliveRoot(
        path_map.local(place.folder),
        tuple(_here(path, path_map) for path in witnesses),
        place.has_marker,
        survey.devices.get(place.folder),
    )
    ordered = tuple(sorted(paths))
    return FilesMissing(tuple(_here(path, path_map) for path in ordered), root, ordered)


def _witnesses(present: Sequence[str], paths: Iterable[str], start: int) -> list[str]:
    """Some files that prove the disk, and that it shows such names as those of the missing ones.

    :param start: where in a path what is below the root begins.
    """
    found = list(present[:WITNESSES])
    unproven = {kind for path in paths for kind in odd_kinds(path[start:])}
    unproven.difference_update(*(odd_kinds(path[start:]) for path in found))
    for path in present[WITNESSES:]:
        proven = unproven.intersection(odd_kinds(path[start:]))
        if proven:
            found.append(path)
            unproven -= proven
    return found


def _here(path: str, path_map: PathMap) -> str:
    folder, name = split_path(path)
    return local_folder(folder, path_map) + name
