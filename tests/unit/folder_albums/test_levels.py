"""What albums are called: the table of cases that users of immich-folder-album-creator know, and what must hold for every path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.folder_albums.levels import Levels, Naming, Rewrite, name_key
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.roots import Placed, Roots

IN_ROOT, OUTSIDE = SkipCode.IN_ROOT, SkipCode.OUTSIDE_ROOTS
TOO_SHALLOW, EMPTY = SkipCode.TOO_SHALLOW, SkipCode.EMPTY_NAME


def album(path: str, levels: str, roots: tuple[str, ...] = ("/ext/lib",), **naming: Any) -> str | SkipCode:
    """The album's name, or why there is none."""
    placed = Roots(roots).place(path)
    if isinstance(placed, Refusal):
        return placed.code
    name = Naming(Levels.parse(levels), **naming).name(placed.folder.names)
    return name.code if isinstance(name, Refusal) else name


@pytest.mark.parametrize(
    ("path", "levels", "expected"),
    [
        pytest.param("img.jpg", "1", IN_ROOT, id="1"),
        pytest.param("A/img.jpg", "1", "A", id="2"),
        pytest.param("A/B/C/img.jpg", "1", "A", id="3"),
        pytest.param("A/B/C/img.jpg", "2", "A B", id="4"),
        pytest.param("A/img.jpg", "2", "A", id="5"),
        pytest.param("A/B/C/D/img.jpg", "3", "A B C", id="6"),
        pytest.param("A/B/img.jpg", "9", "A B", id="7"),
        pytest.param("A/B/C/img.jpg", "-1", "C", id="8"),
        pytest.param("A/B/C/img.jpg", "-2", "B C", id="9"),
        pytest.param("A/img.jpg", "-3", "A", id="10"),
        pytest.param("A/B/C/img.jpg", "1,1", "A", id="12"),
        pytest.param("A/B/C/img.jpg", "2,2", "B", id="13"),
        pytest.param("A/img.jpg", "2,2", TOO_SHALLOW, id="14"),
        pytest.param("A/B/img.jpg", "2,3", "B", id="15"),
        pytest.param("A/B/C/D/img.jpg", "2,3", "B C", id="16"),
        pytest.param("A/B/C/D/img.jpg", "2,9", "B C D", id="17"),
        pytest.param("A/B/C/img.jpg", "4,9", TOO_SHALLOW, id="18"),
        pytest.param("A/B/C/img.jpg", "-2,-1", "B C", id="21"),
        pytest.param("A/B/C/img.jpg", "-2,-2", "B", id="22"),
        pytest.param("A/img.jpg", "-2,-2", "A", id="23"),
        pytest.param("A/B/C/D/img.jpg", "-3,-2", "B C", id="24"),
        pytest.param("A/B/img.jpg", "-3,-2", "A", id="25"),
        pytest.param("A/B/img.jpg", "-3,-3", "A", id="26"),
        pytest.param("A/B/C/D/img.jpg", "-9,-2", "A B C", id="27"),
        pytest.param("A/img.jpg", "-4,-4", "A", id="28 one folder"),
        pytest.param("A/B/img.jpg", "-4,-4", "A", id="28 two, corrected"),
        pytest.param("A/B/C/img.jpg", "-4,-4", "A", id="28 three"),
        pytest.param("A/B/C/D/img.jpg", "-4,-4", "A", id="28 four"),
        pytest.param("a/b/c/d/e/f/img.jpg", "-7,-7", "a", id="29, corrected"),
        pytest.param("a/b/c/d/e/f/img.jpg", "-6,-6", "a", id="29 at its edge"),
        pytest.param("A//B/img.jpg", "3", "A  B", id="42"),
        pytest.param(" A /B /img.jpg", "2", "A  B", id="43"),
        pytest.param("   /img.jpg", "1", EMPTY, id="44"),
    ],
)
def test_levels_below_a_root(path: str, levels: str, expected: str | SkipCode) -> None:
    assert album(f"/ext/lib/{path}", levels) == expected


