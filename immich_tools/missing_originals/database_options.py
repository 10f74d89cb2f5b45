"""Where Immich's database is and how to get in: flags, environment variables and keys of the configuration file, or one URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl, unquote

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings import protect, secret_flag

DEFAULT_HOST: Final = "immich_postgres"
DEFAULT_PORT: Final = 5432
DEFAULT_NAME: Final = "immich"
DEFAULT_USER: Final = "postgres"

Value = TypeVar("Value")

_URL: Final = re.compile(
    r"(?i:postgres(?:ql)?)://"
    r"(?:(?P<user>[^:/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<host>\[[^\]/?#]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<name>[^/?#]*))?(?:\?(?P<query>[^#]*))?"
)
_WRONG_FORM: Final = _(
    "the database URL is not of the form postgresql://USER:PASSWORD@HOST:PORT/NAME "
    "(in user and password, / is written %2F, ? %3F, # %23 and % %25)"
)
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WITHOUT_MEANING: Final = frozenset({"uselibpqcompat"})
"""What Immich's own ``DB_URL`` may hold to make its database client read ``sslmode`` as PostgreSQL's does, which is how it is read here."""
_SYSTEM: Final = Path("system")
"""The client library's word for the certificates that this computer trusts anyway."""


class TlsMode(Enum):
    """PostgreSQL's ``sslmode``: whether the connection is encrypted, and what of the server's certificate is verified."""

    DISABLE = "disable"
    ALLOW = "allow"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"

    @property
    def demands_tls(self) -> bool:
        """Whether an unencrypted connection is refused."""
        return self not in (TlsMode.DISABLE, TlsMode.ALLOW, TlsMode.PREFER)


@frozen(kw_only=True)
class DatabaseAddress:
    """A database and the way in.

    :ivar host: a name, an address, or the folder of a Unix socket.
    :ivar password: None leaves it to what PostgreSQL's own programs use: ``~/.pgpass``, or none at all.
    :ivar ca_file: the certificate authority that the server's certificate must come from; None for PostgreSQL's default file.
    :ivar connect_timeout: seconds until a connection must stand.
    :ivar timeout: seconds within which the database must answer each of a reading's many requests.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    name: str = DEFAULT_NAME
    user: str = DEFAULT_USER
    password: Secret | None = None
    tls: TlsMode = TlsMode.PREFER
    ca_file: Path | None = None
    connect_timeout: int = 10
    timeout: float = 60.0

    def __str__(self) -> str:
        return f"{self.name} at {self.host}:{self.port}"


@frozen(kw_only=True)
class DatabaseOptions:
    """How to reach Immich's PostgreSQL; what is not given is as in Immich's own compose file.

    :ivar url: all of it in one, ``postgresql://user:password@host:port/name``; the other options may repeat what it says.
    :raises UsageError: a value is impossible, or two contradict each other.
    """

    in_files: ClassVar[tuple[str, ...]] = ("DB_HOSTNAME", "DB_DATABASE_NAME", "DB_USERNAME")
    """Immich reads these from files as well: https://docs.immich.app/install/environment-variables#docker-secrets"""

    url: Annotated[
        Secret | None,
        secret_flag(
            "--db-url-file",
            "DB_URL",
            help=_("File that holds the database's address with user and password (DB_URL holds it itself)."),
        ),
    ] = None
    host: Annotated[
        str | None,
        Parameter(
            name="--db-host",
            env_var="DB_HOSTNAME",
            help=_(
                "Host of the database, or the folder of its socket (default: immich_postgres). DB_HOSTNAME_FILE names a file with it."
            ),
        ),
    ] = None
    port: Annotated[
        int | None,
        Parameter(
            name="--db-port",
            env_var="DB_PORT",
            validator=Number(gte=1, lte=65535),
            help=_("Port of the database (default: 5432)."),
        ),
    ] = None
    name: Annotated[
        str | None,
        Parameter(name="--db-name", env_var="DB_DATABASE_NAME", help=_("Name of the database (default: immich).")),
    ] = None
    user: Annotated[
        str | None,
        Parameter(
            name="--db-user",
            env_var="DB_USERNAME",
            help=_("Database user; one that may only read the tables is enough (default: postgres)."),
        ),
    ] = None
    password: Annotated[
        Secret | None,
        secret_flag(
            "--db-password-file",
            "DB_PASSWORD",
            help=_("File that holds the database password (DB_PASSWORD holds the password itself)."),
        ),
    ] = None
    tls: Annotated[
        TlsMode | None,
        Parameter(
            name="--db-ssl-mode",
            env_var="DB_SSL_MODE",
            help=_(
                "Whether the connection is encrypted, and what is verified (default: prefer; with --db-ca-file: verify-full)."
            ),
        ),
    ] = None
    ca_file: Annotated[
        Path | None,
        Parameter(
            name="--db-ca-file",
            env_var="DB_CA_FILE",
            help=_("File of certificates that the database's own must come from."),
        ),
    ] = None
    connect_timeout: Annotated[
        int,
        Parameter(
            name="--db-connect-timeout",
            env_var="DB_CONNECT_TIMEOUT",
            # The client library takes 1 for 2.
            validator=Number(gte=2, lte=3600),
            help=_("Seconds to wait for a connection to the database."),
        ),
    ] = 10
    timeout: Annotated[
        float,
        Parameter(
            name="--db-timeout",
            env_var="DB_TIMEOUT",
            validator=Number(gte=0.001, lte=86400),
            help=_("Seconds to wait for each answer of the database."),
        ),
    ] = 60.0

    @property
    def is_given(self) -> bool:
        """Whether a database is configured at all: one of these is enough, as in Immich's own ``.env``, which names no host."""
        return any(each is not None for each in (self.url, self.host, self.port, self.name, self.user, self.password))

    def address(self) -> DatabaseAddress:
        """Where to connect to, every part taken from the URL, its own option, or the default.

        :raises UsageError: the URL cannot be read, or says something else than another option. It is never quoted.
        """
        given = _UrlParts() if self.url is None else _read_url(self.url)
        ca_file = _agreed("--db-ca-file", given.ca_file, self.ca_file)
        if ca_file is None and given.verifies and self.tls in (None, TlsMode.VERIFY_FULL):
            ca_file = _SYSTEM
        tls = _agreed("--db-ssl-mode", given.tls, self.tls)
        if tls is None:
            tls = TlsMode.PREFER if ca_file is None else TlsMode.VERIFY_FULL
        if ca_file is not None and not tls.demands_tls:
            raise UsageError(
                _("--db-ca-file has no effect with --db-ssl-mode {mode}; use verify-full").format(mode=tls.value)
            )
        return DatabaseAddress(
            host=_agreed("--db-host", given.host, self.host) or DEFAULT_HOST,
            port=_agreed("--db-port", given.port, self.port) or DEFAULT_PORT,
            name=_agreed("--db-name", given.name, self.name) or DEFAULT_NAME,
            user=_agreed("--db-user", given.user, self.user) or DEFAULT_USER,
            password=_agreed("--db-password-file", given.password, self.password),
            tls=tls,
            ca_file=ca_file,
            connect_timeout=self.connect_timeout,
            timeout=self.timeout,
        )


