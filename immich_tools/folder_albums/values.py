"""Reading the values of options: from the command line, from the environment and from a plan document."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar

from cyclopts import Token

from immich_tools.errors import UsageError
from immich_tools.folder_albums.levels import Rewrite
from immich_tools.i18n import _

Choice = TypeVar("Choice", bound=Enum)


def split_colons(_annotation: object, text: str, *, delimiter: str | None = None) -> list[str]:
    """The entries of a list as the older container writes them: ``Vacation:Birthdays``. An empty one is refused by who reads them."""
    return [entry.strip() for entry in text.split(":")]


def read_choice(kind: type[Choice], *refused: Choice) -> Callable[[object, Sequence[Token]], Choice]:
    """A reader of one of the words of an enumeration, in any case.

    :param refused: members that the option does not take.
    """
    words = {choice.value.lower(): choice for choice in kind if choice not in refused}

    def read(_annotation: object, tokens: Sequence[Token]) -> Choice:
        text = tokens[-1].value
        choice = words.get(text.strip().lower())
        if choice is None:
            raise UsageError(
                _("{name}: '{text}' is none of {words}").format(
                    name=tokens[-1].keyword, text=text, words=", ".join(each.value for each in words.values())
                )
                + _nearest(text, words)
            )
        return choice

    return read


def _nearest(text: str, words: Mapping[str, Enum]) -> str:
    near = get_close_matches(text.strip().lower().replace("_", "-"), words, n=1)
    return _("; did you mean '{nearest}'?").format(nearest=words[near[0]].value) if near else "."


def read_rewrite(text: str) -> Rewrite:
    r"""A rewrite as one text: a regular expression as it stands; or, where it begins with a quote, that and its replacement in quotes,
    such as ``'^(\d+)_(.*)$' '\2 (\1)'``.

    :raises UsageError: a quote is not closed, or one of the two is not valid.
    """
    if not text.startswith(("'", '"')):
        return Rewrite(text)
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError(_("--album-name-post-regex {text}: a quote is not closed.").format(text=text)) from None
    return Rewrite.of(words)


def to_json(value: Any) -> Any:
    """The value of an option as a JSON value."""
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value


def from_json(name: str, value: Any, kinds: Sequence[type[Any]]) -> Any:
    """What `to_json` wrote.

    :param name: of the option, for the message.
    :param kinds: what the option may hold.
    :raises UsageError: the value is of another type, or none of the choices.
    """
    for kind in kinds:
        if issubclass(kind, Enum):
            for choice in kind:
                if type(value) is type(choice.value) and choice.value == value:
                    return choice
        elif kind is tuple:
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                return tuple(value)
        elif type(value) is kind:
            return value
    raise UsageError(_("The plan's option '{name}' has a wrong value.").format(name=name))
