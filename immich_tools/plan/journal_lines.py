"""The lines of a journal as values, in format 2: changes are named by their place in the plan, which the first line holds, and assets once.

Many numbers are one text, such as ``0-499,512``. Values that many share are written once, with the numbers of those that have them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol, Self, TypeVar

from attrs import field, frozen

from immich_tools.plan.codec import field_value, plan_converter
from immich_tools.plan.effects.base import Change
from immich_tools.plan.expected import Expected
from immich_tools.plan.fields import AssetField
from immich_tools.plan.journal_state import JournalState
from immich_tools.plan.result import Result, Status

FORMAT: Final = 2
Value = TypeVar("Value", bound=Hashable)


def to_ranges(numbers: Iterable[int]) -> str:
    """Numbers as text, sorted, each once: ``0-499,512``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def from_ranges(text: str, count: int) -> Iterator[int]:
    """The numbers that `to_ranges` wrote.

    :param count: how many things there are; no number reaches it.
    :raises ValueError: it is no such text.
    """
    for part in text.split(",") if text else ():
        first, _dash, last = part.partition("-")
        numbers = range(int(first), int(last or first) + 1)
        if not numbers or numbers.start < 0 or numbers.stop > count:
            raise ValueError(text)
        yield from numbers


def _shared(values: Iterable[tuple[int, Value]]) -> list[tuple[Value, str]]:
    """Each value once, with the numbers of those that have it."""
    found: dict[Value, list[int]] = {}
    for number, value in values:
        found.setdefault(value, []).append(number)
    return [(value, to_ranges(numbers)) for value, numbers in found.items()]


