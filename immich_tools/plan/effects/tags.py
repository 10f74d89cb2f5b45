"""Effects on tags: putting known tags on assets and taking them off, and tagging many assets with a tag that may have to be made.

Every write of a tag makes the server write the asset's sidecar and read its metadata again; whatever was written meanwhile is lost then.
So all tags of an asset go in one request, and of those to be removed one at most in a round.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import define, field, frozen

from immich_tools.errors import RequestRefused
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Asset, ItemError
from immich_tools.plan.effects.base import (
    ALREADY,
    DONE,
    LOOK,
    Action,
    Change,
    Job,
    Listed,
    OneAsset,
    Phase,
    Reading,
    Results,
    RunState,
    State,
    asset_ids,
    item_results,
    stale,
    together,
    whole,
)
from immich_tools.plan.expected import Expected
from immich_tools.plan.listed import absent, is_listed
from immich_tools.plan.result import Result, Status

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

READ_TAGS: Final = ("getAllTags", *LOOK)
LONGEST: Final = 2500
"""Bytes of a tag's whole value: PostgreSQL refuses an entry of an index over 2,704, and Immich has one over the tag with its owner."""


@frozen
class _OneTag(OneAsset, Listed):
    tag_id: str
    tag_value: str = ""
    is_expected: ClassVar[bool] = True
    reading: ClassVar[Reading] = Reading.SNAPSHOT
    job: ClassVar[Job] = Job.METADATA

    def decides(self) -> tuple[str, ...]:
        return ("tag", self.tag_id, self.asset_id)

    @property
    def carries(self) -> bool:
        """Whether the asset carries the tag afterwards."""
        raise NotImplementedError

    def _is_so(self, asset: Asset) -> bool:
        return (self.tag_id in {tag.id for tag in asset.tags or ()}) is self.carries

    def objection(self, state: State) -> Result | None:
        return ALREADY if self._is_so(state.assets[self.asset_id]) else None

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        wanted: dict[str, set[str]] = {}
        for change in changes:
            wanted.setdefault(change.action.tag_id, set()).add(change.action.asset_id)
        carried = run.immich.tags.carried(wanted)
        return {
            change.id: (change.action.asset_id in carried[change.action.tag_id]) is change.action.carries
            for change in changes
        }


@frozen
class AddTag(_OneTag):
    """Put a tag on an asset."""

    kind: ClassVar[str] = "add-tag"
    words: ClassVar[str] = _("tag")
    phase: ClassVar[Phase] = Phase.TAG
    operations: ClassVar[tuple[str, ...]] = ("tagAssets", "bulkTagAssets", *READ_TAGS)

    @property
    def carries(self) -> bool:
        return True

    def inverse(self) -> tuple[Action, ...]:
        return (RemoveTag(self.asset_id, self.tag_id, self.tag_value),)

    def describe(self) -> str:
        return _("tag '{name}'").format(name=self.tag_value)

    def expect(self, run: RunState, asset_id: str, expected: Expected) -> None:
        expected.tag(self.tag_id)

    @classmethod
    def batched(cls, changes: Sequence[Change[Any]]) -> list[list[Change[Any]]]:
        """All tags of an asset go together, and assets that get the same tags share a request."""
        return together(changes, lambda change: change.action.tag_id)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        tag_ids = list(dict.fromkeys(change.action.tag_id for change in changes))
        if len(tag_ids) == 1:
            return item_results(changes, run.immich.tags.add(tag_ids[0], asset_ids(changes)), ItemError.DUPLICATE)
        run.immich.tags.add_together(tag_ids, asset_ids(changes))
        return whole(changes)


@frozen
class RemoveTag(_OneTag):
    """Take a tag off an asset."""

    kind: ClassVar[str] = "remove-tag"
    words: ClassVar[str] = _("untag")
    phase: ClassVar[Phase] = Phase.UNTAG
    operations: ClassVar[tuple[str, ...]] = ("untagAssets", *READ_TAGS)

    @property
    def carries(self) -> bool:
        return False

    def inverse(self) -> tuple[Action, ...]:
        return (AddTag(self.asset_id, self.tag_id, self.tag_value),)

    def describe(self) -> str:
        return _("no longer tag '{name}'").format(name=self.tag_value)

    def expect(self, run: RunState, asset_id: str, expected: Expected) -> None:
        expected.untag(self.tag_id, self.tag_value)

    @classmethod
    def batched(cls, changes: Sequence[Change[Any]]) -> list[list[Change[Any]]]:
        """One tag a request, as the server wants it; round by round, so that no round has two tags of one asset."""
        rounds: dict[tuple[int, str], list[Change[Any]]] = {}
        seen: dict[str, int] = {}
        for change in sorted(changes, key=lambda each: (each.action.tag_id, each.action.asset_id)):
            number = seen.setdefault(change.action.asset_id, 0)
            seen[change.action.asset_id] += 1
            rounds.setdefault((number, change.action.tag_id), []).append(change)
        return [rounds[key] for key in sorted(rounds)]

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        answers = run.immich.tags.remove(changes[0].action.tag_id, asset_ids(changes))
        return item_results(changes, answers, ItemError.NOT_FOUND)


