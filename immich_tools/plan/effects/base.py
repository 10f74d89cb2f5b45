"""What every effect is made of: a frozen value that says what to do to what, and class methods that do it for several changes at once.

All that concerns one kind of effect stands in its class: its data, the server's operations it needs, how it is batched and ordered, its
preconditions, how it is sent, which of the server's background jobs it starts, how it is read back, its inverse and its words. Effects of
one noun stand in one file. The executor knows none of them; `effects.KINDS` is the only list. Names such as `album_name` are for readers;
what is done depends on ids alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Mapping, Sequence
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeAlias
from typing import TypeVar as PlainTypeVar

from attrs import define, field, frozen
from typing_extensions import TypeVar

from immich_tools.i18n import _
from immich_tools.immich.models import Asset, ItemError, ItemResult, Visibility
from immich_tools.plan.claims import Claim
from immich_tools.plan.expected import Expected
from immich_tools.plan.result import Result, Status

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

Results: TypeAlias = dict[str, Result]
DONE: Final = Result(Status.DONE)
ALREADY: Final = Result(Status.ALREADY)
LOOK: Final = ("getAssetInfo", "searchAssets", "searchAssetStatistics", "getAssetStatistics")
"""Operations that reading assets takes."""


class Phase(IntEnum):
    """The order of effects within a level: what brings back comes first, what takes away last.

    A later write of one asset waits for the jobs of an earlier one. Links of live photos come after fields and tags, whose jobs link again.
    """

    RESTORE = 1
    FILES = 2
    FIELDS = 4
    CREATE_ALBUM = 5
    LEAVE_ALBUM = 6
    ENTER_ALBUM = 7
    DESCRIBE_ALBUM = 8
    SHARE_ALBUM = 9
    UNTAG = 10
    TAG = 11
    LINKS = 12
    UNSTACK = 13
    GROUP = 14
    DISMISS = 15
    STACK = 16
    DELETE_ALBUM = 17
    SCAN = 18
    TRASH = 19
    DELETE = 20
    REMOVE_FILE = 21


class Reading(Enum):
    """How the state that an effect rests on is read."""

    ASSETS = "assets"
    """Together with all others, whatever takes the fewest requests."""
    EACH = "each"
    """One by one: only single reads tell it (stacks)."""
    SNAPSHOT = "snapshot"
    """With tags: the state before the write, which the server's jobs must leave as it is but for what was written."""
    OWN = "own"
    """The effect reads for itself."""


class Job(Enum):
    """What of the server's background jobs a write starts (measured on 2.3.1 and 3.1.0)."""

    NONE = "none"
    METADATA = "metadata"
    """The sidecar is written and the asset's metadata read again; `updatedAt` moves once by that, and not before."""
    FLAG = "flag"
    """The same, but `updatedAt` moves at once as well."""


@frozen
class State:
    """What was read for the preconditions of one level.

    :ivar assets: by id; those that are gone or may not be seen are missing.
    :ivar groups: duplicate id → ids of its members.
    """

    assets: Mapping[str, Asset]
    groups: Mapping[str, frozenset[str]]


Own = PlainTypeVar("Own")


@define
class RunState:
    """What one run knows: the server, and what each noun's effects found out or made so far.

    :ivar user_id: whose assets may be changed.
    :ivar snapshots: the whole state of the assets that the present level writes to, as last read.
    :ivar is_grouped: the assets are likely to be members of duplicate groups; see `look.present`.
    """

    immich: Immich
    user_id: str
    is_grouped: bool = False
    snapshots: dict[str, Asset] = field(factory=dict, repr=False)
    _own: dict[type, Any] = field(factory=dict, repr=False)

    def own(self, kind: type[Own]) -> Own:
        """What the effects of one noun keep for themselves, made when first asked for."""
        if kind not in self._own:
            self._own[kind] = kind()
        kept: Own = self._own[kind]
        return kept


