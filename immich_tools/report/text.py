"""Plans and outcomes as plain text."""

from __future__ import annotations

from typing import Final

from immich_tools.i18n import _, ngettext
from immich_tools.plan.document import Plan
from immich_tools.plan.outcome import Outcome, Status

STATUS_WORDS: Final = {
    Status.DONE: _("done"),
    Status.ALREADY: _("so already"),
    Status.FAILED: _("failed"),
    Status.NOT_DONE: _("not done"),
    Status.FELL_AWAY: _("no longer true"),
    Status.UNKNOWN: _("unknown"),
}
KIND_WORDS: Final = {
    "add-to-album": _("put into an album"),
    "remove-from-album": _("taken out of an album"),
    "add-tag": _("tagged"),
    "remove-tag": _("untagged"),
    "set-field": _("fields written"),
    "trash": _("moved to the trash"),
    "delete-forever": _("deleted for good"),
    "restore": _("restored from the trash"),
    "dismiss-duplicates": _("groups dismissed"),
    "set-duplicate-group": _("groups formed"),
    "stack": _("stacked"),
    "unstack": _("unstacked"),
}


def size(count: int) -> str:
    """A number of bytes for a person: decimal units, as file managers and Immich show them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def summary(plan: Plan) -> str:
    """A plan in a few lines."""
    groups = len({change.group for change in plan.changes if change.group})
    removed = len(plan.removed())
    lines = [_("Plan of {tool} for Immich {version}").format(tool=plan.tool, version=plan.server_version)]
    if groups:
        lines.append(ngettext("  {count} group changes", "  {count} groups change", groups).format(count=groups))
    if removed:
        lines.append(
            ngettext("  {count} asset of {all} removed, {size}", "  {count} assets of {all} removed, {size}", removed).format(
                count=removed, all=plan.population, size=size(plan.bytes_freed())
            )
        )
    for kind, count in plan.counts().items():
        lines.append(f"  {count:>7}  {KIND_WORDS[kind]}")
    lines.append(_("  {count} kept as they are").format(count=len(plan.keeps)))
    if plan.skips:
        lines.append(ngettext("  {count} left alone:", "  {count} left alone:", len(plan.skips)).format(count=len(plan.skips)))
        lines += [f"  {count:>7}  {code}" for code, count in plan.skip_counts().items()]
    lines += [_("  Note: {note}").format(note=note) for note in plan.notes]
    return "\n".join(lines)


def outcome_summary(outcome: Outcome) -> str:
    """What became of a plan, in a few lines; what failed is named."""
    if outcome.run_id is None:
        return _("Nothing to do.")
    counts = outcome.counts()
    lines = [_("Run {run}").format(run=outcome.run_id)]
    lines += [f"  {counts[status]:>7}  {STATUS_WORDS[status]}" for status in Status if status in counts]
    shown = outcome.with_status(Status.FAILED, Status.UNKNOWN, Status.FELL_AWAY)
    lines += [f"  {STATUS_WORDS[result.status]}: {change.id}: {result.reason}" for change, result in shown[:20]]
    if len(shown) > 20:
        lines.append(_("  … and {count} more; the journal names them all").format(count=len(shown) - 20))
    if outcome.unfinished:
        lines.append(_("  The run was cut short; go on with: immich-toolkit resume {run}").format(run=outcome.run_id))
    return "\n".join(lines)
