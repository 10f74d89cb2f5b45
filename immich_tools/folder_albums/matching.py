"""Which of the user's albums an album that folders call for is, if it is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from attrs import field, frozen

from immich_tools.folder_albums.arrange import Arrangement
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.renaming import Rename, find_renames
from immich_tools.i18n import _
from immich_tools.immich.models import Album

_LATE: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class Matches:
    """Albums that are there already.

    :ivar found: label → album.
    :ivar renamed: album id → how it is to be called, for those whose folder was renamed or moved.
    :ivar open_ids: ids of albums of which only their members tell whether they are among these.
    :ivar notes: what was not clear.
    :ivar doubtful_ids: ids of albums whose folder may have been renamed.
    """

    found: Mapping[str, Album]
    renamed: Mapping[str, Rename] = field(factory=dict)
    open_ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    doubtful_ids: frozenset[str] = frozenset()


def match(facts: FolderFacts, arrangement: Arrangement, options: FolderAlbumsOptions) -> Matches:
    """Find the albums that are there.

    Own albums are found by their name. Of several, the one this tool made counts, then the oldest. An album that this tool made for the
    same folders is found under whatever name its owner gave it. Where folders of one name have albums of their own (``--no-merge``), what
    is in an album tells whose it is.
    """
    own = facts.own_albums()
    by_name: dict[str, list[Album]] = {}
    for album in own:
        by_name.setdefault(name_key(album.name), []).append(album)
    found: dict[str, Album] = {}
    notes: list[str] = []
    claims = {} if options.merge else _claims(facts, arrangement, by_name)
    for label, wanted in arrangement.wanted.items():
        named = by_name.get(wanted.name, [])
        if not options.merge:
            named = [album for album in named if claims.get(album.id) == label]
        if named:
            found[label] = _by_age(named, facts)[0]
        if len(named) > 1:
            notes.append(
                _("{count} albums of yours are called '{name}'; the one {which} is used.").format(
                    count=len(named),
                    name=wanted.name,
                    which=_("made by this tool") if found[label].id in facts.made else _("that is the oldest"),
                )
            )
    found |= _under_other_names(facts, arrangement, options, found)
    renames = find_renames(facts, arrangement, options, found)
    known = found | {label: rename.album for label, rename in renames.by_label.items()}
    return Matches(
        known,
        {rename.album.id: rename for rename in renames.by_label.values()},
        renames.open_ids,
        (*notes, *renames.notes, *_foreign(facts, arrangement, known)),
        renames.doubtful_ids,
    )


def _under_other_names(
    facts: FolderFacts, arrangement: Arrangement, options: FolderAlbumsOptions, found: Mapping[str, Album]
) -> dict[str, Album]:
    """Albums that this tool made for a folder and that have another name by now, unless another folder has that name."""
    taken = {album.id for album in found.values()}
    scheme = options.scheme
    by_label: dict[str, list[Album]] = {}
    for album in facts.own_albums():
        made = facts.made.get(album.id)
        if made is not None and album.id not in taken and scheme.manages(made.scheme):
            by_label.setdefault(made.label, []).append(album)
    return {
        label: _by_age(by_label[label], facts)[0]
        for label in arrangement.wanted
        if label not in found and label in by_label
    }


def _by_age(albums: Iterable[Album], facts: FolderFacts) -> list[Album]:
    """The one this tool made first, then the oldest."""
    return sorted(albums, key=lambda album: (album.id not in facts.made, album.created_at or _LATE, album.id))


def _claims(facts: FolderFacts, arrangement: Arrangement, by_name: Mapping[str, Sequence[Album]]) -> dict[str, str]:
    """Album id → label of the folder it belongs to, where several folders have one name.

    The journal's word counts; else the folder that most of its contents come from; an album of which nothing is known belongs to the only
    folder of its name. One that was made for another folder does not: that folder's files may just not have been read in this run.
    """
    labels: dict[str, list[str]] = {}
    for wanted in arrangement.wanted.values():
        labels.setdefault(wanted.name, []).append(wanted.label)
    ids = {label: wanted.asset_ids() for label, wanted in arrangement.wanted.items()}
    claims: dict[str, str] = {}
    for name, rivals in labels.items():
        for album in by_name.get(name, ()):
            made = facts.made.get(album.id)
            if made is not None and made.label in rivals:
                claims[album.id] = made.label
                continue
            members = facts.members.get(album.id, frozenset())
            shares = sorted((-len(members & ids[label]), label) for label in rivals)
            is_of_another_folder = made is not None and made.label != name
            if shares[0][0] or (len(rivals) == 1 and not is_of_another_folder):
                claims[album.id] = shares[0][1]
    return claims


def _foreign(facts: FolderFacts, arrangement: Arrangement, found: Mapping[str, Album]) -> list[str]:
    """Albums of other people that have the name of an album that is missing."""
    own = {album.id for album in facts.own_albums()}
    names = {name_key(album.name) for album in facts.albums if album.id not in own}
    missing = {wanted.name for label, wanted in arrangement.wanted.items() if label not in found}
    return [
        _("An album '{name}' of somebody else is shared with you; it is left alone.").format(name=name)
        for name in sorted(names & missing)
    ]
