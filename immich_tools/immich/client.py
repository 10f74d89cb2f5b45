"""Connecting to a server."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from immich_sdk.api.api_keys import get_my_api_key
from immich_sdk.api.server import get_server_version
from immich_sdk.api.users import get_my_user
from immich_tools.clock import Clock
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.address import api_address
from immich_tools.immich.albums import Albums
from immich_tools.immich.assets import Assets
from immich_tools.immich.configuration import Configuration
from immich_tools.immich.connection import PAGE_SIZE, Connection, Once, tls_context
from immich_tools.immich.downloads import Downloads
from immich_tools.immich.duplicates import Duplicates
from immich_tools.immich.faces import Faces
from immich_tools.immich.failures import not_immich
from immich_tools.immich.integrity import Integrity
from immich_tools.immich.libraries import Libraries
from immich_tools.immich.models import ApiKey, Broken, TrashPolicy, User, Version
from immich_tools.immich.people import People
from immich_tools.immich.settled import Settled
from immich_tools.immich.shared_links import SharedLinks
from immich_tools.immich.sidecars import Sidecars
from immich_tools.immich.stacks import Stacks
from immich_tools.immich.tags import Tags
from immich_tools.immich.users import Users
from immich_tools.secret import Secret

if TYPE_CHECKING:
    from immich_tools.settings import ConnectionOptions

Fact = TypeVar("Fact")


class InsecureConnection(UserWarning):
    """The server's certificate is not verified: anybody in between can read the key."""


