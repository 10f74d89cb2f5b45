"""What an options class may say of its options beside their types: older variables, numbered ones, texts that may be empty.

``legacy``, a class variable of an options class, is the table of `Legacy`, `Numbered` and `Positional` entries of its command. The
functions are given to ``Parameter(converter=…)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_type_hints

from attrs import frozen
from cyclopts import Parameter, Token

from immich_tools.i18n import _
from immich_tools.settings.values import read_boolean


def unchanged(text: str) -> str:
    """The text itself: the conversion of an older name with the same meaning."""
    return text


def negate(text: str) -> str:
    """The opposite of a boolean text: the conversion of ``DRY_RUN`` into ``--apply``."""
    return "false" if read_boolean(text) else "true"


def without_quotes(text: str) -> str:
    """A text without the single quotes around it, where it has them.

    :raises ValueError: a quote is opened and not closed, or there is nothing between the two.
    """
    if not text.startswith("'"):
        return text
    if len(text) < 2 or not text.endswith("'"):
        raise ValueError(_("a quote is not closed"))
    if len(text) == 2:
        raise ValueError(_("has nothing between its quotes"))
    return text[1:-1]


@frozen
class Legacy:
    """An older tool's environment variable whose value must be converted for today's option.

    A name that means the same as today's is simply one more name in ``Parameter(env_var=…)``; where it is that for
    another tool, an entry here takes it over.

    :param variable: the older name.
    :param option: the flag it sets, such as ``--apply``.
    :param convert: from the older text to the text the option takes; raises ValueError with a reason.
    """

    variable: str
    option: str
    convert: Callable[[str], str] = unchanged


@frozen
class Numbered:
    """A row of environment variables each of which is one entry of a list: ``IGNORE_REGEX1``, ``IGNORE_REGEX2``, …

    Entries stand in the order of the numbers, of which any may be missing.

    :param variable: the name without its number.
    :param last: the highest number.
    :param option: the flag it sets; takes a list.
    :param convert: of each entry; raises ValueError with a reason.
    """

    variable: str
    last: int
    option: str
    convert: Callable[[str], str] = unchanged


@frozen
class Positional:
    """An older command line's argument without a name, which means the same as an option.

    All of a command's are given, or none: a single one is more likely a mistake than meant.

    :param parameter: the parameter of the command's function; the function itself never gets a value for it.
    :param option: the flag it stands for.
    """

    parameter: str
    option: str


def may_be_empty(_annotation: object, tokens: Sequence[Token]) -> str:
    """The converter of a text for which nothing is a value, too."""
    return tokens[-1].value


def may_be_number(_annotation: object, tokens: Sequence[Token]) -> str:
    """The converter of a text that looks like a number often enough to be written without quotes in the configuration file."""
    return tokens[-1].value


def also_called(options: type, name: str, *further: str) -> Parameter:
    """The parameter of an option that one command gives more names than the others do, for the same field in an extended class.

    :param options: the class with the option.
    :param name: of its field.
    :param further: flags, such as ``-k``.
    """
    parameter = get_type_hints(options, include_extras=True)[name].__metadata__[0]
    flag = "--" + name.replace("_", "-")
    return Parameter.combine(parameter, Parameter(name=(*(parameter.name or (flag,)), *further)))
