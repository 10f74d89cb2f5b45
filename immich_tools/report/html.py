"""Plans as HTML for notebooks: tables, no script, no request to anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from immich_tools.i18n import _
from immich_tools.plan.model import Plan
from immich_tools.report.text import summary
from immich_tools.settings.streams import printable

ROWS: Final = 200
"""Rows of one table."""


def fragment(plan: Plan) -> str:
    """A plan as an HTML fragment: its sums, then what changes, what is kept and what is left alone, `ROWS` of each."""
    changes = [
        (change.action.words, _names(plan, change.action.assets), change.reason) for change in plan.changes[:ROWS]
    ]
    keeps = [(_names(plan, (keep.asset_id,)), keep.reason) for keep in plan.keeps[:ROWS]]
    skips = [(_names(plan, skip.asset_ids), skip.reason) for skip in plan.skips[:ROWS]]
    return (
        f"<pre>{escape(summary(plan))}</pre>"
        + _table(_("Changes"), (_("change"), _("asset"), _("why")), changes, len(plan.changes))
        + _table(_("Kept"), (_("asset"), _("why")), keeps, len(plan.keeps))
        + _table(_("Left alone"), (_("asset"), _("why")), skips, len(plan.skips))
    )


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> str:
    if not rows:
        return ""
    head = "".join(f"<th style='text-align:left'>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    more = count - len(rows)
    rest = f"<p>{escape(_('… and {count} more').format(count=more))}</p>" if more else ""
    caption = f"<caption style='text-align:left'>{escape(title)}</caption>"
    return f"<table>{caption}<tr>{head}</tr>{body}</table>{rest}"


def _cell(text: str) -> str:
    lines = "<br>".join(escape(line) for line in printable(text, lines=True).split("\n"))
    return f"<td style='text-align:left'>{lines}</td>"


def _names(plan: Plan, asset_ids: Sequence[str]) -> str:
    labels = (plan.labels.get(asset_id) for asset_id in asset_ids)
    return ", ".join(
        printable(label.name) if label else asset_id for label, asset_id in zip(labels, asset_ids, strict=True)
    )
