"""The kinds of change: small frozen values that say what to do to which asset, and nothing of how.

Each knows how it is undone (`inverse`) and what undoing cannot bring back (`loss`). Names such as `album_name` are for readers; what is
done depends on ids alone.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, TypeAlias

from attrs import frozen

from immich_tools.i18n import _
from immich_tools.immich.models import Place, Visibility


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

    :ivar before: what it held when the change was planned; undoing writes it back.
    """

    kind: ClassVar[str] = "set-field"
    field: AssetField
    before: FieldValue
    after: FieldValue

    def inverse(self) -> tuple[Action, ...]:
        return () if self.loss() else (SetField(self.asset_id, self.field, before=self.after, after=self.before),)

    def loss(self) -> str | None:
        if self.field is AssetField.DATE and self.before is None:
            return _("a date set where there was none stays: the server cannot remove a date")
        return None


@frozen
class _Removal(Action):
    """Assets that belong together and go together.

    :ivar trashed_ids: the unit; all of it or nothing goes.
    :ivar kept_ids: assets that must still be there, outside the trash, at that moment: the reason why the others may go.
    :ivar duplicate_id: the duplicate group they come from; None when they come from elsewhere.
    """

    trashed_ids: tuple[str, ...]
    kept_ids: tuple[str, ...] = ()
    duplicate_id: str | None = None

    @property
    def assets(self) -> tuple[str, ...]:
        return self.trashed_ids


@frozen
class TrashAssets(_Removal):
    """Move assets to the trash.

    :ivar by_resolving: let the server dissolve the duplicate group in the same request (Immich 2.7 on).
    """

    kind: ClassVar[str] = "trash"
    by_resolving: bool = False

    def inverse(self) -> tuple[Action, ...]:
        restored = RestoreAssets(self.trashed_ids)
        if self.duplicate_id is None:
            return (restored,)
        # The server forgets the group of an asset that is left alone in it, so the keeper is told again as well.
        return (restored, SetDuplicateGroup((*self.kept_ids, *self.trashed_ids), self.duplicate_id))


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
    """Take assets out of the trash."""

    kind: ClassVar[str] = "restore"
    restored_ids: tuple[str, ...]

    @property
    def assets(self) -> tuple[str, ...]:
        return self.restored_ids

    def inverse(self) -> tuple[Action, ...]:
        return (TrashAssets(self.restored_ids),)


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
    """Make assets a duplicate group again."""

    kind: ClassVar[str] = "set-duplicate-group"
    duplicate_id: str

    def inverse(self) -> tuple[Action, ...]:
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
"""Every kind of action by its name in documents."""


def removed_ids(action: Action) -> tuple[str, ...]:
    """Ids of assets that the action takes away from the user."""
    return action.trashed_ids if isinstance(action, TrashAssets | DeleteForever) else ()