def with_upper(value: str) -> tuple[str, ...]:
    """A tag and the tags above it, the deepest first: ``A/B`` gives ``A/B`` and ``A``."""
    names = value.split("/")
    return tuple("/".join(names[:depth]) for depth in range(len(names), 0, -1))


def value_objection(value: str) -> str | None:
    """Why there can be no tag of that value; None when there can.

    Immich keeps tags in sidecar files too, as XML, from which it reads them again: what that cannot hold would be lost.
    """
    if any(not name.strip() for name in value.split("/")):
        return _("a name in it is empty")
    if any(name != name.strip() for name in value.split("/")):
        return _("a name in it begins or ends with a space")
    # Control characters, line ends among them, and what the server could not decode.
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        return _("it holds a character that cannot be written")
    if len(value.encode()) > LONGEST:
        return _("it is longer than {count} bytes").format(count=LONGEST)
    return None


@frozen
class _ManyTagged(Action):
    """One tag and many assets.

    :ivar value: the tag's full path. It is what tells a user's tags apart: there are no two of one value.
    :raises ValueError: there can be no such tag, or an asset is named twice.
    """

    value: str
    asset_ids: tuple[str, ...] = ()
    reading: ClassVar[Reading] = Reading.OWN
    is_sent_alone: ClassVar[bool] = True
    job: ClassVar[Job] = Job.METADATA

    def __attrs_post_init__(self) -> None:
        objection = value_objection(self.value)
        if objection is not None:
            raise ValueError(_("invalid tag '{value}': {reason}").format(value=self.value[:80], reason=objection))
        if len(set(self.asset_ids)) != len(self.asset_ids):
            raise ValueError(_("tag '{name}' names an asset twice").format(name=self.value))

    @property
    def assets(self) -> tuple[str, ...]:
        return self.asset_ids

    def decides(self) -> tuple[str, ...]:
        return ("tag as a whole", self.value)

    def written(self, run: RunState, change_id: str) -> tuple[str, ...]:
        carried = run.own(TagsMade).carried_now.get(change_id, frozenset())
        return tuple(each for each in self.available(run, change_id) if (each in carried) is not self.carries)

    @property
    def carries(self) -> bool:
        """Whether the assets carry the tag afterwards."""
        raise NotImplementedError

    def available(self, run: RunState, change_id: str) -> tuple[str, ...]:
        """Its assets without those that cannot be tagged any more."""
        left_out = run.own(TagsMade).unavailable.get(change_id, frozenset())
        return tuple(asset_id for asset_id in self.asset_ids if asset_id not in left_out)

    @classmethod
    def check_preconditions(cls, run: RunState, changes: Sequence[Change[Any]], state: State) -> Mapping[str, Result]:
        """STALE: none of the assets can be tagged any more. ALREADY: it is so."""
        made = run.own(TagsMade)
        made.read(run.immich)
        made.find_unavailable(run, [change for change in changes if change.action.carries])
        carried = made.carried_of(run.immich, changes)
        made.carried_now |= carried
        for change in changes:
            if change.id not in made.sent:
                made.carried[change.id] = tuple(each for each in change.action.assets if each in carried[change.id])
        found = {change.id: change.action.verdict(run, change.id, carried[change.id]) for change in changes}
        return {name: result for name, result in found.items() if result is not None}

    def verdict(self, run: RunState, change_id: str, carried: frozenset[str]) -> Result | None:
        """Why it must not be sent."""
        raise NotImplementedError


