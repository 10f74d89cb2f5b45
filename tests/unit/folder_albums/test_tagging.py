"""Which tags folders give their files: those there are, those to be made, and folders no tag can be named after."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.folder_albums.arrange import FolderFiles
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.properties import AlbumProperties
from immich_tools.folder_albums.roots import Folder
from immich_tools.folder_albums.tagging import by_value, tag_changes, tag_value
from immich_tools.immich.models import Asset, AssetType, Tag, Version
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import LONGEST, AddTag, TagAssets
from immich_tools.plan.model import check_consistent

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
LIBRARY = "/ext/lib"
COMPOSED, DECOMPOSED = "\u00c9t\u00e9", "E\u0301te\u0301"


def asset(asset_id: str) -> Asset:
    return Asset(
        id=asset_id,
        owner_id="me",
        type=AssetType.IMAGE,
        original_path=f"{LIBRARY}/{asset_id}",
        original_file_name=asset_id,
        file_created_at=NOON,
        local_date_time=NOON,
    )


def files(names: str, *asset_ids: str, root: str = LIBRARY) -> FolderFiles:
    """Files of a folder whose path below the root is `names`."""
    folder = Folder(root, tuple(names.split("/")))
    return FolderFiles(folder, tuple(map(asset, asset_ids)), AlbumProperties(), names)


def facts(*tags: Tag, **tagged: frozenset[str]) -> FolderFacts:
    return FolderFacts("me", Version(3, 1, 0), 10, tags=tags, tagged=tagged)


def actions(changes: list[Change]) -> list[object]:
    return [change.action for change in changes]


@pytest.mark.parametrize(
    ("names", "value"),
    [
        ("2020/Rome", "2020/Rome"),
        ("2020//Rome", "2020/Rome"),
        (" 2020 /Rome ", "2020/Rome"),
        (DECOMPOSED, COMPOSED),
        ("a|b, c", "a|b, c"),
    ],
)
def test_the_tag_of_a_folder(names: str, value: str) -> None:
    assert tag_value(Folder(LIBRARY, tuple(names.split("/")))) == value
    changes, refused = tag_changes([files(names, "1")], facts())
    assert actions(changes) == [TagAssets(value, ("1",))] and not refused
    changes, _refused = tag_changes([files(names, "1", "2")], facts(Tag(value, "t"), t=frozenset({"1"})))
    assert actions(changes) == [AddTag("2", "t", value)]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (" ", "empty"),
        ("2020/\u3000/Rome", "empty"),
        ("2020/a\tb", "character"),
        ("2020/a\x7fb", "character"),
        ("2020/\udcff", "character"),
        ("x" * (LONGEST + 1), "longer"),
        ("/".join(["é" * 100] * 13), "longer"),
    ],
)
def test_a_folder_that_no_tag_can_be_named_after_is_told_and_the_others_are_tagged(names: str, words: str) -> None:
    changes, refused = tag_changes([files(names, "1"), files("Rome", "2")], facts())
    assert actions(changes) == [TagAssets("Rome", ("2",))]
    assert list(refused) == [f"{LIBRARY}/{names}"] and words in refused[f"{LIBRARY}/{names}"]


def test_folders_of_several_roots_with_one_path_share_a_tag() -> None:
    parts = [files("2020", "3", "1"), files("2020 ", "2", root="/ext/other")]
    changes, _refused = tag_changes(parts, facts())
    assert actions(changes) == [TagAssets("2020", ("1", "2", "3"))]


def test_of_tags_that_differ_in_encoding_only_the_composed_one_counts() -> None:
    tags = [Tag(DECOMPOSED, "a"), Tag(COMPOSED, "b"), Tag("x", "c")]
    assert by_value(tags) == by_value(reversed(tags)) == {COMPOSED: tags[1], "x": tags[2]}
    assert by_value(tags[:1]) == {COMPOSED: tags[0]}


def test_a_tag_that_all_files_carry_changes_nothing() -> None:
    assert tag_changes([files("A", "1")], facts(Tag("A", "t"), t=frozenset({"1"}))) == ([], {})


def test_files_of_a_library_that_loses_tags_get_none() -> None:
    kept = files("A", "1", "2")
    mixed = evolve(kept, assets=(kept.assets[0], evolve(kept.assets[1], library_id="archive")))
    lost = evolve(files("B", "3"), assets=(evolve(asset("3"), library_id="archive"),))
    known = evolve(facts(), read_only_libraries=frozenset({"archive"}))
    changes, refused = tag_changes([mixed, lost], known)
    assert actions(changes) == [TagAssets("A", ("1",))]
    assert list(refused) == [f"{LIBRARY}/B"] and "cannot write" in refused[f"{LIBRARY}/B"]


folder_names = st.lists(st.sampled_from(["A", "A ", "b", " ", "", DECOMPOSED, COMPOSED, "\n"]), min_size=1, max_size=3)


@given(
    names=st.lists(folder_names.map("/".join), unique=True, max_size=8),
    known=st.sets(st.sampled_from(["A", "A/b", COMPOSED, DECOMPOSED])),
)
def test_every_file_is_tagged_once_or_its_folder_is_told(names: list[str], known: set[str]) -> None:
    folders = [files(each, f"{number}-1", f"{number}-2") for number, each in enumerate(names)]
    changes, refused = tag_changes(folders, facts(*(Tag(value, f"t-{value}") for value in known)))
    check_consistent(changes)
    tagged = sorted(asset_id for change in changes for asset_id in change.action.assets)
    assert tagged == sorted(each.id for part in folders if part.folder.path not in refused for each in part.assets)
    shuffled = list(reversed(folders))
    again, refused_again = tag_changes(shuffled, facts(*(Tag(value, f"t-{value}") for value in sorted(known))))
    assert {change.id: change.action for change in again} == {change.id: change.action for change in changes}
    assert refused_again == refused
