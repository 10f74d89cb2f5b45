"""Reading, updating, trashing and restoring assets; stacks and groups of duplicates."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import AccessDenied, RequestRefused
from immich_tools.immich.models import AssetUpdate, Place, TrashPolicy, Visibility
from immich_tools.sandbox import Dialect, Sandbox

Connect = Callable[..., Immich]

UNKNOWN = "8f4d3c1a-0000-4000-8000-000000000000"


def test_one_asset_with_everything(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset(tags=["sea"], latitude=48.9, longitude=2.3, rating=3, description=" At the sea ")
    sandbox.add_face(asset_id, sandbox.add_person("Alice"))
    stack_id = sandbox.add_stack([asset_id, sandbox.add_asset()])
    asset = immich.assets.get(asset_id)
    assert asset is not None
    assert asset.exif is not None
    assert asset.exif.place == Place(48.9, 2.3)
    assert (asset.exif.rating, asset.exif.description) == (3, "At the sea")
    assert [tag.value for tag in asset.tags or ()] == ["sea"]
    assert [person.name for person in asset.people or ()] == ["Alice"]
    assert asset.stack_id == stack_id


def test_nobody_in_the_picture_is_known_from_the_asset_itself(sandbox: Sandbox, immich: Immich) -> None:
    asset = immich.assets.get(sandbox.add_asset())
    assert asset is not None
    assert (asset.people, asset.tags, asset.stack_id) == ((), (), None)


def test_an_asset_that_is_not_there(immich: Immich) -> None:
    assert immich.assets.get(UNKNOWN) is None
    assert immich.assets.read_each([UNKNOWN]) == {}


@pytest.mark.parametrize("library_size", [3, 150])
@pytest.mark.parametrize("wanted", [0, 1, 4, 7, 120])
def test_some_assets(sandbox: Sandbox, connect: Connect, library_size: int, wanted: int) -> None:
    ids = [
        sandbox.add_asset(
            visibility=("timeline", "archive", "hidden")[number % 3], is_trashed=number % 4 == 0, rating=1 + number % 5
        )
        for number in range(library_size)
    ]
    immich = connect(page_size=20)
    found = immich.assets.read([*ids[:wanted], UNKNOWN, *ids[:2]])
    assert set(found) == set(ids[: max(wanted, 2)])
    assert all(found[asset_id].is_trashed == (number % 4 == 0) for number, asset_id in enumerate(ids[:wanted]))
    assert all(asset.exif is not None and asset.exif.rating for asset in found.values())


def test_reading_nothing_costs_nothing(immich: Immich) -> None:
    assert immich.assets.read([]) == {}
    assert immich.connection.requests_sent == 0


def test_reading_ends_when_everything_was_found(sandbox: Sandbox, connect: Connect) -> None:
    ids = [
        sandbox.add_asset(file_created_at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number))
        for number in range(400)
    ]
    immich = connect(page_size=100, concurrency=1)
    _ = immich.me
    before = immich.connection.requests_sent
    assert set(immich.assets.read(ids[-90:])) == set(ids[-90:])
    # One to weigh the ways up, three first looks, three counts and one page.
    assert immich.connection.requests_sent - before <= 8
    before = immich.connection.requests_sent
    assert set(immich.assets.read(ids[-80:])) == set(ids[-80:])
    # A page takes the server as long as twenty single reads, and four pages would be needed.
    assert immich.connection.requests_sent - before == 1 + 80


def test_updates(sandbox: Sandbox, immich: Immich) -> None:
    ids = [sandbox.add_asset(duplicate_id=UNKNOWN) for _number in range(2)]
    taken = datetime(2020, 5, 4, 3, 2, 1, tzinfo=timezone(timedelta(hours=2)))
    immich.assets.update(
        ids,
        AssetUpdate(
            description="Both",
            rating=4,
            is_favorite=True,
            place=Place(1.5, -2.5),
            visibility=Visibility.ARCHIVE,
            date_time_original=taken,
        ),
    )
    for asset in immich.assets.read_each(ids).values():
        assert asset.exif is not None
        assert (asset.exif.description, asset.exif.rating, asset.is_favorite) == ("Both", 4, True)
        assert (asset.exif.place, asset.visibility) == (Place(1.5, -2.5), Visibility.ARCHIVE)
        assert asset.exif.date_time_original == taken
    immich.assets.update(ids, AssetUpdate(clear=frozenset({"rating", "place", "duplicate_id"})))
    for asset in immich.assets.read_each(ids).values():
        assert asset.exif is not None
        assert (asset.exif.rating, asset.exif.place, asset.duplicate_id) == (None, None, None)
    immich.assets.update(ids, AssetUpdate(duplicate_id=UNKNOWN, rating=0))
    assert {asset.duplicate_id for asset in immich.assets.read_each(ids).values()} == {UNKNOWN}


def test_one_bad_id_refuses_a_whole_batch(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset(is_trashed=True)
    writes: list[Callable[[], None]] = [
        lambda: immich.assets.update([asset_id, UNKNOWN], AssetUpdate(rating=5)),
        lambda: immich.assets.trash([asset_id, UNKNOWN]),
        lambda: immich.assets.delete_permanently([asset_id, UNKNOWN]),
        lambda: immich.assets.restore([asset_id, UNKNOWN]),
    ]
    for write in writes:
        with pytest.raises(RequestRefused) as refusal:
            write()
        assert refusal.value.status == 400
        assert refusal.value.correlation_id
    asset = immich.assets.get(asset_id)
    assert asset is not None
    assert asset.is_trashed


def test_trash_and_back_and_away(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset()
    states = []
    for write in (immich.assets.trash, immich.assets.restore, immich.assets.delete_permanently):
        write([asset_id])
        asset = immich.assets.get(asset_id)
        states.append(None if asset is None else asset.is_trashed)
    assert states == [True, False, None]


@pytest.mark.parametrize(("trash", "days", "is_safety_net"), [(True, 30, True), (True, 0, False), (False, 30, False)])
def test_trash_policy(dialect: Dialect, trash: bool, days: int, is_safety_net: bool) -> None:
    sandbox = Sandbox(dialect, trash=trash, trash_days=days)
    policy = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport()).trash_policy
    assert policy == TrashPolicy(enabled=trash, days=days)
    assert policy.is_safety_net is is_safety_net


def test_stacks(sandbox: Sandbox, immich: Immich) -> None:
    ids = [sandbox.add_asset() for _number in range(4)]
    immich.stacks.create([ids[2], ids[0], ids[1]])
    stack = immich.stacks.of(ids[1])
    assert stack is not None
    assert stack.member_ids[0] == ids[2]
    assert set(stack.member_ids) == set(ids[:3])
    assert immich.stacks.of(ids[3]) is None
    assert immich.stacks.of(UNKNOWN) is None
    immich.stacks.dissolve(stack.id)
    assert immich.stacks.get(stack.id) is None
    immich.stacks.dissolve(stack.id)


def test_a_stack_that_may_not_be_dissolved(sandbox: Sandbox, connect: Connect) -> None:
    stack_id = sandbox.add_stack([sandbox.add_asset(), sandbox.add_asset()])
    key = sandbox.add_key(sandbox.admin.id, ["stack.read"])
    with pytest.raises(AccessDenied, match=r"stack\.delete"):
        connect(key).stacks.dissolve(stack_id)


def test_groups_of_duplicates(sandbox: Sandbox, immich: Immich) -> None:
    groups = [sandbox.state.new_id() for _number in range(2)]
    members = {group: [sandbox.add_asset(duplicate_id=group) for _number in range(3)] for group in groups}
    sandbox.add_asset(duplicate_id=sandbox.state.new_id())
    found = immich.duplicates.groups()
    assert [group.id for group in found] == sorted(groups)
    assert {group.id: [asset.id for asset in group.assets] for group in found} == {
        group: sorted(ids) for group, ids in members.items()
    }
    immich.duplicates.dismiss(groups[:1])
    assert [group.id for group in immich.duplicates.groups()] == groups[1:]


def test_resolving(sandbox: Sandbox, connect: Connect) -> None:
    groups = [sandbox.state.new_id() for _number in range(2)]
    ids = {group: [sandbox.add_asset(duplicate_id=group) for _number in range(2)] for group in groups}
    immich = connect()
    asked = [
        (groups[0], (ids[groups[0]][0],), (ids[groups[0]][1],)),
        (groups[1], (ids[groups[1]][0],), ()),
    ]
    if sandbox.dialect is Dialect.V2:
        with pytest.raises(RequestRefused):
            immich.duplicates.resolve(asked)
        return
    answers = immich.duplicates.resolve(asked)
    assert answers[groups[0]] is None
    assert (left := answers[groups[1]]) is not None and left.is_invalid and "trashAssetIds" in left.reason


def test_facts_are_read_once_by_however_many_threads(sandbox: Sandbox, connect: Connect) -> None:
    immich = connect(concurrency=8)

    def look(_number: int) -> tuple[str, str]:
        return str(immich.version), immich.me.id

    assert set(immich.connection.each(range(64), look)) == {(str(sandbox.dialect.version), sandbox.admin.id)}
    assert immich.connection.requests_sent == 2
    assert immich.api_key.permissions == {"all"}
    assert immich.me.is_admin


def test_a_fact_is_asked_for_once_while_its_answer_is_under_way() -> None:
    asked: list[str] = []

    def slow(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        time.sleep(0.05)
        return httpx.Response(200, json={"major": 3, "minor": 1, "patch": 0})

    immich = Immich.connect("nas", "key", transport=httpx.MockTransport(slow), concurrency=8)
    immich.connection.each(range(8), lambda _number: immich.version)
    assert asked == ["/api/server/version"]


def test_a_fact_that_could_not_be_read_is_read_again() -> None:
    version = {"major": 3, "minor": 1, "patch": 0}
    answers = iter([httpx.Response(501, json={"message": "oops"}), httpx.Response(200, json=version)])
    immich = Immich.connect("nas", "key", transport=httpx.MockTransport(lambda request: next(answers)))
    with pytest.raises(RequestRefused):
        _ = immich.version
    assert str(immich.version) == "3.1.0"


def test_more_threads_than_connections_are_no_timeout(sandbox: Sandbox, connect: Connect) -> None:
    """A listing inside of `each` has threads of its own."""
    for _number in range(50):
        sandbox.add_asset()
    immich = connect(page_size=2, concurrency=3)
    counts = immich.connection.each(range(6), lambda _number: sum(1 for _asset in immich.assets.stream()))
    assert counts == [50] * 6


def test_the_first_error_ends_what_was_not_begun(connect: Connect) -> None:
    begun: list[int] = []

    def fail(number: int) -> None:
        begun.append(number)
        raise RequestRefused("no", status=400)

    with pytest.raises(RequestRefused):
        connect(concurrency=2).connection.each(range(1000), fail)
    assert len(begun) < 1000


def test_bodies_are_what_both_versions_read() -> None:
    """Explicit visibility, integer page, moments with an offset (Immich 3.1.0 refuses anything else)."""
    bodies: list[dict[str, object]] = []

    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/users/me"):
            return httpx.Response(200, json={"id": "me", "name": "Me"})
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={"assets": {"items": [], "nextPage": None}})

    immich = Immich.connect("nas", "key", transport=httpx.MockTransport(server))
    list(immich.assets.stream())
    assert bodies == [
        {"visibility": visibility, "page": 1, "size": 1000, "order": "desc"} for visibility in ("timeline", "archive")
    ]
