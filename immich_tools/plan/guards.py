"""How much a plan may take away before it is stopped, and when a removal counts as final."""

from __future__ import annotations

import os
from collections.abc import Iterable

from attrs import field, frozen

from immich_tools.disk.space import room
from immich_tools.errors import GuardTripped, UsageError
from immich_tools.i18n import _, ngettext
from immich_tools.immich.client import Immich
from immich_tools.immich.models import TrashPolicy
from immich_tools.plan.effects.assets import DeleteForever, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.files import WRITTEN, bytes_of
from immich_tools.plan.model import Plan

DEFAULT_RATIO = 0.5


@frozen
class Guards:
    """Limits on what one run may remove. More than the limit trips; as much as the limit does not.

    :ivar max_removed: assets; None for no limit.
    :ivar max_ratio: part of the user's library, 0 to 1.
    """

    max_removed: int | None = None
    max_ratio: float = field(default=DEFAULT_RATIO)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.max_ratio <= 1:
            raise UsageError(_("The ratio guard must lie between 0 and 1, not {ratio:g}.").format(ratio=self.max_ratio))
        if self.max_removed is not None and self.max_removed < 0:
            raise UsageError(_("The number guard must not be negative."))

    def check(self, plan: Plan) -> None:
        """Stop a plan that removes too much.

        :raises GuardTripped: says which limit, and how to raise it.
        """
        removed = len(plan.removed())
        if self.max_removed is not None and removed > self.max_removed:
            raise GuardTripped(
                _(
                    "The plan removes {removed} assets, more than the {limit} allowed. Nothing was changed. Raise --max-removed to go on."
                ).format(removed=removed, limit=self.max_removed)
            )
        if removed and removed > self.max_ratio * plan.population:
            raise GuardTripped(
                _(
                    "The plan removes {removed} of {population} assets ({percent:.1f} %), more than the {limit:.1f} % allowed. "
                    "Nothing was changed. Raise --max-ratio to go on."
                ).format(
                    removed=removed,
                    population=plan.population,
                    percent=100 * removed / max(plan.population, 1),
                    limit=100 * self.max_ratio,
                )
            )


def check_room(changes: Iterable[Change]) -> None:
    """Stop before the first file is written if not all of them would fit.

    :raises GuardTripped: says which disk, and how much is missing.
    :raises FileFailed: a folder cannot be looked at.
    """
    from immich_tools.report.text import size

    places = [
        (change.action.place, bytes_of(change.action)) for change in changes if isinstance(change.action, WRITTEN)
    ]
    files = [(place.path.parent, count) for place, count in places if not os.path.lexists(place.path)]
    for disk in room(files):
        if not disk.suffices:
            raise GuardTripped(
                _(
                    "The files need {needed}, but the disk of {folder} has only {free} left. Nothing was changed. "
                    "Make room, or copy less at a time."
                ).format(needed=size(disk.needed), folder=disk.folder, free=size(disk.free or 0))
            )


def trash_policy_now(immich: Immich) -> TrashPolicy:
    """The server's trash policy as it is at this moment; an `Immich` only asks once, and a service holds one for days."""
    return Immich(immich.connection, force_version=immich.force_version).trash_policy


def finally_removed(plan: Plan, trash: TrashPolicy) -> int:
    """How many assets would be gone permanently: deletions, and everything that goes to a trash that keeps nothing or may be off."""
    final: type | tuple[type, ...] = DeleteForever if trash.is_safety_net else (DeleteForever, TrashAssets)
    return sum(len(change.action.assets) for change in plan.changes if isinstance(change.action, final))


def sentence(count: int) -> str:
    """What a person must type before `count` assets are deleted permanently."""
    return ngettext("delete {count} asset permanently", "delete {count} assets permanently", count).format(count=count)


def check_permanent(plan: Plan, trash: TrashPolicy, permanent: str | None) -> None:
    """Stop a plan that deletes permanently unless exactly that was typed.

    :param permanent: what the person typed; None when nobody was asked.
    :raises GuardTripped: it is not the sentence for this number of assets.
    """
    count = finally_removed(plan, trash)
    if not count or permanent == sentence(count):
        return
    only_trashes = not any(isinstance(change.action, DeleteForever) for change in plan.changes)
    if only_trashes and not trash.is_known:
        reason = _(
            "Nothing tells whether the server has a trash ({reason}), so {count} assets may be deleted permanently. "
            "The permission userConfig.read lets the API key ask."
        ).format(reason=trash.reason.removesuffix("."), count=count)
    elif only_trashes and not trash.is_safety_net:
        reason = _(
            "The server's trash is off or keeps nothing, so {count} assets would be deleted permanently."
        ).format(count=count)
    else:
        reason = _("{count} assets would be deleted permanently.").format(count=count)
    raise GuardTripped(
        _("{reason} Nothing was changed. To go on, use --permanent and confirm with: {sentence}").format(
            reason=reason, sentence=sentence(count)
        )
    )
