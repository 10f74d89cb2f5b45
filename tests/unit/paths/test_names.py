"""One comparison of paths with folders for all tools."""

from __future__ import annotations

import unicodedata
from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.paths import is_below

COMPOSED, DECOMPOSED = (unicodedata.normalize("NFC", "/photos/Größe"), unicodedata.normalize("NFD", "/photos/Größe"))


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("/photos/a/x.jpg", "/photos/a", True),
        ("/photos/a/x.jpg", "/photos/a/", True),
        ("/photos/ab/x.jpg", "/photos/a", False),
        ("/photos/a/b/x.jpg", "/photos/a", True),
        ("/photos/a", "/photos/a", True),
        ("/photos/a", "/photos/a//", True),
        ("/photos", "/photos/a", False),
        ("/Photos/a/x.jpg", "/photos/a", False),
        ("/photos//a/./x.jpg", "/photos/a", True),
        ("/photos/.a/x.jpg", "/photos/a", False),
        ("/photos/.a/x.jpg", "/photos/.a", True),
        ("/photos/a/x.jpg", "//photos/./a/.", True),
        ("/x.jpg", "/", True),
        ("upload/x.jpg", "/", False),
        ("upload/library/x.jpg", "upload/library", True),
        ("./upload/library/x.jpg", "upload/library", True),
        ("/photos/a\\b/x.jpg", "/photos/a", False),
        ("C:\\photos\\a\\x.jpg", "c:/photos/a/", True),
        ("\\\\nas\\photos\\x.jpg", "//nas/photos", True),
        (f"{COMPOSED}/x.jpg", DECOMPOSED, True),
        (f"{DECOMPOSED}/x.jpg", COMPOSED, True),
        (f"{DECOMPOSED}r/x.jpg", COMPOSED, False),
    ],
)
def test_folders_are_compared_name_by_name(path: str, folder: str, expected: bool) -> None:
    assert is_below(path, folder) is expected


FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
names = st.text(st.sampled_from("aé\u0301ßñ각Å ."), min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))


@given(folder=st.lists(names, min_size=1, max_size=3), below=st.lists(names, max_size=2))
def test_no_unicode_form_of_either_side_makes_a_difference(folder: list[str], below: list[str]) -> None:
    for one, other in product(FORMS, repeat=2):
        path = unicodedata.normalize(one, "/" + "/".join((*folder, *below, "x.jpg")))
        written = unicodedata.normalize(other, "/" + "/".join(folder))
        assert is_below(path, written) and is_below(path, f"{written}/")
        assert not is_below(path, f"{written}x")
