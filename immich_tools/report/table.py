"""A plan as lines for a terminal: one block a group, what stays first, then what goes, then what is carried over."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import define, field
from rich.console import Console
from rich.text import Text

from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.actions import (
    Action,
    AddTag,
    AddToAlbum,
    AssetField,
    DeleteForever,
    DismissDuplicates,
    FieldValue,
    RemoveFromAlbum,
    RemoveTag,
    RestoreAssets,
    SetField,
    TrashAssets,
)
from immich_tools.plan.album_actions import CreateAlbum, DeleteAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.document import Change, Keep, Label, Plan, Skip, by_group
from immich_tools.report.text import KIND_WORDS, size, summary
from immich_tools.settings.streams import printable

SHOWN_ON_TERMINAL: Final = 100
"""Groups; whoever wants all of 5,000 reads a saved plan."""

FIELD_WORDS: Final = {
    AssetField.DESCRIPTION: _("description"),
    AssetField.RATING: _("rating"),
    AssetField.FAVORITE: _("favourite"),
    AssetField.DATE: _("date"),
    AssetField.PLACE: _("place"),
    AssetField.VISIBILITY: _("visibility"),
}
TRASH_WORD: Final = _("trash")
DELETE_WORD: Final = _("delete")
KEEP_WORD: Final = _("keep")
CARRY_WORD: Final = _("carry over")
RESTORE_WORD: Final = _("restore")
CHANGE_WORD: Final = _("change")
_WIDTH: Final = max(map(len, (TRASH_WORD, DELETE_WORD, KEEP_WORD, CARRY_WORD, RESTORE_WORD, CHANGE_WORD)))
_NAME_WIDTH: Final = 44


@define
class _Group:
    keeps: list[Keep] = field(factory=list)
    changes: list[Change] = field(factory=list)


def print_plan(plan: Plan, console: Console) -> None:
    """Print a plan: its groups, what is left alone and why, and the sums."""
    groups = _groups(plan)
    limit = SHOWN_ON_TERMINAL if console.is_terminal else sys.maxsize
    width = _name_width(plan)
    for group in groups[:limit]:
        for line in _block(plan, group, width):
            _print(line, console)
        console.print()
    if len(groups) > limit:
        console.print(
            _("… and {count} more groups; --save-plan or --json gives them all").format(count=len(groups) - limit),
            markup=False,
        )
        console.print()
    if plan.skips:
        console.print(Text(_("Left alone:"), style="bold"))
        for skip in plan.skips[:limit]:
            console.print(f"  {printable(_skipped(plan, skip))}", markup=False)
            _print(Text.assemble("      ", (printable(skip.reason), "dim")), console, 6)
        if len(plan.skips) > limit:
            console.print(_("  … and {count} more").format(count=len(plan.skips) - limit), markup=False)
        console.print()
    console.print(summary(plan), markup=False)


def print_group(plan: Plan, changes: Sequence[Change], console: Console) -> None:
    """Print some changes of a plan that belong together."""
    name = changes[0].group
    group = _Group([keep for keep in plan.keeps if name and keep.group == name], list(changes))
    for line in _block(plan, group, _name_width(plan)):
        _print(line, console)


def _print(line: Text, console: Console, indent: int = _WIDTH + 4) -> None:
    """Print a line; on a terminal what does not fit goes on below, where the line's own text began."""
    if not console.is_terminal or line.cell_len <= console.width:
        console.print(line)
        return
    head, rest = line[:indent], line[indent:]
    for number, part in enumerate(rest.wrap(console, max(console.width - indent, 20))):
        console.print(Text.assemble(head if number == 0 else " " * indent, part))


def _name_width(plan: Plan) -> int:
    return min(max((len(printable(label.name)) for label in plan.labels.values()), default=0), _NAME_WIDTH)


def _groups(plan: Plan) -> list[_Group]:
    """The groups that change, with what they keep, in the plan's order."""
    groups = {name: _Group(changes=changes) for name, changes in by_group(plan.changes).items()}
    for keep in plan.keeps:
        if keep.group in groups:
            groups[keep.group].keeps.append(keep)
    return list(groups.values())


def _block(plan: Plan, group: _Group, width: int) -> Iterator[Text]:
    for keep in group.keeps:
        yield _line(KEEP_WORD, "green", _described(plan, keep.asset_id, width), keep.reason.removeprefix(_("kept: ")))
    carried = []
    for change in group.changes:
        action = change.action
        if isinstance(action, TrashAssets | DeleteForever | RestoreAssets):
            yield from _removed(plan, change, width)
        else:
            carried.append(change)
    if carried:
        kept = {keep.asset_id for keep in group.keeps}
        alone = not kept
        word = CHANGE_WORD if alone else CARRY_WORD
        yield _line(word, "cyan", ", ".join(_words(plan, change.action, named=alone) for change in carried), "")


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
    weight = "" if label.size is None else size(label.size)
    return f"{_shortened(printable(label.name)).ljust(width)}  {label.taken:<19}  {weight:>9}"


def _shortened(name: str) -> str:
    if len(name) <= _NAME_WIDTH:
        return name
    half = (_NAME_WIDTH - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _words(plan: Plan, action: Action, *, named: bool) -> str:
    words = _action_words(action)
    if not named:
        return words
    names: Iterable[str] = (plan.labels[each].name if each in plan.labels else each for each in action.assets)
    return f"{words} ({', '.join(names)})"


def _action_words(action: Action) -> str:
    if isinstance(action, AddToAlbum):
        return _("album '{name}'").format(name=action.album_name)
    if isinstance(action, RemoveFromAlbum):
        return _("no longer album '{name}'").format(name=action.album_name)
    if isinstance(action, AddTag):
        return _("tag '{name}'").format(name=action.tag_value)
    if isinstance(action, RemoveTag):
        return _("no longer tag '{name}'").format(name=action.tag_value)
    if isinstance(action, SetField):
        return f"{FIELD_WORDS[action.field]} {_value_words(action.after)}"
    if isinstance(action, CreateAlbum):
        return _("make album '{name}'").format(name=action.name)
    if isinstance(action, DeleteAlbum):
        return _("delete album '{name}'").format(name=action.name)
    if isinstance(action, SetAlbumField):
        return _("album '{name}': {field} {value}").format(
            name=action.album_name, field=action.field.value, value=_value_words(action.after)
        )
    if isinstance(action, ShareAlbum):
        return _("album '{name}': {user} {role}").format(
            name=action.album_name, user=action.user_name, role=action.after or _("no longer")
        )
    if isinstance(action, DismissDuplicates):
        count = len(action.member_ids)
        return ngettext("{count} copy are no duplicates", "{count} copies are no duplicates", count).format(count=count)
    return KIND_WORDS[action.kind]


def _value_words(value: FieldValue) -> str:
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Place):
        return f"{value.latitude:.4f} {value.longitude:.4f}"
    if isinstance(value, Visibility):
        return value.value
    return f"'{value}'" if isinstance(value, str) else str(value)


def _skipped(plan: Plan, skip: Skip) -> str:
    names = [plan.labels[asset_id].name if asset_id in plan.labels else asset_id for asset_id in skip.asset_ids]
    shown = ", ".join(_shortened(printable(name)) for name in names[:3])
    return shown if len(names) <= 3 else _("{names} and {count} more").format(names=shown, count=len(names) - 3)
