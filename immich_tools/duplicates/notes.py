"""What a reader should know besides the changes: remarks on single groups, and their sums for the whole plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import define, field

from immich_tools.duplicates.choices import ArchivedKeeper
from immich_tools.duplicates.facts import DuplicateFacts
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.rank import is_in_library
from immich_tools.duplicates.scope import vanishes
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Album, Asset, SharedLink, Visibility
from immich_tools.paths import is_below

SHOWN_NAMES = 5
"""How many names a note spells out."""


@define
class Findings:
    """Counts what was remarked on, group by group."""

    external_goes: int = 0
    upload_goes: int = 0
    shown_again: int = 0
    vanishing: int = 0
    archive_lost: int = 0
    groups_losing_people: int = 0
    people: Counter[str] = field(factory=Counter)
    groups_losing_links: int = 0
    links: Counter[str] = field(factory=Counter)
    groups_losing_albums: int = 0
    albums: Counter[str] = field(factory=Counter)
    groups_differing: int = 0

    def remarks(
        self, kept: Sequence[Asset], losers: Sequence[Asset], facts: DuplicateFacts, options: DuplicatesOptions
    ) -> list[str]:
        """What to say about one group besides why its losers lost."""
        return [
            *self._origins(kept, losers),
            *self._visibility(kept, losers, options),
            *self._people(kept, losers, facts),
            *self._links(kept, losers, facts),
        ]

    def _origins(self, kept: Sequence[Asset], losers: Sequence[Asset]) -> list[str]:
        remarks: list[str] = []
        kept_external = {asset.library_id is not None for asset in kept}
        if len(kept_external.union([asset.library_id is not None for asset in losers])) == 1:
            return remarks
        if True not in kept_external and any(asset.library_id is not None for asset in losers):
            self.external_goes += 1
            remarks.append(_("the copy of an external library goes, the uploaded one stays"))
        if False not in kept_external and any(asset.library_id is None for asset in losers):
            self.upload_goes += 1
            remarks.append(_("the uploaded copy goes, the one of an external library stays"))
        return remarks

    def _visibility(self, kept: Sequence[Asset], losers: Sequence[Asset], options: DuplicatesOptions) -> list[str]:
        if all(asset.visibility is kept[0].visibility for asset in (*kept, *losers)):
            return []
        if vanishes(kept, losers):
            if options.archived is ArchivedKeeper.SHOW:
                self.shown_again += 1
                return [_("the archived copy stays and is shown in the timeline again")]
            self.vanishing += 1
            return [_("the archived copy stays: the photo leaves the timeline")]
        if any(asset.visibility is Visibility.TIMELINE for asset in kept) and any(
            asset.visibility is Visibility.ARCHIVE for asset in losers
        ):
            self.archive_lost += 1
            return [_("an archived copy goes, the one in the timeline stays there")]
        return []

    def _people(self, kept: Sequence[Asset], losers: Sequence[Asset], facts: DuplicateFacts) -> list[str]:
        if not facts.people:
            return []
        people = facts.people
        lost = {person for asset in losers for person in people.get(asset.id, ())}
        lost -= {person for asset in kept for person in people.get(asset.id, ())} if lost else set()
        if not lost:
            return []
        self.groups_losing_people += 1
        names = sorted({person.name for person in lost})
        self.people.update(names)
        return [_("recognised only on a copy that goes: {names}").format(names=", ".join(names))]

    def _links(self, kept: Sequence[Asset], losers: Sequence[Asset], facts: DuplicateFacts) -> list[str]:
        stay, go = ({asset.id for asset in assets} for assets in (kept, losers))
        lost = [
            link for link in facts.links or () if not link.asset_ids.isdisjoint(go) and link.asset_ids.isdisjoint(stay)
        ]
        if not lost:
            return []
        self.groups_losing_links += 1
        names = sorted(_link_name(link) for link in lost)
        self.links.update(names)
        return [_("shown only as a copy that goes by the shared link {names}").format(names=", ".join(names))]

    def closed_albums(self, albums: Sequence[Album]) -> list[str]:
        """What to say about albums of losers that the keeper cannot enter."""
        if not albums:
            return []
        self.groups_losing_albums += 1
        names = sorted({album.name for album in albums})
        self.albums.update(names)
        return [_("only to be viewed, so left as it is: album {names}").format(names=", ".join(names))]

    def left_behind(self, fields: Sequence[str]) -> list[str]:
        """What to say about fields in which the copies differ."""
        if not fields:
            return []
        self.groups_differing += 1
        return [
            _("goes with the others, because the copy that stays says something else: {fields}").format(
                fields=", ".join(fields)
            )
        ]

    def notes(self, assets: Sequence[Asset], facts: DuplicateFacts, options: DuplicatesOptions) -> tuple[str, ...]:
        """The sums, for the whole plan.

        :param assets: every asset that was read.
        """
        notes = []
        if self.groups_losing_people:
            notes.append(
                ngettext(
                    "In {count} group somebody is recognised only on a copy that goes: {names}.",
                    "In {count} groups somebody is recognised only on a copy that goes: {names}.",
                    self.groups_losing_people,
                ).format(count=self.groups_losing_people, names=_names(self.people))
            )
        if options.report_people and not options.dismiss and facts.people is None and assets:
            notes.append(
                _("Who is recognised on which copy was not read: the key may not read people (permission person.read).")
            )
        if self.groups_losing_links:
            notes.append(
                ngettext(
                    "In {count} group a shared link shows only a copy that goes, and will not show the photo any more: {names}.",
                    "In {count} groups a shared link shows only a copy that goes, and will not show the photo any more: {names}.",
                    self.groups_losing_links,
                ).format(count=self.groups_losing_links, names=_names(self.links))
            )
        if not options.dismiss and facts.links is None and assets:
            notes.append(
                _(
                    "Which shared links show a copy that goes was not read: the key may not read them (permission sharedLink.read)."
                )
            )
        if self.groups_differing:
            notes.append(
                ngettext(
                    "In {count} group a copy that goes has another description, rating or place than the one that stays.",
                    "In {count} groups a copy that goes has another description, rating or place than the one that stays.",
                    self.groups_differing,
                ).format(count=self.groups_differing)
            )
        if self.groups_losing_albums:
            notes.append(
                ngettext(
                    "In {count} group a shared album that you may only view is left as it is: {names}.",
                    "In {count} groups shared albums that you may only view are left as they are: {names}.",
                    self.groups_losing_albums,
                ).format(count=self.groups_losing_albums, names=_names(self.albums))
            )
        notes += self._visibility_notes() + self._origin_notes() + _idle_protection(assets, options)
        return tuple(notes)

    def _visibility_notes(self) -> list[str]:
        notes = []
        if self.shown_again:
            notes.append(
                ngettext(
                    "In {count} group the copy that stays is archived and is shown in the timeline again (--archived changes that).",
                    "In {count} groups the copy that stays is archived and is shown in the timeline again (--archived changes that).",
                    self.shown_again,
                ).format(count=self.shown_again)
            )
        if self.vanishing:
            notes.append(
                ngettext(
                    "In {count} group the photo leaves the timeline, because the copy that stays is archived.",
                    "In {count} groups the photo leaves the timeline, because the copy that stays is archived.",
                    self.vanishing,
                ).format(count=self.vanishing)
            )
        if self.archive_lost:
            notes.append(
                ngettext(
                    "In {count} group an archived copy goes; the one that stays remains in the timeline.",
                    "In {count} groups an archived copy goes; the one that stays remains in the timeline.",
                    self.archive_lost,
                ).format(count=self.archive_lost)
            )
        return notes

    def _origin_notes(self) -> list[str]:
        notes = []
        if self.external_goes:
            notes.append(
                ngettext(
                    "In {count} group the copy of an external library goes: when the trash is emptied, its file is deleted from that "
                    "folder, or comes back with the next scan if the folder is read-only.",
                    "In {count} groups the copy of an external library goes: when the trash is emptied, its file is deleted from that "
                    "folder, or comes back with the next scan if the folder is read-only.",
                    self.external_goes,
                ).format(count=self.external_goes)
            )
        if self.upload_goes:
            notes.append(
                ngettext(
                    "In {count} group the uploaded copy goes and the one of an external library stays: a phone that still has the "
                    "photo may upload it again once the trash is emptied.",
                    "In {count} groups the uploaded copy goes and the one of an external library stays: a phone that still has the "
                    "photo may upload it again once the trash is emptied.",
                    self.upload_goes,
                ).format(count=self.upload_goes)
            )
        return notes


def _link_name(link: SharedLink) -> str:
    return f"'{link.description}'" if link.description else _("of {date}").format(date=link.created_on)


def _names(counted: Counter[str]) -> str:
    names = sorted(counted, key=lambda name: (-counted[name], name))
    shown = ", ".join(names[:SHOWN_NAMES])
    return (
        _("{names} and {count} more").format(names=shown, count=len(names) - SHOWN_NAMES)
        if names[SHOWN_NAMES:]
        else shown
    )


def _idle_protection(assets: Sequence[Asset], options: DuplicatesOptions) -> list[str]:
    """A protected folder that holds nothing is probably misspelt, which should not be found out afterwards."""
    notes = []
    for folder in options.protected_paths:
        if not any(is_below(asset.original_path, folder) for asset in assets):
            notes.append(
                _("No copy is in the protected folder {folder}; is it written as the server sees it?").format(
                    folder=folder
                )
            )
    for library in options.protected_libraries:
        if not any(is_in_library(asset, library) for asset in assets):
            notes.append(_("No copy is in the protected library {library}.").format(library=library))
    return notes