@frozen
class Numbering:
    """The changes of a journal's plan, by number and by id."""

    changes: tuple[Change, ...]
    _numbers: Mapping[str, int] = field(init=False)

    @_numbers.default
    def _number_all(self) -> Mapping[str, int]:
        return {change.id: number for number, change in enumerate(self.changes)}

    def number(self, change_id: str) -> int:
        """The number of a change."""
        return self._numbers[change_id]

    def known(self, change_ids: Iterable[str]) -> list[str]:
        """Those ids that the plan has."""
        return [name for name in change_ids if name in self._numbers]

    def ranges(self, change_ids: Iterable[str]) -> str:
        """Changes as text."""
        return to_ranges(map(self.number, change_ids))

    def ids(self, text: str) -> list[str]:
        """The ids of changes that are given as text.

        :raises ValueError: the plan has none of such a number.
        """
        return [self.changes[number].id for number in from_ranges(text, len(self.changes))]

    def parts(self, assets: Mapping[str, Collection[str]]) -> dict[str, str]:
        """Some of the assets of each of several changes, by number."""
        found = {}
        for name, ids in assets.items():
            number = self.number(name)
            places = {asset_id: place for place, asset_id in enumerate(self.changes[number].action.assets)}
            found[str(number)] = to_ranges(places[asset_id] for asset_id in ids)
        return found

    def assets(self, parts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """What `parts` was made of.

        :raises ValueError: the plan has no such change or asset.
        """
        found = {}
        for text, ranges in parts.items():
            (change_id,) = self.ids(text)
            ids = self.changes[int(text)].action.assets
            found[change_id] = tuple(ids[place] for place in from_ranges(ranges, len(ids)))
        return found


class Line(Protocol):
    """One line after the first.

    :cvar event: what tells it from the others.
    """

    event: ClassVar[str]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        """Add what it says to what the lines before have said.

        :raises ValueError: it does not fit the plan; nothing was added.
        """


@frozen
class Intent:
    """Changes are about to be sent."""

    event: ClassVar[str] = "intent"
    changes: str

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.intend(plan.ids(self.changes))


@frozen
class Outcomes:
    """What came of changes.

    :ivar results: status, reason, changes.
    :ivar made: change → id of what was made for it.
    """

    event: ClassVar[str] = "result"
    results: tuple[tuple[Status, str, str], ...]
    made: Mapping[str, str]

    @classmethod
    def of(cls, results: Mapping[str, Result], plan: Numbering) -> Self:
        """As they are written."""
        shared = _shared((plan.number(name), (each.status, each.reason)) for name, each in results.items())
        return cls(
            tuple((status, reason, numbers) for (status, reason), numbers in shared),
            {str(plan.number(name)): each.made for name, each in results.items() if each.made},
        )

    def tell(self, state: JournalState, plan: Numbering) -> None:
        made = {name: made for number, made in self.made.items() for name in plan.ids(number)}
        state.conclude(
            {
                name: Result(status, reason, made.get(name, ""))
                for status, reason, numbers in self.results
                for name in plan.ids(numbers)
            }
        )


@frozen
class AlbumsSeen:
    """Albums right before some are made or deleted.

    :ivar known: ids of all; None when none is to be made.
    :ivar gone: change → its assets that had left the album.
    """

    event: ClassVar[str] = "albums"
    known: tuple[str, ...] | None
    gone: Mapping[str, str]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.see_albums(self.known, plan.assets(self.gone))


@frozen
class TagsSeen:
    """Tags right before assets are tagged or untagged.

    :ivar missing: values of those that are needed and are not there.
    :ivar carried: change → its assets that carry the tag.
    """

    event: ClassVar[str] = "tags"
    missing: tuple[str, ...]
    carried: Mapping[str, str]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.see_tags(self.missing, plan.assets(self.carried))


@frozen
class CoversSeen:
    """Albums whose cover is about to be trashed: album id → asset id."""

    event: ClassVar[str] = "covers"
    albums: Mapping[str, str]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.see_covers(self.albums)


@frozen
class AssetsSeen:
    """What assets held before anything was written to them.

    :ivar ids: of the assets; the numbers of the others are places in it.
    :ivar tags: tag id → who carries it.
    :ivar fields: field → each value with who has it; None and empty texts are left out.
    """

    event: ClassVar[str] = "assets"
    ids: tuple[str, ...]
    tags: Mapping[str, str]
    fields: Mapping[str, tuple[tuple[Any, str], ...]]

    @classmethod
    def of(cls, before: Mapping[str, Expected]) -> Self:
        """As they are written."""
        numbered = list(enumerate(before.values()))
        tags = _shared((number, tag) for number, each in numbered for tag in sorted(each.tags))
        fields = {
            name.value: tuple(_shared((number, value) for number, value in values if value not in (None, "")))
            for name in AssetField
            if (values := [(number, each.fields.get(name)) for number, each in numbered])
        }
        return cls(tuple(before), dict(tags), {name: shared for name, shared in fields.items() if shared})

    def tell(self, state: JournalState, plan: Numbering) -> None:
        count = len(self.ids)
        before = [Expected(dict.fromkeys(AssetField), set()) for _id in self.ids]
        for tag_id, numbers in self.tags.items():
            for number in from_ranges(numbers, count):
                before[number].tags.add(tag_id)
        for name, shared in self.fields.items():
            for value, numbers in shared:
                held = field_value(AssetField(name), value)
                for number in from_ranges(numbers, count):
                    before[number].fields[AssetField(name)] = held
        state.see_assets(dict(zip(self.ids, before, strict=True)))


@frozen
class Resumed:
    """An interrupted run goes on."""

    event: ClassVar[str] = "resume"
    at: str

    def tell(self, state: JournalState, plan: Numbering) -> None:
        """It changes nothing of what is known."""


@frozen
class End:
    """The run came to its end."""

    event: ClassVar[str] = "end"
    at: str

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.finished = True


LINES: Final[dict[str, type[Line]]] = {
    each.event: each for each in (Intent, Outcomes, AlbumsSeen, TagsSeen, CoversSeen, AssetsSeen, Resumed, End)
}


def line_to_json(line: Line) -> dict[str, Any]:
    """A line as JSON values."""
    return {"event": line.event, **plan_converter().unstructure(line)}
