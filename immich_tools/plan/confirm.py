"""A saved plan against one made just now: what of it may still be carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import evolve

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.plan.effects.assets import Removal
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Plan, Skip

STALE = "stale"


def confirm(saved: Plan, fresh: Plan) -> tuple[Plan, tuple[Skip, ...]]:
    """Keep what both plans contain. Pure.

    A change is kept when `fresh` has one of the same id that does the same. What it requires counts as in `fresh`, and all of it must be
    kept too: whoever deletes a line from the file also drops what depends on it. Nothing is carried out that is not in the file.

    :param saved: as a person saved and perhaps edited it.
    :param fresh: made from the present state, with the options of `saved`.
    :returns: the plan to carry out, and a skip for every change of `saved` that is stale.
    :raises UsageError: the plans are of different tools or different users.
    """
    if saved.tool != fresh.tool:
        raise UsageError(_("The plan is one of {saved}, not of {fresh}.").format(saved=saved.tool, fresh=fresh.tool))
    if saved.user_id != fresh.user_id:
        raise UsageError(_("The plan was made for another user than the one this key belongs to."))
    present = {change.id: change for change in fresh.changes}
    reasons: dict[str, str] = {}
    for change in saved.changes:
        now = present.get(change.id)
        if now is None:
            reasons[change.id] = _("no longer needed")
        elif now.action != change.action:
            reasons[change.id] = _("it would be done differently now")
    agreed = {change.id: present[change.id] for change in saved.changes if change.id not in reasons}
    _drop_dependents(agreed, reasons)
    plan = evolve(
        fresh,
        changes=tuple(change for change in fresh.changes if change.id in agreed),
        labels={**saved.labels, **fresh.labels},
    )
    fallen = tuple(
        Skip(change.action.assets, STALE, f"{change.id}: {reasons[change.id]}", change.group)
        for change in saved.changes
        if change.id in reasons
    )
    return plan, fallen


def _drop_dependents(agreed: dict[str, Change], reasons: dict[str, str]) -> None:
    """Take out of `agreed` what requires something that is not in it, until nothing does."""
    dependents: dict[str, list[str]] = {}
    waiting: list[str] = []
    for change in agreed.values():
        for name in change.requires:
            dependents.setdefault(name, []).append(change.id)
            if name not in agreed:
                waiting.append(name)
    while waiting:
        missing = waiting.pop()
        for name in dependents.get(missing, ()):
            if agreed.pop(name, None) is not None:
                reasons[name] = _("it requires '{id}', which is not carried out").format(id=missing)
                waiting.append(name)


def outdated(pending: Iterable[Change], known: Collection[str], fresh: Plan) -> dict[str, str]:
    """Removals of a run that was cut short which are no longer right, or no longer complete: id → reason. Pure.

    :param pending: the changes that are still to be carried out.
    :param known: ids of all changes of the run: what was transferred already is not planned again.
    :param fresh: made from the present state, with the run's options.
    """
    present = {change.id: change for change in fresh.changes}
    reasons: dict[str, str] = {}
    for change in pending:
        if not isinstance(change.action, Removal):
            continue
        now = present.get(change.id)
        if now is None:
            reasons[change.id] = _("no longer needed")
        elif now.action != change.action:
            reasons[change.id] = _("it would be done differently now")
        elif not set(now.requires) <= set(known):
            reasons[change.id] = _("a copy that goes has something new that would have to be carried over")
    return reasons
