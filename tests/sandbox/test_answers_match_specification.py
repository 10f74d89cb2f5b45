"""Answers have the keys and types that each version's specification gives them, also where nothing was recorded."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from immich_tools.sandbox import Dialect, SampleLibrary, Sandbox, sample_library

SPECIFICATIONS = Path(__file__).parents[2] / "openapi"

# Where the real server itself departs from its specification (seen in the recordings): schema and key.
DEPARTURES = {
    ("AssetResponseDto", "duration"),
    ("AssetResponseDto", "resized"),
    ("AssetResponseDto", "libraryId"),
    ("ServerAboutResponseDto", "imagemagick"),
}


class Specification:
    """One version's OpenAPI document."""

    def __init__(self, dialect: Dialect) -> None:
        text = (SPECIFICATIONS / f"immich-v{dialect.version}.json").read_text(encoding="utf-8")
        self.document: dict[str, Any] = json.loads(text)

    def problems(self, method: str, template: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer."""
        responses = self.document["paths"][template][method.lower()]["responses"]
        described = responses.get(str(status)) or responses.get("200") or responses["201"]
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        return self._check(schema, body, "$", "") if schema is not None else []

    def _check(self, schema: Mapping[str, Any], value: Any, path: str, owner: str) -> list[str]:
        name = owner
        while "$ref" in schema or len(schema.get("allOf", [])) == 1:
            reference = schema.get("$ref") or schema["allOf"][0]["$ref"]
            if value is None and schema.get("nullable"):
                return []
            name = reference.rsplit("/", 1)[1]
            schema = self.document["components"]["schemas"][name]
        if value is None:
            is_allowed = schema.get("nullable") or (owner, path.rsplit(".", 1)[-1]) in DEPARTURES
            return [] if is_allowed else [f"{path} is null ({name})"]
        kind = schema.get("type")
        if kind == "array":
            if not isinstance(value, list):
                return [f"{path} is no list"]
            return [p for i, item in enumerate(value) for p in self._check(schema["items"], item, f"{path}[{i}]", name)]
        if kind == "object" and "properties" in schema:
            return self._check_object(schema, value, path, name)
        types: dict[str, type | tuple[type, ...]] = {
            "string": str,
            "boolean": bool,
            "integer": int,
            "number": (int, float),
        }
        if kind in types and not isinstance(value, types[kind]):
            return [f"{path} is {value!r}, not {kind}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{path} is {value!r}"]
        return []

    def _check_object(self, schema: Mapping[str, Any], value: Any, path: str, name: str) -> list[str]:
        found = [f"{path}.{key} is missing ({name})" for key in schema.get("required", ()) if key not in value]
        for key, inner in value.items():
            if key not in schema["properties"]:
                found.append(f"{path}.{key} is not in {name}")
            elif (name, key) not in DEPARTURES:
                found += self._check(schema["properties"][key], inner, f"{path}.{key}", name)
        return [problem for problem in found if not any(f".{key}" in problem and n == name for n, key in DEPARTURES)]


def requests(made: SampleLibrary, sandbox: Sandbox) -> list[tuple[str, str, str, Any]]:
    """Method, template, path and body of a walk through the sample library."""
    photo, album = made.assets["photo 2"], made.albums["Shared"]
    tag, person, stack = made.tags["family"], made.people["Alice"], made.stack_id
    library, owner = made.library_id, sandbox.admin.id
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "imageWidth": 320, "imageHeight": 240}
    plain = [
        "/server/version", "/server/about", "/server/features", "/server/config", "/server/ping", "/server/statistics",
        "/server/storage", "/server/media-types", "/users/me", "/users", "/admin/users", "/api-keys", "/api-keys/me",
        "/albums", "/albums/statistics", "/tags", "/people", "/stacks", "/libraries", "/duplicates", "/jobs",
        "/shared-links", "/assets/statistics", "/timeline/buckets", "/view/folder/unique-paths",
    ]  # fmt: skip
    walk: list[tuple[str, str, str, Any]] = [("GET", path, path, None) for path in plain]
    walk += [
        ("GET", "/users/{id}", f"/users/{owner}", None),
        ("GET", "/albums/{id}", f"/albums/{album}", None),
        ("GET", "/assets/{id}", f"/assets/{photo}", None),
        ("GET", "/tags/{id}", f"/tags/{tag}", None),
        ("GET", "/people/{id}", f"/people/{person}", None),
        ("GET", "/people/{id}/statistics", f"/people/{person}/statistics", None),
        ("GET", "/stacks/{id}", f"/stacks/{stack}", None),
        ("GET", "/libraries/{id}", f"/libraries/{library}", None),
        ("GET", "/libraries/{id}/statistics", f"/libraries/{library}/statistics", None),
        ("GET", "/faces", f"/faces?id={photo}", None),
        ("GET", "/partners", "/partners?direction=shared-with", None),
        ("GET", "/timeline/bucket", "/timeline/bucket?timeBucket=2020-02-01", None),
        ("GET", "/view/folder", "/view/folder?path=/mnt/external/photos/2018/Norway", None),
        ("GET", "/search/person", "/search/person?name=ali", None),
        ("POST", "/search/metadata", "/search/metadata", {"withExif": True, "withPeople": True}),
        ("POST", "/search/statistics", "/search/statistics", {}),
        ("POST", "/search/random", "/search/random", {"size": 3}),
        ("POST", "/download/info", "/download/info", {"albumId": album}),
        ("POST", "/albums", "/albums", {"albumName": "New", "assetIds": [photo]}),
        ("PATCH", "/albums/{id}", f"/albums/{album}", {"description": "x"}),
        ("PUT", "/albums/{id}/assets", f"/albums/{album}/assets", {"ids": [photo, photo]}),
        ("PUT", "/albums/assets", "/albums/assets", {"albumIds": [album], "assetIds": [photo]}),
        ("POST", "/tags", "/tags", {"name": "new", "color": "#ff0000"}),
        ("PUT", "/tags", "/tags", {"tags": ["x/y"]}),
        ("PUT", "/tags/assets", "/tags/assets", {"tagIds": [tag], "assetIds": [photo]}),
        ("PUT", "/tags/{id}/assets", f"/tags/{tag}/assets", {"ids": [photo]}),
        ("PUT", "/assets/{id}", f"/assets/{photo}", {"isFavorite": True}),
        ("POST", "/people", "/people", {"name": "New"}),
        ("PUT", "/people", "/people", {"people": [{"id": person, "isHidden": True}]}),
        ("POST", "/faces", "/faces", {"assetId": photo, "personId": person, **box}),
        ("POST", "/libraries", "/libraries", {"ownerId": owner}),
        ("POST", "/libraries/{id}/validate", f"/libraries/{library}/validate", {"importPaths": ["/nope"]}),
        ("POST", "/api-keys", "/api-keys", {"name": "x", "permissions": ["all"]}),
        ("POST", "/admin/users", "/admin/users", {"name": "x", "email": "x@example.com", "password": "x"}),
        ("POST", "/auth/login", "/auth/login", {"email": "x@example.com", "password": "x"}),
        ("POST", "/assets/bulk-upload-check", "/assets/bulk-upload-check", {"assets": [{"id": "1", "checksum": "00"}]}),
        ("PUT", "/jobs/{name}", "/jobs/library", {"command": "pause"}),
        ("POST", "/shared-links", "/shared-links", {"type": "INDIVIDUAL", "assetIds": [photo], "description": "x"}),
        ("POST", "/trash/restore", "/trash/restore", None),
        ("POST", "/trash/empty", "/trash/empty", None),
    ]
    if sandbox.dialect is Dialect.V3:
        duplicate_id = made.groups["pair"]
        group = {"duplicateId": duplicate_id, "keepAssetIds": made.members("pair"), "trashAssetIds": []}
        walk += [
            ("GET", "/queues", "/queues", None),
            ("GET", "/queues/{name}", "/queues/library", None),
            ("GET", "/admin/integrity/summary", "/admin/integrity/summary", None),
            ("GET", "/admin/integrity/report", "/admin/integrity/report?type=missing_file", None),
            ("GET", "/assets/{id}/edits", f"/assets/{photo}/edits", None),
            ("POST", "/duplicates/resolve", "/duplicates/resolve", {"groups": [group]}),
        ]
    return walk


@pytest.fixture
def made(sandbox: Sandbox) -> SampleLibrary:
    return sample_library(sandbox)


def test_answers_match_the_specification(sandbox: Sandbox, made: SampleLibrary, call: Any) -> None:
    specification = Specification(sandbox.dialect)
    found: list[str] = []
    for method, template, path, body in requests(made, sandbox):
        answer = call(method, path, body)
        assert answer.status_code < 300, (path, answer.text)
        parsed = answer.json() if answer.content else None
        if parsed is not None:
            problems = specification.problems(method, template, answer.status_code, parsed)
            found += sorted({f"{method} {path}: {problem}" for problem in problems})
    assert not found, "\n".join(found)
