"""Which albums earlier runs of this tool made, and what they put into them, as their journals tell."""

from __future__ import annotations

from pathlib import Path

from attrs import define, field

from immich_tools.folder_albums.facts import MadeAlbum
from immich_tools.folder_albums.plan import TOOL
from immich_tools.folder_albums.scheme import Scheme
from immich_tools.plan.actions import AddToAlbum
from immich_tools.plan.album_actions import AlbumField, CreateAlbum, SetAlbumField
from immich_tools.plan.document import Change
from immich_tools.plan.journal import SUFFIX, runs
from immich_tools.plan.outcome import Result, Status


@define
class _Known:
    label: str
    name: str
    scheme: Scheme
    asset_ids: set[str] = field(factory=set)


def made_albums(folder: Path, user_id: str) -> dict[str, MadeAlbum]:
    """Album id → what is known of it; albums that are gone may be among them.

    :param folder: of the journals; need not exist.
    :param user_id: whose albums count.
    """
    known: dict[str, _Known] = {}
    for run in runs(folder, f"*-{TOOL}-*{SUFFIX}"):
        if run.plan.user_id != user_id:
            continue
        scheme = Scheme.of(run.plan.options)
        for change in run.plan.changes:
            result = run.results.get(change.id)
            if result is not None:
                _learn(change, result, scheme, known)
    return {
        album_id: MadeAlbum(album.label, album.name, frozenset(album.asset_ids), album.scheme)
        for album_id, album in known.items()
    }


def _learn(change: Change, result: Result, scheme: Scheme, known: dict[str, _Known]) -> None:
    action = change.action
    if isinstance(action, CreateAlbum):
        # It may have been made and something else about it have failed.
        if result.made:
            known[result.made] = _Known(change.group, action.name, scheme, set(action.asset_ids))
    elif result.status is not Status.DONE:
        return
    elif isinstance(action, AddToAlbum) and action.album_id in known:
        if known[action.album_id].scheme == scheme:
            known[action.album_id].asset_ids.add(action.asset_id)
    elif isinstance(action, SetAlbumField) and action.field is AlbumField.NAME and action.album_id in known:
        known[action.album_id].label = change.group
        known[action.album_id].name = str(action.after)
