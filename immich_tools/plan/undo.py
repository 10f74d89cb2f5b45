"""From what a run did to a plan that brings the former state back."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from attrs import evolve

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.document import Change, Plan, Skip
from immich_tools.plan.execute import check_server, reread
from immich_tools.plan.journal import Run
from immich_tools.plan.outcome import Status

TOOL = "undo"


def undo_plan(run: Run, immich: Immich) -> Plan:
    """What undoing a run would do; what it cannot bring back is among the skips.

    :raises UsageError: the run was on another server.
    """
    check_server(run, immich)
    done = {*run.with_status(Status.DONE), *reread(run, immich)}
    return inverse(run.plan, done)


def inverse(plan: Plan, done: Collection[str]) -> Plan:
    """The plan that undoes the changes `done` of `plan`, the last ones first. Pure."""
    changes = [change for change in reversed(plan.changes) if change.id in done]
    losses = tuple(
        Skip(change.action.assets, "cannot-be-undone", loss, change.group)
        for change in changes
        if (loss := change.action.loss()) is not None
    )
    return evolve(
        plan,
        tool=TOOL,
        changes=tuple(undoing for change in changes for undoing in _undoing(change)),
        keeps=(),
        skips=losses,
        notes=(_("undoes {tool}").format(tool=plan.tool),),
    )


def _undoing(change: Change) -> Iterator[Change]:
    earlier: tuple[str, ...] = ()
    for number, action in enumerate(change.action.inverse(), 1):
        name = f"undo:{change.id}:{number}"
        yield Change(name, action, _("undoes: {reason}").format(reason=change.reason), earlier, change.group)
        earlier = (name,)


def check_not_undone(run: Run, known: Collection[Run]) -> None:
    """:raises UsageError: another run has undone `run` completely."""
    for other in known:
        if (
            other.undoes == run.id
            and other.finished
            and all(result.status.is_settled for result in other.results.values())
        ):
            raise UsageError(_("Run {run} was undone by {other} already.").format(run=run.id, other=other.id))
