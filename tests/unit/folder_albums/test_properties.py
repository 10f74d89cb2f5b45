"""What holds for folders and albums: the documented examples of inheritance, then what must hold always."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.folder_albums.album_settings import AlbumSettings, combine
from immich_tools.folder_albums.albumprops import read_properties
from immich_tools.folder_albums.properties import (
    NOTHING,
    AlbumProperties,
    Property,
    PropertyTree,
    SortOrder,
    ThumbnailChoice,
)
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.roots import Folder
from immich_tools.folder_albums.sharing import Share, ShareRole
from immich_tools.immich.models import Visibility

DAD_EDITS = "share_with: [{user: dad, role: editor}]"


def folder(path: str) -> Folder:
    """A folder below the root /photos."""
    return Folder("/photos", tuple(path.removeprefix("/photos/").split("/")))


def tree(files: dict[str, str]) -> PropertyTree:
    return PropertyTree({path: read_properties(text, path) for path, text in files.items()})


def held(files: dict[str, str], path: str) -> AlbumProperties:
    properties = tree(files).resolve(folder(path))
    assert isinstance(properties, AlbumProperties)
    return properties


def shared(shares: tuple[Share, ...] | None) -> dict[str, str]:
    """Who gets in, with what role."""
    return {share.user: share.role.value for share in shares or () if share.role is not ShareRole.NONE}


def album_of(files: dict[str, str]) -> AlbumSettings:
    """What holds for an album that every folder with a file contributes to."""
    held_by = {path: held(files, path) for path in files}
    combined = combine(held_by)
    assert combined.conflicts == ()
    return combined.settings


BASIC = {
    "/photos": f"inherit: true\ndescription: Family\n{DAD_EDITS}",
    "/photos/2023": "inherit: true\nshare_with: [{user: mom, role: viewer}]",
}
PRIVATE = {
    "/photos": "inherit: true\ndescription: Family\nvisibility: timeline\n"
    "share_with: [{user: dad, role: editor}, {user: mom, role: viewer}]",
    "/photos/private": "inherit: true\ninherit_properties: [description]\nvisibility: archive\n"
    "share_with: [{user: mom, role: none}, {user: admin, role: editor}]",
}


@pytest.mark.parametrize("path", ["/photos/2023/vacation", "/photos/2023"])
def test_example_1_lists_of_users_come_together(path: str) -> None:
    properties = held(BASIC, path)
    assert properties.description == "Family"
    assert shared(properties.share_with) == {"dad": "editor", "mom": "viewer"}


@pytest.mark.parametrize("path", ["/photos/private/secrets", "/photos/private"])
def test_example_2_only_the_description_is_taken_over_and_users_always_are(path: str) -> None:
    properties = held(PRIVATE, path)
    assert properties.description == "Family"
    assert properties.visibility is Visibility.ARCHIVE
    assert shared(properties.share_with) == {"dad": "editor", "admin": "editor"}


def test_example_3_inheritance_ends() -> None:
    files = {
        "/photos": "inherit: true\ndescription: Family\nvisibility: archive\nshare_with: [{user: family}]",
        "/photos/work": "inherit: false\ndescription: Work\nshare_with: [{user: colleague, role: editor}]",
    }
    properties = held(files, "/photos/work/project")
    assert properties.description == "Work"
    assert properties.visibility is None
    assert shared(properties.share_with) == {"colleague": "editor"}


def test_example_4_one_album_of_several_folders() -> None:
    files = {
        "/photos/2023/Christmas": f"override_name: Family\ndescription: Us\ninherit: true\n{DAD_EDITS}",
        "/photos/2023/Christmas/Cookies": "inherit: true\nshare_with: [{user: mom, role: viewer}]",
        "/photos/2023/Vacation": "override_name: Family\ndescription: Us\nshare_with: [{user: dad, role: viewer}]",
    }
    assert {held(files, path).override_name for path in files} == {"Family"}
    settings = album_of(files)
    assert settings.description == "Us"
    assert shared(settings.share_with) == {"dad": "viewer", "mom": "viewer"}


def test_example_5_none_is_final_in_an_album() -> None:
    files = {
        "/photos/family": "override_name: Shared\n"
        "share_with: [{user: dad, role: editor}, {user: mom, role: viewer}, {user: child, role: viewer}]",
        "/photos/family/private": "override_name: Shared\n"
        "share_with: [{user: child, role: none}, {user: grandpa, role: editor}]",
        "/photos/family/work": "override_name: Shared\nshare_with: [{user: child, role: viewer}, {user: colleague}]",
    }
    assert shared(album_of(files).share_with) == {
        "dad": "editor",
        "mom": "viewer",
        "grandpa": "editor",
        "colleague": "viewer",
    }


def test_options_count_for_what_no_file_says() -> None:
    options = AlbumSettings(share_with=(Share("Mom"),), sort_order=SortOrder.ASCENDING)
    settings = combine({"/photos/a": held({"/photos/a": DAD_EDITS}, "/photos/a")}, options).settings
    assert settings == AlbumSettings(share_with=(Share("dad", ShareRole.EDITOR),), sort_order=SortOrder.ASCENDING)
    assert combine({"/photos/b": NOTHING}, options).settings == options
    assert combine({}, options).settings == options


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        pytest.param({}, "a/b", {}, id="no file"),
        pytest.param({"/photos/a": "description: x"}, "b", {}, id="a file beside"),
        pytest.param({"/photos/a/b": "description: x"}, "a", {}, id="a file below"),
        pytest.param({"/": "description: x"}, "a", {}, id="a file above the root"),
        pytest.param({"/photos/": "description: x"}, "a/b", {"description": "x"}, id="a file in the root"),
        pytest.param(
            {
                "/photos": "inherit: true\ndescription: x",
                "/photos/a": "inherit: true\ndescription: y",
                "/photos/a/b": "inherit: true",
            },
            "a/b",
            {"description": "y", "inherit": True},
            id="the nearest wins",
        ),
        pytest.param(
            {"/photos": "description: x", "/photos/a": "sort_order: asc"},
            "a/b",
            {"sort_order": SortOrder.ASCENDING},
            id="without inherit nothing above counts",
        ),
        pytest.param(
            {"/photos": "description: x\nsort_order: desc", "/photos/a": "inherit: true"},
            "a",
            {"description": "x", "sort_order": SortOrder.DESCENDING, "inherit": True},
            id="the one above need not inherit itself",
        ),
        pytest.param(
            {
                "/photos": "comments_and_likes_enabled: true",
                "/photos/a": "inherit: true\ncomments_and_likes_enabled: false",
            },
            "a",
            {"comments_and_likes_enabled": False, "inherit": True},
            id="false counts",
        ),
        pytest.param(
            {"/photos": "comments_and_likes_enabled: false", "/photos/a": "inherit: true"},
            "a",
            {"comments_and_likes_enabled": False, "inherit": True},
            id="false is inherited",
        ),
        pytest.param(
            {"/photos": "description: x", "/photos/a": "inherit: true\ndescription: ''"},
            "a",
            {"description": "", "inherit": True},
            id="an empty description counts",
        ),
        pytest.param(
            {"/photos": DAD_EDITS, "/photos/a": "inherit: true\nshare_with: []"},
            "a",
            {"share_with": (Share("dad", ShareRole.EDITOR),), "inherit": True},
            id="an empty list adds nobody",
        ),
        pytest.param(
            {"/photos": DAD_EDITS, "/photos/a": "inherit: true\nshare_with: [{user: dad}]"},
            "a",
            {"share_with": (Share("dad"),), "inherit": True},
            id="another role",
        ),
        pytest.param(
            {
                "/photos": DAD_EDITS,
                "/photos/a": "inherit: true\nshare_with: [{user: dad, role: none}]",
                "/photos/a/b": "inherit: true\nshare_with: [{user: dad, role: viewer}]",
            },
            "a/b",
            {"share_with": (Share("dad"),), "inherit": True},
            id="the nearest wins over none",
        ),
        pytest.param(
            {
                "/photos": "description: x\nsort_order: asc",
                "/photos/a": "inherit: true\ninherit_properties: [sort_order]",
                "/photos/a/b": "inherit: true",
            },
            "a/b",
            {"sort_order": SortOrder.ASCENDING, "inherit": True},
            id="what was not let in is not handed on",
        ),
        pytest.param(
            {"/photos/Cafe\u0301": "description: x"}, "Caf\u00e9", {"description": "x"}, id="accents in either form"
        ),
    ],
)
def test_what_holds_for_a_folder(files: dict[str, str], path: str, expected: dict[str, Any]) -> None:
    assert held(files, path) == AlbumProperties(**expected)


def test_below_an_unreadable_file_nothing_is_done() -> None:
    """It might be the one that keeps somebody out."""
    files = {
        "/photos": AlbumProperties(description="x"),
        "/photos/a/b": AlbumProperties(inherit=True),
        "/photos/a/c": AlbumProperties(description="y"),
    }
    properties = PropertyTree(files, ["/photos/a"])
    refusal = Refusal(SkipCode.PROPERTIES_INVALID, "the .albumprops in /photos/a is wrong (see the notes)")
    assert properties.resolve(folder("a")) == refusal
    assert properties.resolve(folder("a/b")) == refusal
    assert properties.resolve(folder("a/x")) == refusal
    assert properties.resolve(folder("a/c")) == AlbumProperties(description="y")
    assert properties.resolve(folder("z")) == AlbumProperties(description="x")


def test_each_folder_is_looked_up_once() -> None:
    properties = tree(BASIC)
    assert properties.resolve(folder("2023/x")) is properties.resolve(folder("2023/x"))


def test_a_very_deep_folder() -> None:
    assert held({"/photos": "description: x"}, "/".join("a" * 5000)).description == "x"


@pytest.mark.parametrize(
    ("said", "description", "messages"),
    [
        ({"/p/a": "x", "/p/b": "x"}, "x", []),
        ({"/p/a": "x", "/p/b": None}, "x", []),
        ({"/p/a": "x", "/p/a/b": "y"}, "x", []),
        ({"/p/a": None, "/p/a/b": "y"}, "y", []),
        ({"/p/a": "", "/p/a/b": "y"}, "", []),
        (
            {"/p/b": "y", "/p/a": "x"},
            None,
            ["'description' is left as it is, because folders of the album disagree (/p/a: 'x'; /p/b: 'y')"],
        ),
        (
            {"/p/a": None, "/p/a/b": "x", "/p/a/c": "y", "/p/a/c/d": "z"},
            None,
            ["'description' is left as it is, because folders of the album disagree (/p/a/b: 'x'; /p/a/c: 'y')"],
        ),
    ],
)
def test_folders_of_one_album(said: dict[str, str | None], description: str | None, messages: list[str]) -> None:
    held_by = {path: AlbumProperties(description=value) for path, value in said.items()}
    combined = combine(held_by, AlbumSettings(sort_order=SortOrder.ASCENDING))
    assert combined.settings == AlbumSettings(description=description, sort_order=SortOrder.ASCENDING)
    assert [conflict.message for conflict in combined.conflicts] == messages


def test_conflicts_are_told_in_the_words_of_the_file() -> None:
    held_by = {
        "/a": AlbumProperties(
            comments_and_likes_enabled=True, sort_order=SortOrder.ASCENDING, thumbnail_setting="/a/x.jpg"
        ),
        "/b": AlbumProperties(
            comments_and_likes_enabled=False, sort_order=SortOrder.DESCENDING, thumbnail_setting=ThumbnailChoice.FIRST
        ),
    }
    listed = [conflict.message.partition("disagree ")[2] for conflict in combine(held_by).conflicts]
    assert listed == ["(/a: '/a/x.jpg'; /b: first)", "(/a: asc; /b: desc)", "(/a: true; /b: false)"]


shares = st.lists(
    st.builds(Share, st.sampled_from(["dad", "mom", "a@b.c", "A@b.c"]), st.sampled_from(ShareRole)), max_size=3
).map(tuple)
properties_of_files = st.builds(
    AlbumProperties,
    description=st.none() | st.sampled_from(["", "x", "y"]),
    share_with=st.none() | shares,
    comments_and_likes_enabled=st.none() | st.booleans(),
    visibility=st.none() | st.just(Visibility.ARCHIVE),
    inherit=st.booleans(),
    inherit_properties=st.none() | st.frozensets(st.sampled_from(Property)),
)
paths = st.sampled_from(["/photos", "/photos/a", "/photos/a/b", "/photos/a/b/c", "/photos/d"])
some_files = st.dictionaries(paths, properties_of_files)


@given(some_files, st.randoms(use_true_random=False))
def test_nothing_depends_on_order(files: dict[str, AlbumProperties], chance: random.Random) -> None:
    shuffled = dict(chance.sample(list(files.items()), len(files)))
    folders = [folder(path) for path in ("a", "a/b", "a/b/c", "d", "d/e")]
    one, other = PropertyTree(files), PropertyTree(shuffled)
    expected = {each.path: one.resolve(each) for each in folders}
    assert {each.path: other.resolve(each) for each in chance.sample(folders, 5)} == expected
    resolved = {path: each for path, each in expected.items() if isinstance(each, AlbumProperties)}
    assert combine(resolved) == combine(dict(chance.sample(list(resolved.items()), len(resolved))))


@given(some_files)
def test_the_nearest_word_counts_and_false_is_one(files: dict[str, AlbumProperties]) -> None:
    properties = PropertyTree(files).resolve(folder("a/b"))
    assert isinstance(properties, AlbumProperties)
    nearest = next((files[path] for path in ("/photos/a/b", "/photos/a", "/photos") if path in files), NOTHING)
    for each in (Property.DESCRIPTION, Property.COMMENTS_AND_LIKES_ENABLED, Property.VISIBILITY):
        said = getattr(nearest, each.value)
        if said is not None or not nearest.inherit:
            assert getattr(properties, each.value) == said


@given(some_files)
def test_whom_any_folder_bars_the_album_does_not_let_in(files: dict[str, AlbumProperties]) -> None:
    barred = {share.key for held in files.values() for share in held.share_with or () if share.role is ShareRole.NONE}
    let_in = {share.key for share in combine(files).settings.share_with or () if share.role is not ShareRole.NONE}
    assert not barred & let_in