@frozen
class Action:
    """One thing to do.

    :cvar kind: its name in plan documents and journals.
    :cvar words: what the kind does, for a summary.
    :cvar operations: ids of the server's operations that carrying it out and reading it back take.
    :cvar reading: how its state is read.
    :cvar is_about_files: it works on files of this computer.
    :cvar is_itemized: its requests are answered for each asset by itself, and refused as a whole only for what they share.
    :cvar is_sent_alone: no other change shares its request.
    :cvar is_expected: `expect` tells all that it changes, so that the settled state of its assets proves it.
    :cvar job: what its writes start on the server; see `started_job`.
    :cvar is_in_trash_fine: it may be done to an asset in the trash. Albums, tags and stacks do not list what is in the trash, so what is
        done to it cannot be read back.
    """

    kind: ClassVar[str]
    words: ClassVar[str]
    phase: ClassVar[Phase]
    operations: ClassVar[tuple[str, ...]] = LOOK
    reading: ClassVar[Reading] = Reading.ASSETS
    is_about_files: ClassVar[bool] = False
    is_itemized: ClassVar[bool] = False
    is_sent_alone: ClassVar[bool] = False
    is_in_trash_fine: ClassVar[bool] = True
    job: ClassVar[Job] = Job.NONE
    is_expected: ClassVar[bool] = False

    # What it is

    @property
    def assets(self) -> tuple[str, ...]:
        """Ids of the assets this writes to."""
        raise NotImplementedError

    @property
    def named(self) -> tuple[str, ...]:
        """Ids of every asset it depends on: those it writes to, and those that are kept for what it removes."""
        return self.assets

    @property
    def removed(self) -> tuple[str, ...]:
        """Ids of the assets that it takes away from the user."""
        return ()

    @property
    def group_id(self) -> str | None:
        """The duplicate group that it is about."""
        return None

    def inverse(self) -> tuple[Action, ...]:
        """What brings the former state back, in this order."""
        raise NotImplementedError

    def rests_on(self) -> tuple[Claim, ...]:
        """Facts about files of this computer that must hold right before it is sent."""
        return ()

    def for_asset(self, asset_id: str) -> Action:
        """The same for one of its assets alone."""
        return self

    def loss(self) -> str | None:
        """What undoing cannot bring back, in words; None when it brings back everything."""
        return None

    def decides(self) -> tuple[str, ...] | None:
        """What it decides, such as a membership or a property; a plan may decide each only once. None where it decides nothing alone."""
        return None

    def describe(self) -> str:
        """What it does, for a person; which assets it does it to is left to the reader."""
        return self.words

    # What its request takes

    def needs(self) -> Collection[str]:
        """Operations that this one takes besides `operations`."""
        return ()

    def batch_key(self) -> Hashable:
        """What changes of one request have in common."""
        return None

    @property
    def is_sent_once(self) -> bool:
        """Whether its request must not be repeated blindly: what it creates or rests on is looked at before it is sent again."""
        return False

    # On the server, for several changes of the kind

    @classmethod
    def check_preconditions(cls, run: RunState, changes: Sequence[Change[Any]], state: State) -> Mapping[str, Result]:
        """Decide on the changes that must not be sent; the others are not in the result.

        STALE: an asset is gone, locked or somebody else's, or what the change was planned on has changed. ALREADY: it is so. FAILED: what
        was to be brought back cannot be.

        :raises ToolkitError: the server cannot be read.
        """
        found = {change.id: _verdict(run.user_id, change.action, state) for change in changes}
        return {name: result for name, result in found.items() if result is not None}

    def group_objection(self, state: State) -> Result | None:
        """Why its duplicate group forbids it; None when it does not."""
        return None

    def unavailable(self, reason: str) -> Result:
        """What it means when an asset is gone, locked or somebody else's."""
        return stale(reason)

    def objection(self, state: State) -> Result | None:
        """Why it must not be sent, beyond what holds for every asset; None when it may."""
        return None

    @classmethod
    def batched(cls, changes: Sequence[Change[Any]]) -> list[list[Change[Any]]]:
        """Changes that one request can carry, in the order they are to be sent."""
        if cls.is_sent_alone:
            return [[change] for change in changes]
        groups: dict[Hashable, list[Change[Any]]] = {}
        for change in changes:
            groups.setdefault(change.action.batch_key(), []).append(change)
        return list(groups.values())

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        """Send what a batch of changes takes.

        :returns: what came of each. UNKNOWN where the server says something that only looking can tell.
        :raises RequestRefused: the server refused the request as a whole; nothing of it was done.
        """
        raise NotImplementedError

    @classmethod
    def prepare(cls, run: RunState, changes: Sequence[Change[Any]]) -> Mapping[str, Result]:
        """Of effects on files: look at them before anything is announced; decide on those that need no work or must not be worked on.

        :raises Cancelled: the run was interrupted.
        """
        return {}

    @classmethod
    def work(cls, run: RunState, changes: Sequence[Change[Any]]) -> Generator[tuple[str, Result], None, None]:
        """Of effects on files: do it; each change comes out when it is done.

        :raises Cancelled: the run was interrupted.
        :raises ToolkitError: the server was lost; some of those that did not come out may be done.
        """
        raise NotImplementedError

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        """Which changes are in effect: change id → whether the state after it is there now.

        :param assets: the present state of the assets, for kinds that do not read for themselves.
        :raises ToolkitError: the server cannot be read.
        """
        return {change.id: change.action.is_in_effect(assets) for change in changes}

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        """Whether the state after it is there."""
        raise NotImplementedError

    # What the server's jobs make of it

    @property
    def started_job(self) -> Job:
        """What this one starts on the server."""
        return self.job

    @property
    def awaits(self) -> tuple[str, ...]:
        """Ids of the assets whose earlier jobs must have run before it is sent."""
        return self.assets if self.started_job is not Job.NONE else ()

    def written(self, run: RunState, change_id: str) -> tuple[str, ...]:
        """Ids of the assets that its request really writes to: those for which the server starts a job."""
        return self.assets

    def expect(self, run: RunState, asset_id: str, expected: Expected) -> None:
        """Add what one of its assets is to hold afterwards, once the server's jobs have run."""

    @classmethod
    def finish(cls, run: RunState, changes: Sequence[Change[Any]]) -> None:
        """Do what is left once the server's jobs have run."""


