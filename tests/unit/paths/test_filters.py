"""Which files count: what globs, literals and expressions match, and that no glob takes long."""

from __future__ import annotations

import functools
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.paths.filters import FilterCode, PathFilter, Unwanted, glob_pattern, regex_pattern
from immich_tools.paths.globs import expand_literal, translate


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        pytest.param(
            "Birthdays/**", ["Birthdays/i.jpg", "Birthdays/John/i.jpg", "Birthdays"], ["Birthdays2/i.jpg"], id="below"
        ),
        pytest.param("202?/*/*", ["2020/Feb/i.jpg"], ["2020/i.jpg", "2020/Feb/Vac/i.jpg"], id="one level each"),
        pytest.param("**/Vacation/*", ["Vacation/i.jpg", "x/Vacation/i.jpg"], ["Vacation/y/i.jpg"], id="in front"),
        pytest.param("*.jpg", ["i.jpg"], ["A/i.jpg"], id="directly in the root"),
        pytest.param("**/*.jpg", ["i.jpg", "A/i.jpg", "A/B/i.jpg"], ["A/i.png"], id="on every level"),
        pytest.param("A/**/B/*", ["A/B/i", "A/x/B/i", "A/x/y/B/i"], ["A/B/x/i", "AB/i"], id="in the middle"),
        pytest.param("A/**", ["A", "A/x", "A/x/y"], ["AB/x", "B/A/x"], id="a folder with all that is in it"),
        pytest.param("A/", [], ["A", "A/x"], id="a slash at the end"),
        pytest.param("/A/**", [], ["A", "A/x"], id="a slash in front"),
        pytest.param("[!ab]*", ["c.jpg"], ["a.jpg", "b.jpg", "c/i.jpg"], id="not these"),
        pytest.param(
            "Feb", ["2020/02 Feb/i.jpg", "2020/02 Feb.jpg", "Feb"], ["feb/i.jpg", "2020/i.jpg"], id="a literal"
        ),
        pytest.param("A/B", ["A/B"], ["A/B/i.jpg"], id="a folder's name alone"),
        pytest.param("**", ["i.jpg"], ["A/i.jpg"], id="two stars alone"),
        pytest.param("[*]/x", ["*/x"], ["a/x"], id="a star as it is"),
        pytest.param("a[?]/x", ["a?/x"], ["ab/x"], id="a question mark as it is"),
        pytest.param("{a,b}/x", ["{a,b}/x"], ["a/x"], id="no alternatives"),
        pytest.param("*/i.jpg", [".hidden/i.jpg"], [], id="a dot is a letter like others"),
        pytest.param("a/", [], ["a"], id="a path has no slash at its end"),
        pytest.param("a.b/x+y", ["a.b/x+y"], ["aab/x+y", "a.b/xxy"], id="nothing else is special"),
        pytest.param("20[12]?", ["2013/i.jpg", "a/x2024y/i.jpg"], ["2033/i.jpg"], id="a literal with places to fill"),
        pytest.param("A[1/x", ["A[1/x"], ["A1/x"], id="an open bracket"),
        pytest.param("**/**", ["i", "A/i", "A/B/i"], [], id="everything"),
        pytest.param("a*b*c/x", ["abc/x", "axbxbxc/x"], ["acb/x", "ab/c/x"], id="several stars"),
        # What the original does otherwise:
        pytest.param("a?b/x", ["axb/x"], ["a/b/x"], id="corrected: ? is no slash"),
        pytest.param("202[0-3]/*", ["2020/i", "2021/i", "2023/i"], ["2024/i", "202-/i"], id="corrected: ranges"),
        pytest.param("[!0-9]*/x", ["ab/x"], ["1b/x"], id="corrected: ranges to leave out"),
        pytest.param(
            "foo**/bar", ["foo/bar", "fooo/bar"], ["foobar", "foo/x/bar"], id="corrected: ** inside a name is *"
        ),
        pytest.param("a[+-9]b", ["a5b/i", "a-b/i"], ["a/b"], id="corrected: a range holds no slash"),
        pytest.param("a[!x]b/*", ["ayb/i"], ["a/b/i"], id="corrected: nor does what is left out"),
        pytest.param("[]x]/i", ["]/i", "x/i"], ["[/i"], id="a closing bracket in a set"),
        pytest.param("[a-]/i", ["a/i", "-/i"], ["b/i"], id="a hyphen in a set"),
        pytest.param("[^a]/i", ["^/i", "a/i"], ["b/i"], id="a caret in a set"),
        pytest.param("[a&&b~|]/i", ["&/i", "~/i", "|/i"], ["c/i"], id="signs in a set"),
        pytest.param("Cafe\u0301", ["Caf\u00e9/i"], ["Cafe/i"], id="accents in either form"),
    ],
)
def test_what_a_pattern_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = glob_pattern(pattern, "--ignore")
    assert [path for path in [*matching, *others] if compiled.matches(path)] == matching


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"20\d\d/.*", ["2020/i.jpg", "2020/a/i.jpg"], ["x/2020/i.jpg", "2020"]),
        (r"(?i)feb.*", ["FEB/i.jpg"], ["a/feb/i.jpg"]),
        (r"a", ["a"], ["ab", "ba"]),
        (r"a|ab", ["a", "ab"], ["b"]),
    ],
)
def test_what_an_expression_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = regex_pattern(pattern, "--ignore-regex")
    assert [path for path in [*matching, *others] if compiled.matches(path)] == matching


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({}, {}),
        ({"path_filter": ["A/**"]}, {"B/i": FilterCode.NOT_SELECTED}),
        ({"path_filter": ["A/**"], "path_filter_regex": ["B/.*"]}, {}),
        ({"ignore": ["A/x/**"]}, {"A/x/i": FilterCode.IGNORED}),
        (
            {"path_filter": ["A/**"], "ignore_regex": [".*/x/.*"]},
            {"B/i": FilterCode.NOT_SELECTED, "A/x/i": FilterCode.IGNORED},
        ),
        (
            {"path_filter": ["A/**"], "ignore": ["A/**"]},
            {"A/i": FilterCode.IGNORED, "B/i": FilterCode.NOT_SELECTED, "A/x/i": FilterCode.IGNORED},
        ),
    ],
)
def test_first_select_then_ignore(options: dict[str, list[str]], refused: dict[str, FilterCode]) -> None:
    chosen = PathFilter.of(**options)
    refusals = {path: chosen.refuse(path) for path in ("A/i", "B/i", "A/x/i")}
    assert {path: refusal.code for path, refusal in refusals.items() if refusal is not None} == refused


