"""The options of a tool as JSON values, for plan documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from cattrs import Converter

from immich_tools.codec import CodecError, strict_converter, structured
from immich_tools.errors import UsageError
from immich_tools.i18n import _

Options = TypeVar("Options")


@cache
def _converter() -> Converter:
    return strict_converter()


def to_document(options: Any) -> dict[str, Any]:
    """All options as JSON values.

    :param options: of an attrs class; its fields hold truth values, numbers, texts, days, paths, members of enumerations, tuples of these,
        or None.
    """
    found: dict[str, Any] = _converter().unstructure(options)
    return found


def from_document(options: type[Options], document: Mapping[str, Any]) -> Options:
    """The options that `to_document` wrote; what is missing has its default.

    :raises UsageError: an option is unknown or has a wrong value.
    """
    try:
        return structured(_converter(), document, options)
    except CodecError as error:
        if error.is_unknown:
            raise UsageError(_("The plan has an unknown option '{name}'.").format(name=error.field)) from None
        if not error.field:
            raise
        raise UsageError(_("The plan's option '{name}' has a wrong value.").format(name=error.field)) from None
