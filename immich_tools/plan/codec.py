"""The plan's values as JSON values and back: effects tagged by ``do``, claims by ``claim``, a place as its two degrees."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn

from immich_tools.codec import Misfit, object_of, strict_converter, structured
from immich_tools.i18n import _
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.claims import CLAIM_KINDS, Claim
from immich_tools.plan.effects import KINDS
from immich_tools.plan.effects.albums import AlbumField
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.fields import AssetField, FieldValue

_FIELDS: Final = {field.value: field for field in AssetField}
_ALBUM_FIELDS: Final = {field.value: field for field in AlbumField}
_VISIBILITIES: Final = {visibility.value: visibility for visibility in Visibility}


@cache
def plan_converter() -> Converter:
    """The converter of plans and journals."""
    made = strict_converter()
    made.register_unstructure_hook(Place, lambda place: [place.latitude, place.longitude])
    made.register_unstructure_hook(Change, lambda change: _change_to_json(made, change))
    made.register_structure_hook_factory(lambda kind: kind is Change, lambda _kind: object_of(made, Change[Action]))
    _register_tagged(made, lambda kind: kind is Action, "do", KINDS, _("unknown action {value}"))
    _register_tagged(made, lambda kind: kind == Claim, "claim", CLAIM_KINDS, _("unknown claim {value}"))
    made.register_structure_hook_func(lambda kind: kind is AssetField, _asset_field)
    made.register_structure_hook_func(lambda kind: kind is AlbumField, _album_field)
    made.register_structure_hook_func(lambda kind: kind == FieldValue, lambda value, _kind: value)
    set_field = object_of(made, SetField)
    made.register_structure_hook_func(
        lambda kind: kind is SetField, lambda item, kind: set_field(_with_values(item), kind)
    )
    return made


def _register_tagged(
    made: Converter, is_union: Callable[[Any], bool], tag: str, kinds: Mapping[str, type[Any]], unknown: str
) -> None:
    """Tell the kinds of a union apart by a name in a field of its own, which comes first.

    cattrs' own strategy writes the tag last, and documents stay as they are.
    """
    names = {kind: name for name, kind in kinds.items()}

    def unstructure_of(kind: Any) -> Callable[[Any], dict[str, Any]]:
        values = make_dict_unstructure_fn(kind, made)
        return lambda item: {tag: names[kind], **values(item)}

    def structure(item: Any, _kind: Any) -> Any:
        name = item.get(tag) if isinstance(item, dict) else None
        if not isinstance(name, str) or name not in kinds:
            raise ValueError(unknown.format(value=json.dumps(item)[:80]))
        return made.structure({key: value for key, value in item.items() if key != tag}, kinds[name])

    made.register_unstructure_hook_factory(lambda kind: kind in names, unstructure_of)
    made.register_structure_hook_func(is_union, structure)


def _change_to_json(made: Converter, change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "reason": change.reason,
        "action": made.unstructure(change.action),
        "requires": list(change.requires),
        "group": change.group,
    }


def _asset_field(value: Any, _kind: Any) -> AssetField:
    field = _FIELDS.get(value) if isinstance(value, str) else None
    if field is None:
        raise ValueError(_("unknown field of an asset: {field}").format(field=Misfit(value)))
    return field


def _album_field(value: Any, _kind: Any) -> AlbumField:
    field = _ALBUM_FIELDS.get(value) if isinstance(value, str) else None
    if field is None:
        raise ValueError(_("unknown field of an album: {field}").format(field=Misfit(value)))
    return field


def _with_values(item: Any) -> Any:
    """A change of a field whose values are those of the field: what a value means depends on the field."""
    if not isinstance(item, dict) or "field" not in item:
        return item
    field = _asset_field(item["field"], AssetField)
    return item | {name: field_value(field, item[name]) for name in ("before", "after") if name in item}


def field_value(field: AssetField, value: Any) -> FieldValue:
    """What a JSON value means in a field of an asset.

    :raises ValueError: the field cannot hold it.
    """
    if field is AssetField.PLACE and isinstance(value, list) and len(value) == 2 and all(map(_is_degrees, value)):
        return Place(float(value[0]), float(value[1]))
    if field is AssetField.VISIBILITY and isinstance(value, str) and value in _VISIBILITIES:
        return _VISIBILITIES[value]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(_("invalid {field}: {value}").format(field=field.value, value=Misfit(value)))


def _is_degrees(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180


def action_to_json(action: Action) -> dict[str, Any]:
    """An action as JSON values."""
    found: dict[str, Any] = plan_converter().unstructure(action)
    return found


def action_from_json(item: Any) -> Action:
    """The action that `action_to_json` wrote.

    :raises ValueError: it is not one.
    """
    return structured(plan_converter(), item, Action)


def to_line(value: Any, *, is_dense: bool = False) -> str:
    """JSON on one line, readable by people; a text that is not valid Unicode (a server can send one) is escaped.

    :param is_dense: without spaces.
    """
    separators = (",", ":") if is_dense else None
    text = json.dumps(value, ensure_ascii=False, separators=separators)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=separators)
    return text
