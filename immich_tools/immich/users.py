"""The people with an account on the server."""

from __future__ import annotations

from attrs import frozen

from immich_sdk.api.users import search_users
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import User


@frozen
class Users:
    """Everybody whom an album can be shared with, and the key's user."""

    connection: Connection

    def all(self) -> list[User]:
        """Every user, by id (permission ``user.read``)."""
        answers = self.connection.json(search_users._get_kwargs())
        users = [User(id=each["id"], name=each["name"], email=each.get("email") or "") for each in answers]
        return sorted(users, key=lambda user: user.id)
