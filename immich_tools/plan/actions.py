"""The kinds of change: small frozen values that say what to do to which asset, and nothing of how.

Each knows how it is undone (`inverse`) and what undoing cannot bring back (`loss`). Names such as `album_name` are for readers; what is
done depends on ids alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import ClassVar, TypeAlias

from attrs import frozen

from immich_tools.i18n import _
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.claims import Claim


class AssetField(Enum):
    """A field of an asset that a change may write."""

    DESCRIPTION = "description"
    RATING = "rating"
    FAVORITE = "is_favorite"
    DATE = "date_time_original"
    PLACE = "place"
    VISIBILITY = "visibility"


FieldValue: TypeAlias = str | int | bool | Place | Visibility | None
"""A field's value; a date is text with its offset (ISO 8601), None is nothing."""


@frozen
class Action:
    """One thing to do.

    :cvar kind: its name in plan documents and journals.
    """

    kind: ClassVar[str]

    @property
    def assets(self) -> tuple[str, ...]:
        """Ids of the assets this writes to."""
        raise NotImplementedError

    def inverse(self) -> tuple[Action, ...]:
        """What brings the former state back, in this order."""
        raise NotImplementedError

    def loss(self) -> str | None:
        """What undoing cannot bring back, in words; None when it brings back everything."""
        return None

    def decides(self) -> tuple[str, ...] | None:
        """What the action decides, such as a property of an album; see `target`."""
        return None


@frozen
class _OneAsset(Action):
    asset_id: str

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,)


@frozen
class AddToAlbum(_OneAsset):
    """Put an asset into an album."""

    kind: ClassVar[str] = "add-to-album"
    album_id: str
    album_name: str = ""

    def inverse(self) -> tuple[Action, ...]:
        return (RemoveFromAlbum(self.asset_id, self.album_id, self.album_name),)


@frozen
class RemoveFromAlbum(_OneAsset):
    """Take an asset out of an album."""

    kind: ClassVar[str] = "remove-from-album"
    album_id: str
    album_name: str = ""

    def inverse(self) -> tuple[Action, ...]:
        return (AddToAlbum(self.asset_id, self.album_id, self.album_name),)


@frozen
class AddTag(_OneAsset):
    """Put a tag on an asset."""

    kind: ClassVar[str] = "add-tag"
    tag_id: str
    tag_value: str = ""

    def inverse(self) -> tuple[Action, ...]:
        return (RemoveTag(self.asset_id, self.tag_id, self.tag_value),)


@frozen
class RemoveTag(_OneAsset):
    """Take a tag off an asset."""

    kind: ClassVar[str] = "remove-tag"
    tag_id: str
    tag_value: str = ""

    def inverse(self) -> tuple[Action, ...]:
        return (AddTag(self.asset_id, self.tag_id, self.tag_value),)


@frozen
class SetField(_OneAsset):
    """Write one field of an asset.

    :ivar before: what it held when the change was planned; the change is only carried out while it still does, and undoing writes it
        back.
    :raises ValueError: a value that the field cannot hold, or that could not be taken back (a locked asset is out of any key's reach).
    """

    kind: ClassVar[str] = "set-field"
    field: AssetField
    before: FieldValue
    after: FieldValue

    def __attrs_post_init__(self) -> None:
        for name in ("before", "after"):
            value = getattr(self, name)
            if not _fits(self.field, value):
                raise ValueError(
                    _("field '{name}' holds {value}, which is no {field}").format(
                        name=name, value=value, field=self.field.value
                    )
                )
        if self.field is AssetField.DATE and self.after is None:
            raise ValueError(_("the server cannot remove a date"))

    def inverse(self) -> tuple[Action, ...]:
        return () if self.loss() else (SetField(self.asset_id, self.field, before=self.after, after=self.before),)

    def loss(self) -> str | None:
        if self.field is AssetField.DATE and self.before is None:
            return _("a date set where there was none stays: the server cannot remove a date")
        return None


def _fits(field: AssetField, value: FieldValue) -> bool:
    """Whether a field can hold a value; None is nothing, which a favourite mark and a visibility never are."""
    if field is AssetField.FAVORITE:
        return isinstance(value, bool)
    if field is AssetField.VISIBILITY:
        return isinstance(value, Visibility) and value not in (Visibility.LOCKED, Visibility.UNKNOWN)
    if value is None:
        return True
    if field is AssetField.RATING:
        return type(value) is int and (value == -1 or 1 <= value <= 5)
    if field is AssetField.PLACE:
        return isinstance(value, Place) and abs(value.latitude) <= 90 and abs(value.longitude) <= 180
    return isinstance(value, str) and (field is not AssetField.DATE or _is_moment(value))


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


@frozen
class _Removal(Action):
    """Assets that belong together and go together.

    :ivar trashed_ids: the unit; all of it or nothing goes.
    :ivar kept_ids: assets that must still be there, outside the trash, at that moment: the reason why the others may go.
    :ivar duplicate_id: the duplicate group they come from; None when they come from elsewhere.
    :ivar fingerprints: what each of `trashed_ids` was like when this was decided (see `fingerprint`), as the list of duplicate groups
        tells it; empty where nothing depends on that. An asset that is different now does not go.
    """

    trashed_ids: tuple[str, ...]
    kept_ids: tuple[str, ...] = ()
    duplicate_id: str | None = None
    fingerprints: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.fingerprints and (len(self.fingerprints) != len(self.trashed_ids) or self.duplicate_id is None):
            raise ValueError(_("field '{name}' does not fit the assets").format(name="fingerprints"))

    @property
    def assets(self) -> tuple[str, ...]:
        return self.trashed_ids


