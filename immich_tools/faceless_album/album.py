"""Which album is the tool's own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from immich_tools.errors import UsageError
from immich_tools.faceless_album.choices import Rule
from immich_tools.faceless_album.facts import FacelessFacts
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.i18n import _
from immich_tools.immich.models import Album


def mark(rule: Rule, name: str) -> str:
    """What stands in the description of an album that the tool keeps, so that it knows it again without its journals.

    :param name: what the options call it; the album itself may be renamed.
    """
    return f"[immich-toolkit faceless-album {rule.value}: {unicodedata.normalize('NFC', name)}]"


def described(album: Album | None, options: FacelessAlbumOptions) -> str:
    """The description of an album with the mark, which goes below what is there."""
    before = album.description.rstrip() if album else ""
    own = _mark(options)
    return before if own in before else f"{before}\n\n{own}".strip()


def _mark(options: FacelessAlbumOptions) -> str:
    return mark(options.chosen_rule, options.album_name)


def candidates(facts: FacelessFacts, options: FacelessAlbumOptions) -> tuple[Album, ...]:
    """Albums that may be the one: those that earlier runs kept, those with the mark, and those of that name; by id."""
    return tuple(
        sorted(
            (
                album
                for album in facts.albums
                if is_kept(album, facts, options) or _same(album.name, options.album_name)
            ),
            key=lambda album: album.id,
        )
    )


def own_album(facts: FacelessFacts, options: FacelessAlbumOptions) -> Album | None:
    """The album to keep; None when it is to be made.

    One that carries the mark and the name comes first, then the mark or the memory of it, whatever it is called by now; the oldest of
    several. An album that only has the name was made by a person.

    :raises UsageError: there is only an album of that name that the tool did not make, and it is not to be taken over.
    """
    found = candidates(facts, options)
    named = [album for album in found if _same(album.name, options.album_name)]
    ours = [album for album in found if is_kept(album, facts, options)]
    for choice in ([album for album in named if album in ours], ours):
        if choice:
            return _oldest(choice)
    if not named:
        return None
    if options.adopt:
        return _oldest(named)
    raise UsageError(
        _(
            "There is an album '{name}' that this tool did not make. Nothing was changed. Give the tool's album another --album-name, "
            "or let it take that one over with --adopt."
        ).format(name=options.album_name)
    )


def is_kept(album: Album, facts: FacelessFacts, options: FacelessAlbumOptions) -> bool:
    """Whether an earlier run filled the album: its mark or a journal says so."""
    return _mark(options) in album.description or album.id in facts.memory.albums


def _oldest(albums: Iterable[Album]) -> Album:
    return min(albums, key=lambda album: (album.created_at is None, str(album.created_at), album.id))


def _same(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
