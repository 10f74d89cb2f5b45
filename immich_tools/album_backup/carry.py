"""What a copy takes over from its upload, and what it cannot. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from attrs import evolve, frozen

from immich_tools.album_backup.facts import BackupFacts
from immich_tools.album_backup.layout import Role
from immich_tools.album_backup.sidecar import told
from immich_tools.album_backup.units import BackupUnit
from immich_tools.i18n import _
from immich_tools.immich.models import Asset, Tag, Visibility
from immich_tools.plan.transfer import Metadata, completed, left_behind, metadata_of, with_local_date

_SHOWN: Final = (Visibility.TIMELINE, Visibility.ARCHIVE)
_A_SECOND: Final = timedelta(seconds=1)
NOTHING: Final = Metadata()


@frozen
class Copied:
    """An upload whose copy has appeared.

    :ivar motion: the copy of its motion video; None where it has none of its own.
    :ivar edited: what Immich's editor made of the upload, copied beside it; None where that was not copied.
    :ivar before, after: what the copy has, and is to have.
    :ivar differs: in what they say different things that cannot be made good.
    """

    unit: BackupUnit
    copy: Asset
    motion: Asset | None = None
    edited: Asset | None = None
    before: Metadata = NOTHING
    after: Metadata = NOTHING
    differs: tuple[str, ...] = ()

    @property
    def upload(self) -> Asset:
        """What it is a copy of."""
        return self.unit.upload.asset


def edited_metadata(copied: Copied, facts: BackupFacts) -> tuple[Metadata, Metadata]:
    """What the copied edition has, and is to have: it shows where the copy shows, and is in its albums."""
    edited = copied.edited
    assert edited is not None, "there is no edition"
    before = Metadata(albums=facts.holders.get(edited.id, frozenset()), visibility=edited.visibility)
    after = Metadata(albums=before.albums | copied.after.albums, visibility=edited.visibility)
    if edited.visibility in _SHOWN and copied.after.visibility in _SHOWN:
        after = evolve(after, visibility=copied.after.visibility)
    return before, after


def compared(copied: Copied, facts: BackupFacts, left: Collection[str], *, goes: bool) -> Copied:
    """The same with what the copy has, what it is to have, and what cannot be made good.

    :param left: ids of albums that copies need not go into.
    :param goes: whether the upload is to go. As long as it stays, its albums would show the photo twice.
    """
    upload, copy = copied.upload, copied.copy
    is_same_owner = upload.owner_id == copy.owner_id
    fillable = {album.id for album in facts.visible.get(copy.owner_id, {}).values() if album.role.may_add} - set(left)
    held = facts.holders.get(copy.id, frozenset())
    wanted = facts.holders.get(upload.id, frozenset()) - set(left) if goes else frozenset()
    # Tags are their owner's; what a sidecar carries came over by itself.
    tags: Sequence[Tag] = upload.tags or () if is_same_owner else ()
    before = with_local_date(metadata_of(copy, held & fillable, copy.tags or ()), [copy])
    given = with_local_date(metadata_of(upload, wanted & fillable, tags), [upload])
    after = completed(before, given)
    if copy.visibility in _SHOWN and upload.visibility in _SHOWN:
        after = evolve(after, visibility=upload.visibility)
    differs = list(left_behind(_as_read(after), [_as_read(given)]))
    if given.date is not None and after.date is not None and abs(given.date - after.date) >= _A_SECOND:
        differs.append(_("date"))
    if not {tag.value for tag in upload.tags or ()} <= {tag.value for tag in (*(copy.tags or ()), *tags)}:
        differs.append(_("tags"))
    if copy.exif is not None and upload.exif is not None and copy.exif.file_size != upload.exif.file_size:
        # The server sees another file at this path than this computer does.
        differs.append(_("size"))
    if not wanted <= fillable:
        differs.append(_("albums"))
    if upload.is_edited and copied.unit.file(Role.EDITED) is None:
        differs.append(_("what Immich's editor made of it, which --edited copies"))
    return evolve(copied, before=before, after=after, differs=tuple(differs))


def _as_read(metadata: Metadata) -> Metadata:
    """The same as a sidecar would tell it."""
    return evolve(metadata, description=told(metadata.description))