def together(changes: Iterable[Change], value: Callable[[Any], Hashable]) -> list[list[Change]]:
    """Put changes of one asset into one group, and assets whose changes have the same values as well.

    :param value: what a change writes.
    """
    by_asset: dict[str, list[Change]] = {}
    for change in changes:
        by_asset.setdefault(change.action.assets[0], []).append(change)
    groups: dict[Hashable, list[Change]] = {}
    for asset_id in sorted(by_asset):
        same = sorted(by_asset[asset_id], key=lambda change: repr(value(change)))
        groups.setdefault(tuple(value(change) for change in same), []).extend(same)
    return list(groups.values())


A_co = TypeVar("A_co", bound=Action, default=Action, covariant=True)


@frozen
class Change(Generic[A_co]):
    """One change of a plan.

    :ivar id: unique in the plan and the same in every plan made from the same facts.
    :ivar reason: why, in a person's words.
    :ivar requires: ids of changes that must have been carried out and read back before this one is.
    :ivar group: what it belongs to (a duplicate group, an album), for showing.
    """

    id: str
    action: A_co
    reason: str = ""
    requires: tuple[str, ...] = ()
    group: str = ""


@frozen
class OneAsset(Action):
    """Something done to one asset."""

    asset_id: str

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,)


@frozen
class Listed(Action):
    """Something that the server answers for each asset by itself."""

    is_itemized: ClassVar[bool] = True
    is_in_trash_fine: ClassVar[bool] = False


def item_results(changes: Iterable[Change], answers: Iterable[ItemResult], already: ItemError) -> Results:
    """What the answers for single assets mean.

    `already` says that nothing was done, so undoing leaves it. But when the answer to a first try was lost and the connection sent the
    request again, the answer of the second is `already` for what the first did. It was not so when the plan was made, so then it counts
    as done.
    """
    given = {answer.id: answer for answer in answers}
    return {change.id: item_result(given.get(change.action.assets[0]), already) for change in changes}


def item_result(answer: ItemResult | None, already: ItemError) -> Result:
    """What the answer for one asset means."""
    if answer is None or answer.error is ItemError.UNKNOWN:
        return Result(Status.UNKNOWN, _("the server refused it"))
    if answer.error is None:
        return DONE
    if answer.error is already:
        return DONE if answer.repeated else ALREADY
    words = {
        ItemError.NO_PERMISSION: _("the key's user may not do this"),
        ItemError.NOT_FOUND: _("the asset is not there"),
    }
    return Result(Status.FAILED, words.get(answer.error, _("the server refused it")))


def asset_ids(changes: Iterable[Change]) -> list[str]:
    """Ids of the assets that changes write to, each once, in their order."""
    return list(dict.fromkeys(asset_id for change in changes for asset_id in change.action.assets))


def whole(changes: Iterable[Change]) -> Results:
    """What a request that is done as a whole means."""
    return {change.id: DONE for change in changes}


def stale(reason: str) -> Result:
    """A change that is no longer right."""
    return Result(Status.STALE, reason)


def asset_objection(asset_id: str, asset: Asset | None, user_id: str) -> str | None:
    """Why nothing may be done to an asset."""
    if asset is None:
        return _("asset {id} is not there any more").format(id=asset_id)
    if asset.owner_id != user_id:
        return _("asset {id} belongs to somebody else").format(id=asset_id)
    if asset.visibility in (Visibility.LOCKED, Visibility.UNKNOWN):
        return _("asset {id} is in the locked folder").format(id=asset_id)
    return None


def trashed_objection(action: Action, state: State) -> Result | None:
    """Why nothing may be done, when an asset is in the trash."""
    for asset_id in action.named:
        if state.assets[asset_id].is_trashed:
            return stale(_("asset {id} is in the trash").format(id=asset_id))
    return None


def _verdict(user_id: str, action: Action, state: State) -> Result | None:
    if (result := action.group_objection(state)) is not None:
        return result
    for asset_id in action.named:
        reason = asset_objection(asset_id, state.assets.get(asset_id), user_id)
        if reason is not None:
            return action.unavailable(reason)
    if not action.is_in_trash_fine and (result := trashed_objection(action, state)) is not None:
        return result
    return action.objection(state)
