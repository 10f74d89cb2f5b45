"""Options: what is refused, in one line; what a saved plan keeps of them; and how they are read from flags and environment."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import pytest
from cyclopts import Parameter

from immich_tools.errors import UsageError
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.records import RecordSource
from immich_tools.settings import ApplyOptions, Surroundings, make_app, run
from immich_tools.settings.documents import from_document, to_document

EVERYTHING: dict[str, Any] = {
    "paths": ("/data/%", "/my_photos"),
    "map": ("/data=/mnt/photos",),
    "source": RecordSource.API,
    "include_external": True,
    "include_partial": True,
    "find_moved": True,
    "restore": False,
    "server_report": False,
    "max_missing_ratio": 1.0,
    "max_missing": 5,
    "window": 0,
    "grace_runs": 3,
    "recheck_delay": 0.0,
    "accept_devices": True,
    "disk_timeout": 5.0,
    "disk_threads": 64,
}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"paths": ("/my_photos/%",)}, "'_' stands for any one character"),
        ({"paths": ("",)}, "--paths has an empty entry"),
        ({"map": ("/data",)}, "write SERVER=LOCAL"),
        ({"max_missing_ratio": 1.5}, "--max-missing-ratio must lie between 0 and 1"),
        ({"max_missing_ratio": -0.1}, "--max-missing-ratio must lie between 0 and 1"),
        ({"max_missing_ratio": float("nan")}, "--max-missing-ratio must lie between 0 and 1"),
        ({"max_missing": -1}, "--max-missing must be 0 or more"),
        ({"window": -1}, "--window must lie between 0 and 36500"),
        ({"grace_runs": 0}, "--grace-runs must be 1 or more"),
        ({"recheck_delay": -1.0}, "--recheck-delay must lie between 0 and 86400"),
        ({"disk_timeout": 0.0}, "--disk-timeout must lie between 0.1 and 86400"),
        ({"disk_threads": 0}, "--disk-threads must lie between 1 and 64"),
    ],
)
def test_refused_with_one_line(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refusal:
        MissingOriginalsOptions(**values)
    assert words in str(refusal.value)


@pytest.mark.parametrize("values", [{}, EVERYTHING])
def test_json_round_trip(values: dict[str, Any]) -> None:
    options = MissingOriginalsOptions(**values)
    assert from_document(MissingOriginalsOptions, to_document(options)) == options


@pytest.mark.parametrize(
    "document",
    [
        {"unknown": 1},
        {"source": "tape"},
        {"paths": "/data"},
        {"paths": [1]},
        {"max_missing": 0.5},
        {"grace_runs": True},
        {"restore": 1},
    ],
)
def test_json_that_is_wrong(document: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        from_document(MissingOriginalsOptions, document)


def test_a_whole_number_is_good_enough_for_a_decimal_one() -> None:
    assert from_document(MissingOriginalsOptions, {"recheck_delay": 5}).recheck_delay == 5.0


Found = tuple[MissingOriginalsOptions, bool]


def read(folder: Path, arguments: list[str], environment: dict[str, str]) -> Found | str:
    """The options a command line and an environment give and whether they ask to apply, or the message."""
    found: list[Found] = []
    defaults, none = MissingOriginalsOptions(), ApplyOptions()

    def command(
        *,
        tool: Annotated[MissingOriginalsOptions, Parameter(name="*")] = defaults,
        changes: Annotated[ApplyOptions, Parameter(name="*")] = none,
    ) -> None:
        found.append((tool, changes.apply))

    app = make_app("immich-missing-originals", "", table="missing-originals")
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
        (
            [],
            {"IMMICH_UPLOAD_PATH": "/data/library/%, /data/upload/%"},
            {"paths": ("/data/library/%", "/data/upload/%")},
        ),
        ([], {"IMMICH_MISSING_ORIGINALS_PATHS": "/data"}, {"paths": ("/data",)}),
        (["--paths", "/a", "--paths", "/b"], {"IMMICH_UPLOAD_PATH": "/c"}, {"paths": ("/a", "/b")}),
        (["--map", "/data=/mnt"], {}, {"map": ("/data=/mnt",)}),
        ([], {"MAX_MISSING_RATIO": "0.25"}, {"max_missing_ratio": 0.25}),
        (["--source", "api"], {}, {"source": RecordSource.API}),
        (["--no-restore"], {}, {"restore": False}),
        (["--grace-runs", "3", "--max-missing", "7"], {}, {"grace_runs": 3, "max_missing": 7}),
    ],
)
def test_reading(tmp_path: Path, arguments: list[str], environment: dict[str, str], values: dict[str, Any]) -> None:
    assert read(tmp_path, arguments, environment) == (MissingOriginalsOptions(**values), False)


@pytest.mark.parametrize(("text", "applies"), [("false", True), ("true", False), ("1", False), ("no", True)])
def test_the_older_word_for_apply(tmp_path: Path, text: str, applies: bool) -> None:
    assert read(tmp_path, [], {"DRY_RUN": text}) == (MissingOriginalsOptions(), applies)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ([], {"DRY_RUN": ""}, "DRY_RUN"),
        ([], {"DRY_RUN": " true"}, "DRY_RUN"),
        ([], {"MAX_MISSING_RATIO": "ten"}, "MAX_MISSING_RATIO"),
        ([], {"MAX_MISSING_RATIO": "10"}, "must lie between 0 and 1"),
        ([], {"IMMICH_UPLOAD_PATH": ""}, "IMMICH_UPLOAD_PATH"),
        ([], {"IMMICH_UPLOAD_PATH": "/data/%,"}, "IMMICH_UPLOAD_PATH"),
        (["--source", "tape"], {}, "--source"),
    ],
)
def test_reading_what_is_wrong(tmp_path: Path, arguments: list[str], environment: dict[str, str], words: str) -> None:
    message = read(tmp_path, arguments, environment)
    assert isinstance(message, str) and words in message and "bug" not in message
