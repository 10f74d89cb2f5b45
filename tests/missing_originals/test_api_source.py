"""The same facts from the API: of the key's user, whatever state an asset is in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from immich_tools.errors import AccessDenied, UsageError
from immich_tools.immich.models import Visibility
from immich_tools.missing_originals.api_source import stream
from immich_tools.missing_originals.records import AssetRecord, split_path
from tests.tools.server import TAKEN, Server


def expected(server: Server, name: str, **more: Any) -> AssetRecord:
    """The record of an asset, its path taken from what the server answers to a request of its own."""
    told = server.api.get(f"/assets/{server.ids[name]}")
    folder, file_name = split_path(told["originalPath"])
    return AssetRecord(id=server.ids[name], owner_id=server.user_id, folder=folder, name=file_name, **more)


def test_every_kind_of_asset(server: Server) -> None:
    for number, name in enumerate(("plain.jpg", "archived.jpg", "binned.jpg", "one.jpg", "two.jpg")):
        server.photo(name, taken=TAKEN + timedelta(days=number))
    server.video("moving.mov")
    server.photo("still.jpg", live_video="moving.mov")
    server.settle()
    server.update("archived.jpg", visibility="archive")
    stack_id = server.api.post("/stacks", {"assetIds": [server.ids["one.jpg"], server.ids["two.jpg"]]})["id"]
    server.trash("binned.jpg")
    found = list(stream(server.connect(read_only=True)))
    assert len(found) == len(set(found))
    assert set(found) == {
        expected(server, "plain.jpg"),
        expected(server, "archived.jpg", visibility=Visibility.ARCHIVE),
        expected(server, "binned.jpg", is_trashed=True),
        expected(server, "one.jpg", stack_id=stack_id),
        expected(server, "two.jpg", stack_id=stack_id),
        expected(server, "moving.mov", visibility=Visibility.HIDDEN),
        expected(server, "still.jpg", live_photo_video_id=server.ids["moving.mov"]),
    }


def test_nobody_elses_and_nothing_locked(server: Server) -> None:
    server.photo("own.jpg")
    server.photo("locked.jpg")
    server.update("locked.jpg", visibility="locked")
    partner = server.host.new_user("Ben")
    partner.photo("foreign.jpg")
    partner.show_library_to(server)
    assert [record.id for record in stream(server.connect(read_only=True))] == [server.ids["own.jpg"]]


def test_no_asset_at_all_is_an_error(server: Server) -> None:
    with pytest.raises(UsageError, match="has no asset at all"):
        list(stream(server.connect(read_only=True)))


def test_a_key_that_may_not_see_stacks(server: Server) -> None:
    server.photo("own.jpg")
    immich = server.connect(permissions=["asset.read", "asset.statistics", "user.read"], read_only=True)
    with pytest.raises(AccessDenied, match=r"'stack\.read'"):
        list(stream(immich))


def test_the_least_that_a_key_needs(server: Server) -> None:
    server.photo("own.jpg")
    immich = server.connect(permissions=["asset.read", "asset.statistics", "stack.read", "user.read"], read_only=True)
    assert len(list(stream(immich))) == 1
