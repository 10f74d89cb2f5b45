"""Connecting to a server."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from immich_sdk.api.api_keys import get_my_api_key
from immich_sdk.api.server import get_server_config, get_server_features, get_server_version
from immich_sdk.api.users import get_my_user
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.address import api_address
from immich_tools.immich.albums import Albums
from immich_tools.immich.assets import Assets
from immich_tools.immich.connection import Connection, tls_context
from immich_tools.immich.duplicates import Duplicates
from immich_tools.immich.models import ApiKey, TrashPolicy, User, Version
from immich_tools.immich.people import People
from immich_tools.immich.stacks import Stacks
from immich_tools.immich.tags import Tags
from immich_tools.secret import Secret


class InsecureConnection(UserWarning):
    """The server's certificate is not verified: anybody in between can read the key."""


class Immich:
    """A server as one user sees it through an API key; use `connect` or `from_env` to make one.

    :ivar assets, albums, tags, people, stacks, duplicates: what can be read and changed.
    """

    def __init__(self, connection: Connection, *, force_version: bool = False) -> None:
        self.connection = connection
        self.force_version = force_version
        self.assets = Assets(connection, self._version, self._owner_id)
        self.albums = Albums(connection, self._version, self._owner_id)
        self.tags = Tags(connection, self._version, self.assets)
        self.people = People(connection, self.assets)
        self.stacks = Stacks(connection, self.assets)
        self.duplicates = Duplicates(connection, self._version)

    @classmethod
    def connect(
        cls,
        url: str,
        api_key: str | Secret,
        *,
        read_only: bool = False,
        ca_file: Path | None = None,
        insecure: bool = False,
        timeout: float = 30.0,
        concurrency: int = 4,
        force_version: bool = False,
        transport: httpx.BaseTransport | None = None,
        retry_wait: float = 0.25,
    ) -> Self:
        """Prepare a connection; nothing is sent yet.

        :param url: address of the server, with or without ``/api``.
        :param api_key: a key made in Immich under Account settings > API keys.
        :param read_only: refuse every request that is not a read.
        :param ca_file: certificates (PEM) to trust besides the system's.
        :param insecure: do not verify the certificate; warns.
        :param timeout: seconds without an answer after which a request counts as failed.
        :param concurrency: requests under way at once; Immich is fastest with about four.
        :param force_version: write to a server of an unsupported version too.
        :param transport: what sends the requests, such as a sandbox's; None for the network.
        :param retry_wait: seconds before a failed request is sent again; doubles each time.
        :raises UsageError: the URL, the key or the certificate file is not usable.
        """
        key = api_key if isinstance(api_key, Secret) else Secret(api_key)
        if not key.reveal().isascii() or not key.reveal().strip():
            raise UsageError(_("The API key is empty or holds characters no key has. Copy it again from Immich."))
        if insecure:
            warnings.warn(_("The server's TLS certificate is not verified."), InsecureConnection, stacklevel=2)
        connection = Connection(
            api_address(url),
            key,
            read_only=read_only,
            timeout=timeout,
            concurrency=concurrency,
            tls=tls_context(ca_file, insecure=insecure),
            transport=transport,
            retry_wait=retry_wait,
        )
        return cls(connection, force_version=force_version)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, *, read_only: bool = False) -> Self:
        """Connect with IMMICH_URL and IMMICH_API_KEY (or IMMICH_API_KEY_FILE, a file that holds the key).

        :raises UsageError: one of them is missing or empty.
        """
        environment = os.environ if environment is None else environment
        url = environment.get("IMMICH_URL", "")
        if not url:
            raise UsageError(_("Set IMMICH_URL to the server's address, for example http://192.168.1.10:2283."))
        if path := environment.get("IMMICH_API_KEY_FILE"):
            key = Secret.from_file(Path(path))
        elif text := environment.get("IMMICH_API_KEY"):
            key = Secret(text)
        else:
            raise UsageError(
                _(
                    "Set IMMICH_API_KEY to an API key (Immich: Account settings > API keys), "
                    "or IMMICH_API_KEY_FILE to a file that holds it."
                )
            )
        return cls.connect(url, key, read_only=read_only)

    def __repr__(self) -> str:
        return f"Immich({self.url!r}, read_only={self.connection.read_only})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the network connections."""
        self.connection.close()

    @property
    def url(self) -> str:
        """Base URL of the API."""
        return self.connection.url

    @property
    def web_url(self) -> str:
        """Address of the web page, for links."""
        return self.url.removesuffix("/api")

    @cached_property
    def version(self) -> Version:
        """The server's version (``GET /server/version``; needs no permission)."""
        answer = self.connection.json(get_server_version._get_kwargs())
        return Version(int(answer["major"]), int(answer["minor"]), int(answer["patch"]))

    @cached_property
    def me(self) -> User:
        """Whose key this is (permission ``user.read``)."""
        answer = self.connection.json(get_my_user._get_kwargs())
        return User(
            id=answer["id"],
            name=answer["name"],
            email=answer.get("email") or "",
            is_admin=answer.get("isAdmin") is True,
        )

    @cached_property
    def api_key(self) -> ApiKey:
        """The key's name and permissions (needs no permission)."""
        answer = self.connection.json(get_my_api_key._get_kwargs())
        return ApiKey(id=answer["id"], name=answer["name"], permissions=frozenset(answer["permissions"]))

    @cached_property
    def trash_policy(self) -> TrashPolicy:
        """What a deletion means on this server (needs no permission)."""
        features = self.connection.json(get_server_features._get_kwargs())
        config = self.connection.json(get_server_config._get_kwargs())
        return TrashPolicy(enabled=features.get("trash") is True, days=int(config["trashDays"]))

    def clock_skew(self, now: float) -> float | None:
        """Seconds the server's clock is ahead of `now` (a Unix time), to the second; None when it does not tell."""
        date = self.connection.send(get_server_version._get_kwargs()).headers.get("date")
        return None if date is None else parsedate_to_datetime(date).timestamp() - now

    def check_writable(self) -> None:
        """Refuse to write to an unsupported version.

        :raises UnsupportedServer: unless `force_version` was given.
        """
        if not self.force_version:
            compat.check_version(self.version)

    def _version(self) -> Version:
        return self.version

    def _owner_id(self) -> str:
        return self.me.id
