"""Which of the user's albums an album that folders call for is, if it is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from immich_tools.folder_albums.arrange import Arrangement
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.i18n import _
from immich_tools.immich.models import Album

_LATE: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class Matches:
    """Albums that are there already.

    :ivar found: label → album.
    :ivar renamed: labels of those that have an older name, because their folder was renamed or moved.
    :ivar notes: what was not clear.
    """

    found: Mapping[str, Album]
    renamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


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
    by_label: dict[str, list[Album]] = {}
    scheme = options.scheme
    for album in own:
        if album.id in facts.made and scheme.manages(facts.made[album.id].scheme):
            by_label.setdefault(facts.made[album.id].label, []).append(album)
    found: dict[str, Album] = {}
    notes: list[str] = []
    claims = {} if options.merge else _claims(facts, arrangement, by_name)
    for label, wanted in arrangement.wanted.items():
        made = by_label.get(label, ())
        named = by_name.get(wanted.name, ())
        if not options.merge:
            named = [album for album in named if claims.get(album.id) == label]
        candidates = _by_age(named or made, facts)
        if candidates:
            found[label] = candidates[0]
        if len(named) > 1:
            notes.append(
                _("{count} albums of yours are called '{name}'; the one {which} is used.").format(
                    count=len(named),
                    name=wanted.name,
                    which=_("made by this tool") if candidates[0].id in facts.made else _("that is the oldest"),
                )
            )
    renamed = _renamed(facts, arrangement, [album for albums in by_label.values() for album in albums], found)
    return Matches(found | renamed, frozenset(renamed), (*notes, *_foreign(facts, arrangement, found)))


def _by_age(albums: Iterable[Album], facts: FolderFacts) -> list[Album]:
    """The one this tool made first, then the oldest."""
    return sorted(albums, key=lambda album: (album.id not in facts.made, album.created_at or _LATE, album.id))


def _claims(facts: FolderFacts, arrangement: Arrangement, by_name: Mapping[str, Sequence[Album]]) -> dict[str, str]:
    """Album id → label of the folder it belongs to, where several folders have one name.

    The journal's word counts; else the folder that most of its contents come from; an album of which nothing is known belongs to the only
    folder of its name.
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
            if shares[0][0] or len(rivals) == 1:
                claims[album.id] = shares[0][1]
    return claims


def _renamed(
    facts: FolderFacts, arrangement: Arrangement, made_albums: Sequence[Album], found: Mapping[str, Album]
) -> dict[str, Album]:
    """Albums of folders that are gone and that hold exactly what another folder holds now."""
    taken = {album.id for album in found.values()}
    names = {wanted.name for wanted in arrangement.wanted.values()}
    abandoned: dict[frozenset[str], list[Album]] = {}
    for album in made_albums:
        made, members = facts.made[album.id], facts.members.get(album.id)
        # One that its owner has named differently keeps that name.
        if album.id in taken or not members or name_key(album.name) != name_key(made.name):
            continue
        if made.label not in arrangement.wanted and name_key(album.name) not in names:
            abandoned.setdefault(members, []).append(album)
    renamed: dict[str, Album] = {}
    if abandoned:
        for label, wanted in arrangement.wanted.items():
            albums = abandoned.get(wanted.asset_ids()) if label not in found else None
            if albums:
                renamed[label] = _by_age(albums, facts)[0]
                albums.remove(renamed[label])
    return renamed


def _foreign(facts: FolderFacts, arrangement: Arrangement, found: Mapping[str, Album]) -> list[str]:
    """Albums of other people that have the name of an album that is missing."""
    own = {album.id for album in facts.own_albums()}
    names = {name_key(album.name) for album in facts.albums if album.id not in own}
    missing = {wanted.name for label, wanted in arrangement.wanted.items() if label not in found}
    return [
        _("An album '{name}' of somebody else is shared with you; it is left alone.").format(name=name)
        for name in sorted(names & missing)
    ]
