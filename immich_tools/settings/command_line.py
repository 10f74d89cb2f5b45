"""Reading what the command line gave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cyclopts import Token
from cyclopts.argument import ArgumentCollection
from cyclopts.utils import UNSET

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.settings.arguments import Found, Option
from immich_tools.settings.declarations import Positional
from immich_tools.settings.secrets import secret_of_file
from immich_tools.settings.streams import shortened
from immich_tools.settings.surroundings import Invocation


def move_positionals(
    arguments: ArgumentCollection, positionals: Sequence[Positional], options: Mapping[str | None, Option]
) -> None:
    """Move what was given without a name to the options that it means.

    :param options: by their flags.
    :raises UsageError: only some of them are given, or one is given by its name as well.
    """
    meaning = {entry.parameter: options[entry.option] for entry in positionals}
    unnamed = [each for each in arguments if each.field_info.name in meaning and not each.names[0].startswith("-")]
    given = [argument for argument in unnamed if argument.tokens]
    if not given:
        return
    if len(given) < len(unnamed):
        raise UsageError(
            _("unexpected argument: {words}; {names} are given all together or not at all").format(
                words=", ".join(shortened(token.value) for argument in given for token in argument.tokens),
                names=" ".join(argument.name for argument in unnamed),
            )
        )
    for argument in unnamed:
        option = meaning[argument.field_info.name]
        if option.is_given and option.shape.collect is None:
            raise UsageError(_("{first} and {second} are both given").format(first=argument.name, second=option.flag))
        tokens = [token.evolve(keyword=argument.name) for token in argument.tokens]
        argument.tokens.clear()
        option.argument.tokens[:0] = tokens


def take_command_line(option: Option, invocation: Invocation) -> None:
    """Read the words that were given for an option.

    :raises UsageError: they mean no value.
    """
    tokens = option.argument.tokens
    if not tokens or option.is_key_list or any(token.implicit_value is not UNSET or token.keys for token in tokens):
        return
    where = tokens[0].keyword or option.argument.name
    if option.is_secret:
        found = Found(where, secret_of_file(tokens[0].value, where, invocation, instead=option.holder))
    elif option.argument.parameter.consume_multiple:
        found = option.read(where, [_entry(words) for words in _occurrences(tokens)])
    else:
        found = option.read(where, [token.value for token in tokens])
    option.take(found, "cli")


def _occurrences(tokens: Iterable[Token]) -> list[list[str]]:
    """The words of each time that an option was given."""
    occurrences: list[list[str]] = []
    for token in tokens:
        if token.index == 0:
            occurrences.append([])
        occurrences[-1].append(token.value)
    return occurrences


def _entry(words: Sequence[str]) -> str:
    """One entry of a list: a word as it is; of several, each in quotes, as a shell would read them."""
    if len(words) == 1:
        return words[0]
    return " ".join("'{}'".format(word.replace("'", "'\"'\"'")) for word in words)
