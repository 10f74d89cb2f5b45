"""The users whose keys are known, with a connection for each."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich


@frozen
class Accounts:
    """Connections of several users to one server.

    :ivar clients: the albums are chosen as the first one's user sees them.
    """

    clients: tuple[Immich, ...]

    @classmethod
    def of(cls, clients: Iterable[Immich]) -> Accounts:
        """Take connections together.

        :raises UsageError: there is none, or two keys are one user's.
        """
        taken = tuple(clients)
        if not taken:
            raise UsageError(_("no API key: set IMMICH_API_KEYS or IMMICH_API_KEY"))
        ids = [client.me.id for client in taken]
        for number, client in enumerate(taken):
            if client.me.id in ids[:number]:
                raise UsageError(_("two of the keys belong to {name}").format(name=client.me.name))
        return cls(taken)

    @property
    def first(self) -> Immich:
        """Whose view of the albums counts."""
        return self.clients[0]

    def of_user(self, user_id: str) -> Immich | None:
        """The connection of a user; None when their key is not known."""
        return next((client for client in self.clients if client.me.id == user_id), None)
