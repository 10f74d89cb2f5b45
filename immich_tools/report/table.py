"""A plan as lines for a terminal: one block a group, what stays first, then what goes, then what is carried over."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import define, field
from rich.console import Console
from rich.text import Text

from immich_tools.i18n import _, ngettext
from immich_tools.plan.effects.assets import DeleteForever, RestoreAssets, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.files import CopyFile, FileAction, RemoveFile
from immich_tools.plan.model import Keep, Label, Plan, Skip, by_group
from immich_tools.report.text import NAMES, NOTE_WORD, size, summary
from immich_tools.settings.streams import printable

SHOWN_ON_TERMINAL: Final = 100
"""Groups; whoever wants all of 5,000 reads a saved plan."""

TRASH_WORD: Final = _("trash")
DELETE_WORD: Final = _("delete")
KEEP_WORD: Final = _("keep")
CARRY_WORD: Final = _("carry over")
RESTORE_WORD: Final = _("restore")
CHANGE_WORD: Final = _("change")
COPY_WORD: Final = _("copy")
WRITE_WORD: Final = _("write")
REMOVE_WORD: Final = _("remove")
REMOVALS: Final = (TrashAssets, DeleteForever, RestoreAssets)
"""Kinds of which each asset has its line, beside those that stay."""
_WIDTH: Final = max(map(len, (TRASH_WORD, DELETE_WORD, KEEP_WORD, CARRY_WORD, RESTORE_WORD, CHANGE_WORD)))
_NAME_WIDTH: Final = 44


@define
class _Group:
    keeps: list[Keep] = field(factory=list)
    changes: list[Change] = field(factory=list)


def print_plan(plan: Plan, console: Console) -> None:
    """Print a plan: its groups, what is left alone and why, and the sums."""
    if console.is_terminal:
        for line, indent in _lines(plan, SHOWN_ON_TERMINAL):
            _print(line, console, indent)
    else:
        # Nothing to wrap or colour: rich takes much longer to find that out for each line.
        console.out("\n".join(line.plain for line, _indent in _lines(plan, sys.maxsize)), highlight=False)


def _lines(plan: Plan, limit: int) -> Iterator[tuple[Text, int]]:
    """All lines, each with how far its continuation is indented.

    :param limit: groups, and entries of what is left alone, that are shown.
    """
    groups = _groups(plan)
    width = _name_width(plan)
    for group in groups[:limit]:
        for line in _block(plan, group, width):
            yield line, _WIDTH + 4
        yield Text(), 0
    if len(groups) > limit:
        more = _("… and {count} more groups; --save-plan or --json gives them all").format(count=len(groups) - limit)
        yield Text(more), 0
        yield Text(), 0
    if plan.skips:
        yield Text(_("Left alone:"), style="bold"), 0
        for skip in plan.skips[:limit]:
            yield Text(f"  {printable(_skipped(plan, skip))}"), 2
            yield Text.assemble("      ", (printable(skip.reason), "dim")), 6
        if len(plan.skips) > limit:
            yield Text(_("  … and {count} more").format(count=len(plan.skips) - limit)), 0
        yield Text(), 0
    for text in summary(plan).split("\n"):
        yield Text(text), len(NOTE_WORD) if text.startswith(NOTE_WORD) else 2


def print_group(plan: Plan, changes: Sequence[Change], console: Console) -> None:
    """Print some changes of a plan that belong together."""
    name = changes[0].group
    group = _Group([keep for keep in plan.keeps if name and keep.group == name], list(changes))
    for line in _block(plan, group, _name_width(plan)):
        _print(line, console)


def _print(line: Text, console: Console, indent: int = _WIDTH + 4) -> None:
    """Print a line; on a terminal what does not fit goes on below, where the line's own text began."""
    if not console.is_terminal:
        console.out(line.plain, highlight=False)
        return
    if line.cell_len <= console.width:
        console.print(line)
        return
    head, rest = line[:indent], line[indent:]
    for number, part in enumerate(rest.wrap(console, max(console.width - indent, 20))):
        console.print(Text.assemble(head if number == 0 else " " * indent, part))


def _name_width(plan: Plan) -> int:
    """Of the names that stand below each other: those of what is removed, kept for that, or copied."""
    listed = [change for change in plan.changes if isinstance(change.action, (*REMOVALS, CopyFile))]
    groups = {change.group for change in listed}
    ids = {asset_id for change in listed for asset_id in change.action.assets}
    ids.update(keep.asset_id for keep in plan.keeps if keep.group in groups)
    widths = (len(printable(plan.labels[each].name)) for each in ids if each in plan.labels)
    return min(max(widths, default=0), _NAME_WIDTH)


def _groups(plan: Plan) -> list[_Group]:
    """The groups that change, with what they keep, in the plan's order."""
    groups = {name: _Group(changes=changes) for name, changes in by_group(plan.changes).items()}
    for keep in plan.keeps:
        if keep.group in groups:
            groups[keep.group].keeps.append(keep)
    return list(groups.values())


