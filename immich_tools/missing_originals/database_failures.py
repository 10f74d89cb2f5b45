"""From what PostgreSQL or its client library says went wrong to an error a person can act on."""

from __future__ import annotations

from typing import Final

from immich_tools.errors import AccessDenied, ServerUnreachable, ToolkitError, UnsupportedServer, UsageError
from immich_tools.i18n import _
from immich_tools.missing_originals.database_options import DatabaseAddress
from immich_tools.secret import redact

CANCELED: Final = "57014"
NOT_ALLOWED: Final = "42501"
OTHER_TABLES: Final = frozenset({"42P01", "42703", "42704", "42883", "42846"})
"""SQLSTATE of a table, column, type, function or conversion that is not there."""


def not_connected(words: str, address: DatabaseAddress) -> ToolkitError:
    """The error for a connection that did not come about.

    No SQLSTATE comes with it, so the words decide; where they are in another language than English, they are passed on.

    :param words: the client library's own, of one or several lines.
    """
    if "no password supplied" in words:
        return AccessDenied(
            _("The database {address} asks for a password: set DB_PASSWORD or DB_PASSWORD_FILE.").format(
                address=address
            )
        )
    if "authentication failed" in words or ("role " in words and "does not exist" in words):
        return AccessDenied(
            _(
                "The database {address} does not accept the user {user} with this password. Check DB_USERNAME and DB_PASSWORD."
            ).format(address=address, user=address.user)
        )
    if "pg_hba.conf" in words or "permission denied for database" in words:
        return AccessDenied(
            _("The database {address} does not let the user {user} in: {reason}").format(
                address=address, user=address.user, reason=_first_line(words, address)
            )
        )
    if "database " in words and "does not exist" in words:
        return UsageError(
            _("There is no database {address}. Check DB_DATABASE_NAME, or --db-name.").format(address=address)
        )
    if "timeout expired" in words:
        return ServerUnreachable(
            _("No connection to the database {address} within {seconds} s. Check DB_HOSTNAME and DB_PORT.").format(
                address=address, seconds=address.connect_timeout
            )
        )
    if "does not support SSL" in words:
        return ServerUnreachable(
            _("The database {address} does not offer TLS, which --db-ssl-mode {mode} demands.").format(
                address=address, mode=address.tls.value
            )
        )
    if "root certificate file" in words:
        return UsageError(
            _(
                "The certificates to verify the database with cannot be used; name a file with --db-ca-file: {reason}"
            ).format(reason=_first_line(words, address))
        )
    if "certificate" in words:
        return ServerUnreachable(
            _("The TLS certificate of the database {address} cannot be verified: {reason}").format(
                address=address, reason=_first_line(words, address)
            )
        )
    if "resolve host" in words or "translate host name" in words:
        return ServerUnreachable(
            _(
                "Cannot reach the database {address}: this computer does not know the host {host}. A container's name is known only to "
                "containers of its network: set DB_HOSTNAME to where the database's port is published, or read through the API "
                "with --source api."
            ).format(address=address, host=address.host)
        )
    return ServerUnreachable(
        _("Cannot reach the database {address}: {reason}").format(address=address, reason=_first_line(words, address))
    )


def not_read(sqlstate: str | None, words: str, address: DatabaseAddress) -> ToolkitError:
    """The error for a reading that did not come to its end.

    :param sqlstate: PostgreSQL's code; None when the connection broke off without one.
    :param words: PostgreSQL's own, or those of the client library.
    """
    reason = _first_line(words, address)
    if sqlstate == CANCELED:
        return ServerUnreachable(
            _("The database {address} did not answer within {seconds:g} s ({reason}). Raise --db-timeout.").format(
                address=address, seconds=address.timeout, reason=reason
            )
        )
    if sqlstate == NOT_ALLOWED:
        return AccessDenied(
            _(
                "The database user {user} may not read Immich's tables ({reason}). Let it: grant select on asset, asset_file to {user};"
            ).format(user=address.user, reason=reason)
        )
    if sqlstate in OTHER_TABLES:
        return UnsupportedServer(
            _("The tables of the database {address} are not those of a supported version of Immich: {reason}").format(
                address=address, reason=reason
            )
        )
    return ServerUnreachable(
        _("Reading the database {address} broke off: {reason}. Nothing was changed.").format(
            address=address, reason=reason
        )
    )


def _first_line(words: str, address: DatabaseAddress) -> str:
    lines = words.strip().splitlines()
    # What stands before is the address again.
    line = (lines[0] if lines else "").rpartition(" failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")
    return redact(line, [] if address.password is None else [address.password])
