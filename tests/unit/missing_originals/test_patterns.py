"""Patterns over paths: which of the three kinds one is, what it matches, and what is refused."""

from __future__ import annotations

import pytest

from immich_tools.errors import UsageError
from immich_tools.missing_originals.patterns import read_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("/data/library/%", ["/data/library/a.jpg", "/data/library/a/b.jpg"], ["/data/library", "/data/upload/a.jpg"]),
        ("%/a/%.jpg", ["/x/a/b.jpg", "/x/y/a/b/c.jpg"], ["/x/b/c.jpg", "/x/a/b.png"]),
        ("/data/%.jpg", ["/data/a.jpg", "/data/.jpg"], ["/data/a.jpg.xmp", "/data/a.JPG"]),
        ("/data/%a%ab", ["/data/aab", "/data/xaxab"], ["/data/ab"]),
        (r"/my\_photos/%", ["/my_photos/a.jpg"], ["/my-photos/a.jpg"]),
        (r"/100\%/%", ["/100%/a.jpg"], ["/100/a.jpg"]),
        ("/a[1]/%", ["/a[1]/x.jpg"], ["/a1/x.jpg"]),
        ("/a\nb/%", ["/a\nb/x\ny.jpg"], ["/a"]),
        ("%", ["/", "/a.jpg"], []),
        ("/data/library", ["/data/library/a/b.jpg"], ["/data/library2/a.jpg", "/data/library"]),
        ("/data//library/", ["/data/library/a.jpg"], ["/data/a.jpg"]),
        ("/my_photos", ["/my_photos/a.jpg"], ["/my-photos/a.jpg"]),
        ("/", ["/a.jpg", "/a/b.jpg"], []),
        ("/data/*/2024/**", ["/data/anna/2024/05/a.jpg"], ["/data/anna/b/2024/a.jpg"]),
        ("/data/**/*.jpg", ["/data/a.jpg", "/data/a/b/c.jpg"], ["/data/a.png"]),
        ("/data/IMG_?.jpg", ["/data/IMG_1.jpg"], ["/data/IMG_12.jpg"]),
        ("/caf\u00e9", ["/cafe\u0301/a.jpg", "/caf\u00e9/a.jpg"], ["/cafe/a.jpg"]),
        ("  /data  ", ["/data/a.jpg"], ["/a.jpg"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    read = read_pattern(pattern)
    assert [path for path in (*matching, *others) if read.matches(path)] == matching
    assert all(path.startswith(read.prefix) for path in matching if path.isascii())


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "empty entry"),
        ("   ", "empty entry"),
        ("library/%", "whole path"),
        ("C:/photos", "whole path"),
        ("/data/../etc", "without '..'"),
        ("/my_photos/%", r"Write \_ for an underscore"),
        ("/data/%/IMG_%", r"'_' stands for any one character"),
        ("/data/%\\", "cannot end with a backslash"),
        (r"/data/100\%", "only % is an ordinary character"),
        ("/data/[z-a]", "is no pattern"),
    ],
)
def test_refused_with_one_line(pattern: str, words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refusal:
        read_pattern(pattern)
    assert words in str(refusal.value)


def test_a_pattern_takes_a_time_in_proportion_to_the_path() -> None:
    # With backtracking this would take longer than the universe is old.
    assert not read_pattern("/" + "%a" * 40 + "%b").matches("/" + "a" * 5_000)
