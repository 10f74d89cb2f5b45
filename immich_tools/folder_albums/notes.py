"""What the reader of a plan should know besides its changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import define, field

from immich_tools.errors import UsageError
from immich_tools.folder_albums.arrange import Arrangement
from immich_tools.folder_albums.diagnosis import diagnose
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.i18n import _, ngettext
from immich_tools.plan.model import Skip

NOT_SHARED: Final = "not-shared"
"""Word for counting people with whom nothing is shared, although that was asked for."""
SHOWN: Final = 5
"""How many names a note spells out."""


@define
class Findings:
    """What was found while planning, to be told once for all albums it is true of."""

    conflicts: list[tuple[str, str]] = field(factory=list)
    unknown_users: dict[str, str] = field(factory=dict)
    let_in: set[str] = field(factory=set)
    held_back: list[str] = field(factory=list)
    missing_thumbnails: list[tuple[str, str]] = field(factory=list)
    untagged: dict[str, str] = field(factory=dict)
    foreign_empty: list[str] = field(factory=list)
    dormant: dict[str, list[str]] = field(factory=dict)
    absent: int = 0

    def not_shared(self) -> list[Skip]:
        """People who were to see albums and do not; counted, so that a schedule shows it."""
        missing = sorted(self.let_in & self.unknown_users.keys())
        return [Skip((), NOT_SHARED, self.unknown_users[user], user) for user in missing]

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
        notes += [
            _("Albums that show nothing and are not deleted, because {reason}: {names}.").format(
                reason=reason, names=_named(self.dormant[reason])
            )
            for reason in sorted(self.dormant)
        ]
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


def skipped_folders(broken: Mapping[str, str]) -> str:
    """Which folders were skipped because their files are wrong, in one line.

    :param broken: folder → what is wrong with its file.
    """
    first = broken[min(broken)].split("\n")[0]
    return ngettext(
        "{folders} was skipped, because its .albumprops is wrong: {problem}",
        "{folders} were skipped, because their .albumprops are wrong: {problem}",
        len(broken),
    ).format(folders=_named(sorted(broken)), problem=first)


def root_notes(arrangement: Arrangement, options: FolderAlbumsOptions, facts: FolderFacts) -> list[str]:
    """What is wrong with roots, libraries and filters for which there is no file."""
    notes = [
        _("The library {id} holds no file of yours (--library).").format(id=library_id)
        for library_id in facts.empty_libraries
    ]
    if facts.selects is False:
        notes.append(_("--path-filter and --ignore let no file below the roots through."))
    return notes + list(_empty_roots(arrangement, options, facts).values())


def check_found(arrangement: Arrangement, options: FolderAlbumsOptions, facts: FolderFacts, *, every: bool) -> None:
    """Stop where the options name something that holds no file: mostly it is misspelt, or its disk is not mounted.

    :param every: for each root and library; else only where none of them holds a file. What several users share holds nothing for some.
    :raises UsageError: in one line.
    """
    empty_roots = _empty_roots(arrangement, options, facts)
    is_wrong = (
        facts.selects is False
        or bool(facts.empty_libraries and (every or len(facts.empty_libraries) == len(set(options.library))))
        or bool(empty_roots and (every or len(empty_roots) == len(options.roots().folders)))
    )
    if is_wrong:
        raise UsageError(" ".join([*root_notes(arrangement, options, facts), _("Nothing was changed.")]))


def _empty_roots(arrangement: Arrangement, options: FolderAlbumsOptions, facts: FolderFacts) -> dict[str, str]:
    """Root → what is wrong with it, for those below which no file shows."""
    if arrangement.held_roots.issuperset(options.roots().folders):
        return {}
    paths = [asset.original_path for asset in facts.assets if asset.library_id is not None]
    paths += facts.elsewhere
    if not paths:
        paths = [asset.original_path for asset in facts.assets]
    return {
        diagnosis.root: _unmounted(diagnosis.root, facts.absent.get(diagnosis.root, 0)) or diagnosis.message
        for diagnosis in diagnose(options.roots(), paths, facts.import_paths)
    }


def _unmounted(root: str, absent: int) -> str:
    if not absent:
        return ""
    return ngettext(
        "{count} file below the root {root} is missing on the disk, and no other shows there. Is the disk mounted?",
        "All {count} files below the root {root} are missing on the disk. Is it mounted?",
        absent,
    ).format(count=absent, root=root)
