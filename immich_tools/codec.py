"""The one codec of all documents: JSON values to attrs classes and back, strictly. No value changes its type, no key is passed over.

Classes of attrs are objects, tuples are lists, members of enumerations are their values, paths and days are texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import attrs
from cattrs import Converter, ForbiddenExtraKeysError
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.errors import AttributeValidationNote, BaseValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn

from immich_tools.errors import ToolkitError
from immich_tools.i18n import _

T = TypeVar("T")
Structure = Callable[[Any, Any], Any]
Step = str | int
"""A field's name, or an entry's number or key."""

_PLAIN: Final = frozenset((str, int, bool, float, NoneType))


class Misfit(ValueError):
    """A JSON value that its place cannot hold."""

    def __init__(self, value: Any) -> None:
        super().__init__(json.dumps(value)[:60])


class _NotAnObject(Misfit):
    """A JSON value where an object must be."""


class CodecError(ValueError):
    """What is wrong with a document, in words.

    :ivar place: where, from the outside in, without the field that the words name.
    :ivar field: that field; empty where the class itself refuses its values.
    :ivar is_unknown: there is no such field.
    """

    def __init__(self, words: str, place: tuple[Step, ...], field: str = "", *, is_unknown: bool = False) -> None:
        super().__init__(words)
        self.place = place
        self.field = field
        self.is_unknown = is_unknown


def strict_converter() -> Converter:
    """A converter to register more with."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)

    def list_of(kind: Any) -> Structure:
        parts = get_args(kind)
        if parts[-1] is Ellipsis:
            return demanding(list, homogenous_tuple_structure_factory(kind, converter))
        hooks = [converter.get_structure_hook(part) for part in parts]
        return demanding(list, lambda value, _kind: _fixed(value, hooks, parts))

    def dictionary_of(kind: Any) -> Structure:
        return demanding(dict, mapping_structure_factory(kind, converter))

    converter.register_structure_hook_factory(attrs.has, lambda kind: object_of(converter, kind))
    converter.register_structure_hook_factory(_is_tuple, list_of)
    converter.register_structure_hook_factory(_is_mapping, dictionary_of)
    for kind in _PLAIN - {NoneType}:
        converter.register_structure_hook(kind, _plain(kind))  # cattrs has hooks of its own for these
    converter.register_structure_hook_factory(_is_plain, _plain)
    converter.register_structure_hook_factory(_is_a(Enum), _member)
    converter.register_structure_hook_func(_is_a(date), _day)
    converter.register_structure_hook(Path, _path)
    converter.register_unstructure_hook(date, lambda value: value.isoformat())
    converter.register_unstructure_hook(Path, str)
    converter.register_unstructure_hook(tuple, lambda value: [converter.unstructure(part) for part in value])
    converter.register_unstructure_hook_func(_is_tuple, lambda value: [converter.unstructure(part) for part in value])
    return converter


def structured(converter: Converter, value: Any, kind: type[T]) -> T:
    """What a JSON value means.

    :raises CodecError: it cannot be a `kind`; says what is wrong and where.
    :raises ToolkitError: the class itself refuses its values so.
    """
    try:
        return converter.structure(value, kind)
    except (BaseValidationError, ForbiddenExtraKeysError, ValueError) as error:
        place, cause = _first(error)
        raise (cause if isinstance(cause, ToolkitError) else _in_words(place, cause)) from None


def object_of(converter: Converter, kind: Any) -> Structure:
    """What makes an instance of an attrs class of a JSON object."""
    return demanding(dict, make_dict_structure_fn(kind, converter), _NotAnObject)


def demanding(json_type: type, structure: Structure, misfit: type[Misfit] = Misfit) -> Structure:
    """The same for values of one JSON type, and no others."""

    def checked(value: Any, kind: Any) -> Any:
        if not isinstance(value, json_type):
            raise misfit(value)
        return structure(value, kind)

    return checked


def _is_a(base: type) -> Callable[[Any], bool]:
    return lambda kind: isinstance(kind, type) and issubclass(kind, base)


def _is_tuple(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _is_mapping(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Mapping


def _is_plain(kind: Any) -> bool:
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return _PLAIN.issuperset(parts)


def _plain(kind: Any) -> Structure:
    kinds = frozenset(get_args(kind) or (kind,))

    def structure(value: Any, _kind: Any) -> Any:
        if type(value) in kinds:
            return value
        if type(value) is int and float in kinds:
            return float(value)
        raise Misfit(value)

    return structure


def _member(kind: type[Enum]) -> Structure:
    members = {(type(member.value), member.value): member for member in kind}

    def structure(value: Any, _kind: Any) -> Any:
        member = members.get((type(value), value)) if isinstance(value, str | int | float) else None
        if member is None:
            raise Misfit(value)
        return member

    return structure


def _day(value: Any, kind: type[date]) -> date:
    try:
        return kind.fromisoformat(value)
    except (TypeError, ValueError):
        raise Misfit(value) from None


def _path(value: Any, _kind: Any) -> Path:
    if not isinstance(value, str):
        raise Misfit(value)
    return Path(value)


def _fixed(value: list[Any], hooks: list[Structure], kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(value) != len(hooks):
        raise Misfit(value)
    return tuple(hook(part, kind) for hook, part, kind in zip(hooks, value, kinds, strict=True))


def _first(error: BaseException) -> tuple[tuple[Step, ...], BaseException]:
    """The first cause of an error, and its place. Fields that there should not be come first, then those that are missing."""
    place: list[Step] = []
    while isinstance(error, BaseValidationError):
        error = min(error.exceptions, key=_rank)
        for note in getattr(error, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                place.append(note.name)
            elif isinstance(note, IterableValidationNote):
                place.append(note.index)
    return tuple(place), error


def _rank(error: BaseException) -> int:
    return 0 if isinstance(error, ForbiddenExtraKeysError) else 1 if isinstance(error, KeyError) else 2


def _in_words(place: tuple[Step, ...], cause: BaseException) -> CodecError:
    if isinstance(cause, ForbiddenExtraKeysError):
        name = min(cause.extra_fields)
        return CodecError(_("unknown field '{name}'").format(name=name), place, name, is_unknown=True)
    if isinstance(cause, KeyError):
        name = cause.args[0]
        return CodecError(_("field '{name}' is missing").format(name=name), place[:-1], name)
    if isinstance(cause, _NotAnObject):
        return CodecError(_("not an object"), place)
    if isinstance(cause, Misfit):
        # Of a list in a field, the field is named.
        number = max((number for number, step in enumerate(place) if isinstance(step, str)), default=0)
        name = str(place[number]) if place else ""
        return CodecError(_("field '{name}' holds {value}").format(name=name, value=cause), place[:number], name)
    if isinstance(cause, ValueError):
        return CodecError(str(cause), place)
    raise cause
