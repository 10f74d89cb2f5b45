"""Reading the values of options: from the command line and from the environment."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Final, TypeVar

from cyclopts import Token

from immich_tools.errors import UsageError
from immich_tools.folder_albums.levels import Rewrite
from immich_tools.i18n import _
from immich_tools.settings import Separated

Choice = TypeVar("Choice", bound=Enum)


split_colons: Final = Separated(":")
"""The entries of a list as the older container writes them: ``Vacation:Birthdays``."""


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