@frozen
class TagAssets(_ManyTagged):
    """Put a tag on assets; the tag and those above it are made where they are missing.

    Which were missing, and which assets carried it before, is only known when it is carried out: see `undoing`.
    """

    kind: ClassVar[str] = "tag-assets"
    words: ClassVar[str] = _("make and put on tags")
    phase: ClassVar[Phase] = Phase.TAG
    operations: ClassVar[tuple[str, ...]] = ("upsertTags", "tagAssets", *READ_TAGS)

    @property
    def carries(self) -> bool:
        return True

    def for_asset(self, asset_id: str) -> TagAssets:
        return TagAssets(self.value, (asset_id,))

    def inverse(self) -> tuple[Action, ...]:
        return (self.undoing((), ()),)

    def undoing(self, made: Collection[str], carried: Collection[str]) -> UntagAssets:
        """What takes it back.

        :param made: values of the tags that the run made.
        :param carried: ids of the assets that carried the tag before.
        """
        return UntagAssets(
            self.value,
            tuple(asset_id for asset_id in self.asset_ids if asset_id not in carried),
            tuple(value for value in with_upper(self.value) if value in made),
        )

    def describe(self) -> str:
        return _("new tag '{name}'").format(name=self.value)

    def expect(self, run: RunState, asset_id: str, expected: Expected) -> None:
        tag_id = run.own(TagsMade).ids.get(self.value)
        if tag_id is not None:
            expected.tag(tag_id)

    def verdict(self, run: RunState, change_id: str, carried: frozenset[str]) -> Result | None:
        wanted = self.available(run, change_id)
        if self.assets and not wanted:
            return stale(_("none of its assets can be tagged any more"))
        return ALREADY if self.value in run.own(TagsMade).ids and carried.issuperset(wanted) else None

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        (change,) = changes
        wanted = change.action.available(run, change.id)
        tag_id = run.own(TagsMade).id_of(run.immich, change.action.value)
        answers = run.immich.tags.add(tag_id, wanted)
        refused = sum(answer.error not in (None, ItemError.DUPLICATE) for answer in answers)
        if refused:
            # Why, only looking tells: it may have gone to the trash meanwhile.
            words = ngettext("{count} asset was not tagged", "{count} assets were not tagged", refused)
            return {change.id: Result(Status.UNKNOWN, words.format(count=refused))}
        return {change.id: Result(Status.DONE, _left_out(len(change.action.assets) - len(wanted)))}

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        made = run.own(TagsMade)
        made.read(run.immich)
        carried = made.carried_of(run.immich, changes)
        return {
            change.id: change.action.value in made.ids
            and not absent(run.immich, change.action.available(run, change.id), carried[change.id])
            for change in changes
        }


@frozen
class UntagAssets(_ManyTagged):
    """Take a tag off assets, and delete those tags that nothing needs then.

    :ivar made: which may be deleted: this tag, or tags above it. One that an asset carries, or that has tags below it, stays.
    """

    kind: ClassVar[str] = "untag-assets"
    words: ClassVar[str] = _("take off and delete tags")
    phase: ClassVar[Phase] = Phase.UNTAG
    operations: ClassVar[tuple[str, ...]] = ("untagAssets", *READ_TAGS)
    made: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not set(self.made).issubset(with_upper(self.value)):
            raise ValueError(_("field '{name}' does not fit the tag").format(name="made"))

    @property
    def carries(self) -> bool:
        return False

    def needs(self) -> Collection[str]:
        return ("deleteTag",) if self.made else ()

    def for_asset(self, asset_id: str) -> UntagAssets:
        return UntagAssets(self.value, (asset_id,))

    def inverse(self) -> tuple[Action, ...]:
        return (TagAssets(self.value, self.asset_ids),)

    def undoing(self, carried: Collection[str]) -> TagAssets:
        """What takes it back.

        :param carried: ids of the assets that carried the tag before.
        """
        return TagAssets(self.value, tuple(asset_id for asset_id in self.asset_ids if asset_id in carried))

    def describe(self) -> str:
        return _("no longer tag '{name}'").format(name=self.value)

    def expect(self, run: RunState, asset_id: str, expected: Expected) -> None:
        # The tag may be deleted already; a late job that makes it again from a sidecar gives it another id.
        expected.untag(run.own(TagsMade).ids_before.get(self.value), self.value)

    def verdict(self, run: RunState, change_id: str, carried: frozenset[str]) -> Result | None:
        return ALREADY if self._is_untagged(run, carried) else None

    def _is_untagged(self, run: RunState, carried: frozenset[str]) -> bool:
        made = run.own(TagsMade)
        return not carried and not any(made.is_needless(run.immich, value) for value in self.made)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        (change,) = changes
        made = run.own(TagsMade)
        tag_id = made.ids.get(change.action.value)
        if tag_id is not None:
            run.immich.tags.remove(tag_id, change.action.asset_ids)
        made.delete_needless(run.immich, change.action.made)
        return {change.id: DONE}

    @classmethod
    def finish(cls, run: RunState, changes: Sequence[Change[Any]]) -> None:
        """Delete the emptied tags once more: a late job of the server may have made them again from a sidecar."""
        made = run.own(TagsMade)
        made.read(run.immich)
        made.delete_needless(run.immich, tuple(value for change in changes for value in change.action.made))

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        made = run.own(TagsMade)
        made.read(run.immich)
        carried = made.carried_of(run.immich, changes)
        return {change.id: change.action._is_untagged(run, carried[change.id]) for change in changes}


