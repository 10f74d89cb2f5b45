"""Which albums go with a folder that was removed from the disk (``--sync-mode 2``).

Immich puts every file that it does not find on the disk into the trash (2.3.1 and 3.1.0): those of a removed folder, and all files of a
disk that is not mounted. The album then shows nothing and still holds them. It is deleted only when other files prove that the disk is
there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from immich_tools.errors import GuardTripped
from immich_tools.folder_albums.arrange import root_of
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import Naming, name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.refusals import Refusal
from immich_tools.folder_albums.roots import Roots, directory
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Album, Asset
from immich_tools.paths import below, normal_path
from immich_tools.plan.effects.album_creation import DeleteAlbum
from immich_tools.plan.model import Plan

if TYPE_CHECKING:
    from immich_tools.plan.guards import Guards


def objection_to_deleting(
    album: Album, facts: FolderFacts, options: FolderAlbumsOptions, doubtful: Collection[str]
) -> str | None:
    """Why an album whose files are all in the trash must stay; None when its folder was removed.

    :param doubtful: ids of albums whose folder may have been renamed.
    """
    made = facts.made.get(album.id)
    if made is None:
        return _("this tool did not make them")
    if name_key(album.name) != name_key(made.name) and not options.include_foreign:
        return _("they were renamed since this tool made them (--include-foreign)")
    if album.id in doubtful:
        return _("their folder may have been renamed")
    files = facts.dormant[album.id]
    if not any(asset.is_offline for asset in files):
        return _("their files are in the trash, not missing on the disk")
    if any(asset.library_id is None or asset.owner_id != facts.user_id or not asset.is_trashed for asset in files):
        return _("they hold files other than missing ones of an external library of yours")
    roots = options.roots()
    if _folder_shows(made.name, files, facts, options.naming(), roots):
        return _("their folder still shows other files")
    return next(_unproven_disks(files, facts, roots), None)


def _folder_shows(name: str, files: Collection[Asset], facts: FolderFacts, naming: Naming, roots: Roots) -> bool:
    """Whether a file is on the disk in, or below, a folder of these files, or in another folder that gives the album's name."""
    folders = {f"{directory(asset.original_path)}/" for asset in files}
    for each in facts.shown:
        placed = roots.place(f"{each.path}/")
        if any(f"{each.path}/".startswith(folder) for folder in folders):
            return True
        given = placed if isinstance(placed, Refusal) else naming.name(placed.folder.names)
        if isinstance(given, str) and name_key(given) == name_key(name):
            return True
    return False


def _unproven_disks(files: Collection[Asset], facts: FolderFacts, roots: Roots) -> Iterator[str]:
    """What does not show a file and should, if the disks of the roots and of these files are there."""
    for root in roots.folders:
        if not _shows(root, facts):
            yield _("nothing shows below the root {folder}; is its disk mounted?").format(folder=root)
    for library_id, path in sorted({(str(asset.library_id), directory(asset.original_path)) for asset in files}):
        held_by = root_of(f"{path}/", roots)
        if held_by is None:
            yield _("they hold files outside of the roots")
        elif not _shows(held_by, facts, library_id):
            yield _("no other file of their library shows below {folder}; is its disk mounted?").format(folder=held_by)
        for imported in map(normal_path, facts.import_paths):
            if f"{path}/".startswith(below(imported)) and not _shows(imported, facts, library_id):
                yield _("nothing shows below {folder}; is its disk mounted?").format(folder=imported)


def _shows(folder: str, facts: FolderFacts, library_id: str | None = None) -> bool:
    """Whether a file is on the disk somewhere below a folder.

    :param library_id: of the file; None for any.
    """
    start = below(folder)
    return any(f"{each.path}/".startswith(start) and library_id in (None, each.library_id) for each in facts.shown)


def check_guards(plan: Plan, facts: FolderFacts, options: FolderAlbumsOptions, guards: Guards) -> None:
    """Stop a plan that deletes the albums of too many missing files.

    :param guards: as many missing files as assets may be removed; the ratio is of all files below the roots.
    :raises GuardTripped: says which limit, and how to raise it.
    """
    deletions = [change.action for change in plan.changes if isinstance(change.action, DeleteAlbum)]
    missing = {asset_id for action in deletions for asset_id in action.trashed_ids}
    if not missing:
        return
    if guards.max_removed is not None and len(missing) > guards.max_removed:
        raise GuardTripped(
            ngettext(
                "{count} file is missing on the disk and its album would be deleted, more than the {limit} allowed. "
                "Nothing was changed. If its folder was removed, raise --max-removed.",
                "{count} files are missing on the disk and their albums would be deleted, more than the {limit} allowed. "
                "Nothing was changed. If their folders were removed, raise --max-removed.",
                len(missing),
            ).format(count=len(missing), limit=guards.max_removed)
        )
    roots = options.roots()
    there = sum(each.count for each in facts.shown if root_of(f"{each.path}/", roots) is not None)
    if len(missing) > guards.max_ratio * (there + len(missing)):
        raise GuardTripped(
            _(
                "{count} of {population} files below the roots are missing on the disk and their albums would be deleted, more than "
                "the {limit:.1f} % allowed. Nothing was changed. If their folders were removed, raise --max-ratio."
            ).format(count=len(missing), population=there + len(missing), limit=100 * guards.max_ratio)
        )
