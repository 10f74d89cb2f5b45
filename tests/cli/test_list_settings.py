"""Options with several entries, texts that may be empty, and texts that look like numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from attrs import frozen
from cyclopts import Parameter

from immich_tools.errors import ExitCode
from immich_tools.settings import (
    Legacy,
    Numbered,
    OutputOptions,
    Positional,
    SourceOptions,
    Surroundings,
    also_called,
    load,
    make_app,
    may_be_empty,
    may_be_number,
    run,
    without_quotes,
)


class Depth(Enum):
    NONE = "0"
    SOME = "1"


class Word(Enum):
    NEAR = "near"


@frozen(kw_only=True)
class Lists:
    """An example of a tool's options."""

    legacy: ClassVar[tuple[Legacy | Numbered | Positional, ...]] = (
        Numbered("PATTERN", 12, "--pattern", without_quotes),
        Numbered("IMMICH_PATTERN", 12, "--pattern", without_quotes),
        Numbered("SIZE", 3, "--size"),
        Positional("where", "--place"),
        Positional("what", "--pattern"),
    )

    pattern: Annotated[
        tuple[str, ...], Parameter(name=("--pattern", "-p"), env_var="PATTERN", consume_multiple=(1, 2))
    ] = ()
    size: Annotated[tuple[int, ...], Parameter(env_var="SIZES")] = ()
    between: Annotated[str, Parameter(env_var="BETWEEN", converter=may_be_empty, allow_leading_hyphen=True)] = " "
    levels: Annotated[str, Parameter(env_var="LEVELS", converter=may_be_number, allow_leading_hyphen=True)] = "1"
    depth: Annotated[Depth, Parameter(env_var="DEPTH", converter=lambda _type, tokens: Depth(tokens[0].value))] = (
        Depth.NONE
    )
    word: Word = Word.NEAR
    place: Annotated[str, Parameter(env_var="PLACE")] = "here"


@frozen(kw_only=True)
class Louder(OutputOptions):
    """Options with more names for one of them."""

    verbose: Annotated[bool, also_called(OutputOptions, "verbose", "-v", "--loud")] = False


LISTS, LOUDER, SOURCE = Lists(), Louder(), SourceOptions()


def given(folder: Path, *argv: str, environment: Mapping[str, str] | None = None, toml: str = "") -> Lists | str:
    """The options that the command got, or the line that refused them."""
    (folder / "immich-toolkit.toml").write_text(toml and f"[duplicates]\n{toml}", encoding="utf-8")
    world = Surroundings(
        environment=environment or {},
        working_folder=folder,
        configuration_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    seen: list[Lists] = []
    app = make_app("immich-example", "An example.", table="duplicates")

    @app.default
    def command(
        where: str | None = None,
        what: str | None = None,
        /,
        *,
        lists: Annotated[Lists, Parameter(name="*")] = LISTS,
        output: Annotated[Louder, Parameter(name="*")] = LOUDER,
        source: Annotated[SourceOptions, Parameter(name="*")] = SOURCE,
    ) -> None:
        assert where is what is None
        seen.append(lists)

    code = run(app, argv, world)
    assert isinstance(world.stderr, io.StringIO)
    said = world.stderr.getvalue()
    if seen:
        assert (code, said) == (0, "")
        return seen[0]
    assert code == ExitCode.USAGE
    assert said.startswith("immich-example: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PATTERN1": "a"}, ("a",)),
        ({"PATTERN2": "b", "PATTERN10": "j", "PATTERN1": "a", "PATTERN11": "k"}, ("a", "b", "j", "k")),
        ({"PATTERN12": "l"}, ("l",)),
        ({"PATTERN3": "'a, b'"}, ("a, b",)),
        ({"PATTERN3": "it's"}, ("it's",)),
        ({"PATTERN3": r"a\d:b,c"}, (r"a\d:b,c",)),
        ({"PATTERN3": '"a"'}, ("a",)),
        ({"PATTERN3": '"a" "b"'}, ('"a" "b"',)),
        ({"IMMICH_PATTERN1": "a"}, ("a",)),
        ({"IMMICH_PATTERN1": "a", "PATTERN1": "a"}, ("a",)),
        ({"PATTERN_X": "x", "PATTERN_1": "x", "XPATTERN1": "x", "PATTERN1X": "x", "PATTERN1": "a"}, ("a",)),
    ],
)
def test_numbered_variables(tmp_path: Path, environment: dict[str, str], expected: tuple[str, ...]) -> None:
    options = given(tmp_path, environment=environment)
    assert isinstance(options, Lists)
    assert options.pattern == expected


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({"PATTERN0": "a"}, ["PATTERN0", "PATTERN1 to PATTERN12"]),
        ({"PATTERN13": "a"}, ["PATTERN13", "PATTERN1 to PATTERN12"]),
        ({"PATTERN01": "a"}, ["PATTERN01", "PATTERN1 to PATTERN12"]),
        ({"PATTERN" + "9" * 5000: "a"}, ["PATTERN1 to PATTERN12"]),
        ({"SIZE4": "a"}, ["SIZE4", "SIZE1 to SIZE3"]),
        ({"PATTERN1": ""}, ["PATTERN1", "empty"]),
        ({"PATTERN1": "''"}, ["PATTERN1", "empty"]),
        ({"PATTERN1": "'a"}, ["PATTERN1", "not closed"]),
        ({"PATTERN1": "'"}, ["PATTERN1", "not closed"]),
        ({"SIZE1": "1", "SIZE2": "x"}, ["SIZE1…3", "'x' is not a whole number"]),
        ({"PATTERN1": "a", "PATTERN": "b"}, ["PATTERN", "contradict"]),
        ({"PATTERN1": "a", "IMMICH_PATTERN2": "a", "IMMICH_PATTERN1": "b"}, ["PATTERN1…12 and IMMICH_PATTERN1…12"]),
    ],
)
def test_wrong_numbered_variables(tmp_path: Path, environment: dict[str, str], parts: list[str]) -> None:
    said = given(tmp_path, environment=environment)
    assert isinstance(said, str)
    for part in parts:
        assert part in said


