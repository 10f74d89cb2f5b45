"""Which albums are meant. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from immich_tools.album_backup.options import VARIABLE, AlbumBackupOptions, ListText
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Album
from immich_tools.settings.values import split_list

_NEAREST: Final = 5


def chosen_albums(
    albums: Iterable[Album], options: AlbumBackupOptions, *, may_be_gone: bool = False
) -> tuple[Album, ...]:
    """The albums that the options name, by name.

    A name means every album of that name, and counts before a glob: an album may be called ``[2021]``. A variable that is as a whole the
    name of an album means that one; otherwise its value is a list.

    :param may_be_gone: an album that is not there is none any more, and no mistake.
    :raises UsageError: nothing is named, or nothing has the name.
    """
    known = sorted(albums, key=lambda album: (album.name, album.id))
    if options.all_albums:
        if not known and not may_be_gone:
            raise UsageError(_("--all: you see no album"))
        return tuple(known)
    if not options.album:
        raise UsageError(_("no album: name one with --album, or take --all; --list shows them."))
    found: dict[str, Album] = {}
    for text in _texts(known, options.album):
        named = _named(known, text)
        if not named and not may_be_gone:
            raise UsageError(
                _("there is no album '{text}'; there are: {names}").format(
                    text=text, names=", ".join(album.name for album in known[:_NEAREST]) or _("none")
                )
            )
        found.update((album.id, album) for album in named)
    return tuple(album for album in known if album.id in found)


def _texts(albums: Sequence[Album], given: Iterable[str]) -> Iterator[str]:
    """What is to be looked for, each by itself.

    :raises UsageError: a list has an empty entry.
    """
    for text in given:
        if not isinstance(text, ListText) or _exact(albums, text):
            yield text
            continue
        try:
            yield from split_list(text)
        except ValueError as error:
            raise UsageError(f"{VARIABLE}: {error}") from None


def _named(albums: Sequence[Album], text: str) -> list[Album]:
    wanted = _form(text)
    return _exact(albums, text) or [album for album in albums if fnmatchcase(_form(album.name), wanted)]


def _exact(albums: Sequence[Album], text: str) -> list[Album]:
    wanted = _form(text)
    return [album for album in albums if album.id == text or _form(album.name) == wanted]


def _form(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()
