"""Plan documents: JSON with a schema version, one change a line, so that a person can read them and delete lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.claims import CLAIM_KINDS, AliveRoot, Claim
from immich_tools.plan.effects import KINDS
from immich_tools.plan.effects.albums import AlbumField, SetAlbumField
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.expected import Expected
from immich_tools.plan.fields import AssetField, FieldValue
from immich_tools.plan.model import Keep, Label, Plan, Skip

SCHEMA: Final = 1
_LISTS: Final[tuple[tuple[str, type], ...]] = (("changes", Change), ("keeps", Keep), ("skips", Skip))
_FIELDS: Final = {field.value: field for field in AssetField}
_ALBUM_FIELDS: Final = {field.value: field for field in AlbumField}
_KNOWN_HINTS: Final[dict[type[Any], dict[str, Any]]] = {}
_VISIBILITIES: Final = {visibility.value: visibility for visibility in Visibility}
# A person who deletes the last line of a list leaves a comma behind.
_TRAILING_COMMA: Final = re.compile(r",(\s*\n\s*[\]}])")


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return [value.latitude, value.longitude]
    if isinstance(value, Claim):
        return {"claim": value.kind, **_values(value)}
    if isinstance(value, AliveRoot):
        return _values(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.value if isinstance(value, Enum) else value


def _values(value: Any) -> dict[str, Any]:
    return attrs.asdict(value, recurse=False, value_serializer=lambda _owner, _field, part: _plain(part))


def action_to_json(action: Action) -> dict[str, Any]:
    """An action as JSON values."""
    return {"do": action.kind, **_values(action)}


def action_from_json(item: Any) -> Action:
    """The action that `action_to_json` wrote.

    :raises ValueError: it is not one.
    """
    name = item.get("do") if isinstance(item, dict) else None
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(_("unknown action {action}").format(action=json.dumps(item)[:80]))
    kind = KINDS[name]
    values = {key: value for key, value in item.items() if key != "do"}
    if kind is SetField:
        field = _FIELDS.get(str(values.get("field")))
        if field is None:
            raise ValueError(_("unknown field of an asset: {field}").format(field=json.dumps(values.get("field"))))
        values |= {key: _field_value(field, values[key]) for key in ("before", "after") if key in values}
        values["field"] = field
    elif kind is SetAlbumField:
        property_ = _ALBUM_FIELDS.get(str(values.get("field")))
        if property_ is None:
            raise ValueError(_("unknown field of an album: {field}").format(field=json.dumps(values.get("field"))))
        values["field"] = property_
    if isinstance(values.get("claims"), list) and "claims" in _hints(kind):
        values["claims"] = tuple(map(_claim_from_json, values["claims"]))
    action: Action = _build(kind, values)
    return action


def _claim_from_json(item: Any) -> Claim:
    name = item.get("claim") if isinstance(item, dict) else None
    if not isinstance(name, str) or name not in CLAIM_KINDS:
        raise ValueError(_("unknown claim {claim}").format(claim=json.dumps(item)[:80]))
    values = {key: value for key, value in item.items() if key != "claim"}
    if "root" in values:
        root = values["root"]
        if not isinstance(root, dict):
            raise ValueError(_("field '{name}' holds {value}").format(name="root", value=json.dumps(root)[:60]))
        values["root"] = _build(AliveRoot, root)
    claim: Claim = _build(CLAIM_KINDS[name], values)
    return claim


def _field_value(field: AssetField, value: Any) -> FieldValue:
    """A value as `SetField` takes it, which refuses what the field cannot hold."""
    if field is AssetField.PLACE and isinstance(value, list) and len(value) == 2 and all(map(_is_degrees, value)):
        return Place(float(value[0]), float(value[1]))
    if field is AssetField.VISIBILITY and isinstance(value, str) and value in _VISIBILITIES:
        return _VISIBILITIES[value]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(_("{value} is no {field}").format(value=json.dumps(value)[:60], field=field.value))


def _is_degrees(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180


def _hints(kind: type[Any]) -> dict[str, Any]:
    if kind not in _KNOWN_HINTS:
        _KNOWN_HINTS[kind] = get_type_hints(kind)
    return _KNOWN_HINTS[kind]


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
    elif get_origin(hint) is Mapping:
        if isinstance(value, dict):
            return value
    elif isinstance(hint, UnionType) and all(part in (str, int, bool, type(None)) for part in get_args(hint)):
        if type(value) in get_args(hint):
            return value
    else:
        return value
    raise ValueError(_("field '{name}' holds {value}").format(name=name, value=json.dumps(value)[:60]))


def expected_to_json(expected: Expected) -> dict[str, Any]:
    """What an asset held, as a journal keeps it."""
    fields = {name.value: _plain(value) for name, value in expected.fields.items() if value not in (None, "")}
    return {"tags": sorted(expected.tags), **fields}


def expected_from_json(item: Any) -> Expected | None:
    """What `expected_to_json` wrote; None for anything else."""
    tags = item.get("tags") if isinstance(item, dict) else None
    if not isinstance(tags, list):
        return None
    try:
        fields = {field: _field_value(field, item.get(field.value)) for field in AssetField}
    except ValueError:
        return None
    return Expected(fields, set(map(str, tags)))


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
        raise UsageError(_("Not a plan document: missing 'schema'."))
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
        if not isinstance(labels, dict) or not all(isinstance(label, dict) for label in labels.values()):
            raise ValueError(_("'labels' is no object of objects"))
        values["labels"] = {asset_id: _build(Label, label) for asset_id, label in labels.items()}
        plan = _build(Plan, values)
    except ValueError as error:
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
    except ValueError as error:
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
            lines.append(
                f"  {json.dumps(name)}: [\n" + ",\n".join("    " + to_line(entry) for entry in value) + "\n  ]"
            )
        elif name == "labels" and value:
            entries = ",\n".join(f"    {json.dumps(key)}: {to_line(entry)}" for key, entry in value.items())
            lines.append(f'  "labels": {{\n{entries}\n  }}')
        else:
            lines.append(f"  {json.dumps(name)}: {to_line(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def to_line(value: Any) -> str:
    """JSON on one line, readable by people; a text that is not valid Unicode (a server can send one) is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def check_place(path: Path) -> None:
    """Find out that a plan cannot be saved before the server is read for it.

    :raises UsageError: there is a file of that name, or no folder to put it into.
    """
    if path.exists():
        raise _in_the_way(path)
    if not path.parent.is_dir():
        raise UsageError(_("The plan cannot be written to {path}: there is no such folder.").format(path=path))


def _in_the_way(path: Path) -> UsageError:
    return UsageError(_("{path} exists already; it is not overwritten. Choose another name.").format(path=path))


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan document; see `Plan.save`."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise _in_the_way(path) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with file:
            file.write(dump_plan(plan))
    except OSError as error:
        path.unlink(missing_ok=True)  # half a plan would only be in the way
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(_("The plan cannot be written to {path}: {reason}.").format(path=path, reason=error.strerror))


def load_plan(path: Path) -> Plan:
    """Read a plan document, also one from which a person deleted lines.

    :raises UsageError: it cannot be read or is no plan; says where.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a mark at the beginning
    except OSError as error:
        raise UsageError(
            _("The plan {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise UsageError(_("The plan {path} is not text in UTF-8.").format(path=path)) from None
    try:
        document = json.loads(_TRAILING_COMMA.sub(r"\1", text))
    except (ValueError, RecursionError) as error:
        raise UsageError(_("The plan {path} is not JSON: {reason}.").format(path=path, reason=error)) from None
    return plan_from_json(document)
