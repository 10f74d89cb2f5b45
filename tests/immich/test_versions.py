"""Which servers are written to, and which permissions the tools need there."""

import httpx
import pytest

from immich_sdk.operations import OPERATIONS
from immich_tools import Immich
from immich_tools.errors import UnsupportedServer
from immich_tools.immich import compat
from immich_tools.immich.models import ApiKey, Version


def server_of(answer: dict[str, object], **options: bool) -> Immich:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    return Immich.connect("nas", "key", transport=transport, force_version=options.get("force_version", False))


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ((1, 142, 0), False),
        ((2, 0, 0), False),
        ((2, 2, 3), False),
        ((2, 3, 0), True),
        ((2, 3, 1), True),
        ((2, 7, 5), True),
        ((3, 0, 0), True),
        ((3, 1, 0), True),
        ((3, 99, 7), True),
        ((4, 0, 0), False),
        ((10, 0, 0), False),
    ],
)
def test_range(version: tuple[int, int, int], supported: bool) -> None:
    major, minor, patch = version
    answer: dict[str, object] = {"major": major, "minor": minor, "patch": patch}
    server_of(answer, force_version=True).check_writable()
    if supported:
        server_of(answer).check_writable()
    else:
        with pytest.raises(UnsupportedServer, match=f"{major}.{minor}.{patch}.*2.3 to 3.x"):
            server_of(answer).check_writable()


@pytest.mark.parametrize("prerelease", [None, 1, "rc.1"])
def test_a_release_candidate_counts_as_its_release(prerelease: object) -> None:
    immich = server_of({"major": 3, "minor": 2, "patch": 0, "prerelease": prerelease})
    assert immich.version == Version(3, 2, 0)
    immich.check_writable()


@pytest.mark.parametrize(
    ("version", "members_in_album", "shared_apart", "null_rating", "resolves"),
    [
        (Version(2, 3, 1), True, True, False, False),
        (Version(2, 6, 9), True, True, False, False),
        (Version(2, 7, 0), True, True, False, True),
        (Version(3, 0, 0), False, False, True, True),
        (Version(3, 3, 5), False, False, True, True),
    ],
)
def test_differences(
    version: Version, members_in_album: bool, shared_apart: bool, null_rating: bool, resolves: bool
) -> None:
    assert compat.lists_members_in_album(version) is members_in_album
    assert compat.lists_shared_albums_apart(version) is shared_apart
    assert compat.takes_null_rating(version) is null_rating
    assert compat.resolves_duplicates(version) is resolves


@pytest.mark.parametrize(
    ("operation", "version", "permissions"),
    [
        ("searchAssets", Version(2, 3, 1), {"asset.read"}),
        ("searchAssets", Version(2, 3, 0), {"asset.read"}),
        ("searchAssets", Version(2, 0, 0), {"asset.read"}),
        ("searchAssets", Version(9, 0, 0), {"asset.read"}),
        ("getServerVersion", Version(3, 1, 0), set()),
        ("addSharedLinkAssets", Version(2, 3, 1), {"all"}),
        ("addSharedLinkAssets", Version(3, 0, 0), {"all"}),
        ("addSharedLinkAssets", Version(3, 1, 0), {"sharedLink.update"}),
        ("resolveDuplicates", Version(2, 3, 1), set()),
        ("resolveDuplicates", Version(2, 7, 0), {"duplicate.delete"}),
        ("resolveDuplicates", Version(3, 1, 0), {"duplicate.delete"}),
        ("checkExistingAssets", Version(2, 3, 1), {"all"}),
        ("checkExistingAssets", Version(3, 1, 0), set()),
    ],
)
def test_permissions(operation: str, version: Version, permissions: set[str]) -> None:
    assert compat.permissions_for([operation], version) == permissions


def test_permissions_of_everything_are_names_of_permissions() -> None:
    for version in (Version(2, 3, 1), Version(3, 1, 0)):
        assert all(name and " " not in name for name in compat.permissions_for(OPERATIONS, version))


def test_what_a_key_lacks() -> None:
    key = ApiKey("id", "name", frozenset({"asset.read", "tag.read"}))
    assert key.lacks(["asset.read", "tag.asset", "album.read", "tag.asset"]) == ("album.read", "tag.asset")
    assert ApiKey("id", "name", frozenset({"all"})).lacks(["asset.read", "all"]) == ()
    assert key.allows(None)
