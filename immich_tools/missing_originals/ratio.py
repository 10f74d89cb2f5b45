"""How much may be missing before nothing is trashed: of each root and of all, of this run and together with earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from immich_tools.i18n import _

DEFAULT_RATIO: Final = 0.1


@frozen
class Count:
    """How it stands with the originals of a root.

    :ivar selected: originals outside the trash that were looked at.
    :ivar missing: how many of these are missing, whatever becomes of them.
    :ivar lost: originals that earlier runs of the window trashed, and that are not among `selected`.
    """

    selected: int
    missing: int
    lost: int = 0

    @property
    def ratio(self) -> float:
        """The part of the original population that is gone: (missing + lost) / (selected + lost).

        What was trashed leaves the server's list; counted again on both sides, the population stays what it was, so that a disk that loses
        9 % a night is at 9 % after the first night and at 17 % after the second, and not at 9 % of the rest for ever.
        """
        population = self.selected + self.lost
        return (self.missing + self.lost) / population if population else 0.0


@frozen
class Limits:
    """The guards; more than the limit trips, as much as the limit does not.

    :ivar ratio: part of the original population, 0 to 1.
    :ivar number: of missing originals, those of earlier runs in the window included; None for no limit.
    """

    ratio: float = DEFAULT_RATIO
    number: int | None = None


def objections(counts: Mapping[str, Count], limits: Limits) -> tuple[str, ...]:
    """Which guards trip, for a person; empty when none does. Pure.

    :param counts: root → its count.
    """
    everything = _sum(counts.values())
    found = [
        _objection(_("of {root}").format(root=root), counts[root])
        for root in sorted(counts)
        if counts[root].missing and counts[root].ratio > limits.ratio
    ]
    if not found and everything.missing and everything.ratio > limits.ratio:
        found.append(_objection(_("in all"), everything))
    found = [
        _("{objection}, more than the {limit:g} % allowed (--max-missing-ratio)").format(
            objection=objection, limit=100 * limits.ratio
        )
        for objection in found
    ]
    gone = everything.missing + everything.lost
    if limits.number is not None and everything.missing and gone > limits.number:
        found.append(
            _("{gone} originals are missing, more than the {limit} allowed (--max-missing)").format(
                gone=gone, limit=limits.number
            )
        )
    return tuple(found)


def _sum(counts: Iterable[Count]) -> Count:
    counts = list(counts)
    return Count(
        sum(each.selected for each in counts), sum(each.missing for each in counts), sum(each.lost for each in counts)
    )


def _objection(where: str, count: Count) -> str:
    lost = _(" and {lost} trashed by earlier runs").format(lost=count.lost) if count.lost else ""
    return _("{missing} missing{lost} of {population} originals {where} are {percent:.1f} %").format(
        missing=count.missing,
        lost=lost,
        population=count.selected + count.lost,
        where=where,
        percent=100 * count.ratio,
    )
