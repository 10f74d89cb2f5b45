"""Plans made without some assets, on which the server fails: what is decided by something that was not seen is left out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import evolve

from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Broken
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.model import Plan, Skip

UNSEEN: Final = "unseen"
"""Word for counting assets of which nothing is taken away, because the server failed to list others."""


def without_removals(
    plan: Plan, broken: Sequence[Broken], rests_on_absence: Callable[[Action], bool], *, whole_groups: bool = False
) -> Plan:
    """Leave out what may be wrong when an asset exists that was not seen; the plan itself where all was seen.

    :param broken: what could not be listed.
    :param rests_on_absence: whether an action may rest on an asset not being there.
    :param whole_groups: leave out all changes of a group of which one is left out, not only those that require it.
    """
    if not broken:
        return plan
    left_out = {change.id for change in plan.changes if rests_on_absence(change.action)}
    groups = {change.group for change in plan.changes if change.id in left_out} if whole_groups else set()
    # A change comes after those that it requires.
    for change in plan.changes:
        if change.group in groups or not left_out.isdisjoint(change.requires):
            left_out.add(change.id)
    kept = tuple(change for change in plan.changes if change.id not in left_out)
    count = len(plan.changes) - len(kept)
    notes = [_described(each) for each in broken]
    if count:
        notes.append(
            ngettext(
                "{count} change is left out, because an asset that was not seen may speak against it.",
                "{count} changes are left out, because an asset that was not seen may speak against them.",
                count,
            ).format(count=count)
        )
    return evolve(
        plan,
        changes=kept,
        skips=(*plan.skips, *_skips(plan, [change for change in plan.changes if change.id in left_out], kept)),
        notes=(*plan.notes, *notes),
    )


def _skips(plan: Plan, left_out: Iterable[Change], kept: Iterable[Change]) -> list[Skip]:
    told = {asset_id for change in kept for asset_id in change.action.assets}
    told.update(keep.asset_id for keep in plan.keeps)
    told.update(asset_id for skip in plan.skips for asset_id in skip.asset_ids)
    by_group: dict[str, set[str]] = {}
    for change in left_out:
        fresh = set(change.action.assets) - told
        told |= fresh
        by_group.setdefault(change.group, set()).update(fresh)
    reason = _("an asset that the server cannot list may speak against it (--skip-broken)")
    return [Skip(tuple(sorted(ids)), UNSEEN, reason, group) for group, ids in sorted(by_group.items())]


def _described(broken: Broken) -> str:
    which = ", ".join(broken.asset_ids) or _("not known by id")
    message = ngettext(
        "The server fails on {count} asset taken about {moment} ({which}); it was not seen.",
        "The server fails on {count} assets taken about {moment} ({which}); they were not seen.",
        broken.count,
    ).format(count=broken.count, moment=f"{broken.before:%Y-%m-%d %H:%M:%S} UTC", which=which)
    if broken.correlation_id is None:
        return message
    return _("{message} Its log says why; look for {id}.").format(message=message, id=broken.correlation_id)
