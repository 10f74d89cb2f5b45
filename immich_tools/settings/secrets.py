"""Reading secrets: from variables, from tables and from files; never into a variable of a frame that an error may show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cyclopts import Parameter, Token

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings.arguments import FILE_SUFFIX, Found
from immich_tools.settings.files import Hidden
from immich_tools.settings.surroundings import Invocation
from immich_tools.settings.variables import Variables


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
        yield Found(where, secret_of_file(variables.values[file_variable], where, invocation))


def refuse_both(variable: str, other: str, variables: Variables) -> None:
    """:raises UsageError: both variables are set."""
    if variable in variables.values and other in variables.values:
        raise both_set(variables.name(variable), variables.name(other))


def both_set(first: str, second: str) -> UsageError:
    """The error of two places that both hold a secret."""
    return UsageError(_("{first} and {second} are both set; set only one of them").format(first=first, second=second))


def secret_of(values: Hidden[Any], name: str, where: str, invocation: Invocation) -> Secret:
    """A secret that stands as text among other values.

    :raises UsageError: it is no text, or cannot be a secret.
    """
    # The plain text is never bound to a name here: a traceback may show local variables.
    if not isinstance(values[name], str):
        raise UsageError(_("{where}: needs a text in quotes").format(where=where))
    if not values[name]:
        raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
    try:
        secret = Secret(values[name])
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
    invocation.secrets.append(secret)
    return secret


def secret_of_file(path: object, where: str, invocation: Invocation) -> Secret:
    """The secret that is a file's whole text.

    :param path: as the user wrote it; relative to the working folder.
    :raises UsageError: it is no path, or there is no secret.
    """
    try:
        secret = Secret.from_file(_path(path, where, invocation))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    invocation.secrets.append(secret)
    return secret


def secrets_of_file(path: object, where: str, invocation: Invocation) -> list[Secret]:
    """The secrets that a file holds, one in each line.

    :raises UsageError: it is no path, the file cannot be read, or a line holds no secret.
    """
    secrets: list[Secret] = []
    file = _path(path, where, invocation)
    try:
        for secret in map(Secret, (line.strip() for line in file.read_text("utf-8-sig").strip().split("\n"))):
            secrets.append(secret)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        reason = _("is not UTF-8 text")
    except ValueError as error:
        reason = _("line {number}: {reason}").format(number=len(secrets) + 1, reason=error)
    else:
        invocation.secrets.extend(secrets)
        return secrets
    # Raised outside the handlers, for the errors' frames hold the file's text.
    raise UsageError(_("{where}: secret file {path}: {reason}").format(where=where, path=file, reason=reason))


def _path(path: object, where: str, invocation: Invocation) -> Path:
    if not isinstance(path, str):
        raise UsageError(_("{where}: needs a text in quotes").format(where=where))
    if not path:
        raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
    return invocation.surroundings.working_folder / path
