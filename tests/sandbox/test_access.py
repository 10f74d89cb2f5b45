"""Keys, permissions, users, sessions."""

from typing import Any

import httpx
import pytest

from immich_tools.sandbox import Dialect, Sandbox


@pytest.mark.parametrize(("key", "message"), [("", "Authentication required"), ("wrong", "Invalid API key")])
def test_without_a_valid_key(call_as: Any, key: str, message: str, dialect: Dialect) -> None:
    answer = call_as(key)("GET", "/users/me")
    assert (answer.status_code, answer.json()["message"]) == (401, message)
    assert set(answer.json()) == (
        {"message", "error", "statusCode", "correlationId"} if dialect is Dialect.V2 else {"message"}
    )


PERMISSIONS: list[tuple[str, str, str, str]] = [
    ("GET", "/tags", "tag.read", "tag.read"),
    ("DELETE", "/assets", "asset.delete", "asset.delete"),
    ("PUT", "/assets", "asset.update", "asset.update"),
    ("POST", "/trash/restore/assets", "asset.delete", "asset.delete"),
    ("GET", "/duplicates", "duplicate.read", "duplicate.read"),
    ("GET", "/view/folder/unique-paths", "all", "folder.read"),
    ("POST", "/assets/jobs", "all", "job.create"),
    ("GET", "/users/me", "user.read", "user.read"),
]


@pytest.mark.parametrize(("method", "path", "in_v2", "in_v3"), PERMISSIONS)
def test_permissions_of_keys(
    *, sandbox: Sandbox, call_as: Any, dialect: Dialect, method: str, path: str, in_v2: str, in_v3: str
) -> None:
    wanted = in_v2 if dialect is Dialect.V2 else in_v3
    refused = call_as(sandbox.add_key(sandbox.admin.id, ["album.read"]))(method, path)
    assert refused.status_code == 403
    assert refused.json()["message"] == f"Missing required permission: {wanted}"
    assert call_as(sandbox.add_key(sandbox.admin.id, [wanted]))(method, path).status_code != 403


def test_any_key_may_ask_about_itself(sandbox: Sandbox, call_as: Any) -> None:
    answer = call_as(sandbox.add_key(sandbox.admin.id, ["tag.read"]))("GET", "/api-keys/me")
    assert answer.json()["permissions"] == ["tag.read"]


def test_a_patch_twin_needs_the_permission_of_the_put() -> None:
    sandbox = Sandbox(Dialect.V3)
    key = sandbox.add_key(sandbox.admin.id, ["asset.update"])
    with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url) as client:
        answer = client.patch("/api/assets?apiKey=" + key, json={"ids": []})
    assert answer.status_code == 204


def test_admin_routes(sandbox: Sandbox, call_as: Any) -> None:
    user = sandbox.add_user("User", "user@example.com")
    answer = call_as(sandbox.add_key(user.id))("GET", "/libraries")
    assert (answer.status_code, answer.json()["message"]) == (403, "Forbidden")


def test_a_fresh_user_signs_in_makes_a_key_and_is_removed(sandbox: Sandbox, call: Any, call_as: Any) -> None:
    before = sandbox.dump()
    account = {"name": "Fresh", "email": "fresh@example.com", "password": "secret"}
    created = call("POST", "/admin/users", account)
    assert created.status_code == 201
    login = call("POST", "/auth/login", {"email": "fresh@example.com", "password": "secret"}).json()
    bearer = {"authorization": f"Bearer {login['accessToken']}", "x-api-key": ""}
    made = call("POST", "/api-keys", {"name": "test", "permissions": ["all"]}, headers=bearer)
    assert made.status_code == 201
    own = call_as(made.json()["secret"])
    assert own("GET", "/users/me").json()["id"] == created.json()["id"]
    sandbox.add_asset(owner_id=created.json()["id"], tags=["x"])
    assert call("DELETE", f"/admin/users/{created.json()['id']}", {"force": True}).status_code == 200
    assert own("GET", "/users/me").status_code == 401
    assert sandbox.dump() == before


def test_date_header_follows_the_clock(call: Any) -> None:
    assert call("GET", "/server/ping").headers["date"].endswith("GMT")


def test_no_secret_in_a_repr(sandbox: Sandbox) -> None:
    assert sandbox.admin_key not in repr(list(sandbox.state.keys.values()))
