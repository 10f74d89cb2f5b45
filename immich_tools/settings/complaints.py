"""What is wrong with a command line, in one line."""

from __future__ import annotations

from difflib import get_close_matches

from cyclopts import (
    CoercionError,
    ConsumeMultipleError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)
from cyclopts.argument import Argument

from immich_tools.i18n import _
from immich_tools.settings.streams import shortened


def describe(error: CycloptsError) -> str:
    """One line for what cyclopts found wrong with the command line; never the value behind an unknown option."""
    if isinstance(error, UnknownOptionError):
        return _describe_unknown_option(error)
    if isinstance(error, UnusedCliTokensError):
        words = ", ".join(shortened(token) for token in error.unused_tokens or ())
        return _("unexpected argument: {words}").format(words=words)
    if isinstance(error, RepeatArgumentError):
        return _("{name} was given more than once, or together with its opposite").format(name=error.token.keyword)
    described = None if error.argument is None else _describe_argument(error, error.argument)
    return described or " ".join(str(error).split())


def _describe_argument(error: CycloptsError, argument: Argument) -> str | None:
    name = next((token.keyword for token in argument.tokens if token.keyword), argument.name)
    if isinstance(error, ValidationError):
        reason = error.exception_message
        return f"{name}: {argument.value} {reason[:1].lower()}{reason[1:].rstrip('.')}"
    if isinstance(error, MissingArgumentError) and not isinstance(error, ConsumeMultipleError):
        return _("{name} needs a value").format(name=error.keyword or name)
    if isinstance(error, CoercionError) and error.target_type is bool and error.token is not None:
        return _("{name} takes no value, or one of true, false, yes, no, 1, 0").format(name=error.token.keyword or name)
    return None


def _describe_unknown_option(error: UnknownOptionError) -> str:
    typed = (error.token.keyword or error.token.value).partition("=")[0]
    # What follows a short option may be its value: -kSECRET.
    name = typed if typed.startswith("--") else typed[:2]
    message = _("unknown option {name}").format(name=name)
    known = [flag for argument in error.argument_collection if argument.parse for flag in argument.names]
    nearest = get_close_matches(name, known, n=1)
    return message + (_("; did you mean {nearest}?").format(nearest=nearest[0]) if nearest else "")
