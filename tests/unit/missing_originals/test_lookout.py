"""Looking for the server's files in real folders: below several roots, elsewhere on this computer, and once more."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from immich_tools.disk.findings import FileState
from immich_tools.disk.roots import MARKER
from immich_tools.missing_originals.facts import Survey
from immich_tools.missing_originals.lookout import Lookout, Seen
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.places import Places
from immich_tools.missing_originals.promises import missing_claims
from immich_tools.missing_originals.records import split_path
from immich_tools.paths import PathMap

UPLOAD, LIBRARY = "/data/upload", "/data/library"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Immich's folders with two files each."""
    for folder in ("upload", "library"):
        for name in (MARKER, "a/1.jpg", "b/2.jpg"):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    return tmp_path


def lookout(disk: Path, *, devices: dict[str, int] | None = None, **options: Any) -> Lookout:
    path_map = PathMap.parse([f"/data={disk}"])
    return Lookout(Places(("/data",)), path_map, MissingOriginalsOptions(**options), devices or {})


def look(where: Lookout, *paths: str) -> Seen:
    return where.look(map(split_path, paths))


def states(seen: Seen) -> dict[str, FileState]:
    return {path: finding.state for path, finding in seen.findings.items()}


EVERYTHING = tuple(f"{root}/{name}" for root in (UPLOAD, LIBRARY) for name in ("a/1.jpg", "b/2.jpg", "b/gone.jpg"))
GONE = (f"{UPLOAD}/b/gone.jpg", f"{LIBRARY}/b/gone.jpg")


def test_files_are_told_by_the_paths_of_the_server(disk: Path) -> None:
    seen = look(lookout(disk), *EVERYTHING)
    assert states(seen) == dict.fromkeys(GONE, FileState.MISSING)
    assert seen.proven() == {UPLOAD, LIBRARY}
    assert seen.devices() == dict.fromkeys((UPLOAD, LIBRARY), disk.stat().st_dev)
    assert seen.witnesses[UPLOAD] == (f"{UPLOAD}/a/1.jpg", f"{UPLOAD}/b/2.jpg")
    assert seen.missing() == sorted(GONE)


def test_one_root_that_is_not_there_leaves_the_other_one_alone(disk: Path) -> None:
    (disk / "upload").rename(disk / "unplugged")
    seen = look(lookout(disk), *EVERYTHING)
    assert seen.proven() == {LIBRARY}
    assert seen.missing() == [f"{LIBRARY}/b/gone.jpg"]
    assert states(seen)[f"{UPLOAD}/a/1.jpg"] is FileState.UNKNOWN


def test_another_device_than_in_the_last_run(disk: Path) -> None:
    elsewhere = {UPLOAD: disk.stat().st_dev + 1}
    assert look(lookout(disk, devices=elsewhere), *EVERYTHING).proven() == {LIBRARY}
    assert look(lookout(disk, devices=elsewhere, accept_devices=True), *EVERYTHING).proven() == {UPLOAD, LIBRARY}


def test_two_folders_of_the_server_in_one_place_here(disk: Path) -> None:
    path_map = PathMap.parse([f"/old={disk}/upload", f"/new={disk}/upload"])
    where = Lookout(Places((), ("/old", "/new")), path_map, MissingOriginalsOptions())
    seen = look(where, "/old/a/1.jpg", "/new/a/1.jpg", "/old/a/9.jpg", "/new/a/9.jpg")
    assert states(seen) == dict.fromkeys(("/old/a/9.jpg", "/new/a/9.jpg"), FileState.MISSING)


def test_looking_again_tells_what_is_back(disk: Path) -> None:
    where = lookout(disk)
    before = look(where, *EVERYTHING)
    (disk / "upload/b/gone.jpg").write_bytes(b"")
    again = where.look_again(before.missing(), before.witnesses, before.devices())
    assert again.missing() == [f"{LIBRARY}/b/gone.jpg"]
    assert states(again) == {f"{LIBRARY}/b/gone.jpg": FileState.MISSING}
    assert again.proven() == {UPLOAD, LIBRARY}


@pytest.mark.parametrize("lost", ["upload", "upload/.immich", "upload/a"])
def test_a_disk_that_goes_before_the_second_look_takes_no_file_along(disk: Path, lost: str) -> None:
    where = lookout(disk)
    before = look(where, *EVERYTHING)
    (disk / "upload/b/2.jpg").unlink()
    (disk / lost).rename(disk / "unplugged")
    again = where.look_again(before.missing(), before.witnesses, before.devices())
    assert again.missing() == [f"{LIBRARY}/b/gone.jpg"]
    assert states(again)[f"{UPLOAD}/b/gone.jpg"] is FileState.UNKNOWN


def test_names_stay_as_the_server_writes_them(disk: Path) -> None:
    composed, decomposed = "\u00e9.jpg", "e\u0301.jpg"
    (disk / "upload/a" / decomposed).write_bytes(b"")
    seen = look(lookout(disk), f"{UPLOAD}/a/{composed}", f"{UPLOAD}/a/{decomposed}", f"{UPLOAD}/a/1.jpg")
    assert states(seen) == {f"{UPLOAD}/a/{composed}": FileState.RENAMED}


def test_a_path_without_a_folder_is_not_looked_for_here(disk: Path) -> None:
    assert states(look(lookout(disk), "1.jpg")) == {"1.jpg": FileState.UNKNOWN}


def test_one_witness_has_a_name_of_each_kind_that_is_missing(disk: Path) -> None:
    """Or the last look, which looks for little else, could not tell whether the disk shows such names."""
    for number in range(30):
        (disk / f"upload/{number:02}").mkdir()
        (disk / f"upload/{number:02}/1.jpg").write_bytes(b"")
    (disk / "upload/29/\u0416.jpg").write_bytes(b"")
    names = [f"{UPLOAD}/{number:02}/1.jpg" for number in range(30)]
    cyrillic, gone = f"{UPLOAD}/29/\u0416.jpg", f"{UPLOAD}/00/\u041f.jpg"
    where = lookout(disk)
    seen = look(where, *names, cyrillic, gone)
    assert seen.missing() == [gone]
    assert seen.witnesses[UPLOAD] == (*names[:16], cyrillic)
    assert where.look_again([gone], seen.witnesses, seen.devices()).missing() == [gone]
    survey = Survey(
        day=date(2026, 5, 3),
        findings=seen.findings,
        places=where.places,
        proven=seen.proven(),
        devices=seen.devices(),
        witnesses=seen.witnesses,
    )
    claims = missing_claims(survey, where.path_map, [gone])
    assert claims is not None
    assert claims[0].root.witnesses == tuple(f"{disk}{path.removeprefix('/data')}" for path in (*names[:4], cyrillic))
