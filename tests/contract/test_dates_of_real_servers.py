"""What real servers answer for files with and without a date of their own, and what the rule ``no-date`` makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from immich_tools.faceless_album.rules import lacks_own_date
from immich_tools.immich.convert import asset_from_json
from immich_tools.immich.models import Asset

FOLDER: Final = Path(__file__).parent / "captures" / "real-runs" / "faceless-album"
UPLOADED_WITH_EARLIER_CREATION_TIME: Final = {
    "no-exif",
    "camera-without-date",
    "png-screenshot",
    "place-without-date",
    "modify-date-only",
    "unreadable-date",
    "png-creation-time",
    "date-in-name",
    "place-set-by-hand",
    "description-set-by-hand",
}
"""None of these has a date of its own; nothing in the answer tells that the date is the creation time that the app sent."""
WITHOUT_DATE: Final = {"no-exif-modified-first", "no-exif-same-times", "external-no-exif"}
WITH_DATE: Final = {
    "original-date",
    "original-date-with-offset",
    "original-date-with-place",
    "digitized-date-only",
    "original-date-equals-created",
    "external-original-date",
    "date-set-by-hand",
}
TAKEN_FOR_NONE: Final = {"original-date-equals-modified"}
"""A date without a time zone at exactly the modification time: the guess is wrong."""


def recorded(version: str) -> list[tuple[str, Asset]]:
    """Case and asset of every recorded ``GET /assets/{id}``, in the order of recording."""
    document: dict[str, Any] = json.loads((FOLDER / f"01-dates-{version}.json").read_text(encoding="utf-8"))
    return [
        (exchange["name"], asset_from_json(exchange["response"]["body"]))
        for exchange in document["exchanges"]
        if exchange["request"]["method"] == "GET"
    ]


@pytest.mark.parametrize("version", ["v231", "v310"])
def test_no_date_finds_files_that_show_their_modification_time(version: str) -> None:
    assets = dict(recorded(version))
    known = UPLOADED_WITH_EARLIER_CREATION_TIME | WITHOUT_DATE | WITH_DATE | TAKEN_FOR_NONE
    assert assets.keys() == known
    assert {name for name, asset in assets.items() if lacks_own_date(asset)} == WITHOUT_DATE | TAKEN_FOR_NONE


@pytest.mark.parametrize("version", ["v231", "v310"])
def test_a_date_is_never_null_and_falls_back_to_the_earlier_time_of_the_file(version: str) -> None:
    for name, asset in recorded(version):
        assert asset.exif is not None and asset.exif.date_time_original is not None, name
        assert asset.file_modified_at is not None, name
        if name in UPLOADED_WITH_EARLIER_CREATION_TIME:
            assert asset.exif.date_time_original < asset.file_modified_at, name
            assert not asset.local_offset, name
