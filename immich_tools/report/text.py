"""Plans and outcomes as plain text."""

from __future__ import annotations

from collections import Counter
from typing import Final

from immich_tools.i18n import _, ngettext
from immich_tools.plan.effects import KINDS
from immich_tools.plan.effects.assets import DeleteForever, TrashAssets
from immich_tools.plan.effects.files import CopyFile
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.settings.streams import printable

STATUS_WORDS: Final = {
    Status.DONE: _("done"),
    Status.ALREADY: _("so already"),
    Status.FAILED: _("failed"),
    Status.NOT_DONE: _("not done"),
    Status.STALE: _("no longer true"),
    Status.SKIPPED: _("skipped"),
    Status.UNKNOWN: _("unknown"),
}
NOTE_WORD: Final = _("Note: ")
REASONS: Final = 20
NAMES: Final = 3


def size(count: int) -> str:
    """A number of bytes for a person: decimal units, as file managers and Immich show them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def pace(done: int, total: int, seconds: float) -> tuple[float, float] | None:
    """Bytes a second so far, and seconds until all are done at that rate; None while nobody can tell."""
    if done <= 0 or seconds <= 0:
        return None
    return done / seconds, (total - done) * seconds / done


def summary(plan: Plan) -> str:
    """A plan in a few lines: how much of each kind, what is left alone, and notes."""
    lines = [_("Plan of {tool} for Immich {version}").format(tool=plan.tool, version=plan.server_version)]
    rows = [(KINDS[kind].words, _amount(plan, kind, count)) for kind, count in plan.counts().items()]
    groups = len({change.group for change in plan.changes if change.group})
    if not rows:
        rows.append((_("nothing to change"), ""))
    if groups:
        rows.insert(0, (_("change"), ngettext("{count} group", "{count} groups", groups).format(count=groups)))
    if plan.keeps:
        rows.append(
            (_("keep"), ngettext("{count} asset", "{count} assets", len(plan.keeps)).format(count=len(plan.keeps)))
        )
    if plan.skips:
        files: Counter[str] = Counter()
        for skip in plan.skips:
            files[skip.code] += (
                len(skip.asset_ids) or 1
            )  # one without files is about an album, or something else as a whole
        codes = ", ".join(f"{code} {files[code]}" for code in sorted(files))
        rows.append((_("skipped"), f"{files.total()}: {codes}"))
    width = max(len(words) for words, _amounts in rows)
    lines += [f"  {words.ljust(width)}  {amount}".rstrip() for words, amount in rows]
    lines += [NOTE_WORD + note for note in plan.notes]
    return "\n".join(printable(line) for line in lines)


def _amount(plan: Plan, kind: str, count: int) -> str:
    if kind == CopyFile.kind:
        known = sum(change.action.size or 0 for change in plan.changes if isinstance(change.action, CopyFile))
        return ngettext("{count} file, {size}", "{count} files, {size}", count).format(count=count, size=size(known))
    if kind not in (TrashAssets.kind, DeleteForever.kind):
        return str(count)
    removed, freed = len(plan.removed()), plan.bytes_freed()
    words = ngettext("{count} asset of {all}", "{count} assets of {all}", removed)
    amount = words.format(count=removed, all=plan.population)
    return f"{amount}, {size(freed)}" if freed else amount


def outcome_summary(outcome: Outcome) -> str:
    """What became of a plan, in a few lines; why something was not done is said once for all it is true of."""
    if outcome.run_id is None:
        return _("Nothing to do.")
    counts = outcome.counts()
    lines = [_("Run {run}").format(run=outcome.run_id)]
    lines += [f"  {counts[status]:>7}  {STATUS_WORDS[status]}" for status in Status if status in counts]
    named: dict[tuple[Status, str], list[str]] = {}
    for change, result in outcome.with_status(
        Status.FAILED, Status.UNKNOWN, Status.STALE, Status.SKIPPED, Status.NOT_DONE
    ):
        named.setdefault((result.status, result.reason), []).append(change.id)
    for (status, reason), ids in list(named.items())[:REASONS]:
        shown = ", ".join(ids[:NAMES]) + (
            _(" and {count} more").format(count=len(ids) - NAMES) if len(ids) > NAMES else ""
        )
        lines.append(f"  {STATUS_WORDS[status]}: {shown}: {reason}")
    if len(named) > REASONS:
        lines.append(_("  … and {count} more reasons; the journal names them all").format(count=len(named) - REASONS))
    if outcome.unfinished:
        lines.append(
            _("  The run was interrupted. Resume it with: immich-toolkit resume {run}").format(run=outcome.run_id)
        )
    return "\n".join(printable(line) for line in lines)
