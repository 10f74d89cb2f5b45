"""Albums look the same on both versions."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import IncompleteListing, RequestRefused
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, ItemError, ItemResult
from immich_tools.immich.users import Users
from immich_tools.sandbox import Dialect, Sandbox

Connect = Callable[..., Immich]


@pytest.fixture
def people(sandbox: Sandbox) -> dict[str, tuple[str, str]]:
    """Two more users: name → id and key."""
    made = {name: sandbox.add_user(name, f"{name}@example.com").id for name in ("bea", "carl")}
    return {name: (user_id, sandbox.add_key(user_id)) for name, user_id in made.items()}


def by_name(immich: Immich) -> dict[str, Album]:
    return {album.name: album for album in immich.albums.all()}


def test_no_albums(immich: Immich) -> None:
    assert immich.albums.all() == []
    assert immich.albums.memberships([], ["8f4d3c1a-0000-4000-8000-000000000000"]) == {}


def test_own_and_shared_ones_with_roles(sandbox: Sandbox, connect: Connect, people: dict[str, tuple[str, str]]) -> None:
    (bea, beas_key), (carl, carls_key) = people["bea"], people["carl"]
    sandbox.add_album("mine")
    sandbox.add_album("shared", users={bea: "editor", carl: "viewer"}, description="ours")
    sandbox.add_album("linked", has_shared_link=True)
    sandbox.add_album("hers", owner_id=bea, users={sandbox.admin.id: "viewer"})
    sandbox.add_album("secret", owner_id=bea)

    mine = by_name(connect())
    assert {name: album.role for name, album in mine.items()} == {
        "mine": AlbumRole.OWNER,
        "shared": AlbumRole.OWNER,
        "linked": AlbumRole.OWNER,
        "hers": AlbumRole.VIEWER,
    }
    assert mine["hers"].owner_id == bea
    assert [user.user_id for user in mine["hers"].users] == [sandbox.admin.id]
    assert {user.user_id: user.role for user in mine["shared"].users} == {
        bea: AlbumRole.EDITOR,
        carl: AlbumRole.VIEWER,
    }
    assert mine["shared"].description == "ours"
    assert mine["mine"].users == ()
    assert [album.id for album in connect().albums.all()] == sorted(album.id for album in mine.values())

    hers = by_name(connect(beas_key))
    assert {name: album.role for name, album in hers.items()} == {
        "shared": AlbumRole.EDITOR,
        "hers": AlbumRole.OWNER,
        "secret": AlbumRole.OWNER,
    }
    assert {name: album.role.may_add for name, album in by_name(connect(carls_key)).items()} == {"shared": False}


def test_members_of_everybody_and_of_the_archive(
    sandbox: Sandbox, connect: Connect, people: dict[str, tuple[str, str]]
) -> None:
    bea, beas_key = people["bea"]
    own = [sandbox.add_asset() for _number in range(3)]
    archived = [sandbox.add_asset(visibility="archive") for _number in range(2)]
    hers = [sandbox.add_asset(owner_id=bea) for _number in range(2)]
    gone = sandbox.add_asset(is_trashed=True)
    locked = sandbox.add_asset(visibility="locked")
    sandbox.add_album("all", asset_ids=[*own, *archived, *hers, gone, locked], users={bea: "viewer"})
    for key in (None, beas_key):
        immich = connect(key)
        album = by_name(immich)["all"]
        assert album.asset_count == 7
        assert immich.albums.member_ids(album) == {*own, *archived, *hers}


def test_large_albums_are_listed_completely(sandbox: Sandbox, connect: Connect) -> None:
    ids = [sandbox.add_asset() for _number in range(250)]
    sandbox.add_album("large", asset_ids=ids)
    immich = connect(page_size=20)
    assert immich.albums.member_ids(by_name(immich)["large"]) == set(ids)


def test_most_albums_cost_one_request(sandbox: Sandbox, immich: Immich) -> None:
    for number in range(5):
        sandbox.add_album(f"{number}", asset_ids=[sandbox.add_asset()])
    sandbox.add_album("empty")
    albums = immich.albums.all()
    everything = list(sandbox.state.assets)
    before = immich.connection.requests_sent
    members = immich.albums.memberships(albums, everything)
    assert immich.connection.requests_sent - before == 5
    assert sorted(map(len, members.values())) == [0, 1, 1, 1, 1, 1]


def test_few_assets_are_asked_for_singly(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset()
    for number in range(5):
        sandbox.add_album(f"{number}", asset_ids=[sandbox.add_asset(), *([asset_id] if number else [])])
    albums = immich.albums.all()
    before = immich.connection.requests_sent
    members = immich.albums.memberships(albums, [asset_id])
    assert immich.connection.requests_sent - before == 1
    assert {album.name: members[album.id] for album in albums} == {
        "0": frozenset(),
        **{str(number): frozenset([asset_id]) for number in range(1, 5)},
    }
    assert {album.name for album in immich.albums.holding(asset_id)} == {"1", "2", "3", "4"}


def test_an_album_that_changed_since_it_was_read(sandbox: Sandbox, immich: Immich) -> None:
    ids = [sandbox.add_asset() for _number in range(3)]
    album_id = sandbox.add_album("changing", asset_ids=ids)
    album = immich.albums.get(album_id)
    sandbox.state.remove_from_album(sandbox.state.albums[album_id], ids[0])
    assert immich.albums.member_ids(album) == set(ids[1:])
    sandbox.state.add_to_album(sandbox.state.albums[album_id], sandbox.add_asset(visibility="archive"))
    assert len(immich.albums.member_ids(immich.albums.get(album_id))) == 3


def test_an_album_that_lists_less_than_it_counts_is_an_error(sandbox: Sandbox) -> None:
    inner = sandbox.transport()

    def forgetful(request: httpx.Request) -> httpx.Response:
        answer = inner.handle_request(request)
        answer.read()
        text = answer.content.replace(b'"assetCount":2', b'"assetCount":3')
        return httpx.Response(answer.status_code, content=text)

    album_id = sandbox.add_album("short", asset_ids=[sandbox.add_asset(), sandbox.add_asset()])
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=httpx.MockTransport(forgetful))
    with pytest.raises(IncompleteListing, match="'short' counts 3 assets but lists 2"):
        immich.albums.member_ids(immich.albums.get(album_id))


def test_an_unknown_album_is_refused(immich: Immich) -> None:
    with pytest.raises(RequestRefused):
        immich.albums.get("8f4d3c1a-0000-4000-8000-000000000000")


def test_adding_and_removing(sandbox: Sandbox, connect: Connect, people: dict[str, tuple[str, str]]) -> None:
    inside, outside = sandbox.add_asset(), sandbox.add_asset()
    foreign = sandbox.add_asset(owner_id=people["bea"][0])
    album_id = sandbox.add_album("mine", asset_ids=[inside])
    albums = connect().albums
    assert albums.add(album_id, [inside, outside, foreign]) == [
        ItemResult(inside, ItemError.DUPLICATE),
        ItemResult(outside),
        ItemResult(foreign, ItemError.NO_PERMISSION),
    ]
    assert albums.remove(album_id, [outside, outside][:1]) == [ItemResult(outside)]
    assert albums.remove(album_id, [outside]) == [ItemResult(outside, ItemError.NOT_FOUND)]
    assert albums.add(album_id, []) == []


def test_every_contributor_is_seen_by_every_member(dialect: Dialect) -> None:
    """What an editor put into somebody else's album is a member for both of them."""
    sandbox = Sandbox(dialect)
    bea = sandbox.add_user("Bea", "bea@example.com")
    hers = sandbox.add_asset(owner_id=bea.id)
    sandbox.add_album("shared", asset_ids=[hers], users={bea.id: "editor"})
    for key in (sandbox.admin_key, sandbox.add_key(bea.id)):
        immich = Immich.connect(sandbox.url, key, transport=sandbox.transport())
        (album,) = immich.albums.all()
        assert immich.albums.memberships([album], [hers]) == {album.id: {hers}}


