"""The generated table of operations says what the pinned documents say."""

import json
from pathlib import Path

import pytest

from immich_sdk.operations import BASE_VERSION, OPERATIONS, SPEC_VERSIONS

OPENAPI = Path(__file__).resolve().parents[2] / "openapi"


def test_the_base_has_all_its_operations() -> None:
    assert BASE_VERSION == SPEC_VERSIONS[0] == "2.3.1"
    assert sum(BASE_VERSION in operation.permissions for operation in OPERATIONS.values()) == 225


@pytest.mark.parametrize("version", SPEC_VERSIONS)
def test_the_table_agrees_with_the_document(version: str) -> None:
    document = json.loads((OPENAPI / f"immich-v{version}.json").read_text(encoding="utf-8"))
    stated = {
        operation["operationId"]: operation.get("x-immich-permission")
        for item in document["paths"].values()
        for operation in item.values()
    }
    listed = {key: operation for key, operation in OPERATIONS.items() if version in operation.permissions}
    assert listed.keys() == stated.keys()
    for key, permission in stated.items():
        assert permission is None or listed[key].permissions[version] == permission


@pytest.mark.parametrize(
    ("key", "method", "path", "permissions"),
    [
        ("deleteAssets", "DELETE", "/assets", {"2.3.1": "asset.delete", "3.1.0": "asset.delete"}),
        ("runAssetJobs", "POST", "/assets/jobs", {"2.3.1": "all", "3.1.0": "job.create"}),
        ("getServerVersion", "GET", "/server/version", {"2.3.1": None, "3.1.0": None}),
        ("resolveDuplicates", "POST", "/duplicates/resolve", {"2.7.5": "duplicate.delete"}),
        ("getMyApiKey", "GET", "/api-keys/me", {"2.3.1": None, "3.1.0": None}),
    ],
)
def test_known_permissions(key: str, method: str, path: str, permissions: dict[str, str | None]) -> None:
    operation = OPERATIONS[key]
    assert (operation.id, operation.method, operation.path) == (key, method, path)
    assert permissions.items() <= operation.permissions.items()


def test_an_operation_that_the_base_lacks() -> None:
    assert BASE_VERSION not in OPERATIONS["resolveDuplicates"].permissions


def test_administrators() -> None:
    assert OPERATIONS["createLibrary"].admin
    assert not OPERATIONS["deleteAssets"].admin


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        OPERATIONS["new"] = OPERATIONS["deleteAssets"]  # type: ignore[index]
    with pytest.raises(TypeError):
        OPERATIONS["deleteAssets"].permissions["4.0.0"] = None  # type: ignore[index]