@pytest.mark.parametrize(
    ("path", "roots", "levels", "expected"),
    [
        pytest.param("/ext/lib/A/B/img.jpg", ("/ext/lib/",), "1", "A", id="30"),
        pytest.param("/ext/lib/A/B/img.jpg", ("/ext/lib//",), "1", "A", id="31, corrected"),
        pytest.param("/ext/lib/A/B/img.jpg", ("ext/lib",), "1", OUTSIDE, id="32, corrected"),
        pytest.param("/ext/lib/A/B/img.jpg", ("ext/lib",), "-1", OUTSIDE, id="32 from below, corrected"),
        pytest.param("/ext/library2/A/img.jpg", ("/ext/lib",), "1", OUTSIDE, id="33"),
        pytest.param("/mnt/ext/lib/A/B/img.jpg", ("/ext/lib",), "1", OUTSIDE, id="34, corrected"),
        pytest.param("/ext/lib/A/ext/lib/B/img.jpg", ("/ext/lib",), "9", "A ext lib B", id="35, corrected"),
        pytest.param("/photos/2020/photos/x.jpg", ("/photos",), "9", "2020 photos", id="36, corrected"),
        pytest.param("/a/x/y/img.jpg", ("/a", "/a/x"), "9", "y", id="37, corrected: the innermost"),
        pytest.param("/a/x/y/img.jpg", ("/a/x", "/a"), "9", "y", id="38"),
        pytest.param("/a/x/img.jpg", ("/a/x", "/a"), "9", IN_ROOT, id="39"),
        pytest.param("/a/x/img.jpg", ("/a", "/a/x"), "9", IN_ROOT, id="39 in the other order, corrected"),
        pytest.param("/EXT/LIB/A/img.jpg", ("/ext/lib",), "1", OUTSIDE, id="40"),
        pytest.param("C:\\ext\\lib\\A\\img.jpg", ("C:\\ext\\lib",), "1", "A", id="41, corrected"),
        pytest.param("C:\\ext\\lib\\A\\img.jpg", ("C:/ext/lib",), "1", "A", id="41 with slashes, corrected"),
    ],
)
def test_roots_of_the_table(path: str, roots: tuple[str, ...], levels: str, expected: str | SkipCode) -> None:
    assert album(path, levels, roots) == expected


@pytest.mark.parametrize(
    ("path", "naming", "expected"),
    [
        pytest.param("A/B/i.jpg", {"separator": " - "}, "A - B", id="45"),
        pytest.param("A/B/i.jpg", {"separator": "/"}, "A/B", id="45 slash"),
        pytest.param("A/B/i.jpg", {"separator": "\\n"}, "A\\nB", id="45 no escapes"),
        pytest.param("A/B/i.jpg", {"separator": ""}, "AB", id="46, corrected"),
        pytest.param(
            "2024_12_24_Xmas/i.jpg",
            {"rewrites": (Rewrite(r"^(\d+)_(\d+)_(\d+)_(.*)$", r"\4 (\1)"),)},
            "Xmas (2024)",
            id="47",
        ),
        pytest.param("abc/i.jpg", {"rewrites": (Rewrite.of(["(?i)B", "x", "extra"]),)}, "axc", id="48"),
        pytest.param("abc/i.jpg", {"rewrites": (Rewrite.of([".*"]),)}, EMPTY, id="49"),
        pytest.param(
            "2020/02 Feb My Birthday/i.jpg",
            {"separator": "", "rewrites": (Rewrite(r"[\d]+_|\d+\s\w{3}"), Rewrite("_", " "))},
            "My Birthday",
            id="50, corrected",
        ),
        pytest.param(
            "a/b/i.jpg", {"rewrites": (Rewrite("a b", "c"), Rewrite("c", " d "))}, "d", id="in order, on the whole"
        ),
        pytest.param(
            "x/y/i.jpg", {"rewrites": (Rewrite("(?P<first>x)", r"\g<first>\g<first>"),)}, "xx y", id="by name"
        ),
    ],
)
def test_joining_and_rewriting(path: str, naming: dict[str, Any], expected: str | SkipCode) -> None:
    assert album(f"/ext/lib/{path}", "2", **naming) == expected


@pytest.mark.parametrize("text", ["2", "-1", "1,3", "-3,-1", "7,7"])
def test_levels_are_written_as_they_are_read(text: str) -> None:
    assert str(Levels.parse(text)) == text


