"""Which albums earlier runs of this tool made, and what they put into them, as their journals tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import define, field

from immich_tools.folder_albums.facts import MadeAlbum, trace
from immich_tools.folder_albums.plan import TOOL
from immich_tools.folder_albums.roots import directory
from immich_tools.folder_albums.scheme import Scheme
from immich_tools.plan.effects.album_creation import CreateAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, SetAlbumField
from immich_tools.plan.effects.base import Change
from immich_tools.plan.journal import Run, runs_of
from immich_tools.plan.model import Label
from immich_tools.plan.result import Result, Status


@define
class _Known:
    label: str
    name: str
    scheme: Scheme
    asset_ids: set[str] = field(factory=set)
    files: set[str] = field(factory=set)
    folders: set[str] = field(factory=set)
    thumbnail_asset_id: str | None = None

    def put(self, asset_ids: Iterable[str], labels: Mapping[str, Label]) -> None:
        """Learn what was put into it, with what the plan said of these files."""
        for asset_id in asset_ids:
            self.asset_ids.add(asset_id)
            label = labels.get(asset_id)
            if label is not None and label.path:
                if label.taken:
                    self.files.add(trace(label.name, label.taken))
                self.folders.add(directory(label.path))


def made_albums(folder: Path, user_id: str) -> dict[str, MadeAlbum]:
    """Album id → what is known of it; albums that are gone may be among them.

    :param folder: of the journals; need not exist.
    :param user_id: whose albums count.
    :raises UnreadableJournal: the journal of a run cannot be read.
    """
    known: dict[str, _Known] = {}
    for run in runs_of(TOOL, folder):
        if run.plan.user_id != user_id:
            continue
        if run.undoes is not None:
            _learn_of_undo(run, known)
            continue
        scheme = Scheme.of(run.plan.options)
        for change in run.plan.changes:
            result = run.results.get(change.id)
            if result is not None:
                _learn(change, result, scheme, known, run.plan.labels)
    return {
        album_id: MadeAlbum(
            album.label,
            album.name,
            frozenset(album.asset_ids),
            album.scheme,
            frozenset(album.files),
            frozenset(album.folders),
            album.thumbnail_asset_id,
        )
        for album_id, album in known.items()
    }


def _learn_of_undo(run: Run, known: dict[str, _Known]) -> None:
    """An album that was deleted and made again has another id."""
    for change in run.plan.changes:
        result = run.results.get(change.id)
        if isinstance(change.action, CreateAlbum) and change.action.replaces in known and result and result.made:
            known[result.made] = known[change.action.replaces]


def _learn(
    change: Change, result: Result, scheme: Scheme, known: dict[str, _Known], labels: Mapping[str, Label]
) -> None:
    action = change.action
    if isinstance(action, CreateAlbum):
        # It may have been made and something else about it have failed.
        if result.made:
            known[result.made] = _Known(change.group, action.name, scheme)
            known[result.made].put(action.asset_ids, labels)
            known[result.made].thumbnail_asset_id = action.thumbnail_asset_id
    elif result.status is not Status.DONE:
        return
    elif isinstance(action, AddToAlbum) and action.album_id in known:
        if known[action.album_id].scheme == scheme:
            # A folder that was moved keeps its album, and where it has its name as well nothing is renamed.
            known[action.album_id].label = change.group
            known[action.album_id].put(action.assets, labels)
    elif isinstance(action, SetAlbumField) and action.field is AlbumField.NAME and action.album_id in known:
        known[action.album_id].label = change.group
        known[action.album_id].name = str(action.after)
    elif isinstance(action, SetAlbumField) and action.field is AlbumField.THUMBNAIL and action.album_id in known:
        known[action.album_id].thumbnail_asset_id = None if action.after is None else str(action.after)
