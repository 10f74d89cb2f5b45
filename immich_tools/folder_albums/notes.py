"""What the reader of a plan should know besides its changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define, field

from immich_tools.folder_albums.arrange import Arrangement
from immich_tools.folder_albums.diagnosis import diagnose
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.i18n import _, ngettext

SHOWN: Final = 5
"""How many names a note spells out."""


@define
class Findings:
    """What was found while planning, to be told once for all albums it is true of."""

    conflicts: list[tuple[str, str]] = field(factory=list)
    unknown_users: dict[str, str] = field(factory=dict)
    held_back: list[str] = field(factory=list)
    missing_thumbnails: list[tuple[str, str]] = field(factory=list)
    untagged: dict[str, str] = field(factory=dict)
    foreign_empty: list[str] = field(factory=list)
    dormant: list[str] = field(factory=list)
    absent: int = 0

    def notes(self) -> list[str]:
        """All of it in words."""
        notes = [
            _("Album '{album}': {message}.").format(album=album, message=message) for album, message in self.conflicts
        ]
        notes += [
            _("Nothing is shared with '{user}': {reason}.").format(user=user, reason=self.unknown_users[user])
            for user in sorted(self.unknown_users)
        ]
        if self.held_back:
            notes.append(
                _("Nobody was removed from {albums}, because a name in the list of users is not clear.").format(
                    albums=_named(self.held_back)
                )
            )
        notes += [
            _("Album '{album}' has no file {path}, which is to be its thumbnail.").format(album=album, path=path)
            for album, path in self.missing_thumbnails
        ]
        notes += [
            _("The files of {folders} are not tagged, because there can be no tag of such a path: {reason}.").format(
                folders=_named(sorted(folder for folder, each in self.untagged.items() if each == reason)),
                reason=reason,
            )
            for reason in sorted(set(self.untagged.values()))
        ]
        if self.foreign_empty:
            notes.append(
                _("Empty albums that this tool did not make are left alone (--include-foreign): {names}.").format(
                    names=_named(self.foreign_empty)
                )
            )
        if self.dormant:
            notes.append(
                _("Albums whose files are all in the trash, or missing on the disk, are left alone: {names}.").format(
                    names=_named(self.dormant)
                )
            )
        if self.absent:
            notes.append(
                ngettext(
                    "{count} file below the roots is missing on the disk. Immich put it into the trash and takes it from there, too.",
                    "{count} files below the roots are missing on the disk. Immich put them into the trash and takes them from there, too.",
                    self.absent,
                ).format(count=self.absent)
            )
        return notes


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:SHOWN])
    if len(names) <= SHOWN:
        return shown
    return _("{names} and {count} more").format(names=shown, count=len(names) - SHOWN)


def root_notes(arrangement: Arrangement, options: FolderAlbumsOptions, facts: FolderFacts) -> list[str]:
    """What is wrong with roots under which nothing lies."""
    if arrangement.held_roots.issuperset(options.roots().folders):
        return []
    paths = [asset.original_path for asset in facts.assets if asset.library_id is not None]
    paths += facts.elsewhere
    if not paths:
        paths = [asset.original_path for asset in facts.assets]
    return [diagnosis.message for diagnosis in diagnose(options.roots(), paths, facts.import_paths)]
