"""From what a run did to a plan that brings the former state back."""

from __future__ import annotations

from collections.abc import Collection

from attrs import evolve

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.actions import DeleteForever, SetDuplicateGroup
from immich_tools.plan.document import Change, Plan, Skip
from immich_tools.plan.execute import check_user, reread
from immich_tools.plan.journal import UNDO, Run, is_complete, read_run, undo_runs, undoing
from immich_tools.plan.journal_writer import check_idle
from immich_tools.plan.outcome import Status

TOOL = UNDO


def undo_plan(run: Run, immich: Immich) -> Plan:
    """What undoing a run would do; what it cannot bring back is among the skips.

    :raises UsageError: the run is another user's, is still under way, or was undone already.
    """
    check_user(run, immich)
    check_idle(run)
    run = read_run(run.path)  # it may have ended since it was read
    check_not_undone(run, undo_runs(run.path.parent))
    done = {*run.with_status(Status.DONE), *reread(run, immich)}
    return inverse(run.plan, done)


def inverse(plan: Plan, done: Collection[str]) -> Plan:
    """The plan that undoes the changes `done` of `plan`. Pure.

    Requirements turn around: what was transferred for a removal is only taken back once what was removed is there again, because until
    then it may be the only trace of it. For the same reason it stays where the removal was for good.
    """
    changes = [change for change in reversed(plan.changes) if change.id in done]
    lasting = _behind_lasting_removals(changes)
    losses = tuple(
        Skip(change.action.assets, "cannot-be-undone", loss, change.group)
        for change in changes
        if (loss := lasting.get(change.id) or change.action.loss()) is not None
    )
    undone = [change for change in changes if change.id not in lasting]
    needed_by: dict[str, list[str]] = {}
    for change in undone:
        for name in change.requires:
            needed_by.setdefault(name, []).extend(_names_to_wait_for(change))
    return evolve(
        plan,
        tool=TOOL,
        changes=tuple(each for change in undone for each in _undoing(change, tuple(needed_by.get(change.id, ())))),
        keeps=(),
        skips=losses,
        notes=(_("undoes {tool}").format(tool=plan.tool),),
    )


def _behind_lasting_removals(changes: Collection[Change]) -> dict[str, str]:
    """Ids of changes that a removal for good required, directly or not → why they stay."""
    by_id = {change.id: change for change in changes}
    reason = _("stays, because what it was taken from was deleted for good")
    found: dict[str, str] = {}
    waiting = [name for change in changes if isinstance(change.action, DeleteForever) for name in change.requires]
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in found:
            found[name] = reason
            waiting.extend(by_id[name].requires)
    return found


def _name(change: Change, number: int) -> str:
    return f"undo:{change.id}:{number}"


def _names_to_wait_for(change: Change) -> list[str]:
    """Ids of the changes that undo `change`, but for the group of duplicates, which nobody's safety hangs on."""
    return [
        _name(change, number)
        for number, action in enumerate(change.action.inverse(), 1)
        if not isinstance(action, SetDuplicateGroup)
    ]


def _undoing(change: Change, requires: tuple[str, ...]) -> list[Change]:
    reason = _("undoes: {reason}").format(reason=change.reason)
    made: list[Change] = []
    for number, action in enumerate(change.action.inverse(), 1):
        before = tuple(each.id for each in made) if isinstance(action, SetDuplicateGroup) else ()
        made.append(Change(_name(change, number), action, reason, (*requires, *before), change.group))
    return made


def check_not_undone(run: Run, known: Collection[Run]) -> None:
    """:raises UsageError: another run has undone `run` completely (and was not undone itself)."""
    for other in undoing(run, known):
        if is_complete(other):
            raise UsageError(_("Run {run} was undone by {other} already.").format(run=run.id, other=other.id))
