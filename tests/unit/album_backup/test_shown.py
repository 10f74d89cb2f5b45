"""Which library shows the destination, and what of it."""

from __future__ import annotations

import pytest

from immich_tools.album_backup.shown import hiding_pattern, library_showing
from immich_tools.immich.models import Library

IMPORT = "/mnt/archive"


def library(*patterns: str, owner: str = "me", paths: tuple[str, ...] = (IMPORT,), name: str = "a") -> Library:
    return Library(name, name, owner, paths, patterns)


@pytest.mark.parametrize(
    ("pattern", "path", "is_hidden"),
    [
        ("**/Holiday/**", "/mnt/archive/Holiday/a.jpg", True),
        ("**/holiday/**", "/mnt/archive/HOLIDAY/a.jpg", True),
        ("**/Holiday", "/mnt/archive/2024/Holiday/a.jpg", True),
        ("**/Holiday", "/mnt/archive/Holidays/a.jpg", False),
        ("**/*.{mov,MP4}", "/mnt/archive/x/a.mp4", True),
        ("**/{a,b{1,2}}.jpg", "/mnt/archive/x/b2.jpg", True),
        ("**/{a,b{1,2}}.jpg", "/mnt/archive/x/b3.jpg", False),
        ("**/IMG_????.jpg", "/mnt/archive/x/IMG_0001.jpg", True),
        ("**/IMG_[0-4]*", "/mnt/archive/x/IMG_5.jpg", False),
        ("/mnt/archive/2024/**", "/mnt/archive/2024/x/a.jpg", True),
        ("/mnt/archive/2024/**", "/mnt/archive/2025/x/a.jpg", False),
        ("*.jpg", "/mnt/archive/x/a.jpg", False),
        ("**/mnt/**", "/mnt/archive/x/a.jpg", True),
        # The walk begins at the import path.
        ("/mnt", "/mnt/archive/x/a.jpg", False),
        ("/mnt/archive", "/mnt/archive/x/a.jpg", False),
        ("**/Gro\u0308\u00dfe/**", "/mnt/archive/Gr\u00f6\u00dfe/a.jpg", True),
        ("", "/mnt/archive/x/a.jpg", False),
        ("**/[z-a]*", "/mnt/archive/x/a.jpg", False),
        ("**/@eaDir/**", "/mnt/archive/x/a.jpg", False),
    ],
)
def test_what_a_pattern_hides(pattern: str, path: str, is_hidden: bool) -> None:
    assert (hiding_pattern(library("**/nothing/**", pattern), path) == pattern) is is_hidden


def test_a_pattern_of_another_library_hides_nothing() -> None:
    assert hiding_pattern(library("**/*", paths=("/mnt/other",)), "/mnt/archive/a.jpg") is None


def test_the_library_is_one_whose_owner_will_see_the_copies() -> None:
    theirs, mine = library(owner="other", name="1"), library(owner="me", name="2")
    assert library_showing([theirs, mine], "/mnt/archive/sub", {"me"}) == mine
    assert library_showing([theirs], "/mnt/archive", {"me"}) == theirs
    assert library_showing([theirs, mine], "/mnt/archive2", {"me"}) is None
    assert library_showing([], "/mnt/archive", {"me"}) is None
