"""Tags that a plan makes: the last look at them, how they are sent, and how they are read back.

No two of a user's tags have one value, so a tag whose making was never answered is found by its value. What cannot be found out
afterwards is which tags and which assets' tags were there before: that goes to the journal before anything is sent, see `Tagging`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from attrs import define, field

from immich_tools.errors import RequestRefused
from immich_tools.i18n import _, ngettext
from immich_tools.immich.client import Immich
from immich_tools.immich.models import ItemError
from immich_tools.plan.document import Change
from immich_tools.plan.listed import absent, is_listed
from immich_tools.plan.outcome import Result, Status
from immich_tools.plan.tag_actions import TagAssets, UntagAssets, with_upper

ALREADY = Result(Status.ALREADY)


@define
class Tagging:
    """What one run knows of the tags it makes.

    :ivar carried: by change id, the assets that carried the tag before the change was sent for the first time.
    :ivar sent: ids of changes that an earlier part of the run sent: what is carried now may be its own doing.
    :ivar missing: values of the tags that are to be there and were not at the last look.
    """

    carried: dict[str, tuple[str, ...]] = field(factory=dict)
    sent: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    _unavailable: dict[str, frozenset[str]] = field(factory=dict)
    _ids: dict[str, str] = field(factory=dict)
    _one_at_a_time: threading.Lock = field(factory=threading.Lock, repr=False)

    def recheck(self, immich: Immich, user_id: str, changes: Sequence[Change]) -> dict[str, Result | None]:
        """Look at tags and assets right before changes are sent.

        FELL_AWAY: none of the assets can be tagged any more. ALREADY: it is so.

        :returns: by change id; None for what may be sent.
        :raises ToolkitError: the server cannot be read.
        """
        self._read(immich)
        tagging = [change for change in changes if isinstance(change.action, TagAssets)]
        self.missing = frozenset(value for change in tagging for value in with_upper(_value(change))) - self._ids.keys()
        assets = immich.assets.read({asset_id for change in tagging for asset_id in change.action.assets})
        for change in tagging:
            self._unavailable[change.id] = frozenset(
                asset_id
                for asset_id in change.action.assets
                if (asset := assets.get(asset_id)) is None or asset.owner_id != user_id or not is_listed(asset)
            )
        carried = self._carried(immich, changes)
        for change in changes:
            if change.id not in self.sent:
                self.carried[change.id] = tuple(each for each in change.action.assets if each in carried[change.id])
        return {change.id: self._verdict(immich, change, carried[change.id]) for change in changes}

    def _verdict(self, immich: Immich, change: Change, carried: frozenset[str]) -> Result | None:
        if isinstance(change.action, UntagAssets):
            return ALREADY if self._is_untagged(immich, change.action, carried) else None
        wanted = self._available(change)
        if change.action.assets and not wanted:
            return Result(Status.FELL_AWAY, _("none of its assets can be tagged any more"))
        return ALREADY if _value(change) in self._ids and carried.issuperset(wanted) else None

    def perform(self, immich: Immich, change: Change) -> Result:
        """Send what one change takes.

        :raises RequestRefused: the server refused it; parts may have been done.
        """
        if isinstance(change.action, UntagAssets):
            self._untag(immich, change.action)
            return Result(Status.DONE)
        wanted = self._available(change)
        value = _value(change)
        with self._one_at_a_time:
            if value not in self._ids:
                self._ids[value] = immich.tags.find_or_make(value).id
            tag_id = self._ids[value]
        answers = immich.tags.add(tag_id, wanted)
        refused = sum(answer.error not in (None, ItemError.DUPLICATE) for answer in answers)
        if refused:
            # Why, only looking tells: it may have gone to the trash meanwhile.
            words = ngettext("{count} asset was not tagged", "{count} assets were not tagged", refused)
            return Result(Status.UNKNOWN, words.format(count=refused))
        return Result(Status.DONE, _left_out(len(change.action.assets) - len(wanted)))

    def _untag(self, immich: Immich, action: UntagAssets) -> None:
        tag_id = self._ids.get(action.value)
        if tag_id is not None:
            immich.tags.remove(tag_id, action.asset_ids)
        for value in action.made:
            # Whoever comes last to a tag that several changes share finds nothing left in it.
            with self._one_at_a_time:
                if self._is_needless(immich, value):
                    self._delete(immich, value)

    def _delete(self, immich: Immich, value: str) -> None:
        try:
            immich.tags.delete(self._ids[value])
        except RequestRefused:
            # When an answer is lost, the connection asks again for what is done already.
            self._read(immich)
            if value in self._ids:
                raise
        else:
            del self._ids[value]

    def observe(self, immich: Immich, changes: Sequence[Change]) -> dict[str, bool]:
        """Read from the server which changes are in effect.

        :raises ToolkitError: the server cannot be read.
        """
        with self._one_at_a_time:
            self._read(immich)
        carried = self._carried(immich, changes)

        def in_effect(change: Change) -> bool:
            if isinstance(change.action, UntagAssets):
                return self._is_untagged(immich, change.action, carried[change.id])
            return _value(change) in self._ids and not absent(immich, self._available(change), carried[change.id])

        return {change.id: in_effect(change) for change in changes}

    def _available(self, change: Change) -> tuple[str, ...]:
        left_out = self._unavailable.get(change.id, frozenset())
        return tuple(asset_id for asset_id in change.action.assets if asset_id not in left_out)

    def _read(self, immich: Immich) -> None:
        self._ids = {tag.value: tag.id for tag in immich.tags.all()}

    def _carried(self, immich: Immich, changes: Iterable[Change]) -> dict[str, frozenset[str]]:
        """Which of its assets carry each change's tag now, by change id."""
        tag_ids = {change.id: self._ids.get(_value(change)) for change in changes}
        wanted: dict[str, tuple[str, ...]] = {
            tag_id: change.action.assets
            for change in changes
            if (tag_id := tag_ids[change.id]) is not None and change.action.assets
        }
        carried = immich.tags.carried(wanted) if wanted else {}
        return {name: carried.get(tag_id or "", frozenset()) for name, tag_id in tag_ids.items()}

    def _is_untagged(self, immich: Immich, action: UntagAssets, carried: frozenset[str]) -> bool:
        return not carried and not any(self._is_needless(immich, value) for value in action.made)

    def _is_needless(self, immich: Immich, value: str) -> bool:
        """Whether a tag is there, has none below it, and no asset carries it."""
        tag_id = self._ids.get(value)
        if tag_id is None or any(other.startswith(f"{value}/") for other in self._ids):
            return False
        return not immich.tags.is_carried(tag_id)


def _value(change: Change) -> str:
    assert isinstance(change.action, TagAssets | UntagAssets)
    return change.action.value


def _left_out(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "{count} of its assets cannot be tagged any more", "{count} of its assets cannot be tagged any more", count
    )
    return words.format(count=count)