def test_blanks_around_numbers_do_not_matter() -> None:
    assert Levels.parse(" 2 , 3 ") == Levels(2, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("0", "there is no level 0; 1 is the folder directly below the root", id="11"),
        pytest.param("2,1", "--album-levels 2,1: the range is reversed; did you mean 1,2?", id="19"),
        pytest.param("3,1", "--album-levels 3,1: the range is reversed; did you mean 1,3?", id="20"),
        ("-1,-3", "the range is reversed; did you mean -3,-1?"),
        ("0,2", "there is no level 0"),
        ("-2,0", "there is no level 0"),
        ("-1,2", "--album-levels -1,2: both ends must count from the same side"),
        ("1,-1", "both ends must count from the same side"),
        ("", "--album-levels '': give a whole number such as 2 or -1"),
        ("abc", "--album-levels 'abc': give a whole number"),
        ("1.5", "give a whole number"),
        ("5,", "give a whole number"),
        (",", "give a whole number"),
        ("a,b", "give a whole number"),
        ("1,2,3", "or a first and a last level such as 1,3"),
        ("+2", "give a whole number"),
        ("1_0", "give a whole number"),
        ("٢", "give a whole number"),
        ("9" * 30, "give a whole number"),
    ],
)
def test_impossible_levels(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Levels.parse(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "--album-name-post-regex needs a regular expression."),
        (
            ["(a"],
            "--album-name-post-regex '(a' is no regular expression: missing ), unterminated subpattern at position 0.",
        ),
        (["a", r"\1"], r"--album-name-post-regex 'a': '\1' is no replacement for it: invalid group reference 1"),
        (["a", r"\g<b>"], r"'\g<b>' is no replacement for it: unknown group name 'b'"),
        (["a", "\\"], "is no replacement for it: bad escape (end of pattern)"),
    ],
)
def test_impossible_rewrites(values: list[str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Rewrite.of(values)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("levels", "folder", "own", "parents"),
    [
        ("1", "2020/Feb/Rome", "2020", {}),
        ("2", "2020/Feb/Rome", "2020 Feb", {"2020": 1}),
        ("3", "2020/Feb/Rome", "2020 Feb Rome", {"2020": 1, "2020 Feb": 2}),
        ("9", "2020", "2020", {}),
        ("2,3", "2020/Feb/Rome", "Feb Rome", {"Feb": 2}),
        ("-2", "2020/Feb/Rome", "Feb Rome", {"Feb": 2}),
        ("-3,-2", "2020/Feb/Rome/b", "Feb Rome", {"Feb": 2}),
        ("3", " / /Rome", "Rome", {}),
        ("3", "2020/ /Rome", "2020   Rome", {"2020": 1}),
    ],
)
def test_albums_of_the_folders_above(levels: str, folder: str, own: str, parents: dict[str, int]) -> None:
    names = folder.split("/")
    naming = Naming(Levels.parse(levels), also_parents=True)
    assert naming.name(names) == own
    assert naming.parents(names) == parents
    assert Naming(Levels.parse(levels)).parents(names) == {}


def test_a_skipped_folder_is_in_no_album_of_its_parents() -> None:
    naming = Naming(Levels(2, 3), also_parents=True)
    assert naming.parents(["2020"]) == {}
    assert naming.parents([]) == {}


@pytest.mark.parametrize(
    ("naming", "names", "reason"),
    [
        (Naming(Levels(3, 4)), ["A"], "lies 1 deep, and names begin at level 3 (--album-levels)"),
        (Naming(Levels(2)), [" ", ""], "the folder ' /' gives an empty album name"),
        (Naming(Levels(2)), [], "lies directly in the root, not in a folder below it"),
    ],
)
def test_reasons_of_skips(naming: Naming, names: list[str], reason: str) -> None:
    refusal = naming.name(names)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason


def test_names_are_compared_letter_by_letter() -> None:
    assert name_key("Cafe\u0301") == name_key("Caf\u00e9") != name_key("Cafe")


levels = st.one_of(
    st.integers(-5, 5).filter(bool).map(Levels),
    st.tuples(st.integers(1, 5), st.integers(0, 3)).map(lambda pair: Levels(pair[0], pair[0] + pair[1])),
    st.tuples(st.integers(1, 5), st.integers(0, 3)).map(lambda pair: Levels(-pair[0] - pair[1], -pair[0])),
)
folders = st.lists(st.text("aB ./é\\", max_size=4).map(lambda text: text.replace("/", "")), max_size=6)


@given(levels, folders, st.sampled_from(["", " ", " - "]), st.booleans())
def test_every_path_under_a_root_has_one_name_or_one_reason(
    chosen: Levels, names: list[str], separator: str, also_parents: bool
) -> None:
    naming = Naming(chosen, separator, (Rewrite("a+"),), also_parents)
    placed = Roots(["/ext/lib"]).place("/".join(["/ext/lib", *names, "file.jpg"]))
    assert isinstance(placed, Placed) or placed.code is IN_ROOT
    if isinstance(placed, Placed):
        name = naming.name(placed.folder.names)
        assert isinstance(name, Refusal) or (name and name == name.strip())
        parents = naming.parents(placed.folder.names)
        assert name not in parents
        assert all(name and 0 < depth < len(placed.folder.names) for name, depth in parents.items())
        assert placed.below == "/".join([*placed.folder.names, "file.jpg"])


@given(levels, st.lists(st.text("abc", min_size=1), min_size=1, max_size=8))
def test_a_name_is_of_folders_beside_each_other(chosen: Levels, names: list[str]) -> None:
    picked = chosen.choose(names)
    if picked is None:
        assert len(names) < chosen.start
    else:
        assert picked
        assert any(tuple(names[at : at + len(picked)]) == picked for at in range(len(names)))
