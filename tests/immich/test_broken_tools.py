"""No album, membership or file goes because the server failed to list an asset; whole plans on both versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from immich_tools import Immich, faceless_album, folder_albums, missing_originals
from immich_tools.errors import IncompleteListing
from immich_tools.faceless_album import FacelessAlbumOptions
from immich_tools.folder_albums import FolderAlbumsOptions, Mode
from immich_tools.missing_originals import MissingOriginalsOptions
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.model import Plan
from immich_tools.sandbox import Sandbox
from tests.immich.breaking import breaking

WORDS = "The server fails on 1 asset"


def kinds(plan: Plan) -> set[type]:
    return {type(change.action) for change in plan.changes}


def told(plan: Plan, words: str) -> bool:
    return any(words in note for note in plan.notes)


def in_folder(sandbox: Sandbox, folder: str, count: int) -> list[str]:
    return [
        sandbox.add_asset(
            original_path=f"/photos/{folder}/{number}.jpg", file_created_at=datetime(2024, 1, number + 1, tzinfo=UTC)
        )
        for number in range(count)
    ]


def test_folder_albums_makes_albums_and_deletes_none(sandbox: Sandbox, tmp_path: Path) -> None:
    ids = in_folder(sandbox, "Trip", 4)
    immich, _transport = breaking(sandbox, {ids[1]}, skip_broken=True)
    options = FolderAlbumsOptions(root_path=("/photos",))
    plan = folder_albums.make_plan(folder_albums.gather(immich, options, journal_folder=tmp_path), options)
    (change,) = plan.changes
    assert isinstance(change.action, CreateAlbum)
    assert set(change.action.asset_ids) == set(ids) - {ids[1]}
    assert told(plan, WORDS)
    sandbox.add_album("Trip", asset_ids=[ids[0], ids[2]])
    for mode in (Mode.CLEANUP, Mode.DELETE_ALL):
        for skip, expected in ((True, set()), (None, {DeleteAlbum})):
            client = immich if skip else Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport())
            options = FolderAlbumsOptions(root_path=("/photos",), mode=mode)
            facts = folder_albums.gather(client, options, journal_folder=tmp_path)
            assert kinds(folder_albums.make_plan(facts, options)) == expected, (mode, skip)


def test_every_tool_remembers_what_it_did_not_see(sandbox: Sandbox, tmp_path: Path) -> None:
    ids = in_folder(sandbox, "Trip", 4)
    immich, _transport = breaking(sandbox, {ids[1]}, skip_broken=True)
    for facts in (
        folder_albums.gather(immich, FolderAlbumsOptions(root_path=("/photos",)), journal_folder=tmp_path),
        faceless_album.gather(immich, FacelessAlbumOptions(), journal_folder=tmp_path),
        missing_originals.gather(
            immich, MissingOriginalsOptions(map=(f"/photos={tmp_path}",), paths=("/photos",)), journal_folder=tmp_path
        ),
    ):
        assert [each.asset_ids for each in facts.unlisted] == [(ids[1],)]


def test_without_the_option_every_tool_stops_and_names_the_asset(sandbox: Sandbox, tmp_path: Path) -> None:
    ids = in_folder(sandbox, "Trip", 4)
    immich, _transport = breaking(sandbox, {ids[1]})
    folder = FolderAlbumsOptions(root_path=("/photos",))
    gathers: list[Callable[[], object]] = [
        lambda: folder_albums.gather(immich, folder, journal_folder=tmp_path),
        lambda: faceless_album.gather(immich, FacelessAlbumOptions(), journal_folder=tmp_path),
        lambda: missing_originals.gather(immich, MissingOriginalsOptions(), journal_folder=tmp_path),
    ]
    for gather in gathers:
        with pytest.raises(IncompleteListing, match=rf"photos/{ids[1]}.*cid-1.*--skip-broken"):
            gather()
