"""What the report file holds: every original that is not simply there, what becomes of it, and how it is brought back. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from shlex import quote

from attrs import evolve, frozen

from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.plan.effects.assets import RestoreAssets, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome


@frozen
class Row:
    """One original.

    :ivar id: of the asset.
    :ivar owner: the id of the user it belongs to.
    :ivar path: as the server sees it.
    :ivar root: the folder below which it lies that may be a disk of its own.
    :ivar state: present, missing, renamed or unknown.
    :ivar outcome: trash, restore, or why it is left alone in one word.
    :ivar reason: the same for a person.
    :ivar restore: a command that takes it out of the trash; empty for what is not trashed.
    :ivar change: the id of the plan's change; empty for what is left alone.
    :ivar run: the run that carried it out; empty while none has.
    :ivar result: what came of the change.
    """

    id: str
    owner: str
    path: str
    root: str
    state: str
    outcome: str
    reason: str
    restore: str = ""
    change: str = ""
    run: str = ""
    result: str = ""


def rows(facts: MissingFacts, plan: Plan, url: str) -> list[Row]:
    """The rows of one plan, sorted by their paths.

    :param facts: what the plan was made from.
    :param url: base address of the server's API.
    """
    by_id = {record.id: record for record in (*facts.records, *facts.trashed)}

    def row(asset_id: str, outcome: str, reason: str, restore: str = "", change: str = "") -> Row:
        record = by_id[asset_id]
        return Row(
            asset_id,
            record.owner_id,
            record.path,
            facts.places.place(record.path).folder,
            facts.state(record.path).value,
            outcome,
            reason,
            restore,
            change,
        )

    found = [row(each, skip.code, skip.reason) for skip in plan.skips for each in skip.asset_ids]
    for change in plan.changes:
        for number, asset_id in _moved(change):
            restore = _restoring(url, asset_id) if isinstance(change.action, TrashAssets) else ""
            reason = change.reason.split("\n")[number]
            found.append(row(asset_id, change.action.kind, reason, restore, change.id))
    return sorted(found, key=lambda each: (each.path, each.id))


def joint(plans: Iterable[tuple[str, Iterable[Row]]]) -> list[Row]:
    """The rows of the plans of several users, each original once: as told by the plan of its owner, where there is one.

    :param plans: id of the user whose plan it is, and its rows.
    """
    found: dict[str, Row] = {}
    for user_id, each in plans:
        for row in each:
            if row.owner == user_id or row.id not in found:
                found[row.id] = row
    return sorted(found.values(), key=lambda row: (row.path, row.id))


def _moved(change: Change) -> Iterable[tuple[int, str]]:
    return enumerate(change.action.assets) if isinstance(change.action, TrashAssets | RestoreAssets) else ()


def _restoring(url: str, asset_id: str) -> str:
    body = json.dumps({"ids": [asset_id]})
    return (
        f"curl -X POST {quote(url + '/trash/restore/assets')} "
        f"-H \"x-api-key: $IMMICH_API_KEY\" -H 'content-type: application/json' -d {quote(body)}"
    )


def concluded(told: Iterable[Row], outcome: Outcome) -> list[Row]:
    """Rows with what became of their changes."""
    return [
        evolve(row, run=outcome.run_id or "", result=outcome.results[row.change].status.value)
        if row.change in outcome.results
        else row
        for row in told
    ]