@frozen(kw_only=True)
class _UrlParts:
    """What a URL says; None where it says nothing."""

    host: str | None = None
    port: int | None = None
    name: str | None = None
    user: str | None = None
    password: Secret | None = None
    tls: TlsMode | None = None
    ca_file: Path | None = None
    verifies: bool = False
    """``ssl=true``: as for Immich's client, the server's certificate must be one that this computer trusts."""


def _agreed(flag: str, in_url: Value | None, in_option: Value | None) -> Value | None:
    if in_url is not None and in_option is not None and in_url != in_option:
        raise UsageError(
            _("the database URL and {flag} (or its variable) contradict each other; set only one of them").format(
                flag=flag
            )
        )
    return in_option if in_url is None else in_url


class _UnusableUrl(Exception):
    """Why a URL cannot be used, in words that quote nothing of it; Python's own errors do."""


def _read_url(url: Secret) -> _UrlParts:
    try:
        return _parsed(url.reveal())
    except _UnusableUrl as error:
        reason = str(error)
    # Raised outside the handler: the frames that took the URL apart hold the password.
    raise UsageError(reason)


def _parsed(url: str) -> _UrlParts:
    parts = _URL.fullmatch(url)
    if parts is None or _STRAY_PERCENT.search(url) or not 1 <= int(parts["port"] or DEFAULT_PORT) <= 65535:
        raise _UnusableUrl(_WRONG_FORM)
    settings = dict(parse_qsl(parts["query"] or "", keep_blank_values=True))
    if settings.keys() - {"host", "ssl", "sslmode", "sslrootcert"} - _WITHOUT_MEANING:
        raise _UnusableUrl(_("the database URL has a parameter other than host, ssl, sslmode and sslrootcert"))
    tls = _tls(settings)
    authority = settings.get("sslrootcert")
    return _UrlParts(
        # As in PostgreSQL's own programs the parameter wins: a socket's folder cannot stand between the slashes.
        host=settings.get("host") or _decoded(parts["host"].strip("[]")),
        port=int(parts["port"]) if parts["port"] else None,
        name=_decoded(parts["name"]),
        user=_decoded(parts["user"]),
        password=_password(parts["password"]),
        tls=tls,
        ca_file=Path(authority) if authority else None,
        verifies="sslmode" not in settings and settings.get("ssl") in _ON,
    )


_ON: Final = ("true", "1")
_OFF: Final = ("false", "0")


def _tls(settings: Mapping[str, str]) -> TlsMode | None:
    """What ``sslmode`` says, or where it is missing ``ssl``, as in Immich's client (pg-connection-string).

    ``no-verify``, which only that knows, encrypts and verifies nothing: PostgreSQL's ``require``.
    """
    modes = {each.value: each for each in TlsMode} | {"no-verify": TlsMode.REQUIRE}
    for name, words in (
        ("sslmode", modes),
        ("ssl", modes | dict.fromkeys(_ON, TlsMode.VERIFY_FULL) | dict.fromkeys(_OFF, TlsMode.DISABLE)),
    ):
        if name in settings:
            if settings[name] not in words:
                raise _UnusableUrl(
                    _("{name} in the database URL is none of {words}").format(name=name, words=", ".join(words))
                )
            return words[settings[name]]
    return None


def _decoded(quoted: str | None) -> str | None:
    try:
        return unquote(quoted, errors="strict") if quoted else None
    except UnicodeDecodeError:
        raise _UnusableUrl(_WRONG_FORM) from None


def _password(quoted: str | None) -> Secret | None:
    plain = _decoded(quoted)
    if not quoted or plain is None:
        return None
    # As it stands in the URL it is as secret as in plain.
    protect(Secret(quoted))
    try:
        return protect(Secret(plain))
    except ValueError as error:
        raise _UnusableUrl(_("the password in the database URL {reason}").format(reason=error)) from None
