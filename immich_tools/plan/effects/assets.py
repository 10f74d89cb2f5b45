"""Effects on assets: writing fields, linking motion videos, trashing, deleting and restoring."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import field, frozen

from immich_tools.i18n import _
from immich_tools.immich.models import Asset, AssetUpdate, Place, Visibility
from immich_tools.plan.claims import Claim, FilesMissing
from immich_tools.plan.effects.base import (
    ALREADY,
    DONE,
    LOOK,
    Action,
    Change,
    Job,
    OneAsset,
    Phase,
    Reading,
    Results,
    RunState,
    State,
    asset_ids,
    stale,
    together,
    whole,
)
from immich_tools.plan.effects.duplicates import SetDuplicateGroup
from immich_tools.plan.expected import Expected
from immich_tools.plan.fields import FIELD_WORDS, AssetField, FieldValue, field_value, same_value, value_words
from immich_tools.plan.fingerprint import fingerprint
from immich_tools.plan.result import Result, Status

KEEPER_LOST: Final = Result(
    Status.FAILED, _("the kept asset was trashed concurrently; the trashed copies were restored")
)


@frozen
class SetField(OneAsset):
    """Write one field of an asset.

    :ivar before: what it held when the change was planned; the change is only carried out while it still does, and undoing writes it
        back.
    :raises ValueError: a value that the field cannot hold, or that could not be taken back (a locked asset is out of any key's reach).
    """

    kind: ClassVar[str] = "set-field"
    words: ClassVar[str] = _("write fields")
    phase: ClassVar[Phase] = Phase.FIELDS
    operations: ClassVar[tuple[str, ...]] = ("updateAssets", *LOOK)
    reading: ClassVar[Reading] = Reading.SNAPSHOT
    is_expected: ClassVar[bool] = True
    job: ClassVar[Job] = Job.METADATA
    is_in_trash_fine: ClassVar[bool] = False
    field: AssetField
    before: FieldValue
    after: FieldValue

    def __attrs_post_init__(self) -> None:
        for name in ("before", "after"):
            value = getattr(self, name)
            if not _fits(self.field, value):
                raise ValueError(
                    _("field '{name}' holds {value}: invalid {field}").format(
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

    def decides(self) -> tuple[str, ...]:
        return (self.field.value, self.asset_id)

    def describe(self) -> str:
        return f"{FIELD_WORDS[self.field]} {value_words(self.after)}"

    def objection(self, state: State) -> Result | None:
        now = field_value(state.assets[self.asset_id], self.field)
        if same_value(self.field, now, self.after):
            return ALREADY
        if same_value(self.field, now, self.before):
            return None
        return stale(_("the {field} has been changed since").format(field=self.field.value))

    @property
    def started_job(self) -> Job:
        return Job.FLAG if self.field in (AssetField.FAVORITE, AssetField.VISIBILITY) else Job.METADATA

    def expect(self, run: RunState, asset_id: str, expected: Expected) -> None:
        expected.write(self.field, self.after)

    @classmethod
    def batched(cls, changes: Sequence[Change[Any]]) -> list[list[Change[Any]]]:
        """All fields of an asset go together, and assets that get the same values share a request."""
        return together(changes, lambda change: (change.action.field.value, change.action.after))

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        first = [change.action for change in changes if change.action.asset_id == changes[0].action.asset_id]
        run.immich.assets.update(asset_ids(changes), update_of(first))
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        asset = assets.get(self.asset_id)
        return asset is not None and same_value(self.field, field_value(asset, self.field), self.after)


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


def update_of(actions: Iterable[SetField]) -> AssetUpdate:
    """The fields of several changes to one asset, together."""
    values: dict[str, Any] = {}
    clear: set[str] = set()
    for action in actions:
        if action.field is AssetField.DESCRIPTION:
            values[action.field.value] = action.after or ""
        elif action.after is None:
            clear.add(action.field.value)
        elif action.field is AssetField.DATE:
            values[action.field.value] = datetime.fromisoformat(str(action.after))
        else:
            values[action.field.value] = action.after
    return AssetUpdate(**values, clear=frozenset(clear))


@frozen
class LinkMotionVideo(OneAsset):
    """Let a still point to another motion video, or to none.

    Immich joins stills and videos of one content identifier over everything its owner has, and may cross two copies of a live photo
    (2.3.1 and 3.1.0). Whoever purges a still purges the video that it points to, with its file.

    :ivar before, after: id of the video; None for none.
    :ivar straightens: it repairs what the server has crossed. Then any link may be replaced, and undoing keeps it straight: taking it back
        would let one copy's end take the other's file along.
    """

    kind: ClassVar[str] = "link-motion-video"
    words: ClassVar[str] = _("join live photos")
    phase: ClassVar[Phase] = Phase.LINKS
    operations: ClassVar[tuple[str, ...]] = ("updateAsset", *LOOK)
    is_sent_alone: ClassVar[bool] = True
    is_in_trash_fine: ClassVar[bool] = False
    reading: ClassVar[Reading] = Reading.EACH
    before: str | None
    after: str | None
    straightens: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        return (self.asset_id,) if self.after is None else (self.asset_id, self.after)

    def inverse(self) -> tuple[Action, ...]:
        if self.straightens:
            return (LinkMotionVideo(self.asset_id, before=self.after, after=self.after, straightens=True),)
        return (LinkMotionVideo(self.asset_id, before=self.after, after=self.before),)

    def decides(self) -> tuple[str, ...]:
        return ("motion video", self.asset_id)

    def objection(self, state: State) -> Result | None:
        now = state.assets[self.asset_id].live_photo_video_id
        if now == self.after:
            return ALREADY
        if self.straightens or now == self.before:
            return None
        return stale(_("the motion video has been changed since"))

    @property
    def awaits(self) -> tuple[str, ...]:
        # The request itself starts no job (2.3.1 and 3.1.0), but one of an earlier write would link again.
        return self.named

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        (change,) = changes
        run.immich.assets.link_motion_video(change.action.asset_id, change.action.after)
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        asset = assets.get(self.asset_id)
        return asset is not None and asset.live_photo_video_id == self.after


@frozen
class Removal(Action):
    """Assets that belong together and go together.

    :ivar trashed_ids: the unit; all of it or nothing goes.
    :ivar kept_ids: assets that must still be there, outside the trash, at that moment: the reason why the others may go.
    :ivar duplicate_id: the duplicate group they come from; None when they come from elsewhere.
    :ivar own_videos: motion videos that belong to `trashed_ids`. Purging a still purges the video that it points to, with its file, so one
        that points to any other video by then does not go. None where nobody knows, as in plans of an earlier version; it does not count in
        comparisons.
    :ivar fingerprints: what each of `trashed_ids` was like when this was decided (see `fingerprint`), as the list of duplicate groups
        tells it; empty where nothing depends on that. An asset that is different now does not go.
    """

    trashed_ids: tuple[str, ...]
    kept_ids: tuple[str, ...] = ()
    duplicate_id: str | None = None
    fingerprints: tuple[str, ...] = ()
    own_videos: tuple[str, ...] | None = field(default=None, eq=False)
    operations: ClassVar[tuple[str, ...]] = ("deleteAssets", *LOOK)
    is_in_trash_fine: ClassVar[bool] = False

    def __attrs_post_init__(self) -> None:
        if self.fingerprints and (len(self.fingerprints) != len(self.trashed_ids) or self.duplicate_id is None):
            raise ValueError(_("field '{name}' does not fit the assets").format(name="fingerprints"))

    @property
    def assets(self) -> tuple[str, ...]:
        return self.trashed_ids

    @property
    def named(self) -> tuple[str, ...]:
        return (*self.kept_ids, *self.trashed_ids)

    @property
    def removed(self) -> tuple[str, ...]:
        return self.trashed_ids

    @property
    def group_id(self) -> str | None:
        return self.duplicate_id

    @property
    def takes_whole_group(self) -> bool:
        """Whether the server carries it out only for a group as a whole."""
        return False

    def group_objection(self, state: State) -> Result | None:
        if self.duplicate_id is None:
            return None
        members = state.groups.get(self.duplicate_id, frozenset())
        is_whole = len(members) == len(self.named)
        if members.issuperset(self.named) and (is_whole or not self.takes_whole_group):
            return None
        return stale(_("the duplicate group has changed since it was planned"))

    def objection(self, state: State) -> Result | None:
        for asset_id, planned in zip(self.trashed_ids, self.fingerprints, strict=False):
            if fingerprint(state.assets[asset_id]) != planned:
                return stale(_("asset {id} has been changed since it was planned").format(id=asset_id))
        for asset_id in self.trashed_ids if self.own_videos is not None else ():
            if state.assets[asset_id].live_photo_video_id not in (None, *(self.own_videos or ())):
                return stale(
                    _("asset {id} points to the motion video of another copy, which would go with it").format(
                        id=asset_id
                    )
                )
        for asset_id in self.kept_ids:
            # A group of duplicates may keep the video of a copy that goes; what takes an upload's place has its own.
            if self.duplicate_id is None and state.assets[asset_id].live_photo_video_id in (self.own_videos or ()):
                return stale(_("asset {id}, which is kept, points to the motion video that goes").format(id=asset_id))
            if state.assets[asset_id].is_offline:
                return stale(_("the file of asset {id}, which is kept, is missing").format(id=asset_id))
        return None


@frozen
class TrashAssets(Removal):
    """Move assets to the trash.

    :ivar by_resolving: let the server dissolve the duplicate group in the same request (Immich 2.7 on). The server then also merges into
        the keeper what the others have: only for groups where that adds nothing, because undoing does not take it back.
    :ivar claims: facts about files of this computer that are verified directly before the request; while one of them does not hold,
        the assets stay.
    """

    kind: ClassVar[str] = "trash"
    words: ClassVar[str] = _("move to the trash")
    phase: ClassVar[Phase] = Phase.TRASH
    by_resolving: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def takes_whole_group(self) -> bool:
        return self.by_resolving

    @property
    def is_sent_once(self) -> bool:
        return self.by_resolving or bool(self.claims)

    def batch_key(self) -> Hashable:
        return self.by_resolving, bool(self.claims)

    def rests_on(self) -> tuple[Claim, ...]:
        return self.claims

    def needs(self) -> Collection[str]:
        return ("resolveDuplicates",) if self.by_resolving else ()

    def inverse(self) -> tuple[Action, ...]:
        restored = tuple(
            RestoreAssets((asset_id,), kept_ids=self.kept_ids, duplicate_id=self.duplicate_id, claims=self.claims)
            for asset_id in self.trashed_ids
        )
        if self.duplicate_id is None:
            return restored
        # The server forgets the group of an asset that is left alone in it, so the keeper is put back as well.
        members = (*self.kept_ids, *self.trashed_ids)
        return (*restored, SetDuplicateGroup(members, self.duplicate_id, after_restore=True))

    def objection(self, state: State) -> Result | None:
        missing = frozenset(
            path for claim in self.claims if isinstance(claim, FilesMissing) for path in claim.server_paths
        )
        for asset_id in self.trashed_ids if missing else ():
            path = state.assets[asset_id].original_path
            if path not in missing:
                return stale(_("the file of asset {id} is now called {path}").format(id=asset_id, path=path))
        return super().objection(state)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        actions: dict[str, TrashAssets] = {change.id: change.action for change in changes}
        # Before 2.7 there is no such request; what it does there for a group that is trashed but for one, the next look at the groups does.
        # It honours the server's switch for the trash and takes no veto: where nothing is kept, the losers go by a request that does.
        # Asked only for groups: between the look at the disk that a removal rests on and its request there is no other request.
        may_resolve = (
            changes[0].action.by_resolving
            and run.immich.duplicates.can_resolve
            and run.immich.trash_policy.is_safety_net
        )
        if not may_resolve:
            # What was verified on the disk is verified again before a retry.
            run.immich.assets.trash(asset_ids(changes), once=any(action.claims for action in actions.values()))
            return whole(changes)
        refused = run.immich.duplicates.resolve(
            [(action.duplicate_id or "", action.kept_ids, action.trashed_ids) for action in actions.values()]
        )
        left = {
            name: refused[action.duplicate_id or ""]
            for name, action in actions.items()
            if action.duplicate_id in refused
        }
        # A group that other owners share can never be resolved. What the losers had is proven, so they go without it.
        shared = [change for change in changes if (why := left.get(change.id)) is not None and why.is_invalid]
        if shared:
            run.immich.assets.trash(asset_ids(shared))
            left |= dict.fromkeys((change.id for change in shared), None)
        missing = _("the server did not answer for this group")
        reasons = {
            name: missing if name not in left else (why.reason if (why := left[name]) else None) for name in actions
        }
        return {name: DONE if reason is None else Result(Status.UNKNOWN, reason) for name, reason in reasons.items()}

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        return all(asset_id not in assets or assets[asset_id].is_trashed for asset_id in self.assets)


@frozen
class DeleteForever(Removal):
    """Delete assets and their files permanently."""

    kind: ClassVar[str] = "delete-forever"
    words: ClassVar[str] = _("delete permanently")
    phase: ClassVar[Phase] = Phase.DELETE

    def inverse(self) -> tuple[Action, ...]:
        return ()

    def loss(self) -> str | None:
        return _("permanently deleted assets cannot be brought back")

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        """By way of the trash: only once everything is in there and what is kept still is not, nothing can be lost by deleting."""
        assets = run.immich.assets
        actions: dict[str, DeleteForever] = {change.id: change.action for change in changes}
        assets.trash(asset_ids(changes))
        lost = assets.trashed(asset_id for action in actions.values() for asset_id in action.kept_ids)
        endangered = {name for name, action in actions.items() if not lost.isdisjoint(action.kept_ids)}
        restored = [asset_id for name in endangered for asset_id in actions[name].trashed_ids]
        if restored:
            assets.restore(sorted(restored))
        rest = [change for change in changes if change.id not in endangered]
        if rest:
            assets.delete_permanently(asset_ids(rest))
        return whole(rest) | dict.fromkeys(endangered, KEEPER_LOST)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        return not any(asset_id in assets for asset_id in self.assets)


@frozen
class RestoreAssets(Action):
    """Take assets out of the trash.

    :ivar kept_ids, duplicate_id, claims: as of the removal that this undoes, so that undoing the undoing checks the same.
    """

    kind: ClassVar[str] = "restore"
    words: ClassVar[str] = _("restore from the trash")
    phase: ClassVar[Phase] = Phase.RESTORE
    operations: ClassVar[tuple[str, ...]] = ("restoreAssets", *LOOK)
    restored_ids: tuple[str, ...]
    kept_ids: tuple[str, ...] = ()
    duplicate_id: str | None = None
    claims: tuple[Claim, ...] = ()

    @property
    def assets(self) -> tuple[str, ...]:
        return self.restored_ids

    def inverse(self) -> tuple[Action, ...]:
        return (TrashAssets(self.restored_ids, self.kept_ids, self.duplicate_id, claims=self.claims),)

    def unavailable(self, reason: str) -> Result:
        # What was to be brought back and cannot be is a failure, not a change that has become needless.
        return Result(Status.FAILED, reason)

    def objection(self, state: State) -> Result | None:
        return None if any(state.assets[asset_id].is_trashed for asset_id in self.assets) else ALREADY

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        run.immich.assets.restore(asset_ids(changes))
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        return all(asset_id in assets and not assets[asset_id].is_trashed for asset_id in self.assets)