class Immich:
    """A server as one user sees it through an API key; use `connect` or `from_env` to make one.

    :ivar assets, albums, tags, people, faces, stacks, users, duplicates, libraries, integrity, downloads, sidecars, settled: what can be
        read and changed.
    """

    def __init__(self, connection: Connection, *, force_version: bool = False) -> None:
        self.connection = connection
        self.force_version = force_version
        self._version = Once(self._read_version)
        self._me = Once(self._read_me)
        self._api_key = Once(self._read_api_key)
        self._trash_policy = Once(self._read_trash_policy)
        self.assets = Assets(connection, self._version, self._owner_id)
        self.albums = Albums(connection, self._version, self._owner_id)
        self.tags = Tags(connection, self._version, self.assets)
        self.people = People(connection, self.assets)
        self.faces = Faces(connection)
        self.stacks = Stacks(connection, self.assets)
        self.users = Users(connection)
        self.duplicates = Duplicates(connection, self._version)
        self.integrity = Integrity(connection, self._version)
        self.libraries = Libraries(connection)
        self.shared_links = SharedLinks(connection)
        self.downloads = Downloads(connection)
        self.settled = Settled(connection, self.assets)
        self.sidecars = Sidecars(connection, self._version)

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
        page_size: int = PAGE_SIZE,
        clock: Clock | None = None,
        report_wait: Callable[[str], None] | None = None,
        skip_broken: bool = False,
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
        :param page_size: assets in one answer of a listing, 1 to 1000.
        :param clock: by which waits for the server's jobs are measured, such as a sandbox's; None for the current one.
        :param report_wait: tells a person of a long wait that the server asks for; None writes it to the log.
        :param skip_broken: list a library without the assets on which the server fails; see `broken_assets`.
        :raises UsageError: the URL, the key or the certificate file is not usable.
        """
        key = _usable_key(api_key)
        # From here on no error can show it: a traceback may hold the values of all variables.
        del api_key
        if key is None:
            raise UsageError(_("The API key is empty or holds characters no key has. Copy it again from Immich."))
        address = api_address(url)
        if insecure:
            warnings.warn(_("The server's TLS certificate is not verified."), InsecureConnection, stacklevel=2)
        # Reading the authorities takes longer than all the rest: only where they are needed.
        needed = ca_file is not None or (transport is None and address.startswith("https:"))
        connection = Connection(
            address,
            key,
            read_only=read_only,
            timeout=timeout,
            concurrency=concurrency,
            tls=tls_context(ca_file, insecure=insecure) if needed else None,
            transport=transport,
            retry_wait=retry_wait,
            page_size=page_size,
            clock=clock,
            report_wait=report_wait,
            skip_broken=skip_broken,
        )
        return cls(connection, force_version=force_version)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, *, read_only: bool = False) -> Self:
        """Connect with what the commands read too: IMMICH_URL, IMMICH_API_KEY (or IMMICH_API_KEY_FILE, a file that holds the key),
        IMMICH_CA_FILE, IMMICH_INSECURE, IMMICH_TIMEOUT, IMMICH_CONCURRENCY, IMMICH_FORCE_VERSION and IMMICH_SKIP_BROKEN; from the
        environment, else from ``.env``, else from ``immich-toolkit.toml``.

        :param environment: variables instead of the process's own.
        :param read_only: refuse every request that is not a read.
        :raises UsageError: the address or the key is missing, or a value is wrong.
        """
        # Importing the library must not bring the whole command line along.
        from immich_tools.settings import ConnectionOptions, Surroundings, load

        options = load(ConnectionOptions, None if environment is None else Surroundings(environment=environment))
        return cls.from_options(options, read_only=read_only)

    @classmethod
    def from_options(
        cls,
        options: ConnectionOptions,
        *,
        read_only: bool,
        page_size: int = PAGE_SIZE,
        report_wait: Callable[[str], None] | None = None,
    ) -> Self:
        """Connect as options say.

        :param page_size: assets in one answer of a listing, 1 to 1000.
        :param report_wait: tells a person of a long wait that the server asks for; None writes it to the log.
        :raises UsageError: the address or the key is missing or not usable.
        """
        return cls.connect(
            options.required_url(),
            options.required_api_key(),
            read_only=read_only,
            ca_file=options.ca_file,
            insecure=options.insecure,
            timeout=options.timeout,
            concurrency=options.concurrency,
            force_version=options.force_version,
            page_size=page_size,
            report_wait=report_wait,
            skip_broken=options.skip_broken,
        )

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
    def broken_assets(self) -> tuple[Broken, ...]:
        """What the listings so far could not read, on a connection that skips such assets: it may belong to anything, and nothing follows
        from its absence."""
        return self.connection.broken

    @property
    def version(self) -> Version:
        """The server's version (``GET /server/version``; needs no permission)."""
        return self._version()

    @property
    def me(self) -> User:
        """Whose key this is (permission ``user.read``)."""
        return self._me()

    @property
    def api_key(self) -> ApiKey:
        """The key's name and permissions (needs no permission)."""
        return self._api_key()

    @property
    def trash_policy(self) -> TrashPolicy:
        """What a deletion means on this server; see `Configuration.trash_policy`."""
        return self._trash_policy()

    def clock_skew(self, now: Callable[[], float]) -> float | None:
        """Seconds the server's clock is ahead of `now`, to the second; None when it does not tell.

        :param now: gives a Unix time; asked right before and right after the request.
        """
        before = now()
        date = self.connection.send(get_server_version._get_kwargs()).headers.get("date")
        after = now()
        try:
            # The header is cut to whole seconds: on average it is half a second behind.
            return None if date is None else parsedate_to_datetime(date).timestamp() + 0.5 - (before + after) / 2
        except ValueError:
            return None

    @property
    def moves_twice_for_first_sidecar(self) -> bool:
        """Whether the first sidecar of an asset moves its ``updatedAt`` once by itself (2.3.1 does, 3.1.0 does not)."""
        return compat.moves_twice_for_first_sidecar(self.version)

    def check_writable(self) -> None:
        """Refuse to write to an unsupported version.

        :raises UnsupportedServer: unless `force_version` was given.
        """
        if not self.force_version:
            compat.check_version(self.version)

    def _owner_id(self) -> str:
        return self.me.id

    def _read_version(self) -> Version:
        return self._fact(
            get_server_version._get_kwargs(),
            lambda answer: Version(int(answer["major"]), int(answer["minor"]), int(answer["patch"])),
        )

    def _read_me(self) -> User:
        return self._fact(
            get_my_user._get_kwargs(),
            lambda answer: User(
                id=answer["id"],
                name=answer["name"],
                email=answer.get("email") or "",
                is_admin=answer.get("isAdmin") is True,
            ),
        )

    def _read_api_key(self) -> ApiKey:
        return self._fact(
            get_my_api_key._get_kwargs(),
            lambda answer: ApiKey(id=answer["id"], name=answer["name"], permissions=frozenset(answer["permissions"])),
        )

    def _read_trash_policy(self) -> TrashPolicy:
        return Configuration(self.connection).trash_policy()

    def _fact(self, operation: dict[str, Any], read: Callable[[Any], Fact]) -> Fact:
        """Read one of the answers that show whether the server is Immich at all.

        :raises ServerUnreachable: another program answered, with JSON of its own.
        """
        response = self.connection.send(operation)
        try:
            return read(response.json())
        except (AttributeError, KeyError, TypeError, ValueError):
            raise not_immich(response.request) from None


def _usable_key(given: str | Secret) -> Secret | None:
    text = (given.reveal() if isinstance(given, Secret) else given).strip()
    try:
        return Secret(text) if text.isascii() else None
    except ValueError:
        return None
