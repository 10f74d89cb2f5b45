"""What each version refuses, and in which words."""

from typing import Any

import httpx
import pytest

from immich_tools.sandbox import Dialect, Sandbox

SEARCH = ("POST", "/search/metadata")
SOME_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
VERSION_1_ID = "3fa85f64-5717-1562-b3fc-2c963f66afa6"
BULK = ("PUT", "/assets")

# method and path, body, status of Immich 2.3.1, status of Immich 3.1.0
STATUS_CASES: list[tuple[tuple[str, str], Any, int, int]] = [
    (SEARCH, {"size": 1000}, 200, 200),
    (SEARCH, {"size": 1001}, 400, 400),
    (SEARCH, {"size": 0}, 400, 400),
    (SEARCH, {"size": -1}, 400, 400),
    (SEARCH, {"size": 1.5}, 400, 400),
    (SEARCH, {"size": None}, 400, 400),
    (SEARCH, {"size": "10"}, 200, 400),
    (SEARCH, {"page": "2"}, 200, 400),
    (SEARCH, {"page": 2.0}, 200, 200),
    (SEARCH, {"page": 0}, 400, 400),
    (SEARCH, {"page": 2.5}, 400, 400),
    (SEARCH, {"page": None}, 400, 400),
    (SEARCH, {"page": "abc"}, 400, 400),
    (SEARCH, {"page": 10**12}, 200, 200),
    (SEARCH, {"withExif": "true"}, 200, 400),
    (SEARCH, {"withExif": 1}, 400, 400),
    (SEARCH, {"withExif": None}, 400, 400),
    (SEARCH, {"unknown": 1}, 200, 200),
    (SEARCH, {"visibility": "locked"}, 401, 401),
    (SEARCH, {"visibility": "nowhere"}, 400, 400),
    (SEARCH, {"libraryId": None}, 200, 200),
    (SEARCH, {"libraryId": VERSION_1_ID}, 400, 400),
    (SEARCH, {"albumIds": [SOME_ID]}, 200, 400),
    (SEARCH, {"rating": 0}, 200, 400),
    (SEARCH, {"rating": -1}, 200, 400),
    (SEARCH, {"rating": None}, 400, 200),
    (SEARCH, {"tagIds": None}, 200, 200),
    (SEARCH, {"originalPath": ""}, 400, 200),
    (SEARCH, {"city": None}, 200, 200),
    (SEARCH, {"takenAfter": "2024-01-01T00:00:00.123456Z"}, 200, 200),
    (SEARCH, {"takenAfter": "2024-01-01T00:00:00+02:00"}, 200, 200),
    (SEARCH, {"takenAfter": "2024-01-01T00:00Z"}, 200, 200),
    (SEARCH, {"takenAfter": "2024-01-01"}, 200, 400),
    (SEARCH, {"takenAfter": "2024-01-01T00:00:00"}, 200, 400),
    (SEARCH, {"takenAfter": "2024-01-01 00:00:00"}, 200, 400),
    (SEARCH, {"takenAfter": "2024-01-01T00:00:00+0200"}, 200, 400),
    (SEARCH, {"takenAfter": "2024-02-30T00:00:00Z"}, 200, 400),
    (SEARCH, {"takenAfter": None}, 200, 400),
    (SEARCH, {"takenAfter": 1700000000}, 400, 400),
    (SEARCH, [], 200, 400),
    (("POST", "/search/smart"), {"query": "beach"}, 400, 400),
    (BULK, {"ids": []}, 204, 204),
    (BULK, {}, 400, 400),
    (BULK, {"ids": [], "rating": 0}, 204, 400),
    (BULK, {"ids": [], "rating": None}, 400, 204),
    (BULK, {"ids": [], "rating": -1}, 204, 204),
    (BULK, {"ids": [], "rating": 6}, 400, 400),
    (BULK, {"ids": [], "latitude": 1.0}, 400, 400),
    (BULK, {"ids": [], "latitude": 91, "longitude": 1}, 400, 400),
    (BULK, {"ids": [], "isArchived": True}, 204, 204),
    (BULK, {"ids": [], "description": None}, 400, 400),
    (BULK, {"ids": [], "isFavorite": None}, 400, 400),
    (BULK, {"ids": [], "dateTimeOriginal": "2020-01-02"}, 204, 204),
    (BULK, {"ids": [], "dateTimeOriginal": "nope"}, 400, 500),
    (BULK, {"ids": [], "dateTimeOriginal": "2020:01:02 03:04:05"}, 400, 500),
    (BULK, {"ids": [SOME_ID]}, 400, 400),
    (("PATCH", "/assets"), {"ids": []}, 404, 204),
    (("DELETE", "/assets"), {"ids": [], "force": "true"}, 204, 400),
    (("DELETE", "/assets"), None, 400, 400),
    (("DELETE", "/assets"), {"ids": []}, 204, 204),
    (("POST", "/tags"), {"name": ""}, 400, 201),
    (("PUT", "/tags"), {"tags": [""]}, 400, 200),
    (("DELETE", "/duplicates"), {"ids": [SOME_ID]}, 204, 400),
    (("DELETE", f"/duplicates/{SOME_ID}"), None, 204, 400),
    (("POST", "/duplicates/resolve"), {"groups": []}, 404, 400),
    (("GET", f"/assets/{SOME_ID}/original"), None, 400, 404),
    (("GET", f"/assets/{SOME_ID}/thumbnail"), None, 400, 400),
    (("GET", "/assets/nope"), None, 400, 400),
    (("GET", "/albums?shared=True"), None, 400, 200),
    (("GET", "/albums?isOwned=1"), None, 200, 400),
    (("GET", "/queues"), None, 404, 200),
    (("GET", "/server/theme"), None, 200, 404),
    (("POST", "/assets/exist"), {"deviceId": "x", "deviceAssetIds": []}, 200, 404),
    (("POST", "/stacks"), {"assetIds": [SOME_ID]}, 400, 400),
    (("GET", "/view/folder"), None, 500, 500),
    (("GET", "/people?size=1001"), None, 400, 400),
]


