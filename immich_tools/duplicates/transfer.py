"""What the copy that stays takes over from those that go, and where the server's own merge gives the same."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from immich_tools.duplicates.choices import ArchivedKeeper
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.immich.models import Visibility
from immich_tools.plan.transfer import Metadata, completed, union


def merged(keeper: Metadata, losers: Sequence[Metadata], options: DuplicatesOptions) -> Metadata:
    """What the keeper is to have in the end.

    Everything is only added where the keeper has nothing. With ``keep_metadata`` off the losers' albums and tags are exactly what it
    ends with, and their fields win over its own; a field that no loser has is left as it is.

    :param losers: from the best to the worst: the place, the description and the date come from the first that has one.
    """
    if not options.transfer_metadata:
        return keeper
    given = union(losers)
    shown = keeper.visibility
    if (
        options.archived is ArchivedKeeper.SHOW
        and shown is Visibility.ARCHIVE
        and any(loser.visibility is Visibility.TIMELINE for loser in losers)
    ):
        shown = Visibility.TIMELINE
    if options.keep_metadata:
        return evolve(completed(keeper, given), visibility=shown)
    return evolve(completed(given, keeper), albums=given.albums, tags=given.tags, visibility=shown)


def resolving_changes_nothing_more(keeper: Metadata, losers: Sequence[Metadata]) -> bool:
    """Whether the server's own merge leaves a keeper as it is, so that its resolving does the same as trashing the losers.

    ``POST /duplicates/resolve`` (read from the source of Immich 2.7.0 to 3.1.0) gives a single keeper: every album of any member where
    the user may add, every tag, the favourite mark of any, the highest positive rating, the distinct lines of all descriptions, the
    strictest visibility, and the place if all members that have one agree. A place that is written once more gives the keeper another
    time zone than its camera did.

    :param keeper: as it is once our own transfer has been carried out.
    """
    members = (keeper, *losers)
    ratings = [each.rating for each in members if each.rating is not None and each.rating > 0]
    return (
        all(loser.albums <= keeper.albums and loser.tags <= keeper.tags for loser in losers)
        and (keeper.favorite or not any(loser.favorite for loser in losers))
        and (not ratings or max(ratings) == keeper.rating)
        and _keeps_description(keeper.description, [loser.description for loser in losers])
        and (
            keeper.visibility is Visibility.ARCHIVE
            or not any(loser.visibility is Visibility.ARCHIVE for loser in losers)
        )
        and len({each.place for each in members if each.place is not None}) != 1
    )


def _keeps_description(kept: str, others: Sequence[str]) -> bool:
    """Whether the distinct lines of all descriptions, in whatever order the server takes the members, are `kept`."""
    if not kept and not any(others):
        return True
    lines = _lines(kept)
    # Members come in any order, so another's lines must be the first ones of the keeper's.
    return "\n".join(lines) == kept and all((part := _lines(other)) == lines[: len(part)] for other in others)


def _lines(description: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in description.split("\n") if line.strip()))