@define
class TagsMade:
    """What one run knows of the tags it makes.

    No two of a user's tags have one value, so a tag whose making was never answered is found by its value. What cannot be found out
    afterwards is which tags and which assets' tags were there before: that goes to the journal before anything is sent.

    :ivar carried: by change id, the assets that carried the tag before the change was sent for the first time.
    :ivar carried_now: the same as last read.
    :ivar sent: ids of changes that an earlier part of the run sent: what is carried now may be its own doing.
    :ivar missing: values of the tags that are to be there and were not when last read.
    :ivar unavailable: by change id, the assets that cannot be tagged.
    :ivar ids: of the user's tags, by value.
    :ivar ids_before: the same with those that are deleted, under their last id.
    """

    carried: dict[str, tuple[str, ...]] = field(factory=dict)
    carried_now: dict[str, frozenset[str]] = field(factory=dict)
    sent: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    unavailable: dict[str, frozenset[str]] = field(factory=dict)
    ids: dict[str, str] = field(factory=dict)
    ids_before: dict[str, str] = field(factory=dict)
    _one_at_a_time: threading.Lock = field(factory=threading.Lock, repr=False)

    def read(self, immich: Immich) -> None:
        """Read which tags there are."""
        with self._one_at_a_time:
            self.ids = {tag.value: tag.id for tag in immich.tags.all()}
            self.ids_before |= self.ids

    def find_unavailable(self, run: RunState, changes: Sequence[Change[Any]]) -> None:
        """Find out which tags are missing, and which assets cannot be tagged: trashed, locked, gone or somebody else's."""
        self.missing = frozenset(value for each in changes for value in with_upper(each.action.value)) - self.ids.keys()
        assets = run.immich.assets.read(asset_ids(changes))
        for change in changes:
            self.unavailable[change.id] = frozenset(
                asset_id
                for asset_id in change.action.assets
                if (asset := assets.get(asset_id)) is None or asset.owner_id != run.user_id or not is_listed(asset)
            )

    def carried_of(self, immich: Immich, changes: Iterable[Change[Any]]) -> dict[str, frozenset[str]]:
        """Which of its assets carry each change's tag now, by change id."""
        tag_ids = {change.id: self.ids.get(change.action.value) for change in changes}
        wanted: dict[str, tuple[str, ...]] = {
            tag_id: change.action.assets
            for change in changes
            if (tag_id := tag_ids[change.id]) is not None and change.action.assets
        }
        carried = immich.tags.carried(wanted) if wanted else {}
        return {name: carried.get(tag_id or "", frozenset()) for name, tag_id in tag_ids.items()}

    def id_of(self, immich: Immich, value: str) -> str:
        """The id of a tag, which is made where it is missing."""
        with self._one_at_a_time:
            if value not in self.ids:
                self.ids[value] = immich.tags.find_or_make(value).id
            return self.ids[value]

    def delete_needless(self, immich: Immich, values: Iterable[str]) -> None:
        """Delete those tags that nothing needs."""
        for value in values:
            # Whoever comes last to a tag that several changes share finds nothing left in it.
            with self._one_at_a_time:
                if self.is_needless(immich, value):
                    self._delete(immich, value)

    def _delete(self, immich: Immich, value: str) -> None:
        try:
            immich.tags.delete(self.ids[value])
        except RequestRefused:
            # When an answer is lost, the connection asks again for what is done already.
            self.ids = {tag.value: tag.id for tag in immich.tags.all()}
            if value in self.ids:
                raise
        else:
            del self.ids[value]

    def is_needless(self, immich: Immich, value: str) -> bool:
        """Whether a tag is there, has none below it, and no asset carries it."""
        tag_id = self.ids.get(value)
        if tag_id is None or any(other.startswith(f"{value}/") for other in self.ids):
            return False
        return not immich.tags.is_carried(tag_id)


def _left_out(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "{count} of its assets cannot be tagged any more", "{count} of its assets cannot be tagged any more", count
    )
    return words.format(count=count)