def _block(plan: Plan, group: _Group, width: int) -> Iterator[Text]:
    others = [change for change in group.changes if not isinstance(change.action, (*REMOVALS, FileAction))]
    thins_out = any(isinstance(change.action, REMOVALS) for change in group.changes)
    if thins_out:
        for keep in group.keeps:
            why = keep.reason.removeprefix(_("kept: "))
            yield _line(KEEP_WORD, "green", _described(plan, keep.asset_id, width), why)
    for change in group.changes:
        if isinstance(change.action, REMOVALS):
            yield from _removed(plan, change, width)
        elif isinstance(change.action, FileAction):
            yield _file(plan, change, width)
    if others and thins_out and group.keeps:
        yield _line(CARRY_WORD, "cyan", ", ".join(change.action.describe() for change in others), "")
    else:
        yield from _alike(plan, others)
        yield from () if thins_out else _staying(group.keeps)


def _staying(keeps: Iterable[Keep]) -> Iterator[Text]:
    """What stays where nothing is removed: how many for each reason."""
    for reason, count in Counter(keep.reason for keep in keeps).items():
        yield _line(KEEP_WORD, "green", ngettext("{count} file", "{count} files", count).format(count=count), reason)


def _alike(plan: Plan, changes: Iterable[Change]) -> Iterator[Text]:
    """A line for each thing that is done, with the assets it is done to."""
    found: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        found.setdefault((change.action.describe(), change.reason), []).extend(change.action.assets)
    for (words, reason), asset_ids in found.items():
        shown = f"{words}: {_several(plan, asset_ids)}" if asset_ids else words
        yield _line(CHANGE_WORD, "cyan", shown, reason)


def _several(plan: Plan, asset_ids: Sequence[str]) -> str:
    """Some assets by their names: how many, and the first few. Where none is known, only how many: an id says nothing to anybody."""
    if plan.labels.keys().isdisjoint(asset_ids):
        return ngettext("{count} file", "{count} files", len(asset_ids)).format(count=len(asset_ids))
    names = [plan.labels[each].name if each in plan.labels else each for each in asset_ids[:NAMES]]
    shown = ", ".join(_shortened(printable(name)) for name in names)
    if len(asset_ids) <= NAMES:
        return shown
    return _("{count} files, {names}, …").format(count=len(asset_ids), names=shown)


def _file(plan: Plan, change: Change, width: int) -> Text:
    """A file that is written or removed: the asset it is a copy of, or itself, and where it is."""
    action = change.action
    assert isinstance(action, FileAction)
    if isinstance(action, CopyFile):
        return _line(
            COPY_WORD, "cyan", _described(plan, action.asset_id, width), _("to {path}").format(path=action.path)
        )
    word, style = (REMOVE_WORD, "yellow") if isinstance(action, RemoveFile) else (WRITE_WORD, "cyan")
    return _line(word, style, action.path, change.reason)


def _removed(plan: Plan, change: Change, width: int) -> Iterator[Text]:
    """A line for each asset of a removal, with its own line of the reason; further lines concern all of them."""
    word, style = _removal_word(change.action)
    reasons = _reasons(plan, change)
    for number, asset_id in enumerate(change.action.assets):
        why = reasons[number] if number < len(reasons) else ""
        label = plan.labels.get(asset_id)
        if label:
            why = why.removeprefix(f"{printable(label.name)}: ")
        yield _line(word, style, _described(plan, asset_id, width), why)
    for remark in reasons[len(change.action.assets) :]:
        yield _line("", "", Text(remark, style="dim"), "")


def _reasons(plan: Plan, change: Change) -> list[str]:
    """The lines of a reason; a name that holds a line end does not make one more."""
    reason = change.reason
    for asset_id in change.action.assets:
        label = plan.labels.get(asset_id)
        if label and "\n" in label.name:
            reason = reason.replace(label.name, printable(label.name))
    return [printable(line) for line in reason.split("\n")]


def _removal_word(action: Action) -> tuple[str, str]:
    if isinstance(action, RestoreAssets):
        return RESTORE_WORD, "green"
    return (DELETE_WORD, "bold red") if isinstance(action, DeleteForever) else (TRASH_WORD, "yellow")


def _line(word: str, style: str, what: str | Text, why: str) -> Text:
    what = what if isinstance(what, Text) else printable(what)
    return Text.assemble("  ", (word.ljust(_WIDTH), style), "  ", what, "  " if why else "", (printable(why), "dim"))


def _described(plan: Plan, asset_id: str, width: int) -> str:
    label = plan.labels.get(asset_id) or Label(asset_id)
    name = _shortened(printable(label.name)).ljust(width)
    if not label.taken and label.size is None:
        return name
    weight = "" if label.size is None else size(label.size)
    return f"{name}  {label.taken or _('date unknown'):<19}  {weight:>9}"


def _shortened(name: str) -> str:
    if len(name) <= _NAME_WIDTH:
        return name
    half = (_NAME_WIDTH - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _skipped(plan: Plan, skip: Skip) -> str:
    if not skip.asset_ids:
        return skip.group
    return _several(plan, skip.asset_ids)
