"""Finding out for whom a command runs, where it may run for several users.

Keys on the command line win over those of the environment, these over those of ``.env``, these over the ``[[account]]`` tables, which
stand beside the one key of ``[server]``. Keys of the environment beside ``[[account]]`` tables are an error unless ``--account`` says
that the tables are meant: whose albums change must never depend on a variable that was set for another command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import evolve, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings.account import Account, Turn
from immich_tools.settings.arguments import FILE_SUFFIX, Option
from immich_tools.settings.secrets import secret_variable, secrets_of, secrets_of_file
from immich_tools.settings.surroundings import Invocation, current_invocation
from immich_tools.settings.tables import AccountTable, Configuration
from immich_tools.settings.values import unquoted
from immich_tools.settings.variables import Variables, contradiction, refuse_both

KEY_FILE_FLAG: Final = "--api-key-file"
KEYS_FLAG: Final = "--api-key"
KEY_TYPE_FLAG: Final = "--api-key-type"
ACCOUNT_FLAG: Final = "--account"
KEY_ROWS: Final = ("IMMICH_API_KEYS", "API_KEYS")
"""Variables that hold several keys, each perhaps behind a user and a colon, separated by commas."""


class RunForEach(Exception):
    """A command is to be run once for each of these accounts; never seen outside of the frame.

    :param warning: what the person is to be told before.
    """

    def __init__(self, turns: Sequence[Turn], warning: str | None) -> None:
        super().__init__()
        self.turns = tuple(turns)
        self.warning = warning


def accounts() -> tuple[Account, ...]:
    """All accounts that the configuration names, for a command that needs them at once and has `AccountOptions`.

    They are found in IMMICH_API_KEYS or API_KEYS (``USER:KEY`` or just ``KEY``, separated by commas), in the ``[[account]]`` tables of
    ``immich-toolkit.toml``, or are the one account of the connection.

    :raises UsageError: the key of one cannot be read, or there is no key at all.
    """
    invocation = current_invocation.get()
    turns = () if invocation is None else invocation.turns
    if not turns:
        raise UsageError(_("no API key: set IMMICH_API_KEYS, or give each account of immich-toolkit.toml a key"))
    return tuple(turn.account() for turn in turns)


def account_names() -> tuple[str, ...]:
    """Names of the accounts that the configuration names, for a message."""
    invocation = current_invocation.get()
    return () if invocation is None else tuple(turn.name for turn in invocation.turns)


def account_in_turn() -> str | None:
    """Whose turn it is in a command that is run for several accounts; None where there is only one."""
    invocation = current_invocation.get()
    return None if invocation is None else invocation.account_name


@frozen
class Finder:
    """Where accounts are looked for.

    :param key_lists: variables of the command that hold keys separated by colons, and with ``_FILE`` names of files of keys.
    """

    options: Sequence[Option]
    tiers: Sequence[Variables]
    configuration: Configuration | None
    key_lists: Sequence[str]
    invocation: Invocation

    def turns(self) -> tuple[Turn, ...]:
        """Those for whom the command runs; none when no key is found, or only that of ``[server]``.

        :raises UsageError: it is not clear who is meant, or the place where the keys stand is not as it must be.
        """
        tables = () if self.configuration is None else self.configuration.accounts()
        option = self._option(ACCOUNT_FLAG)
        names: tuple[str, ...] = ()
        if option is not None and option.is_given:
            names = option.argument.tokens[0].implicit_value
        typed = self._typed()
        if typed:
            # A variable that chooses accounts does not speak of a key that was typed after it.
            is_typed = option is not None and option.is_given and option.argument.tokens[0].source == "cli"
            return _chosen(typed, names if is_typed else ())
        if tables and names:
            return _chosen([self._turn(table) for table in tables], names)
        for variables in self.tiers:
            found = self._found(variables)
            if found is None:
                continue
            where, turns = found
            if tables:
                raise UsageError(
                    _(
                        "{where} and the accounts of {path} both say who is meant; unset it, or choose with --account"
                    ).format(where=where, path=tables[0].own.path)
                )
            return _chosen(turns, names)
        return _chosen([self._turn(table) for table in tables], names)

    def warning(self) -> str | None:
        """What is to be said about keys on the command line."""
        option = self._option(KEYS_FLAG)
        if option is None or not option.is_given or self._keys_are_files():
            return None
        return _(
            "Warning: everybody on this computer can read a key on a command line; "
            "put it into a file and set API_KEY_FILE to its name."
        )

    def _option(self, flag: str) -> Option | None:
        return next((option for option in self.options if option.flag == flag), None)

    def _keys_are_files(self) -> bool:
        option = self._option(KEY_TYPE_FLAG)
        return option is not None and any(token.value.strip().lower() == "file" for token in option.argument.tokens)

    def _typed(self) -> list[Turn]:
        """The accounts of keys on the command line."""
        file, keys = self._option(KEY_FILE_FLAG), self._option(KEYS_FLAG)
        by_file = file is not None and any(token.source == "cli" for token in file.argument.tokens)
        if keys is None or not keys.is_given:
            return [Turn("1", file.argument.tokens[0].implicit_value)] if file is not None and by_file else []
        if by_file:
            raise UsageError(_("{first} and {second} are both given").format(first=KEYS_FLAG, second=KEY_FILE_FLAG))
        tokens = keys.argument.tokens
        if self._keys_are_files():
            return _numbered(self._of_files((token.value for token in tokens), KEYS_FLAG, "API_KEY"))
        return _numbered(self._secrets((token.value for token in tokens), KEYS_FLAG))

    def _turn(self, table: AccountTable) -> Turn:
        try:
            key: Secret | UsageError = table.own.secret(table.key_name, self.invocation)
        except UsageError as error:
            key = error
        return Turn(table.name, key, table.options)

    def _found(self, variables: Variables) -> tuple[str, list[Turn]] | None:
        """The accounts of the environment or of ``.env``, and the variable that names them."""
        found = list(self._of_rows(variables)) or [*self._of_lists(variables), *self._of_connection(variables)]
        for where, turns in found[1:]:
            if turns != found[0][1]:
                raise contradiction(found[0][0], where)
        return found[0] if found else None

    def _of_rows(self, variables: Variables) -> Iterator[tuple[str, list[Turn]]]:
        for name in KEY_ROWS:
            if name in variables.values:
                where = variables.name(name)
                keys = self._secrets((_behind_colon(each) for each in _entries(variables, name, ",")), where)
                users = [unquoted(each).rpartition(":")[0].strip() for each in _entries(variables, name, ",")]
                yield (
                    where,
                    [
                        Turn(user or str(number), key)
                        for number, (user, key) in enumerate(zip(users, keys, strict=True), 1)
                    ],
                )

    def _of_lists(self, variables: Variables) -> Iterator[tuple[str, list[Turn]]]:
        for name in self.key_lists:
            refuse_both(name, name + FILE_SUFFIX, variables)
            if name in variables.values:
                where = variables.name(name)
                yield where, _numbered(self._secrets((each for each in _entries(variables, name, ":")), where))
            if name + FILE_SUFFIX in variables.values:
                where = variables.name(name + FILE_SUFFIX)
                paths = variables.text(name + FILE_SUFFIX).split(":")
                yield where, _numbered(self._of_files(paths, where, name))

    def _of_connection(self, variables: Variables) -> Iterator[tuple[str, list[Turn]]]:
        option = self._option(KEY_FILE_FLAG)
        for entry in () if option is None else option.variables:
            for found in secret_variable(entry.variable, variables, self.invocation):
                assert isinstance(found.value, Secret)
                yield found.where, [Turn("1", found.value)]

    def _secrets(self, texts: Iterator[str], where: str) -> list[Secret]:
        return secrets_of((each.strip() for each in texts), where, self.invocation)

    def _of_files(self, paths: Iterable[str], where: str, instead: str) -> list[Secret | UsageError]:
        keys: list[Secret | UsageError] = []
        for path in paths:
            try:
                keys.extend(secrets_of_file(path.strip(), where, self.invocation, instead=instead))
            except UsageError as error:
                keys.append(error)
        return keys


def _entries(variables: Variables, name: str, separator: str) -> Iterator[str]:
    """The entries of a list of keys, each perhaps still in quotes; those around the whole list are dropped."""
    yield from (each.strip() for each in variables.text(name).split(separator))


def _behind_colon(text: str) -> str:
    return unquoted(text).rpartition(":")[2].strip()


def _numbered(keys: Iterable[Secret | UsageError]) -> list[Turn]:
    return [Turn(str(number), key) for number, key in enumerate(keys, 1)]


def _chosen(turns: Sequence[Turn], names: Sequence[str]) -> tuple[Turn, ...]:
    """The turns that were asked for, all of them when nothing was.

    :raises UsageError: a name is unknown, or two accounts have one name or one key.
    """
    for number, turn in enumerate(turns):
        for other in turns[:number]:
            if turn.name == other.name:
                raise UsageError(_("two accounts are called {name}").format(name=turn.name))
            if isinstance(turn.key, Secret) and turn.key == other.key:
                raise UsageError(
                    _("accounts {first} and {second} have the same key").format(first=other.name, second=turn.name)
                )
    known = [turn.name for turn in turns]
    for name in names:
        if name not in known:
            raise UsageError(
                _("--account {name}: no such account; known are: {names}").format(
                    name=name, names=", ".join(known) or _("none")
                )
            )
    chosen = [turn for turn in turns if not names or turn.name in names]
    return tuple(evolve(turn, is_one_of_several=len(chosen) > 1) for turn in chosen)
