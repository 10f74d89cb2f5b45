"""The options of a tool as JSON values, for plan documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from immich_tools.errors import UsageError
from immich_tools.i18n import _

Options = TypeVar("Options")


class _Unfit(Exception):
    """A JSON value that an option cannot hold."""


def to_document(options: Any) -> dict[str, Any]:
    """All options as JSON values.

    :param options: of an attrs class; its fields hold truth values, numbers, texts, moments, days, paths, members of enumerations, tuples
        of these, or None.
    """
    return attrs.asdict(options, recurse=False, value_serializer=lambda _owner, _field, value: _to_json(value))


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, PurePath) else value


def from_document(options: type[Options], document: Mapping[str, Any]) -> Options:
    """The options that `to_document` wrote; what is missing has its default.

    :raises UsageError: an option is unknown or has a wrong value.
    """
    hints = get_type_hints(options)
    unknown = sorted(set(document) - {field.name for field in attrs.fields(options)})  # type: ignore[arg-type]
    if unknown:
        raise UsageError(_("The plan has an unknown option '{name}'.").format(name=unknown[0]))
    values = {}
    for name, value in document.items():
        try:
            values[name] = _from_json(value, hints[name])
        except (_Unfit, ValueError):
            raise UsageError(_("The plan's option '{name}' has a wrong value.").format(name=name)) from None
    return options(**values)


def _from_json(value: Any, kind: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _of_several(value, get_args(kind))
    if origin is tuple:
        if not isinstance(value, list):
            raise _Unfit
        return tuple(_from_json(part, get_args(kind)[0]) for part in value)
    if issubclass(kind, Enum):
        for member in kind:
            if type(member.value) is type(value) and member.value == value:
                return member
        raise _Unfit
    if issubclass(kind, date | PurePath) and isinstance(value, str):
        return kind.fromisoformat(value) if issubclass(kind, datetime | date) else kind(value)
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise _Unfit


def _of_several(value: Any, kinds: tuple[Any, ...]) -> Any:
    for kind in kinds:
        if kind is NoneType:
            if value is None:
                return None
            continue
        try:
            return _from_json(value, kind)
        except (_Unfit, ValueError):
            continue
    raise _Unfit
