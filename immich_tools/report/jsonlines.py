"""Plans and outcomes as JSON lines for programs: each has a ``message_type``, and the last one is a ``summary``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from immich_tools.plan.codec import action_to_json
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome

Line = dict[str, Any]


def plan_lines(plan: Plan) -> Iterator[Line]:
    """``keep``, ``skip``, ``change`` and ``note`` lines, then the ``plan`` as a whole."""
    for keep in plan.keeps:
        yield {"message_type": "keep", **attrs.asdict(keep)}
    for skip in plan.skips:
        yield {"message_type": "skip", **attrs.asdict(skip)}
    for change in plan.changes:
        action = action_to_json(change.action)
        yield {
            "message_type": "change",
            "id": change.id,
            "group": change.group,
            "reason": change.reason,
            "action": action,
        }
    for note in plan.notes:
        yield {"message_type": "note", "note": note}
    yield {
        "message_type": "plan",
        "tool": plan.tool,
        "server_version": plan.server_version,
        "population": plan.population,
        "changes": plan.counts(),
        "removed": len(plan.removed()),
        "bytes_freed": plan.bytes_freed(),
        "kept": len(plan.keeps),
        "skipped": plan.skip_counts(),
    }


def outcome_lines(outcome: Outcome) -> Iterator[Line]:
    """A ``result`` line for each change, then the ``summary``."""
    for change in outcome.plan.changes:
        result = outcome.results.get(change.id)
        if result is not None:
            yield {"message_type": "result", "id": change.id, "status": result.status.value, "reason": result.reason}
    yield {
        "message_type": "summary",
        "run": outcome.run_id,
        "results": {
            status.value: count for status, count in sorted(outcome.counts().items(), key=lambda each: each[0].value)
        },
        "unfinished": outcome.unfinished,
        "exit_code": int(outcome.exit_code),
    }
