"""What a journal has told so far, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, evolve, field

from immich_tools.plan.expected import Expected
from immich_tools.plan.result import Result, Status


@define
class JournalState:
    """What a journal has told so far; ids of changes and assets throughout.

    :ivar needed_tags: the tags that a change makes where they are missing, by its id.
    """

    needed_tags: Mapping[str, tuple[str, ...]]
    results: dict[str, Result] = field(factory=dict)
    unconcluded: set[str] = field(factory=set)
    finished: bool = False
    albums: frozenset[str] | None = None
    before: dict[str, frozenset[str]] = field(factory=dict)
    gone: dict[str, tuple[str, ...]] = field(factory=dict)
    missing_tags: frozenset[str] = frozenset()
    seen_carried: Mapping[str, tuple[str, ...]] = field(factory=dict)
    made_tags: dict[str, frozenset[str]] = field(factory=dict)
    carried: dict[str, tuple[str, ...]] = field(factory=dict)
    assets_before: dict[str, Expected] = field(factory=dict)
    covers: dict[str, str] = field(factory=dict)

    def intend(self, names: Iterable[str]) -> None:
        """Changes are about to be sent."""
        for name in names:
            if name in self.seen_carried:
                # From the second try on, what carries the tag may be what the first has done.
                self.carried.setdefault(name, self.seen_carried[name])
                made = self.missing_tags.intersection(self.needed_tags.get(name, ()))
                self.made_tags[name] = made | self.made_tags.get(name, frozenset())
            # As long as it is open what came of it, the albums there were before the first try count.
            if self.albums is not None and not (name in self.before and self._is_open(name)):
                self.before[name] = self.albums
            self.unconcluded.add(name)

    def _is_open(self, name: str) -> bool:
        told = self.results.get(name)
        return name in self.unconcluded or (told is not None and told.status is Status.UNKNOWN)

    def conclude(self, told: Mapping[str, Result]) -> None:
        """Something came of changes."""
        for name, result in told.items():
            earlier = self.results.get(name)
            made = result.made or ("" if earlier is None else earlier.made)
            self.results[name] = evolve(result, made=made)
        self.unconcluded.difference_update(told)

    def see_albums(self, known: Iterable[str] | None, gone: Mapping[str, tuple[str, ...]]) -> None:
        """Albums were read before some are made or deleted."""
        if known is not None:
            self.albums = frozenset(known)
        self.gone.update(gone)

    def see_tags(self, missing: Iterable[str], carried: Mapping[str, tuple[str, ...]]) -> None:
        """Tags were read before assets are tagged or untagged."""
        self.missing_tags = frozenset(missing)
        self.seen_carried = carried

    def see_covers(self, covers: Mapping[str, str]) -> None:
        """Covers were read before they go to the trash; the first time counts."""
        self.covers = {**covers, **self.covers}

    def see_assets(self, before: Mapping[str, Expected]) -> None:
        """Assets were read before they are written to; the first time counts."""
        self.assets_before = {**before, **self.assets_before}