def test_an_album_is_made_with_everything(
    sandbox: Sandbox, connect: Connect, people: dict[str, tuple[str, str]]
) -> None:
    immich = connect()
    inside, foreign = sandbox.add_asset(), sandbox.add_asset(owner_id=people["bea"][0])
    made = immich.albums.create(
        "Trip", description="the sea", asset_ids=[inside, foreign], shares={people["bea"][0]: AlbumRole.VIEWER}
    )
    assert made == immich.albums.get(made.id) == by_name(immich)["Trip"]
    assert (made.description, made.asset_count, made.role) == ("the sea", 1, AlbumRole.OWNER)
    assert made.users == (AlbumUser(people["bea"][0], AlbumRole.VIEWER),)
    assert (made.order, made.is_activity_enabled, made.has_shared_link) == ("desc", True, False)
    assert made.created_at is not None and made.created_at.tzinfo is not None
    assert immich.albums.create("Trip").id != made.id


def test_a_large_album_is_made_with_few_requests(sandbox: Sandbox, immich: Immich) -> None:
    ids = [sandbox.add_asset() for _number in range(4500)]
    assert immich.me.id
    before = immich.connection.requests_sent
    made = immich.albums.create("Large", asset_ids=ids)
    assert immich.connection.requests_sent - before == 4
    assert made.asset_count == 4500 and list(sandbox.state.albums[made.id].asset_ids) == ids


