"""Reading secrets: from variables, from tables and from files; never into a variable of a frame that an error may show.

This is the one place that does so. Quotes around a whole secret are dropped wherever it stands, once: a compose list
(``- IMMICH_API_KEY="…"``) leaves them in the value. A secret that itself begins and ends with a quote is written with a second pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cyclopts import Parameter, Token

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import HiddenText, NoReadablePath, Secret, secret_file_error, secret_text
from immich_tools.settings.arguments import FILE_SUFFIX, Found
from immich_tools.settings.files import Hidden
from immich_tools.settings.surroundings import Invocation
from immich_tools.settings.values import unquoted
from immich_tools.settings.variables import Variables, refuse_both


def secret_flag(flag: str, *variables: str, help: str) -> Parameter:
    """The parameter of a ``Secret | None`` option.

    The flag takes the path of a file, because a process list shows arguments. Each variable is accepted as ``VAR``
    (the secret) and as ``VAR_FILE`` (a path); the configuration file takes the flag's name, with and without ``-file``.

    :param flag: must end in ``-file``, such as ``--api-key-file``.
    :param variables: environment variables that hold the secret.
    :param help: the help text.
    """
    if not flag.endswith("-file"):
        raise ValueError(f"{flag}: the flag of a secret takes a file and says so in its name: …-file")
    return Parameter(
        name=flag,
        env_var=tuple(name for variable in variables for name in (variable, variable + FILE_SUFFIX)),
        help=help,
        metavar="PATH",
        accepts_keys=False,
        converter=_secret_from_tokens,
    )


def _secret_from_tokens(annotation: object, tokens: Sequence[Token]) -> Secret:
    # Only reached in an app without Sources; there, too, the flag's value is a path and never the secret.
    return Secret.from_file(Path(tokens[0].value))


def secret_variable(variable: str, variables: Variables, invocation: Invocation) -> Iterator[Found]:
    """The secret that a variable or its ``_FILE`` form holds, if one of them is set.

    :raises UsageError: both are set, or there is no secret in it.
    """
    file_variable = variable + FILE_SUFFIX
    refuse_both(variable, file_variable, variables)
    if variable in variables.values:
        where = variables.name(variable)
        yield Found(where, secret_of(variables.values, variable, where, invocation))
    if file_variable in variables.values:
        where = variables.name(file_variable)
        yield Found(where, secret_of_file(variables.values[file_variable], where, invocation, instead=variable))


def secret_of(values: Hidden[Any], name: str, where: str, invocation: Invocation) -> Secret:
    """A secret that stands as text among other values.

    :raises UsageError: it is no text, or cannot be a secret.
    """
    # The plain text is never bound to a name here: a traceback may show local variables.
    if not isinstance(values[name], str):
        raise UsageError(_("{where}: needs a text in quotes").format(where=where))
    if not values[name]:
        raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
    (secret,) = secrets_of((values[name] for _once in (1,)), where, invocation, label=None)
    return secret


def secrets_of(
    texts: Iterable[str], where: str, invocation: Invocation, *, label: str | None = _("entry {number}")
) -> list[Secret]:
    """The secrets that texts are.

    :param texts: an iterator, because an error may show the variables of this frame.
    :param label: how a message names one of them; None where there is only one.
    :raises UsageError: one cannot be a secret.
    """
    secrets: list[Secret] = []
    reason = None
    try:
        for secret in map(Secret, map(unquoted, texts)):
            secrets.append(secret)
    except ValueError as error:
        reason = str(error)
    invocation.secrets.extend(secrets)
    if reason is not None:
        # Not raised in the handler, whose error's frames hold the text.
        place = where if label is None else f"{where}: {label.format(number=len(secrets) + 1)}"
        raise UsageError(f"{place}: {reason}")
    return secrets


def secret_of_file(path: object, where: str, invocation: Invocation, *, instead: str) -> Secret:
    """The secret that is a file's whole text; line ends at its end do not count.

    :param path: as the user wrote it; relative to the working folder.
    :param instead: what holds the secret itself, where somebody took the one for the other.
    :raises UsageError: it is no path, or there is no secret.
    """
    file, text = _file(path, where, invocation, instead)
    try:
        (secret,) = secrets_of((text.reveal().rstrip("\r\n") for _once in (1,)), "", invocation, label=None)
    except UsageError as error:
        reason = str(error).removeprefix(": ")
    else:
        return secret
    raise _wrong(file, reason, where)


def secrets_of_file(path: object, where: str, invocation: Invocation, *, instead: str) -> list[Secret]:
    """The secrets that a file holds, one in each line.

    :param instead: as in `secret_of_file`.
    :raises UsageError: it is no path, the file cannot be read, or a line holds no secret.
    """
    file, text = _file(path, where, invocation, instead)
    lines = (line.strip() for line in text.reveal().strip().split("\n"))
    try:
        return secrets_of(lines, "", invocation, label=_("line {number}"))
    except UsageError as error:
        reason = str(error).removeprefix(": ")
    raise _wrong(file, reason, where)


def _wrong(file: Path, reason: str, where: str) -> UsageError:
    return UsageError(f"{where}: {secret_file_error(file, reason)}")


def _file(path: object, where: str, invocation: Invocation, instead: str) -> tuple[Path, HiddenText]:
    """The file that a value names, and its text."""
    if not isinstance(path, str):
        raise UsageError(_("{where}: needs a text in quotes").format(where=where))
    if not path:
        raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
    file = invocation.surroundings.working_folder / unquoted(path)
    try:
        return file, secret_text(file)
    except NoReadablePath:
        pass
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    # What names no file may be the secret itself: it is in no message of this command, whoever else quotes it.
    with suppress(ValueError):
        invocation.secrets.append(Secret(path))
    raise UsageError(
        _("{where} holds no readable path. Is it the secret itself? Then set {instead}.").format(
            where=where, instead=instead
        )
    )