def test_a_flag_wins_over_numbered_variables(tmp_path: Path) -> None:
    options = given(tmp_path, "--pattern", "z", environment={"PATTERN1": "a"})
    assert isinstance(options, Lists)
    assert options.pattern == ("z",)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["-p", "a"], ("a",)),
        (["-p", "a", "-p", "b"], ("a", "b")),
        (["-p", "a", "b"], ("'a' 'b'",)),
        (["-p", "a", "", "-p", "c", "--pattern", "d e", "f"], ("'a' ''", "c", "'d e' 'f'")),
        (["-p", "it's", r"\1"], (r"""'it'"'"'s' '\1'""",)),
        (["-p", "'a' 'b'"], ("'a' 'b'",)),
        (["--pattern=a", "b"], ("'a' 'b'",)),
        (["-pa"], ("a",)),
    ],
)
def test_one_or_two_words(tmp_path: Path, argv: list[str], expected: tuple[str, ...]) -> None:
    options = given(tmp_path, *argv)
    assert isinstance(options, Lists)
    assert options.pattern == expected


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["-p", "a", "b", "c"], "-p accepts at most 2"),
        (["-p"], "-p"),
        (["-p", ""], "empty"),
        (["--place", ""], "empty"),
    ],
)
def test_wrong_words(tmp_path: Path, argv: list[str], part: str) -> None:
    said = given(tmp_path, *argv)
    assert isinstance(said, str)
    assert part in said


@pytest.mark.parametrize(
    ("argv", "environment", "toml", "expected"),
    [
        ([], {}, "", " "),
        (["--between", ""], {}, "", ""),
        (["--between="], {}, "", ""),
        (["--between", "-"], {}, "", "-"),
        ([], {"BETWEEN": ""}, "", ""),
        ([], {"BETWEEN": " - "}, "", " - "),
        ([], {}, "between = ''", ""),
        (["--between", "x"], {"BETWEEN": ""}, "", "x"),
        ([], {"BETWEEN": ""}, "between = 'x'", ""),
    ],
)
def test_texts_that_may_be_empty(
    tmp_path: Path, argv: list[str], environment: dict[str, str], toml: str, expected: str
) -> None:
    options = given(tmp_path, *argv, environment=environment, toml=toml)
    assert isinstance(options, Lists)
    assert options.between == expected


