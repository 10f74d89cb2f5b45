"""Options: what is refused, in one line; what a saved plan keeps of them; and how they are read from flags and environment."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import pytest
from cyclopts import Parameter

from immich_tools.duplicates import ArchivedKeeper, DuplicatesOptions, Media, RawPairs, Rule
from immich_tools.errors import UsageError
from immich_tools.settings import Surroundings, make_app, run
from immich_tools.settings.documents import from_document, to_document

EVERYTHING: dict[str, Any] = {
    "rank": (Rule.PATH, Rule.LIBRARY, Rule.FORMAT),
    "formats": ("jpeg", "raw"),
    "preferred_paths": ("/a",),
    "preferred_libraries": ("upload",),
    "protected_paths": ("/b", "/c"),
    "protected_libraries": ("external",),
    "date_tolerance": 0.5,
    "media": Media.VIDEOS,
    "raw": RawPairs.STACK,
    "archived": ArchivedKeeper.IGNORE,
    "max_group_size": 0,
    "keep_metadata": False,
    "allow_stack_loss": True,
}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rank": ()}, "--rank is empty"),
        ({"rank": (Rule.SIZE, Rule.EXIF, Rule.SIZE)}, "'size' twice"),
        ({"rank": (Rule.SIZE, Rule.SMALLEST)}, "compare the same thing"),
        ({"rank": (Rule.LARGEST, Rule.SIZE)}, "compare the same thing"),
        ({"rank": (Rule.PATH,)}, "needs --preferred-paths"),
        ({"rank": (Rule.LIBRARY,)}, "needs --preferred-libraries"),
        ({"formats": ()}, "needs --formats"),
        ({"preferred_paths": ("/a",)}, "--rank path,date-taken,format,size,exif"),
        ({"protected_paths": ("/a", "  ")}, "--protected-paths has an empty entry"),
        ({"formats": ("heic", "")}, "--formats has an empty entry"),
        ({"date_tolerance": -1.0}, "--date-tolerance must be 0 or more"),
        ({"date_tolerance": float("nan")}, "--date-tolerance must be 0 or more"),
        ({"date_tolerance": 1e9}, "more than a hundred years"),
        ({"duration_tolerance": -0.1}, "--duration-tolerance must be 0 or more"),
        ({"max_resolution_ratio": 0.5}, "--max-resolution-ratio must be 1 or more"),
        ({"max_group_size": 1}, "--max-group-size must be 2 or more"),
        ({"max_group_size": -5}, "--max-group-size must be 2 or more"),
        ({"keep_metadata": False, "transfer_metadata": False}, "would only lose albums and tags"),
    ],
)
def test_refused_with_one_line(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refusal:
        DuplicatesOptions(**values)
    assert words in str(refusal.value)


@pytest.mark.parametrize("values", [{}, EVERYTHING])
def test_json_round_trip(values: dict[str, Any]) -> None:
    options = DuplicatesOptions(**values)
    assert from_document(DuplicatesOptions, to_document(options)) == options


def test_json_of_an_older_plan_takes_defaults() -> None:
    assert from_document(DuplicatesOptions, {"only_pairs": True}) == DuplicatesOptions(only_pairs=True)


@pytest.mark.parametrize(
    "document",
    [
        {"unknown": 1},
        {"rank": ["fromat"]},
        {"rank": "format"},
        {"rank": [1]},
        {"only_pairs": 1},
        {"max_group_size": 2.5},
        {"max_group_size": True},
        {"date_tolerance": "1"},
        {"raw": "heap"},
    ],
)
def test_json_that_is_wrong(document: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        from_document(DuplicatesOptions, document)


def read(folder: Path, arguments: list[str], environment: dict[str, str]) -> DuplicatesOptions | str:
    """The options a command line and an environment give, or the message."""
    found: list[DuplicatesOptions] = []
    defaults = DuplicatesOptions()

    def command(*, tool: Annotated[DuplicatesOptions, Parameter(name="*")] = defaults) -> None:
        found.append(tool)

    app = make_app("immich-duplicates", "", table="duplicates")
    app.default(command)
    errors = io.StringIO()
    world = Surroundings(
        environment=environment, working_folder=folder, configuration_folder=folder, state_folder=folder, stderr=errors
    )
    run(app, arguments, world)
    return found[0] if found else errors.getvalue()


@pytest.mark.parametrize(
    ("arguments", "environment", "values"),
    [
        ([], {}, {}),
        (["--rank", "format,size"], {}, {"rank": (Rule.FORMAT, Rule.SIZE)}),
        (["--rank", "format", "--rank", "size"], {}, {"rank": (Rule.FORMAT, Rule.SIZE)}),
        ([], {"IMMICH_DUPLICATES_RANK": "format, size"}, {"rank": (Rule.FORMAT, Rule.SIZE)}),
        (["--formats", "heic,raw"], {}, {"formats": ("heic", "raw")}),
        (["--raw", "stack"], {}, {"raw": RawPairs.STACK}),
        ([], {"IMMICH_DUPLICATES_ARCHIVED": "ignore"}, {"archived": ArchivedKeeper.IGNORE}),
        ([], {"IMMICH_ONLY_PAIRS": "yes"}, {"only_pairs": True}),
        ([], {"IMMICH_KEEP_METADATA": "0"}, {"keep_metadata": False}),
        ([], {"IMMICH_TRANSFER_METADATA": "off"}, {"transfer_metadata": False}),
        (["--no-keep-metadata"], {}, {"keep_metadata": False}),
        ([], {"IMMICH_DUPLICATES_PROTECTED_PATHS": "/a,/b"}, {"protected_paths": ("/a", "/b")}),
        (["--protected-paths", "/a,/b"], {}, {"protected_paths": ("/a", "/b")}),
        (["--protected-paths", '"/a, b",/c'], {}, {"protected_paths": ("/a, b", "/c")}),
        ([], {"IMMICH_DUPLICATES_PROTECTED_PATHS": '"/a, b",/c'}, {"protected_paths": ("/a, b", "/c")}),
    ],
)
def test_reading(tmp_path: Path, arguments: list[str], environment: dict[str, str], values: dict[str, Any]) -> None:
    assert read(tmp_path, arguments, environment) == DuplicatesOptions(**values)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rank", "fromat"], "no rule 'fromat'; did you mean 'format'?"),
        (["--rank", "xyz"], "the rules are date-taken, format"),
        (["--date-tolerance", "-1"], "--date-tolerance must be 0 or more"),
        (["--raw", "stak"], "--raw"),
    ],
)
def test_reading_what_is_wrong(tmp_path: Path, arguments: list[str], words: str) -> None:
    message = read(tmp_path, arguments, {})
    assert isinstance(message, str) and words in message and "bug" not in message
