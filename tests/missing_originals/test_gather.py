"""Reading server and disk together: what is there, what is missing, what was moved, and what an earlier run trashed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from immich_tools.disk.findings import FileState
from immich_tools.disk.roots import MARKER
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.gather import gather
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.places import STORAGE_FOLDERS, media_locations
from immich_tools.missing_originals.plan import make_plan
from immich_tools.missing_originals.records import AssetRecord
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import TrashAssets
from tests.tools.folders import Folders
from tests.tools.server import TAKEN, Server

DAY = date(2026, 5, 3)


@pytest.fixture
def folders(server: Server, tmp_path: Path) -> Folders:
    """An external library of the server's user, still empty."""
    return Folders(server, tmp_path / "library")


class Media:
    """The server's media location on this computer."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server = server
        self.path = path

    def files(self) -> dict[str, Path]:
        """Name of an asset → where its original is here."""
        told = {name: self.server.api.get(f"/assets/{key}")["originalPath"] for name, key in self.server.ids.items()}
        self.location = self._location(list(told.values()))
        return {name: self.path / path.removeprefix(f"{self.location}/") for name, path in told.items()}

    def _location(self, paths: list[str]) -> str:
        records = [
            AssetRecord(
                id=f"{number:032}", owner_id=self.server.user_id, folder=path.rpartition("/")[0] + "/", name="x"
            )
            for number, path in enumerate(paths)
        ]
        return media_locations(records)[0]

    def fill(self) -> dict[str, Path]:
        """Write every original, and the server's markers."""
        files = self.files()
        for path in (*files.values(), *(self.path / folder / MARKER for folder in STORAGE_FOLDERS)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return files

    def gather(self, *, sleep: Callable[[float], None] = lambda _seconds: None, **values: Any) -> MissingFacts:
        immich = self.server.connect(read_only=True)
        return gather(immich, self.options(**values), journal_folder=self.path / "none", day=DAY, sleep=sleep)

    def options(self, **values: Any) -> MissingOriginalsOptions:
        return MissingOriginalsOptions(map=(f"{self.location}={self.path}",), **values)


@pytest.fixture
def media(server: Server, tmp_path: Path) -> Media:
    """Three uploads."""
    for number in range(3):
        server.photo(f"{number}.jpg", taken=TAKEN + timedelta(days=number))
    server.settle()
    return Media(server, tmp_path / "media")


def states(facts: MissingFacts) -> dict[str, FileState]:
    return {record.id: facts.state(record.path) for record in facts.records}


def test_what_is_gone_is_missing_and_the_rest_is_there(server: Server, media: Media) -> None:
    media.fill()["1.jpg"].unlink()
    waited: list[float] = []
    facts = media.gather(sleep=waited.append, recheck_delay=7.0)
    assert states(facts) == {
        server.ids["0.jpg"]: FileState.PRESENT,
        server.ids["1.jpg"]: FileState.MISSING,
        server.ids["2.jpg"]: FileState.PRESENT,
    }
    assert waited == [7.0]
    assert facts.proven == facts.devices.keys() and facts.proven
    (change,) = make_plan(facts, MissingOriginalsOptions(max_missing_ratio=0.5)).changes
    assert isinstance(change.action, TrashAssets) and change.action.trashed_ids == (server.ids["1.jpg"],)


def test_nobody_waits_where_nothing_is_missing(media: Media) -> None:
    media.fill()
    assert set(states(media.gather(sleep=lambda _seconds: pytest.fail("waited"))).values()) == {FileState.PRESENT}


def test_what_is_back_at_the_second_look_is_not_missing(media: Media) -> None:
    gone = media.fill()["1.jpg"]
    gone.unlink()
    assert set(states(media.gather(sleep=lambda _seconds: gone.touch())).values()) == {FileState.PRESENT}


@pytest.mark.parametrize("becomes", ["moved", "deleted"])
def test_what_the_server_moves_or_deletes_meanwhile_is_unknown(server: Server, media: Media, becomes: str) -> None:
    """With the storage template on, an edit moves the original seconds later."""
    if server.host.sandbox is None:
        pytest.skip("a real server moves files by its own template")
    state, asset_id = server.host.sandbox.state, server.ids["1.jpg"]
    media.fill()["1.jpg"].unlink()
    old = state.assets[asset_id].original_path

    def meanwhile(_seconds: float) -> None:
        if becomes == "moved":
            state.assets[asset_id].original_path = f"{media.location}/library/admin/2024/1.jpg"
        else:
            state.remove_asset(state.assets[asset_id], delete_files=False)

    facts = media.gather(sleep=meanwhile)
    assert states(facts)[asset_id] is FileState.UNKNOWN
    assert "meanwhile" in facts.finding(old).reason
    assert make_plan(facts).changes == ()


def test_a_disk_that_goes_before_the_second_look_takes_nothing_along(media: Media) -> None:
    media.fill()["1.jpg"].unlink()
    facts = media.gather(sleep=lambda _seconds: (media.path.rename(media.path.with_name("unplugged")), None)[1])
    assert FileState.MISSING not in states(facts).values()
    assert not facts.proven
    assert make_plan(facts).changes == ()


def test_a_sidecar_protects_its_original(server: Server, media: Media) -> None:
    gone = media.fill()["1.jpg"]
    gone.rename(gone.with_name(gone.name + ".xmp"))
    plan = make_plan(media.gather(), MissingOriginalsOptions(max_missing_ratio=1.0))
    assert plan.changes == () and plan.skip_counts()["partial"] == 1


def test_what_was_moved_is_found_by_its_content(server: Server, media: Media, folders: Folders) -> None:
    album_id, old = server.album("Holiday", "1.jpg"), server.ids["1.jpg"]
    files = media.fill()
    folders.file("1.jpg", taken=TAKEN + timedelta(days=1))  # the same bytes as those of the upload of that name
    folders.scan()
    files["1.jpg"].unlink()
    facts = media.gather(find_moved=True)
    (new,) = facts.moved.values()
    assert facts.moved == {old: new}
    *transfers, removal = make_plan(facts, MissingOriginalsOptions(max_missing_ratio=1.0)).changes
    assert isinstance(removal.action, TrashAssets)
    assert (removal.action.trashed_ids, removal.action.kept_ids) == ((old,), (new,))
    assert [change.action for change in transfers] == [AddToAlbum(new, album_id, "Holiday")]


def test_a_disk_that_hangs_does_not_hold_up_looking_for_what_was_moved(
    server: Server, media: Media, folders: Folders
) -> None:
    files = media.fill()
    for number in (1, 2):
        folders.file(f"{number}.jpg", taken=TAKEN + timedelta(days=number))
    folders.scan()
    for number in (1, 2):
        files[f"{number}.jpg"].unlink()
        (folders.path / f"{number}.jpg").unlink()
        os.mkfifo(folders.path / f"{number}.jpg")  # opening it waits for somebody who writes
    facts = media.gather(find_moved=True, disk_timeout=0.1)
    assert not facts.moved
    (warning,) = facts.warnings
    assert "the disk does not answer" in warning
