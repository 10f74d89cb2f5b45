"""Requests as plain as they can be made, independent of the code under test."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx


class Refused(Exception):
    """The server refused a request of the test itself.

    :ivar status: HTTP status code.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(
            f"{response.request.method} {response.request.url.path}: {response.status_code} {response.text[:300]}"
        )
        self.status = response.status_code


class Api:
    """One user's access to a server, with an API key or with the token of a login.

    :param url: address of the server, without ``/api``.
    """

    def __init__(self, url: str, *, key: str | None = None, token: str | None = None) -> None:
        headers = {"accept": "application/json"}
        if key is not None:
            headers["x-api-key"] = key
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=f"{url}/api", headers=headers, timeout=60)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that a GET answers."""
        return self._send("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> Any:
        """Send JSON."""
        return self._send("POST", path, json=body)

    def put(self, path: str, body: Any = None) -> Any:
        """Send JSON."""
        return self._send("PUT", path, json=body)

    def patch(self, path: str, body: Any = None) -> Any:
        """Send JSON."""
        return self._send("PATCH", path, json=body)

    def delete(self, path: str, body: Any = None) -> Any:
        """Send a DELETE, with JSON where the server wants some."""
        return self._send("DELETE", path, **({} if body is None else {"json": body}))

    def upload(self, name: str, content: bytes, fields: dict[str, str]) -> str:
        """Upload one file.

        :returns: the id of the new asset.
        """
        answer = self._send("POST", "/assets", data=fields, files={"assetData": (name, content)})
        assert answer["status"] == "created", f"{name} is on the server already"
        return str(answer["id"])

    def _send(self, method: str, path: str, **more: Any) -> Any:
        response = self._http.request(method, path, **more)
        if not response.is_success:
            raise Refused(response)
        return response.json() if response.content else None

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
