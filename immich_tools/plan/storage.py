"""Plan documents: JSON with a schema version, one change a line, so that a person can read them and delete lines."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.actions import KINDS, Action, AssetField, FieldValue, SetField
from immich_tools.plan.document import Change, Keep, Label, Plan, Skip

SCHEMA: Final = 1
_LISTS: Final[tuple[tuple[str, type], ...]] = (("changes", Change), ("keeps", Keep), ("skips", Skip))
# A person who deletes the last line of a list leaves a comma behind.
_TRAILING_COMMA: Final = re.compile(r",(\s*\n\s*[\]}])")


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return [value.latitude, value.longitude]
    return value.value if isinstance(value, Enum) else value


def action_to_json(action: Action) -> dict[str, Any]:
    """An action as JSON values."""
    values = attrs.asdict(action, recurse=False, value_serializer=lambda _owner, _field, value: _plain(value))
    return {"do": action.kind, **values}


def action_from_json(item: Any) -> Action:
    """The action that `action_to_json` wrote.

    :raises ValueError: it is not one.
    """
    if not isinstance(item, dict) or item.get("do") not in KINDS:
        raise ValueError(_("unknown action {action}").format(action=json.dumps(item)[:80]))
    kind = KINDS[item["do"]]
    values = {name: value for name, value in item.items() if name != "do"}
    if kind is SetField:
        field = AssetField(values["field"])
        values |= {name: _field_value(field, values[name]) for name in ("before", "after")}
        values["field"] = field
    action: Action = _build(kind, values)
    return action


def _field_value(field: AssetField, value: Any) -> FieldValue:
    if value is None:
        return None
    if field is AssetField.PLACE and isinstance(value, list):
        latitude, longitude = (float(number) for number in value)
        return Place(latitude, longitude)
    if field is AssetField.VISIBILITY:
        return Visibility(value)
    if field is AssetField.RATING and type(value) is int:
        return value
    if field is AssetField.FAVORITE and isinstance(value, bool):
        return value
    if field in (AssetField.DESCRIPTION, AssetField.DATE) and isinstance(value, str):
        return value
    raise ValueError(_("{value} is no {field}").format(value=json.dumps(value), field=field.value))


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Make an instance of an attrs class from JSON values, checking each value's type."""
    names = {field.name for field in attrs.fields(kind)}
    unknown = sorted(set(values) - names)
    if unknown:
        raise ValueError(_("unknown field '{name}'").format(name=unknown[0]))
    missing = [
        field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING and field.name not in values
    ]
    if missing:
        raise ValueError(_("field '{name}' is missing").format(name=missing[0]))
    return kind(**{name: _checked(name, value, _hints(kind)[name]) for name, value in values.items()})


def _checked(name: str, value: Any, hint: Any) -> Any:
    if isinstance(value, tuple):  # built by who calls
        return value
    if get_origin(hint) is tuple:
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
    elif isinstance(hint, type) and hint in (str, int, bool):
        if type(value) is hint:
            return value
    elif isinstance(hint, UnionType) and all(part in (str, int, type(None)) for part in get_args(hint)):
        if type(value) in get_args(hint):
            return value
    else:
        return value
    raise ValueError(_("field '{name}' holds {value}").format(name=name, value=json.dumps(value)[:60]))


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A plan as JSON values."""
    head = {"schema": SCHEMA, "tool": plan.tool, "user_id": plan.user_id, "server_version": plan.server_version}
    return head | {
        "population": plan.population,
        "options": dict(plan.options),
        "notes": list(plan.notes),
        "changes": [_change_to_json(change) for change in plan.changes],
        "keeps": [attrs.asdict(keep) for keep in plan.keeps],
        "skips": [attrs.asdict(skip) for skip in plan.skips],
        "labels": {asset_id: attrs.asdict(label) for asset_id, label in plan.labels.items()},
    }


def _change_to_json(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "reason": change.reason,
        "action": action_to_json(change.action),
        "requires": list(change.requires),
        "group": change.group,
    }


def plan_from_json(document: Any) -> Plan:
    """The plan that `plan_to_json` wrote.

    :raises UsageError: it is not one, or of another schema.
    """
    if not isinstance(document, dict) or "schema" not in document:
        raise UsageError(_("This is no plan document: it has no 'schema'."))
    if document["schema"] != SCHEMA:
        raise UsageError(
            _("This plan has schema {found}; this version reads {known}. Make the plan again.").format(
                found=document["schema"], known=SCHEMA
            )
        )
    values = {name: value for name, value in document.items() if name != "schema"}
    for list_name, kind in _LISTS:
        items = values.get(list_name, [])
        if not isinstance(items, list):
            raise UsageError(_("'{name}' of the plan is no list.").format(name=list_name))
        values[list_name] = tuple(_entry(list_name, number, kind, item) for number, item in enumerate(items, 1))
    try:
        labels = values.get("labels", {})
        values["labels"] = {asset_id: _build(Label, label) for asset_id, label in labels.items()}
        plan = _build(Plan, values)
    except (ValueError, AttributeError) as error:
        raise UsageError(_("The plan document is damaged: {reason}.").format(reason=error)) from None
    assert isinstance(plan, Plan)
    return plan


def _entry(list_name: str, number: int, kind: type[Any], item: Any) -> Any:
    try:
        if not isinstance(item, dict):
            raise ValueError(_("not an object"))
        if kind is Change:
            item = item | {"action": action_from_json(item.get("action"))}
        return _build(kind, item)
    except (ValueError, KeyError, TypeError) as error:
        name = item.get("id") if isinstance(item, dict) else None
        where = f"{list_name}[{number}]" + (f" ({name})" if name else "")
        raise UsageError(
            _("The plan document is damaged at {where}: {reason}.").format(where=where, reason=error)
        ) from None


def dump_plan(plan: Plan) -> str:
    """The document: a head, then each list with one entry a line."""
    lines = []
    for name, value in plan_to_json(plan).items():
        if isinstance(value, list) and value:
            lines.append(f"  {json.dumps(name)}: [\n" + ",\n".join("    " + _line(entry) for entry in value) + "\n  ]")
        elif name == "labels" and value:
            entries = ",\n".join(f"    {json.dumps(key)}: {_line(entry)}" for key, entry in value.items())
            lines.append(f'  "labels": {{\n{entries}\n  }}')
        else:
            lines.append(f"  {json.dumps(name)}: {_line(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan document; see `Plan.save`."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(dump_plan(plan))
    except FileExistsError:
        raise UsageError(
            _("{path} exists already; it is not overwritten. Choose another name.").format(path=path)
        ) from None
    except OSError as error:
        raise UsageError(
            _("The plan cannot be written to {path}: {reason}.").format(path=path, reason=error.strerror)
        ) from None


def load_plan(path: Path) -> Plan:
    """Read a plan document, also one from which a person deleted lines.

    :raises UsageError: it cannot be read or is no plan; says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            _("The plan {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise UsageError(_("The plan {path} is not text in UTF-8.").format(path=path)) from None
    try:
        document = json.loads(_TRAILING_COMMA.sub(r"\1", text))
    except ValueError as error:
        raise UsageError(_("The plan {path} is not JSON: {reason}.").format(path=path, reason=error)) from None
    return plan_from_json(document)
