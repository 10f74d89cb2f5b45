"""Strict reading of single values: what a text or a TOML value means for an option of a certain type.

Nothing is guessed: ``0x10``, ``1_000``, ``2.5`` for a whole number, ``nan``, ``maybe`` and the empty string are errors.
All functions raise ValueError with a reason that fits behind "NAME: "; the caller knows the name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from types import EllipsisType
from typing import Final, get_args, get_origin

from attrs import frozen

from immich_tools.i18n import _

TRUE_WORDS: Final = ("true", "1", "yes", "on")
FALSE_WORDS: Final = ("false", "0", "no", "off")

QUOTES: Final = "\"'"
_ELEMENT: Final = (
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'(?!\s*(?:{separator}|\Z)))*')\s*|(?P<plain>[^{separator}]*))"""
    r"(?P<end>{separator}|\Z)"
)
"""An element of a list in quotes or without, and the separator or the end behind it."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)


def read_boolean(text: str) -> bool:
    """true/1/yes/on and false/0/no/off in any case; anything else, the empty string included, is a ValueError."""
    word = text.lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    if not text:
        raise ValueError(_("is empty; set it to one of true, false, 1, 0, yes, no, on, off, or unset it"))
    raise ValueError(_("{text!r} is not one of true, false, 1, 0, yes, no, on, off").format(text=text))


def read_whole_number(text: str) -> int:
    """A whole number in decimal digits (at most 18)."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(_("{text!r} is not a whole number").format(text=text))
    return int(text)


def read_decimal_number(text: str) -> float:
    """A finite number such as ``30``, ``0.5`` or ``1e3``."""
    if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(_("{text!r} is not a number").format(text=text))
    return float(text)


def read_string(text: str) -> str:
    """A text that is not empty."""
    if not text:
        raise ValueError(_("is empty; give it a value or unset it"))
    return text


def read_path(text: str) -> Path:
    """A path, taken as it is: no ``~`` and no variable is expanded."""
    if "\0" in text:
        raise ValueError(_("is not a path"))
    return Path(read_string(text))


def typed(value: object) -> str:
    """A default as a person would type it: ``heic``, ``30``, ``yes``; nothing for an empty list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(f'"{part}"' if "," in part else part for part in map(typed, value))
    if isinstance(value, Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown_default(value: object) -> str | None:
    """What a help text says of a default; None where there is nothing to say."""
    return None if value is None else typed(value) or None


READERS: Final[dict[object, Callable[[str], object]]] = {
    bool: read_boolean,
    int: read_whole_number,
    float: read_decimal_number,
    str: read_string,
    Path: read_path,
}
_COLLECTIONS: Final[dict[object, Callable[[Sequence[object]], object]]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
}


@frozen
class Shape:
    """What a type annotation asks for.

    :param element: the type of the value, or of each element of a list.
    :param collect: makes the collection out of its elements; None for a single value.
    """

    element: object
    collect: Callable[[Sequence[object]], object] | None

    @classmethod
    def of(cls, annotation: object) -> Shape:
        """The shape of an annotation from which ``| None`` has been removed."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        collect = _COLLECTIONS.get(origin)
        if collect is None:
            return cls(annotation, None)
        homogeneous = len(arguments) == 1 or (
            origin is tuple and len(arguments) == 2 and isinstance(arguments[1], EllipsisType)
        )
        return cls(arguments[0], collect) if homogeneous else cls(annotation, None)


def unquoted(text: str) -> str:
    """A text without the quotes around it, double or single ones."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in QUOTES else text


def split_list(text: str, separator: str = ",") -> list[str]:
    """The elements of a list, without the spaces around them.

    An element in double or single quotes may hold the separator: ``"Italy, 2024",Rome``. A quote within such an element is written twice.
    An apostrophe that begins a word (``'t Gooi``) is one.

    :raises ValueError: an element is empty, or a double quote is opened and not closed.
    """
    element = re.compile(_ELEMENT.format(separator=re.escape(separator)))
    elements: list[str] = []
    match = element.match(text)
    while match is not None:
        plain = match["plain"]
        if plain is not None and plain.startswith('"'):
            raise ValueError(_("a quote is not closed"))
        elements.append((_without_pair(match["quoted"]) if plain is None else plain).strip())
        match = element.match(text, match.end()) if match["end"] else None
    if not all(elements):
        raise ValueError(
            _("has an empty element (elements are separated by single commas)")
            if separator == ","
            else _("has an empty element (elements are separated by '{separator}')").format(separator=separator)
        )
    return elements


def _without_pair(quoted: str) -> str:
    return quoted[1:-1].replace(quoted[0] * 2, quoted[0])


@frozen
class Separated:
    """Which character separates the elements of a list variable, for ``Parameter(env_var_split=…)``.

    The reader of variables splits the text itself, by `split_list`, and names the variable in what it refuses.
    """

    separator: str

    def __call__(self, _annotation: object, _text: str, *, delimiter: str | None = None) -> list[str]:
        """No tokens: keeps cyclopts from binding the variable itself, which it does before any configuration source."""
        return []


def text_of_native(value: object, element: object, *, takes_number: bool = False) -> str:
    """The text form of one TOML value, after checking that TOML's own type fits the option.

    :param value: what the TOML parser gave.
    :param element: the option's type. An enumeration that has words such as "1" takes whole numbers, too.
    :param takes_number: a text that may be written as a whole number.
    :raises ValueError: for a number written as text, a text written as number, a nested table, a date, …
    """
    if element is bool:
        if isinstance(value, bool) or value in (0, 1):
            return str(int(bool(value)))
        if isinstance(value, str):
            return value
        raise ValueError(_("needs true or false"))
    if element is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise ValueError(_("needs a whole number without quotes"))
    if element is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return repr(value)
        raise ValueError(_("needs a number without quotes"))
    if isinstance(value, int) and not isinstance(value, bool) and (takes_number or _has_numbers(element)):
        return str(value)
    if isinstance(value, str):
        return value
    raise ValueError(_("needs a text in quotes"))


def _has_numbers(element: object) -> bool:
    return (
        isinstance(element, type) and issubclass(element, Enum) and any(str(each.value).isdecimal() for each in element)
    )