def client_of(sandbox: Sandbox) -> httpx.Client:
    """A client with the administrator's key."""
    headers = {"x-api-key": sandbox.admin_key}
    return httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers=headers)


@pytest.mark.parametrize(("route", "body", "in_v2", "in_v3"), STATUS_CASES)
def test_status_of_each_version(
    *, route: tuple[str, str], body: Any, in_v2: int, in_v3: int, call: Any, dialect: Dialect
) -> None:
    answer = call(*route, body)
    assert answer.status_code == (in_v2 if dialect is Dialect.V2 else in_v3), answer.text


def test_v2_puts_messages_into_an_envelope() -> None:
    sandbox = Sandbox(Dialect.V2)
    with client_of(sandbox) as client:
        answer = client.post("/api/search/metadata", json={"size": 1001, "libraryId": "x"})
    body = answer.json()
    assert sorted(body["message"]) == ["libraryId must be a UUID", "size must not be greater than 1000"]
    assert (body["error"], body["statusCode"]) == ("Bad Request", 400)
    assert body["correlationId"] == answer.headers["x-immich-cid"]


def test_v3_lists_issues_with_their_paths() -> None:
    sandbox = Sandbox(Dialect.V3)
    with client_of(sandbox) as client:
        answer = client.put("/api/assets", json={"ids": [SOME_ID, "x"], "visibility": 1})
    body = answer.json()
    assert body["message"] == "Validation failed"
    assert body.keys() == {"message", "errors"}
    assert sorted((issue["code"], issue["path"]) for issue in body["errors"]) == [
        ("invalid_format", ["ids", 1]),
        ("invalid_value", ["visibility"]),
    ]
    assert "x-correlation-id" in answer.headers


def test_text_bodies_count_as_none(call: Any, dialect: Dialect) -> None:
    answer = call("POST", "/search/metadata", content="size=1", headers={"content-type": "text/plain"})
    assert answer.status_code == (200 if dialect is Dialect.V2 else 400)


def test_body_over_ten_megabytes_is_a_server_error(call: Any, dialect: Dialect) -> None:
    answer = call("POST", "/search/metadata", {"originalPath": "x" * 10_500_000})
    assert answer.status_code == 500
    assert answer.json()["message"] == "Internal server error"


def test_malformed_json_has_no_correlation_id_in_v2(call: Any, dialect: Dialect) -> None:
    answer = call("POST", "/search/metadata", content='{"size":', headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unexpected end of JSON input"
    assert "correlationId" not in answer.json()
