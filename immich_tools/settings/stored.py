"""The options of a tool as JSON values in a saved plan, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

import attrs

from immich_tools.errors import UsageError
from immich_tools.i18n import _

Options = TypeVar("Options", bound=attrs.AttrsInstance)


def options_to_json(options: attrs.AttrsInstance) -> dict[str, Any]:
    """All options as JSON values, for a plan document."""
    return attrs.asdict(options, recurse=False, value_serializer=lambda _owner, _field, value: _plain(value))


def options_from_json(
    kind: type[Options], document: Mapping[str, Any], optional: Mapping[str, tuple[type[Any], ...]] | None = None
) -> Options:
    """The options that `options_to_json` wrote; what is missing has its default.

    :param kind: the class of the options; every one has a default, whose type counts.
    :param optional: what options may hold whose default is None.
    :raises UsageError: an option is unknown or has a wrong value.
    """
    known = {field.name: field for field in attrs.fields(kind)}
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise UsageError(_("The plan has an unknown option '{name}'.").format(name=unknown[0]))
    return kind(
        **{
            name: _value(name, value, (optional or {}).get(name) or (type(known[name].default),))
            for name, value in document.items()
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value


def _value(name: str, value: Any, kinds: Sequence[type[Any]]) -> Any:
    for kind in kinds:
        if issubclass(kind, Enum):
            for choice in kind:
                if type(value) is type(choice.value) and choice.value == value:
                    return choice
        elif kind is tuple:
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                return tuple(value)
        elif kind is float:
            if type(value) in (int, float):
                return float(value)
        elif type(value) is kind:
            return value
    raise UsageError(_("The plan's option '{name}' has a wrong value.").format(name=name))