def test_reasons_of_skips() -> None:
    chosen = PathFilter.of(path_filter=["A/**"], ignore=["Feb"])
    assert chosen.refuse("B/i") == Unwanted(FilterCode.NOT_SELECTED, "no --path-filter matches its path")
    assert chosen.refuse("A/Feb/i") == Unwanted(FilterCode.IGNORED, "--ignore 'Feb' matches its path")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path_filter": [""]}, "--path-filter '' is no pattern: it is empty."),
        ({"ignore": ["a/[z-a]"]}, "--ignore 'a/[z-a]' is no pattern: the range z-a is reversed."),
        ({"ignore_regex": [""]}, "--ignore-regex '' is no regular expression: it is empty."),
        (
            {"ignore_regex": ["ok", "(a"]},
            "--ignore-regex '(a' is no regular expression: missing ), unterminated subpattern",
        ),
        (
            {"path_filter_regex": [r"\p{L}"]},
            r"--path-filter-regex '\p{L}' is no regular expression: bad escape \p at position 0.",
        ),
        ({"path_filter_regex": ["a{99999999999}"]}, "is no regular expression: the repetition number is too large"),
    ],
)
def test_a_wrong_pattern_is_told_before_anything_is_read(options: dict[str, list[str]], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        PathFilter.of(**options)
    assert words in str(caught.value)


HOSTILE = {
    "many folders to pass": ("**/a/" * 200 + "b", "/".join(["a"] * 2000)),
    "nothing at the end": ("A/**/zzz", "A/" + "/".join(["x"] * 2000)),
    "many stars in a name": ("**/" + "*a" * 200 + "*b/**", "/".join(["a" * 250] * 16)),
    "both": (("**/" + "*a" * 50 + "/") * 20 + "b", "/".join(["a" * 60] * 60)),
    "sets": ("**/" + "*[a-b]?" * 80 + "c/**", "/".join(["ab" * 120] * 16)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_no_glob_takes_long(case: str) -> None:
    """In a process of its own, because nothing stops a regular expression that has begun; tried in all ways these would take years."""
    glob, path = HOSTILE[case]
    program = (
        "import sys\n"
        "from immich_tools.paths.filters import glob_pattern\n"
        "print(glob_pattern(sys.argv[1], '--ignore').matches(sys.argv[2]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, glob, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


names = st.text("ab", min_size=1, max_size=3)
glob_names = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=4).filter(lambda text: text != "**"))


@settings(max_examples=500)
@given(
    st.lists(glob_names, min_size=2, max_size=6).map("/".join), st.lists(names, min_size=1, max_size=6).map("/".join)
)
def test_the_first_match_is_as_good_as_any(glob: str, path: str) -> None:
    """Compared with a slow matcher that tries everything."""
    assert bool(re.fullmatch(translate(glob), path)) == matches_folders(tuple(glob.split("/")), tuple(path.split("/")))


@functools.cache
def matches_folders(globs: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not globs:
        return not path
    if globs[0] == "**":
        return matches_folders(globs[1:], path) or (bool(path) and matches_folders(globs, path[1:]))
    return bool(path) and matches_name(globs[0], path[0]) and matches_folders(globs[1:], path[1:])


@functools.cache
def matches_name(glob: str, name: str) -> bool:
    if not glob:
        return not name
    if glob[0] == "*":
        return matches_name(glob[1:], name) or (bool(name) and matches_name(glob, name[1:]))
    return bool(name) and glob[0] in ("?", name[0]) and matches_name(glob[1:], name[1:])


@given(st.text("ab[]!-^&\\*?/ \n", max_size=10), st.text("ab/\n", max_size=8))
def test_any_text_is_a_pattern_or_a_usage_error(text: str, path: str) -> None:
    try:
        pattern = glob_pattern(text, "--ignore")
    except UsageError:
        return
    pattern.matches(path)


@given(st.text("ab .[", min_size=1, max_size=3), st.lists(st.text("ab .[", max_size=5), min_size=1).map("/".join))
def test_a_literal_is_looked_for_in_every_name(literal: str, path: str) -> None:
    assert expand_literal("a/b") == "a/b"
    assert glob_pattern(literal, "--ignore").matches(path) == any(literal in name for name in path.split("/"))


@pytest.mark.parametrize("option", ["path_filter", "path_filter_regex", "ignore", "ignore_regex"])
def test_patterns_may_be_written_in_either_unicode_form(option: str) -> None:
    """Paths come in composed form; what people copy from a Mac is decomposed."""
    decomposed = "E\u0301te\u0301/a.jpg"
    chosen = PathFilter.of(**{option: [decomposed]}).refuse("\u00c9t\u00e9/a.jpg")
    assert (chosen is None) is (not option.startswith("ignore"))