@frozen
class TrashAssets(_Removal):
    """Move assets to the trash.

    :ivar by_resolving: let the server dissolve the duplicate group in the same request (Immich 2.7 on). The server then also merges into
        the keeper what the others have: only for groups where that adds nothing, because undoing does not take it back.
    :ivar claims: facts about files of this computer that are looked at directly before the request; while one of them does not hold,
        the assets stay.
    """

    kind: ClassVar[str] = "trash"
    by_resolving: bool = False
    claims: tuple[Claim, ...] = ()

    def inverse(self) -> tuple[Action, ...]:
        restored = tuple(
            RestoreAssets((asset_id,), kept_ids=self.kept_ids, duplicate_id=self.duplicate_id, claims=self.claims)
            for asset_id in self.trashed_ids
        )
        if self.duplicate_id is None:
            return restored
        # The server forgets the group of an asset that is left alone in it, so the keeper is told again as well.
        members = (*self.kept_ids, *self.trashed_ids)
        return (*restored, SetDuplicateGroup(members, self.duplicate_id, after_restore=True))


@frozen
class DeleteForever(_Removal):
    """Delete assets and their files for good."""

    kind: ClassVar[str] = "delete-forever"

    def inverse(self) -> tuple[Action, ...]:
        return ()

    def loss(self) -> str | None:
        return _("assets deleted for good cannot be brought back")


@frozen
class RestoreAssets(Action):
    """Take assets out of the trash.

    :ivar kept_ids, duplicate_id, claims: as of the removal that this undoes, so that undoing the undoing checks the same.
    """

    kind: ClassVar[str] = "restore"
    restored_ids: tuple[str, ...]
    kept_ids: tuple[str, ...] = ()
    duplicate_id: str | None = None
    claims: tuple[Claim, ...] = ()

    @property
    def assets(self) -> tuple[str, ...]:
        return self.restored_ids

    def inverse(self) -> tuple[Action, ...]:
        return (TrashAssets(self.restored_ids, self.kept_ids, self.duplicate_id, claims=self.claims),)


@frozen
class _Members(Action):
    member_ids: tuple[str, ...]

    @property
    def assets(self) -> tuple[str, ...]:
        return self.member_ids


@frozen
class DismissDuplicates(_Members):
    """Say that the assets of a group are no duplicates of each other; all stay."""

    kind: ClassVar[str] = "dismiss-duplicates"
    duplicate_id: str

    def inverse(self) -> tuple[Action, ...]:
        return (SetDuplicateGroup(self.member_ids, self.duplicate_id),)


@frozen
class SetDuplicateGroup(_Members):
    """Make assets a duplicate group again.

    :ivar after_restore: some of them come out of the trash; trashing these again is all that undoing takes.
    """

    kind: ClassVar[str] = "set-duplicate-group"
    duplicate_id: str
    after_restore: bool = False

    def inverse(self) -> tuple[Action, ...]:
        if self.after_restore:
            return ()
        return (DismissDuplicates(self.member_ids, self.duplicate_id),)


@frozen
class StackAssets(_Members):
    """Put assets into one stack; the first one shows."""

    kind: ClassVar[str] = "stack"

    def inverse(self) -> tuple[Action, ...]:
        return (UnstackAssets(self.member_ids),)


@frozen
class UnstackAssets(_Members):
    """Dissolve the stack that holds exactly these assets."""

    kind: ClassVar[str] = "unstack"

    def inverse(self) -> tuple[Action, ...]:
        return (StackAssets(self.member_ids),)


Removal: TypeAlias = TrashAssets | DeleteForever

KINDS: dict[str, type[Action]] = {
    each.kind: each
    for each in (
        AddToAlbum,
        RemoveFromAlbum,
        AddTag,
        RemoveTag,
        SetField,
        TrashAssets,
        DeleteForever,
        RestoreAssets,
        DismissDuplicates,
        SetDuplicateGroup,
        StackAssets,
        UnstackAssets,
    )
}
"""Every kind of action on assets by its name in documents; `kinds.KINDS` has those on albums, tags and files too."""


ITEMIZED: tuple[type[Action], ...] = (AddToAlbum, RemoveFromAlbum, AddTag, RemoveTag)
"""Kinds whose requests are answered for each asset by itself."""


def target(action: Action) -> tuple[str, ...] | None:
    """What of an asset or an album the action decides, such as a membership; a plan may decide each only once.

    None where the action is not about one asset or album.
    """
    if isinstance(action, AddToAlbum | RemoveFromAlbum):
        return ("album", action.album_id, action.asset_id)
    if isinstance(action, AddTag | RemoveTag):
        return ("tag", action.tag_id, action.asset_id)
    if isinstance(action, SetField):
        return (action.field.value, action.asset_id)
    return action.decides()


def removed_ids(action: Action) -> tuple[str, ...]:
    """Ids of assets that the action takes away from the user."""
    return action.trashed_ids if isinstance(action, TrashAssets | DeleteForever) else ()
