"""Plans as HTML for notebooks: one table, no script, no request to anywhere."""

from __future__ import annotations

from html import escape

from immich_tools.i18n import _
from immich_tools.plan.document import Plan
from immich_tools.report.text import summary

ROWS = 200


def fragment(plan: Plan) -> str:
    """A plan as an HTML fragment; the first `ROWS` changes are listed."""
    head = "".join(f"<th style='text-align:left'>{escape(title)}</th>" for title in (_("change"), _("asset"), _("why")))
    rows = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in (
            (change.action.kind, ", ".join(_name(plan, asset_id) for asset_id in change.action.assets), change.reason)
            for change in plan.changes[:ROWS]
        )
    )
    more = len(plan.changes) - ROWS
    rest = f"<p>{escape(_('… and {count} more').format(count=more))}</p>" if more > 0 else ""
    return f"<pre>{escape(summary(plan))}</pre><table><tr>{head}</tr>{rows}</table>{rest}"


def _name(plan: Plan, asset_id: str) -> str:
    label = plan.labels.get(asset_id)
    return label.name if label else asset_id