def test_properties_are_written_one_by_one_or_together(sandbox: Sandbox, immich: Immich) -> None:
    first, second = sandbox.add_asset(), sandbox.add_asset()
    album_id = sandbox.add_album("Trip", asset_ids=[first, second], description="the sea")
    immich.albums.update(album_id, description="", order="asc")
    immich.albums.update(album_id, name="Journey", is_activity_enabled=False, thumbnail_asset_id=second)
    album = immich.albums.get(album_id)
    assert (album.name, album.description, album.order) == ("Journey", "", "asc")
    assert (album.is_activity_enabled, album.thumbnail_asset_id) == (False, second)
    with pytest.raises(RequestRefused):
        immich.albums.update(album_id, thumbnail_asset_id=sandbox.add_asset())


def test_deleting_leaves_the_assets(sandbox: Sandbox, immich: Immich, people: dict[str, tuple[str, str]]) -> None:
    asset_id = sandbox.add_asset()
    album_id = sandbox.add_album("Trip", asset_ids=[asset_id])
    hers = sandbox.add_album("hers", owner_id=people["bea"][0], users={sandbox.admin.id: "editor"})
    immich.albums.delete(album_id)
    assert album_id not in sandbox.state.albums and asset_id in sandbox.state.assets
    for unreachable in (album_id, hers):
        with pytest.raises(RequestRefused):
            immich.albums.delete(unreachable)
    assert hers in sandbox.state.albums


def test_sharing_means_the_same_on_both_versions(
    sandbox: Sandbox, immich: Immich, people: dict[str, tuple[str, str]]
) -> None:
    album_id = sandbox.add_album("Trip")
    bea = people["bea"][0]

    def roles() -> dict[str, AlbumRole]:
        return {user.user_id: user.role for user in immich.albums.get(album_id).users}

    immich.albums.share(album_id, bea, AlbumRole.VIEWER)
    assert roles() == {bea: AlbumRole.VIEWER}
    immich.albums.share(album_id, bea, AlbumRole.EDITOR)
    assert roles() == {bea: AlbumRole.EDITOR}
    immich.albums.share(album_id, bea, AlbumRole.EDITOR)
    immich.albums.set_role(album_id, bea, AlbumRole.VIEWER)
    assert roles() == {bea: AlbumRole.VIEWER}
    immich.albums.unshare(album_id, bea)
    immich.albums.unshare(album_id, bea)
    assert roles() == {}


def test_sharing_with_nobody_and_nobody_becomes_owner(
    sandbox: Sandbox, immich: Immich, people: dict[str, tuple[str, str]]
) -> None:
    album_id = sandbox.add_album("Trip")
    for role in (AlbumRole.OWNER, AlbumRole.OTHER):
        for change in (immich.albums.share, immich.albums.set_role):
            with pytest.raises(ValueError, match="editors and viewers"):
                change(album_id, people["bea"][0], role)
        with pytest.raises(ValueError, match="editors and viewers"):
            immich.albums.create("Trip", shares={people["bea"][0]: role})
    with pytest.raises(RequestRefused):
        immich.albums.share(album_id, "8f4d3c1a-0000-4000-8000-000000000000", AlbumRole.VIEWER)
    with pytest.raises(RequestRefused):
        immich.albums.set_role(album_id, people["bea"][0], AlbumRole.VIEWER)
    assert sandbox.state.albums[album_id].user_roles == {} and len(sandbox.state.albums) == 1


def test_everybody_with_an_account(sandbox: Sandbox, immich: Immich, people: dict[str, tuple[str, str]]) -> None:
    found = Users(immich.connection).all()
    assert {user.name: user.id for user in found} == {
        sandbox.admin.name: sandbox.admin.id,
        **{name: user_id for name, (user_id, _key) in people.items()},
    }
    assert [user.id for user in found] == sorted(user.id for user in found)
    assert {user.email for user in found} >= {"bea@example.com"} and "bea@example.com" not in repr(found)
