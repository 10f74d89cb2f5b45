"""How the server says no: one exception, written as the body each version writes."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.exchange import Response, json_response


class Refused(Exception):
    """The request is answered with an error.

    `message` is one text, or for a failed validation in Immich 2 a list of texts; `issues` are the validation issues of
    Immich 3; `without_correlation` leaves the correlation id out of the body (Immich 2.3.1: malformed JSON)."""

    def __init__(
        self,
        status: int,
        message: str | Sequence[str],
        *,
        issues: Sequence[Mapping[str, object]] | None = None,
        without_correlation: bool = False,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.issues = issues
        self.without_correlation = without_correlation

    def response(self, dialect: Dialect, correlation_id: str) -> Response:
        """The error body. Immich 2.3.1 wraps it in an envelope; 3.1.0 sends the message alone."""
        if dialect is Dialect.V3:
            body: dict[str, object] = {"message": self.message}
            if self.issues is not None:
                body["errors"] = list(self.issues)
            return json_response(body, self.status)
        message = self.message if isinstance(self.message, str) else list(self.message)
        body = {"message": message}
        if self.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            body["error"] = HTTPStatus(self.status).phrase
        body["statusCode"] = self.status
        if not self.without_correlation:
            body["correlationId"] = correlation_id
        return json_response(body, self.status)


def bad_request(message: str) -> Refused:
    """400 with one message."""
    return Refused(400, message)


def no_access(permission: str) -> Refused:
    """400 for an id that is unknown or another user's (both versions, the same words)."""
    return Refused(400, f"Not found or no {permission} access")


def unknown_route(method: str, path: str) -> Refused:
    """404 for a path that the version does not have."""
    return Refused(404, f"Cannot {method} {path}")


def internal_error(message: str = "Internal server error") -> Refused:
    """500."""
    return Refused(500, message)