@pytest.mark.parametrize(
    ("argv", "toml", "expected"),
    [
        ([], "levels = 2", "2"),
        ([], "levels = -2", "-2"),
        ([], "levels = '1,2'", "1,2"),
        (["--levels", "-2,-2"], "", "-2,-2"),
        (["--levels=-2,-2"], "", "-2,-2"),
        (["--levels", "-2"], "", "-2"),
    ],
)
def test_texts_that_look_like_numbers(tmp_path: Path, argv: list[str], toml: str, expected: str) -> None:
    options = given(tmp_path, *argv, toml=toml)
    assert isinstance(options, Lists)
    assert options.levels == expected


@pytest.mark.parametrize("toml", ["depth = 1", "depth = '1'"])
def test_words_that_look_like_numbers(tmp_path: Path, toml: str) -> None:
    options = given(tmp_path, toml=toml)
    assert isinstance(options, Lists)
    assert options.depth is Depth.SOME


@pytest.mark.parametrize(
    ("toml", "parts"),
    [
        ("levels = true", ["levels in [duplicates]", "text in quotes"]),
        ("levels = 1.5", ["levels in [duplicates]", "text in quotes"]),
        ("levels = ''", ["levels in [duplicates]", "empty"]),
        ("levels = [1]", ["levels in [duplicates]", "text in quotes"]),
        ("depth = true", ["depth in [duplicates]", "text in quotes"]),
        ("word = 1", ["word in [duplicates]", "text in quotes"]),
        ("place = 1", ["place in [duplicates]", "text in quotes"]),
        ("between = 1", ["between in [duplicates]", "text in quotes"]),
        ("pattern = [1]", ["pattern in [duplicates]", "text in quotes"]),
    ],
)
def test_wrong_tables(tmp_path: Path, toml: str, parts: list[str]) -> None:
    said = given(tmp_path, toml=toml)
    assert isinstance(said, str)
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("argv", "environment", "place", "pattern"),
    [
        (["there", "a"], {}, "there", ("a",)),
        (["there", "a", "-p", "b"], {"PLACE": "x"}, "there", ("a", "b")),
        (["-p", "b", "--", "there", "a"], {}, "there", ("a", "b")),
        ([], {"PLACE": "x"}, "x", ()),
    ],
)
def test_arguments_without_a_name(
    tmp_path: Path, argv: list[str], environment: dict[str, str], place: str, pattern: tuple[str, ...]
) -> None:
    options = given(tmp_path, *argv, environment=environment)
    assert isinstance(options, Lists)
    assert (options.place, options.pattern) == (place, pattern)


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        (["there"], ["unexpected argument: there;", "WHERE WHAT are given all together or not at all"]),
        (["x" * 30], ["unexpected argument: xxxx…;"]),
        (["there", "a", "more"], ["unexpected argument: more"]),
        (["there", "a", "--place", "x"], ["WHERE and --place are both given"]),
        (["", "a"], ["WHERE", "empty"]),
    ],
)
def test_wrong_arguments_without_a_name(tmp_path: Path, argv: list[str], parts: list[str]) -> None:
    said = given(tmp_path, *argv)
    assert isinstance(said, str)
    for part in parts:
        assert part in said


@pytest.mark.parametrize("flag", ["-v", "--loud", "--verbose"])
def test_more_names_for_an_option(tmp_path: Path, flag: str) -> None:
    said = given(tmp_path, flag, "--quiet")
    assert isinstance(said, str)
    assert "--quiet and --verbose" in said
    said = given(tmp_path, "--quiet", environment={"IMMICH_VERBOSE": "1"})
    assert "--quiet and --verbose" in str(said)


def test_a_row_of_an_option_that_is_not_there(tmp_path: Path) -> None:
    @frozen(kw_only=True)
    class Wrong:
        legacy: ClassVar[tuple[Numbered, ...]] = (Numbered("OLD", 5, "--missing"),)
        flag: bool = False

    with pytest.raises(ValueError, match="--missing"):
        load(Wrong, Surroundings(environment={}, working_folder=tmp_path))


@pytest.mark.parametrize("text", ["'", "'a", "''"])
def test_quotes_that_hold_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"quote"):
        without_quotes(text)
