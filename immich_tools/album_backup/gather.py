"""Reads from a server and from the disks what the planner of the album backup needs; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve

from immich_tools.album_backup.accounts import Accounts
from immich_tools.album_backup.appeared import emptied_albums, imported
from immich_tools.album_backup.choices import Origin
from immich_tools.album_backup.facts import (
    DOWNLOADED,
    LARGEST_SIDECAR,
    BackupFacts,
    ChosenAlbum,
    Edition,
    Source,
    Upload,
)
from immich_tools.album_backup.files import (
    KnownFiles,
    check_target,
    check_writable,
    look_at_source,
    look_at_targets,
    read_sidecar,
)
from immich_tools.album_backup.layout import Role
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.own_videos import is_crossed, own_video
from immich_tools.album_backup.selection import chosen_albums
from immich_tools.album_backup.shown import library_showing
from immich_tools.album_backup.units import (
    HIDDEN,
    BackupUnit,
    File,
    arranged,
    content_of,
    folders_of,
    is_embedded,
    sizes_of,
    wanted_units,
)
from immich_tools.disk.watch import Watch
from immich_tools.errors import AccessDenied, FileFailed, RequestRefused, UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Album, AlbumRole, Asset, Face, Library

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

_EXTENSIONS: Final = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/png": ".png"}


def gather(
    accounts: Accounts | Immich,
    options: AlbumBackupOptions,
    *,
    known: KnownFiles | None = None,
    watch: Watch | None = None,
    try_downloads: bool = False,
    may_be_gone: bool = False,
) -> BackupFacts:
    """Read the albums, what belongs to their members, and what lies at the destination.

    :param accounts: the users whose uploads may be copied; one connection for one user.
    :param known: what was read of files before.
    :param watch: may end the work.
    :param try_downloads: ask the server for each file that will be downloaded whether it can be.
    :param may_be_gone: an album may have been deleted since the backup began.
    :raises UsageError: an album or the destination is not there, the destination cannot be written to, or no external library would show
        any of the copies to one of the users.
    :raises FileFailed: the destination cannot be looked at.
    :raises AccessDenied: a key lacks a permission.
    :raises IncompleteListing: the members of an album cannot be read completely.
    :raises Cancelled: `watch` asked to stop.
    """
    accounts = accounts if isinstance(accounts, Accounts) else Accounts.of([accounts])
    known, watch = known or KnownFiles(), watch or Watch()
    first = accounts.first
    server_target = options.target()
    target = options.path_map().local(server_target)
    check_target(target)
    visible = {client.me.id: {album.id: album for album in client.albums.all()} for client in accounts.clients}
    albums = chosen_albums(visible[first.me.id].values(), options, may_be_gone=may_be_gone)
    names = {user.id: user.name for user in first.users.all()}
    facts = BackupFacts(
        users=tuple(client.me for client in accounts.clients),
        server_version=first.version,
        populations={client.me.id: client.assets.owned() for client in accounts.clients},
        local_target=target,
        names=names,
        visible=visible,
        library=_library(accounts, server_target, names),
    )
    facts = _with_members(facts, albums, accounts, options, known=known, watch=watch)
    units = wanted_units(facts, options)
    folders = folders_of(units, facts, options)
    facts = evolve(facts, present=look_at_targets(target, folders, sizes_of(units), known, watch))
    units = arranged(units, facts, options)
    if not may_be_gone:
        _refuse_hidden(units)
    missing = (file for unit in units if unit.refusal is None for file in unit.files if not file.is_there)
    check_writable(target, {file.relative.rpartition("/")[0] for file in missing})
    if try_downloads:
        facts = _with_tried_downloads(facts, units, accounts)
    facts = evolve(facts, imported=imported(accounts, server_target, [path for unit in units for path in unit.awaited]))
    facts = _with_holders(facts, units, accounts, options)
    facts = evolve(facts, emptied=emptied_albums(facts, accounts, options, known=known, watch=watch))
    return evolve(facts, unlisted=tuple(each for client in accounts.clients for each in client.broken_assets))


def _refuse_hidden(units: Iterable[BackupUnit]) -> None:
    """Refuse to copy what Immich would not show, if that is all of it.

    :raises UsageError: it is.
    """
    refusals = [unit.refusal for unit in units]
    hidden = [refusal[1] for refusal in refusals if refusal is not None and refusal[0] == HIDDEN]
    if hidden and None not in refusals:
        raise UsageError(
            _(
                "No copy would ever appear in Immich: {reason}. Nothing was changed; change the pattern or the destination."
            ).format(reason=min(hidden))
        )


def _library(accounts: Accounts, target: str, names: Mapping[str, str]) -> Library | None:
    """The external library that shows the destination; None when no key may tell.

    :param names: user id → name, of everybody.
    :raises UsageError: none shows it, or it is that of somebody whose key is not known.
    """
    for client in accounts.clients:
        if not client.me.is_admin:
            continue
        try:
            libraries = client.libraries.all()
        except AccessDenied:
            continue
        user_ids = {each.me.id for each in accounts.clients}
        library = library_showing(libraries, target, user_ids)
        if library is None:
            raise UsageError(
                _("No external library of the server shows {path}; make one in Immich first.").format(path=target)
            )
        if library.owner_id not in user_ids:
            raise UsageError(
                _(
                    "The library '{library}' that shows {path} belongs to {name}: no copy would appear for the users whose keys are known. "
                    "Add the key of {name}, or choose a folder of another library."
                ).format(library=library.name, path=target, name=names.get(library.owner_id, library.owner_id))
            )
        return library
    return None


def _with_members(
    facts: BackupFacts,
    albums: Iterable[Album],
    accounts: Accounts,
    options: AlbumBackupOptions,
    *,
    known: KnownFiles,
    watch: Watch,
) -> BackupFacts:
    first = accounts.first
    chosen, assets = [], dict[str, Asset]()
    for album in albums:
        watch.check()
        member_ids = tuple(sorted(first.albums.member_ids(album)))
        assets |= first.assets.read_each([name for name in member_ids if name not in assets])
        there = tuple(name for name in member_ids if name in assets)
        taken = (assets[name].local_date_time for name in there)
        start = min((moment.date() for moment in taken if moment is not None), default=None)
        chosen.append(ChosenAlbum(album, there, start))
    for client in accounts.clients[1:]:
        # Only owners see everything about an asset.
        theirs = [asset.id for asset in assets.values() if asset.owner_id == client.me.id]
        assets |= client.assets.read_each(theirs)
    external = {
        name: asset
        for name, asset in assets.items()
        if asset.library_id is not None or options.is_external(asset.original_path)
    }
    uploads = [asset for name, asset in assets.items() if name not in external]

    def read(asset: Asset) -> Upload:
        watch.check()
        client = accounts.of_user(asset.owner_id)
        return Upload(asset) if client is None else _upload(asset, client, options, known=known, watch=watch)

    found = first.connection.each(uploads, read)
    return evolve(
        facts,
        albums=tuple(chosen),
        external=external,
        uploads={upload.asset.id: upload for upload in found},
    )


def _upload(asset: Asset, client: Immich, options: AlbumBackupOptions, *, known: KnownFiles, watch: Watch) -> Upload:
    local = options.path_map().local
    linked = None if asset.live_photo_video_id is None else client.assets.get(asset.live_photo_video_id)
    motion = own_video(asset, linked, client, options, known=known, watch=watch)
    source = _source(asset, options)
    upload = Upload(asset, source, motion, is_crossed=is_crossed(linked))
    if motion is not None and not is_embedded(motion):
        upload = evolve(upload, motion_source=_source(motion, options))
    if options.origin is not Origin.DOWNLOAD:
        try:
            found = read_sidecar(local(asset.original_path))
            if found is not None:
                upload = evolve(upload, sidecar_path=found[0], sidecar=found[1])
        except FileFailed as failure:
            # Where the original is not on the disk, its sidecar is not looked for either.
            upload = evolve(upload, source=source if source == DOWNLOADED else Source(source.path, str(failure)))
    if any(person.name for person in asset.people or ()):
        upload = evolve(upload, faces=_faces(asset.id, client))
    if upload.source == DOWNLOADED and upload.sidecar is None:
        upload = evolve(upload, sidecar=_downloaded_sidecar(asset, client))
    if options.edited and asset.is_edited:
        upload = evolve(upload, edition=_edition(asset.id, client))
    if asset.stack_id is not None:
        stack = client.stacks.get(asset.stack_id)
        upload = evolve(upload, stack=() if stack is None else tuple(sorted(stack.member_ids)))
    return upload


def _faces(asset_id: str, client: Immich) -> tuple[Face, ...]:
    try:
        return client.faces.of_asset(asset_id) or ()
    except AccessDenied:
        # The names alone are in the asset's answer.
        return ()


def _downloaded_sidecar(asset: Asset, client: Immich) -> bytes | None:
    """What the server gives of the sidecar that Immich itself would read first; None where it gives none (before Immich 3.2)."""
    sidecars = client.sidecars.of_asset(asset.id)
    if not sidecars:
        return None
    beside = f"{asset.original_path}.xmp"
    first = next((each for each in sidecars if each.path == beside), sidecars[0])
    return client.sidecars.content(first, LARGEST_SIDECAR + 1)


def _edition(asset_id: str, client: Immich) -> Edition:
    try:
        with client.downloads.open(asset_id, edited=True) as download:
            return Edition(download.size, _EXTENSIONS.get(download.media_type, ".jpg"))
    except RequestRefused:
        # Copying it will meet this too, and say so.
        return Edition(None, ".jpg")


def _source(asset: Asset, options: AlbumBackupOptions) -> Source:
    content = content_of(asset)
    return look_at_source(
        options.path_map().local(asset.original_path), None if content is None else content.size, options.origin
    )


def _with_tried_downloads(facts: BackupFacts, units: Iterable[BackupUnit], accounts: Accounts) -> BackupFacts:
    """Note what the server does not send."""
    wanted = [
        (unit, file)
        for unit in units
        for file in unit.files
        if file.role in (Role.ORIGINAL, Role.MOTION) and file.source == DOWNLOADED and not file.is_there
    ]

    def attempt(pair: tuple[BackupUnit, File]) -> tuple[str, Role, str]:
        unit, file = pair
        client = accounts.of_user(unit.owner_id)
        assert client is not None, "uploads of others have no files"
        try:
            with client.downloads.open(file.asset_id) as download:
                return unit.id, file.role, _wrong_size(download.size, file)
        except RequestRefused as refusal:
            return unit.id, file.role, str(refusal)

    uploads = dict(facts.uploads)
    for name, role, problem in accounts.first.connection.each(wanted, attempt):
        if problem and role is Role.ORIGINAL:
            uploads[name] = evolve(uploads[name], source=Source(None, problem))
        elif problem:
            uploads[name] = evolve(uploads[name], motion_source=Source(None, problem))
    return evolve(facts, uploads=uploads)


def _wrong_size(found: int | None, file: File) -> str:
    expected = None if file.content is None else file.content.size
    if found is None or expected is None or found == expected:
        return ""
    return _("the file on the server has {found} bytes, but Immich knows it with {size}").format(
        found=found, size=expected
    )


def _with_holders(
    facts: BackupFacts, units: Iterable[BackupUnit], accounts: Accounts, options: AlbumBackupOptions
) -> BackupFacts:
    """What is known only of assets whose copies have appeared: tags, and the albums that hold them."""
    complete = [unit for unit in units if unit.is_complete]
    copies = {
        unit.id: facts.imported[path]
        for unit in complete
        if (path := f"{options.target()}/{unit.relative}") in facts.imported
    }
    edited = [
        facts.imported[path]
        for unit in complete
        if unit.id in copies
        for relative in unit.shown
        if (path := f"{options.target()}/{relative}") in facts.imported and relative != unit.relative
    ]
    if not copies:
        return facts
    read: dict[str, Asset] = {}
    holders: dict[str, frozenset[str]] = {}
    for client in accounts.clients:
        theirs = [copy.id for copy in (*copies.values(), *edited) if copy.owner_id == client.me.id]
        read |= client.assets.read_each(theirs)
        uploads = [name for name in copies if facts.uploads[name].asset.owner_id == client.me.id]
        holders |= _holders(client, [*theirs, *uploads], facts.visible[client.me.id])
    names = {chosen.album.name for chosen in facts.albums}
    rebuilt = {
        album.id: client.albums.member_ids(album)
        for client in accounts.clients
        for album in facts.visible[client.me.id].values()
        if options.rebuild_album and album.name in names and album.role is AlbumRole.OWNER
    }
    return evolve(
        facts,
        imported={path: read.get(asset.id, asset) for path, asset in facts.imported.items()},
        holders=holders,
        rebuilt=rebuilt,
    )


def _holders(client: Immich, ids: Iterable[str], albums: Mapping[str, Album]) -> dict[str, frozenset[str]]:
    wanted = list(ids)
    members = client.albums.memberships(albums.values(), wanted)
    return {name: frozenset(album for album, held in members.items() if name in held) for name in wanted}
