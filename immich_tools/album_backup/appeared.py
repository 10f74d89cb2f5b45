"""Which copies Immich shows; only reads."""

from __future__ import annotations

from collections.abc import Iterable
from os.path import commonpath

from attrs import evolve

from immich_tools.album_backup.accounts import Accounts
from immich_tools.album_backup.facts import BackupFacts, ChosenAlbum, Upload
from immich_tools.album_backup.files import KnownFiles, look_at_targets
from immich_tools.album_backup.layout import Role
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.units import arranged, folders_of, sizes_of, wanted_units
from immich_tools.disk.watch import Watch
from immich_tools.immich.assets import EVERYWHERE
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Asset
from immich_tools.paths.names import normal_path


def imported(accounts: Accounts, target: str, relatives: Iterable[str]) -> dict[str, Asset]:
    """The assets that Immich shows at paths below the destination: path as the server sees it → asset, as far as keys are known."""
    wanted = {f"{target}/{relative}" for relative in relatives if relative}
    if not wanted:
        return {}
    folder = commonpath([path.rpartition("/")[0] for path in wanted])
    found: dict[str, Asset] = {}
    for client in accounts.clients:
        search = AssetFilter(visibility=EVERYWHERE, path_part=f"{folder}/", with_exif=True)
        for asset in client.assets.stream(search):
            path = normal_path(asset.original_path)
            if asset.library_id is not None and path in wanted:
                found[path] = asset
    return found


def emptied_albums(
    facts: BackupFacts, accounts: Accounts, options: AlbumBackupOptions, *, known: KnownFiles, watch: Watch
) -> frozenset[str]:
    """The albums of which nothing but copies is left outside the trash; see `BackupFacts.emptied`.

    :param known: what was read of files before.
    :raises FileFailed: a folder of the destination cannot be looked at.
    :raises Cancelled: `watch` asked to stop.
    """
    emptied = set()
    for chosen in facts.albums if options.delete_album else ():
        if not facts.uploads.keys().isdisjoint(chosen.member_ids):
            continue
        then = _before_the_trash(facts, chosen, accounts)
        units = wanted_units(then, options)
        folders = folders_of(units, then, options)
        present = look_at_targets(facts.local_target, folders, sizes_of(units), known, watch)
        there = [
            unit.relative
            for unit in arranged(units, evolve(then, present=present), options)
            if any(file.role is Role.ORIGINAL and file.is_there for file in unit.files)
        ]
        if imported(accounts, options.target(), there):
            emptied.add(chosen.album.id)
    return frozenset(emptied)


def _before_the_trash(facts: BackupFacts, chosen: ChosenAlbum, accounts: Accounts) -> BackupFacts:
    """The same with only one album, and in it what of it is in the trash now."""
    gone = {
        asset.id: evolve(asset, is_trashed=False)
        for client in accounts.clients
        if chosen.album.id in facts.visible[client.me.id]
        for asset in client.assets.stream(
            AssetFilter(album_ids=(chosen.album.id,), trashed=True, visibility=EVERYWHERE, with_exif=True)
        )
        if asset.library_id is None
    }
    days = [asset.local_date_time.date() for asset in gone.values() if asset.local_date_time is not None]
    start = min([*days, *([] if chosen.start is None else [chosen.start])], default=None)
    return evolve(
        facts,
        albums=(evolve(chosen, member_ids=tuple(sorted(gone)), start=start),),
        uploads={name: Upload(asset) for name, asset in gone.items()},
    )
