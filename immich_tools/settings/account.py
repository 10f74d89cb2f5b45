"""A user of the server whose key the configuration holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import Factory, frozen

from immich_tools.errors import UsageError
from immich_tools.secret import Secret

if TYPE_CHECKING:
    from immich_tools.settings.tables import Table


@frozen
class Account:
    """A user with a key.

    :param name: as the configuration calls it: a name, a user's id or e-mail address, or the key's number in a list.
    """

    name: str
    key: Secret


@frozen
class Turn:
    """An account's turn in a command that is run for each.

    :param key: or why there is none.
    :param options: the account's own, by their command's table.
    :param is_one_of_several: whether other accounts have a turn, too.
    """

    name: str
    key: Secret | UsageError
    options: Mapping[str, Table] = Factory(dict)
    is_one_of_several: bool = False

    def account(self) -> Account:
        """The account.

        :raises UsageError: its key cannot be read.
        """
        if isinstance(self.key, UsageError):
            raise self.key
        return Account(self.name, self.key)
