"""Reading the tables of ``immich-toolkit.toml`` that concern a command: those of its options, and those of the accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings.arguments import Found, Option
from immich_tools.settings.declarations import may_be_number
from immich_tools.settings.files import COMMANDS, Hidden, nearest_hint, read_configuration_file
from immich_tools.settings.secrets import secret_of, secret_of_file
from immich_tools.settings.surroundings import Invocation
from immich_tools.settings.values import text_of_native
from immich_tools.settings.variables import both_set

ACCOUNT_TABLE: Final = "account"
KEY_NAMES: Final = ("api-key", "api-key-file")
_ACCOUNT_NAMES: Final = ("name", *KEY_NAMES, *COMMANDS)


@frozen
class Table:
    """One table, with ``-`` for ``_`` in its keys.

    :param label: how messages name it.
    :param path: the file.
    """

    label: str
    path: Path
    values: Hidden[Any]

    @classmethod
    def of(cls, label: str, path: Path, values: Hidden[Any]) -> Table:
        """:raises UsageError: two of its keys are the same."""
        keys = [_dashed(key) for key in values]
        for key in keys:
            if keys.count(key) > 1:
                raise UsageError(_("{path}: {table} has {key} twice").format(path=path, table=label, key=key))
        return cls(label, path, Hidden({_dashed(key): values[key] for key in values}))

    def refuse_unknown(self, known: Sequence[str], home_of: Mapping[str, str] = MappingProxyType({})) -> None:
        """Check its keys.

        :param home_of: tables in which other keys belong.
        :raises UsageError: there is an unknown one.
        """
        for key in self.values:
            if key in known:
                continue
            hint = (
                _("; it belongs to [{table}]").format(table=home_of[key])
                if key in home_of
                else nearest_hint(key, known)
            )
            raise UsageError(
                _("{path}: unknown key {key} in {table}{hint}").format(
                    path=self.path, key=key, table=self.label, hint=hint
                )
            )

    def where(self, key: str) -> str:
        """How messages name one of its values."""
        return _("{key} in {table} of {path}").format(key=key, table=self.label, path=self.path)

    def take(self, option: Option, invocation: Invocation) -> None:
        """Take the value of an option that has none yet.

        :raises UsageError: it is of a wrong type, or is no value of the option.
        """
        given = [key for key in option.key_names() if key in self.values]
        if option.is_given or not given:
            return
        if len(given) > 1:
            raise both_set(self.where(given[0]), self.where(given[1]))
        key = given[0]
        where = self.where(key)
        if option.is_secret:
            found = Found(where, self.secret(key, invocation))
        else:
            found = option.read(where, _texts_of_native(option, self.values[key], where))
        option.take(found, "configuration file")

    def secret(self, key: str, invocation: Invocation) -> Secret:
        """The secret that stands under a key, or in the file that it names when it ends in ``-file``."""
        if key.endswith("-file"):
            own = key.removesuffix("-file")
            return secret_of_file(self.values[key], self.where(key), invocation, instead=own)
        return secret_of(self.values, key, self.where(key), invocation)


@frozen
class AccountTable:
    """One ``[[account]]``: whose key it is, and the options that are this account's own.

    :param key_name: ``api-key`` or ``api-key-file``.
    :param options: its options by the command's table.
    """

    name: str
    key_name: str
    own: Table
    options: Mapping[str, Table]


@frozen
class Configuration:
    """A configuration file as one command sees it."""

    path: Path
    content: Hidden[Any]
    keys_of: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, path: Path, options: Sequence[Option], command_table: str | None) -> Configuration:
        """Read a file; what stands in its tables is looked at by the methods.

        :raises UsageError: it cannot be read, is not TOML, or has an unknown table.
        """
        keys_of: dict[str, list[str]] = {} if command_table is None else {command_table: []}
        for option in options:
            if option.table is not None:
                keys_of.setdefault(option.table, []).extend(option.key_names())
        return cls(path, read_configuration_file(path), keys_of)

    def tables(self) -> dict[str, Table]:
        """The tables of the command's options.

        :raises UsageError: one has an unknown key.
        """
        return {
            name: self._known(Table.of(f"[{name}]", self.path, self.content[name]), name)
            for name in self.content
            if name in self.keys_of
        }

    def accounts(self) -> tuple[AccountTable, ...]:
        """The accounts, in the order of the file.

        :raises UsageError: one has no name or one that another has, no key or two, or an unknown key.
        """
        entries = self.content.get(ACCOUNT_TABLE, [])
        if not isinstance(entries, list) or not all(isinstance(entry, Hidden) for entry in entries):
            raise UsageError(_("{path}: accounts must be written as [[account]]").format(path=self.path))
        accounts = tuple(self._account(number, entry) for number, entry in enumerate(entries, 1))
        names = [account.name for account in accounts]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(_("{path}: two accounts are called {name}").format(path=self.path, name=name))
        return accounts

    def _account(self, number: int, entry: Hidden[Any]) -> AccountTable:
        name = entry.get("name")
        if not isinstance(name, str) or not name.strip():
            raise UsageError(
                _("{path}: [[account]] number {number} needs a name in quotes").format(path=self.path, number=number)
            )
        own = Table.of(_("[[account]] {name}").format(name=name), self.path, entry)
        own.refuse_unknown(_ACCOUNT_NAMES)
        keys = [key for key in KEY_NAMES if key in own.values]
        if len(keys) > 1:
            raise both_set(own.where(keys[0]), own.where(keys[1]))
        if not keys:
            raise UsageError(
                _("{path}: {table} needs an api-key or an api-key-file").format(path=self.path, table=own.label)
            )
        return AccountTable(name, keys[0], own, dict(self._options_of(name, own.values)))

    def _options_of(self, account: str, values: Hidden[Any]) -> Iterator[tuple[str, Table]]:
        for name in COMMANDS:
            if name not in values:
                continue
            label = _("[account.{table}] of account {account}").format(table=name, account=account)
            if not isinstance(values[name], Hidden):
                raise UsageError(_("{path}: {table} must be a table").format(path=self.path, table=label))
            if name in self.keys_of:
                yield name, self._known(Table.of(label, self.path, values[name]), name)

    def _known(self, table: Table, name: str) -> Table:
        """The table itself, when it has no unknown key."""
        home_of = {key: other for other in self.keys_of if other != name for key in self.keys_of[other]}
        table.refuse_unknown(self.keys_of[name], home_of)
        return table


def _dashed(key: str) -> str:
    return key.replace("_", "-")


def _texts_of_native(option: Option, value: object, where: str) -> list[str]:
    takes_number = option.argument.parameter.converter is may_be_number
    try:
        if option.shape.collect is None:
            return [text_of_native(value, option.shape.element, takes_number=takes_number)]
        if not isinstance(value, list):
            raise ValueError(_("needs a list: [ … ]"))
        return [text_of_native(element, option.shape.element) for element in value]
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
