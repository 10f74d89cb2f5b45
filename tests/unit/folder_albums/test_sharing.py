"""Lists of users, and what leads from an album's present users to one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.folder_albums.sharing import (
    RoleChange,
    Share,
    ShareRole,
    SharingChanges,
    UnknownUser,
    combined_shares,
    plan_sharing,
    read_share,
)
from immich_tools.immich.models import AlbumRole, AlbumUser, User

EDITOR, VIEWER, NONE = ShareRole.EDITOR, ShareRole.VIEWER, ShareRole.NONE
ME = "me"
USERS = (
    User(ME, "Me", "me@example.org"),
    User("1", "Dad", "dad@example.org"),
    User("2", "Mom", "mom@example.org"),
    User("3", "Alex", "alex@example.org"),
    User("4", "Alex", "lexa@example.org"),
    User("5", "Ren\u00e9"),
)


def present(**roles: str) -> list[AlbumUser]:
    """Users as in ``_1="editor"``."""
    return [AlbumUser(key.strip("_"), AlbumRole(role)) for key, role in roles.items()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dad", Share("Dad")),
        ("Dad=editor", Share("Dad", EDITOR)),
        (" Dad = viewer ", Share("Dad")),
        ("dad@example.org=editor", Share("dad@example.org", EDITOR)),
        ("a=b=editor", Share("a=b", EDITOR)),
    ],
)
def test_entries_of_the_option(text: str, expected: Share) -> None:
    assert read_share(text) == expected


def test_the_role_for_entries_without_one() -> None:
    assert read_share("Dad", EDITOR) == Share("Dad", EDITOR)
    assert read_share("Dad=viewer", EDITOR) == Share("Dad", VIEWER)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "--share-with '': the name or address is missing."),
        ("=editor", "--share-with '=editor': the name or address is missing."),
        ("Dad=boss", "--share-with 'Dad=boss': 'boss' is no role; give viewer or editor."),
        ("Dad=owner", "'owner' is no role"),
        ("Dad=none", "'none' is no role"),
        ("Dad=", "'' is no role"),
        ("Dad=Editor", "'Editor' is no role"),
    ],
)
def test_impossible_entries(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_share(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "now", "expected"),
    [
        pytest.param([], [], SharingChanges(), id="nothing"),
        pytest.param([Share("Dad")], [], SharingChanges(add=(AlbumUser("1", AlbumRole.VIEWER),)), id="add by name"),
        pytest.param(
            [Share("DAD@example.org", EDITOR)],
            [],
            SharingChanges(add=(AlbumUser("1", AlbumRole.EDITOR),)),
            id="by address",
        ),
        pytest.param(
            [Share("Rene\u0301")],
            [],
            SharingChanges(add=(AlbumUser("5", AlbumRole.VIEWER),)),
            id="accents in either form",
        ),
        pytest.param([Share("Dad")], present(_1="viewer"), SharingChanges(), id="as it is"),
        pytest.param(
            [Share("Dad")],
            present(_1="editor"),
            SharingChanges(change=(RoleChange("1", AlbumRole.EDITOR, AlbumRole.VIEWER),)),
            id="another role",
        ),
        pytest.param(
            [Share("Dad")],
            present(_1="other"),
            SharingChanges(change=(RoleChange("1", AlbumRole.OTHER, AlbumRole.VIEWER),)),
            id="a role this version does not know",
        ),
        pytest.param([], present(_1="viewer"), SharingChanges(remove=tuple(present(_1="viewer"))), id="remove"),
        pytest.param(
            [Share("Dad", NONE)],
            present(_1="viewer"),
            SharingChanges(remove=tuple(present(_1="viewer"))),
            id="none removes",
        ),
        pytest.param([Share("Dad", NONE)], [], SharingChanges(), id="none never adds"),
        pytest.param(
            [Share("Dad", EDITOR), Share("dad@example.org", VIEWER)],
            [],
            SharingChanges(add=(AlbumUser("1", AlbumRole.VIEWER),)),
            id="the stricter of two roles",
        ),
        pytest.param([Share("Me", EDITOR)], [], SharingChanges(names_owner=True), id="not with the owner"),
        pytest.param([Share("Me", NONE)], present(me="owner"), SharingChanges(names_owner=True), id="nor without"),
        pytest.param([], present(me="owner"), SharingChanges(), id="the owner in the list of the server"),
        pytest.param(
            [Share("mum"), Share("Dad")],
            present(_2="viewer"),
            SharingChanges(
                add=(AlbumUser("1", AlbumRole.VIEWER),),
                unknown=(UnknownUser("mum", "the server has no user 'mum'; perhaps 'Mom' is meant"),),
                held_back=tuple(present(_2="viewer")),
            ),
            id="an unknown user may be one that is there",
        ),
        pytest.param(
            [Share("x@y.z"), Share("Dad", NONE)],
            present(_1="viewer"),
            SharingChanges(
                unknown=(UnknownUser("x@y.z", "the server has no user with the name or address 'x@y.z'"),),
                remove=tuple(present(_1="viewer")),
            ),
            id="none removes all the same",
        ),
        pytest.param(
            [Share("x@y.z", NONE)],
            present(_1="viewer"),
            SharingChanges(
                unknown=(UnknownUser("x@y.z", "the server has no user with the name or address 'x@y.z'"),),
                remove=tuple(present(_1="viewer")),
            ),
            id="nobody stays for an unknown user who is to be kept out",
        ),
        pytest.param(
            [Share("Alex")],
            [],
            SharingChanges(
                unknown=(UnknownUser("Alex", "2 users are called 'Alex'; give the e-mail address instead"),)
            ),
            id="two of one name",
        ),
        pytest.param(
            [Share("Alex", NONE), Share("lexa@example.org")],
            present(_3="viewer", _4="viewer"),
            SharingChanges(
                unknown=(UnknownUser("Alex", "2 users are called 'Alex'; give the e-mail address instead"),),
                remove=tuple(present(_3="viewer", _4="viewer")),
            ),
            id="none keeps out both",
        ),
    ],
)
def test_what_changes(wanted: list[Share], now: list[AlbumUser], expected: SharingChanges) -> None:
    assert plan_sharing(wanted, USERS, ME, now) == expected


def test_adding_only() -> None:
    changes = plan_sharing(
        [Share("Dad", EDITOR), Share("Mom", NONE)], USERS, ME, present(_2="viewer", _3="viewer"), exact=False
    )
    assert changes == SharingChanges(add=(AlbumUser("1", AlbumRole.EDITOR),), remove=tuple(present(_2="viewer")))


def test_a_server_that_tells_of_nobody_else_loses_nobody() -> None:
    changes = plan_sharing([Share("Dad")], USERS[:1], ME, present(_1="viewer", _2="viewer"))
    assert not changes
    assert [each.user for each in changes.unknown] == ["Dad"]


def test_an_address_counts_before_a_name() -> None:
    users = [*USERS, User("0", "dad@example.org", "thief@example.org")]
    assert plan_sharing([Share("dad@example.org")], users, ME).add == (AlbumUser("1", AlbumRole.VIEWER),)


def test_addresses_stay_out_of_what_is_shown() -> None:
    changes = plan_sharing([Share("dax")], USERS, ME)
    assert "example.org" not in repr(changes)


wanted_lists = st.lists(
    st.builds(
        Share,
        st.sampled_from(["Dad", "dad@example.org", "Mom", "Me", "Alex", "lexa@example.org", "nobody"]),
        st.sampled_from(ShareRole),
    )
)
present_lists = st.dictionaries(
    st.sampled_from(["1", "2", "3", "4", "5", ME, "gone"]), st.sampled_from([AlbumRole.VIEWER, AlbumRole.EDITOR])
).map(lambda roles: [AlbumUser(user_id, role) for user_id, role in roles.items()])


@given(wanted_lists, present_lists, st.booleans())
def test_once_done_there_is_nothing_left_to_do(wanted: list[Share], now: list[AlbumUser], exact: bool) -> None:
    changes = plan_sharing(wanted, USERS, ME, now, exact=exact)
    then = {each.user_id: each.role for each in now}
    then |= {each.user_id: each.role for each in changes.add}
    then |= {each.user_id: each.after for each in changes.change}
    for gone in changes.remove:
        del then[gone.user_id]
    again = plan_sharing(wanted, USERS, ME, [AlbumUser(user_id, role) for user_id, role in then.items()], exact=exact)
    assert not again
    assert again.unknown == changes.unknown
    touched = [each.user_id for each in (*changes.add, *changes.remove)] + [each.user_id for each in changes.change]
    assert ME not in touched
    assert len(touched) == len(set(touched))


@given(wanted_lists, present_lists)
def test_the_order_of_lists_does_not_matter(wanted: list[Share], now: list[AlbumUser]) -> None:
    mixed = plan_sharing(wanted[::-1], USERS[::-1], ME, now[::-1])
    expected = plan_sharing(wanted, USERS, ME, now)
    assert (mixed.add, mixed.change, mixed.remove) == (expected.add, expected.change, expected.remove)
    assert combined_shares([wanted]) == combined_shares([wanted[::-1]])


def test_a_server_that_lists_only_the_user_is_not_said_to_have_no_such_user() -> None:
    """With the setting "public users" switched off, ``GET /users`` gives only the key's own user."""
    for people in ([], [User("me", "Me", "me@example.org")]):
        changes = plan_sharing([Share("Dad")], people, "me")
        (unknown,) = changes.unknown
        assert "does not list its users to this key" in unknown.reason
