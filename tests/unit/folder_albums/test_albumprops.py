"""Reading ``.albumprops``: what is understood, and what is said of everything else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.folder_albums.albumprops import decode, read_properties
from immich_tools.folder_albums.properties import AlbumProperties, Property, SortOrder, ThumbnailChoice
from immich_tools.folder_albums.sharing import Share, ShareRole
from immich_tools.immich.models import Visibility

FULL = """\
# All that a file can say
override_name: "Summer"
description: "By the sea"
share_with:
  - user: "dad"
    role: "editor"
  - user: "mom@example.org"
    role: "viewer"
  - user: "aunt"
  - user: "uncle"
    role: "none"
thumbnail_setting: "first"
sort_order: "desc"
visibility: 'timeline'
comments_and_likes_enabled: false
inherit: true
inherit_properties:
  - "description"
  - "share_with"
  - "visibility"
"""


def test_a_full_file() -> None:
    assert read_properties(FULL, "f") == AlbumProperties(
        override_name="Summer",
        description="By the sea",
        share_with=(
            Share("dad", ShareRole.EDITOR),
            Share("mom@example.org", ShareRole.VIEWER),
            Share("aunt", ShareRole.VIEWER),
            Share("uncle", ShareRole.NONE),
        ),
        thumbnail_setting=ThumbnailChoice.FIRST,
        sort_order=SortOrder.DESCENDING,
        visibility=Visibility.TIMELINE,
        comments_and_likes_enabled=False,
        inherit=True,
        inherit_properties=frozenset({Property.DESCRIPTION, Property.SHARE_WITH, Property.VISIBILITY}),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# nothing yet\n", {}),
        ("---\n", {}),
        ("\ufeffdescription: a\n", {"description": "a"}),
        ("description: a\r\nsort_order: asc\r\n", {"description": "a", "sort_order": SortOrder.ASCENDING}),
        ("description:\nshare_with: ~\n", {}),
        ("description: ''\nshare_with: []\n", {"description": "", "share_with": ()}),
        ("description: |\n  two\n  lines\n", {"description": "two\nlines\n"}),
        ("override_name: 2020\n", {"override_name": "2020"}),
        ("override_name: 2020-05-03\n", {"override_name": "2020-05-03"}),
        ("override_name: on\n", {"override_name": "on"}),
        ("override_name: 1_000\n", {"override_name": "1_000"}),
        ("override_name: ' a '\n", {"override_name": " a "}),
        ("thumbnail_setting: /ext/lib/a.jpg\n", {"thumbnail_setting": "/ext/lib/a.jpg"}),
        ("thumbnail_setting: 'C:\\lib\\a.jpg'\n", {"thumbnail_setting": "C:\\lib\\a.jpg"}),
        ("thumbnail_setting: random-filtered\n", {"thumbnail_setting": ThumbnailChoice.RANDOM_FILTERED}),
        ("visibility: locked\n", {"visibility": Visibility.LOCKED}),
        ("archive: true\n", {"visibility": Visibility.ARCHIVE}),
        ("archive: false\n", {"visibility": Visibility.TIMELINE}),
        ("comments_and_likes_enabled: 1\n", {"comments_and_likes_enabled": True}),
        ("comments_and_likes_enabled: 'Off'\n", {"comments_and_likes_enabled": False}),
        ("inherit: no\n", {"inherit": False}),
        ("share_with: [{user: 007}]\n", {"share_with": (Share("007"),)}),
        ("share_with:\n- user: dad\n  role:\n", {"share_with": (Share("dad"),)}),
        ("inherit: yes\ninherit_properties: []\n", {"inherit": True, "inherit_properties": frozenset()}),
        (
            "inherit: yes\ninherit_properties: [archive]\n",
            {"inherit": True, "inherit_properties": frozenset({Property.VISIBILITY})},
        ),
    ],
)
def test_what_is_understood(text: str, expected: dict[str, Any]) -> None:
    assert read_properties(text, "f") == AlbumProperties(**expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sort_oder: desc\n", "line 1: there is no property 'sort_oder'; did you mean 'sort_order'?"),
        ("description: a\nshare-with: []\n", "line 2: there is no property 'share-with'; did you mean 'share_with'?"),
        ("Description: a\n", "line 1: there is no property 'Description'; did you mean 'description'?"),
        (
            "zzz: 1\n",
            "line 1: there is no property 'zzz'; there are override_name, description, share_with, thumbnail_setting, sort_order, "
            "visibility, archive, comments_and_likes_enabled, inherit, inherit_properties",
        ),
        ("? [a]\n: b\n", "line 1: there is no property '?'"),
        ("<<: {description: a}\n", "line 1: there is no property '<<'"),
        ("description: a\ndescription: b\n", "line 2: 'description' is given twice"),
        ("description: [a]\n", "line 1: description: it must be text"),
        ("description: !!binary aGk=\n", "line 1: description: it must be text"),
        ("description: !secret a\n", "line 1: description: it must be text"),
        ("override_name: ' '\n", "line 1: override_name: it is empty"),
        ("sort_order: newest\n", "line 1: sort_order: 'newest' is none of asc, desc"),
        ("visibility: Archive\n", "line 1: visibility: 'Archive' is none of archive, locked, timeline"),
        ("visibility: hidden\n", "line 1: visibility: 'hidden' is for the videos of live photos"),
        ("archive: maybe\n", "line 1: archive: 'maybe' is neither true nor false"),
        (
            "visibility: archive\narchive: no\n",
            "line 2: 'archive' and 'visibility' say the same thing; keep only 'visibility'",
        ),
        ("comments_and_likes_enabled: 2\n", "line 1: comments_and_likes_enabled: '2' is neither true nor false"),
        (
            "thumbnail_setting: a.jpg\n",
            "'a.jpg' is none of first, last, random, random-filtered, and no absolute path of a file",
        ),
        ("thumbnail_setting: random-all\n", "line 1: thumbnail_setting: 'random-all' is for all albums at once"),
        ("share_with: dad\n", "line 1: share_with: it must be a list with entries like '- user: dad'"),
        ("share_with:\n- dad\n", "line 2: share_with: it must be a list with entries like '- user: dad'"),
        ("share_with:\n- role: editor\n", "line 2: share_with: an entry needs a user"),
        ("share_with:\n- user:\n", "line 2: share_with: an entry needs a user"),
        ("share_with:\n- user: ''\n", "line 2: share_with: user: it is empty"),
        (
            "share_with:\n- user: a\n  role: owner\n",
            "line 3: share_with: role: 'owner' is none of editor, viewer, none",
        ),
        ("share_with:\n- user: a\n  rule: none\n", "line 3: there is no property 'rule'; did you mean 'role'?"),
        ("share_with:\n- user: a\n- user: a\n  role: none\n", "line 3: share_with: 'a' is given twice"),
        ("share_with:\n- user: A@b.c\n- user: a@B.c\n", "line 3: share_with: 'a@B.c' is given twice"),
        ("inherit: true\ninherit_properties: description\n", "line 2: inherit_properties: it must be a list of names"),
        (
            "inherit: true\ninherit_properties: [share]\n",
            "line 2: inherit_properties: there is no property 'share'; did you mean 'share_with'?",
        ),
        ("inherit: true\ninherit_properties: [descripton]\n", "did you mean 'description'?"),
        ("inherit_properties: [description]\n", "line 1: 'inherit_properties' has no effect without 'inherit: true'"),
        ("- a\n", "line 1: the file must hold lines like 'description: Summer in Rome'"),
        ("just text\n", "line 1: the file must hold lines like"),
        ("description: a: b\n", "line 1: this is no YAML: mapping values are not allowed here."),
        ("a: 1\n\tb: 2\n", "line 2: this is no YAML: YAML is indented with blanks, not with tabs."),
        ("description: 'a\n", "this is no YAML: found unexpected end of stream."),
        (
            "a: 1\n--- \nb: 2\n",
            "line 2: this is no YAML: expected a single document in the stream, but found another document.",
        ),
        ("a: 1\nb: \x01\n", "line 2: this is no YAML: a character that YAML does not allow."),
        ("description: *a\n", "line 1: this is no YAML: found undefined alias 'a'."),
        ("a: " + "[" * 5000, "this is no YAML: too many brackets in one another."),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_properties(text, "/photos/.albumprops")
    assert message in str(caught.value)
    assert str(caught.value).startswith("/photos/.albumprops, line ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        read_properties("sort_order: up\nshare_with:\n- role: none\nvisibilty: archive\n", "f")
    assert str(caught.value).splitlines() == [
        "f, line 1: sort_order: 'up' is none of asc, desc",
        "f, line 3: share_with: an entry needs a user",
        "f, line 4: there is no property 'visibilty'; did you mean 'visibility'?",
    ]


def test_text_is_utf_8() -> None:
    assert decode("description: Köln".encode(), "f") == "description: Köln"
    assert decode(b"\xef\xbb\xbfdescription: a", "f") == "description: a"
    with pytest.raises(UsageError, match=r"^f, line 2: the file is not UTF-8\.$"):
        decode("inherit: true\ndescription: Köln".encode("latin-1"), "f")


def test_references_do_not_make_a_small_file_large() -> None:
    layers = "".join(f"  - &l{layer} [{', '.join(['*l' + str(layer - 1)] * 9)}]\n" for layer in range(1, 30))
    with pytest.raises(UsageError):
        read_properties("share_with:\n  - &l0 [a]\n" + layers, "f")


@given(st.text("abc: -[]{}#'\"\n\t!&*|>%@`,?~<", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_properties(text, "f")
    except UsageError as error:
        assert str(error).startswith("f, line ")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "override_name": st.text("aé:#'\" -", min_size=1).filter(str.strip),
            "description": st.text("aé:#'\"\n -"),
            "share_with": st.lists(
                st.fixed_dictionaries(
                    {"user": st.text("abc", min_size=1)},
                    optional={"role": st.sampled_from(["viewer", "editor", "none"])},
                ),
                unique_by=lambda entry: entry["user"],
            ),
            "comments_and_likes_enabled": st.booleans(),
            "inherit": st.booleans(),
        },
    )
)
def test_what_was_written_is_read(values: dict[str, Any]) -> None:
    read = read_properties(yaml.safe_dump(values, allow_unicode=True), "f")
    assert read.override_name == values.get("override_name")
    assert read.description == values.get("description")
    assert read.comments_and_likes_enabled == values.get("comments_and_likes_enabled")
    assert read.inherit is values.get("inherit", False)
    if "share_with" in values:
        assert read.share_with == tuple(
            Share(entry["user"], ShareRole(entry.get("role", "viewer"))) for entry in values["share_with"]
        )
