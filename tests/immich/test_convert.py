"""From JSON to models: both spellings, and values nobody announced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_sdk.models.asset_response_dto import AssetResponseDto
from immich_tools.immich.convert import asset_from_json, exif_from_json, parse_duration, parse_time
from immich_tools.immich.models import AssetType, Exif, Person, Place, Visibility

ASSET = {"id": "a", "ownerId": "o", "type": "IMAGE"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T06:00:00.000Z", datetime(2024, 5, 1, 6, tzinfo=UTC)),
        ("2026-11-20T14:03:58.657385+00:00", datetime(2026, 11, 20, 14, 3, 58, 657385, UTC)),
        ("2026-11-20T14:03:58.6573851+00:00", datetime(2026, 11, 20, 14, 3, 58, 657385, UTC)),
        ("2024-05-01T08:00:00+02:00", datetime(2024, 5, 1, 6, tzinfo=UTC)),
        ("2024-05-01T08:00:00.5", datetime(2024, 5, 1, 8, microsecond=500000, tzinfo=UTC)),
        ("2024-05-01 08:00:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("1826-01-01T00:00:00.000Z", datetime(1826, 1, 1, tzinfo=UTC)),
        ("+020240-05-01T00:00:00.000Z", None),
        ("-000001-05-01T00:00:00.000Z", None),
        ("9999-12-31T23:59:59.999-11:00", None),
        ("9999-12-31T23:59:59.999Z", None),
        ("0001-01-01T00:00:00.000+11:00", None),
        ("9999-12-29T23:59:59.999Z", datetime(9999, 12, 29, 23, 59, 59, 999000, UTC)),
        ("0001-01-03T00:00:00.000Z", datetime(1, 1, 3, tzinfo=UTC)),
        ("0000-00-00T00:00:00Z", None),
        ("2024:05:01 08:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1714543200, None),
    ],
)
def test_moments(text: object, moment: datetime | None) -> None:
    assert parse_time(text) == moment


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1 < moment.year < 9999),
    st.sampled_from(["auto", "milliseconds", "microseconds"]),
)
def test_moments_as_servers_write_them(moment: datetime, precision: str) -> None:
    text = moment.isoformat(timespec=precision)
    for spelling in (text, text.replace("+00:00", "Z")):
        parsed = parse_time(spelling)
        assert parsed is not None
        assert abs(parsed - moment) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("0:00:00.00000", None),
        ("00:00:01.000", 1000),
        ("00:00:01.5", 1500),
        ("01:02:03.004567", 3_723_004),
        ("00:10", None),
        (1000, 1000),
        (1000.4, 1000),
        (0, None),
        (None, None),
        (True, None),
        (float("nan"), None),
        ({}, None),
    ],
)
def test_durations(value: object, milliseconds: int | None) -> None:
    assert parse_duration(value) == milliseconds


@pytest.mark.parametrize(
    ("given_values", "expected"),
    [
        ({}, Exif()),
        ({"latitude": 1.5, "longitude": -2}, Exif(place=Place(1.5, -2.0), filled=2)),
        ({"latitude": 0, "longitude": 0}, Exif(filled=2)),
        ({"latitude": 0, "longitude": 3}, Exif(place=Place(0.0, 3.0), filled=2)),
        ({"latitude": 1.5, "longitude": None}, Exif(filled=1)),
        ({"latitude": "1.5", "longitude": "2"}, Exif(filled=2)),
        ({"rating": 0}, Exif(filled=1)),
        ({"rating": -1}, Exif(rating=-1, filled=1)),
        ({"rating": 5.0}, Exif(rating=5, filled=1)),
        ({"description": " two words\n"}, Exif(description="two words", filled=1)),
        ({"description": "  "}, Exif()),
        ({"description": 7}, Exif(filled=1)),
        ({"fileSizeInByte": 5_000_000_000}, Exif(file_size=5_000_000_000, filled=1)),
        ({"fileSizeInByte": float("inf")}, Exif(filled=1)),
        ({"exifImageWidth": True}, Exif(filled=1)),
    ],
)
def test_exif(given_values: dict[str, object], expected: Exif) -> None:
    assert exif_from_json(given_values) == expected


def test_an_asset_of_bare_necessities() -> None:
    asset = asset_from_json(ASSET)
    assert (asset.exif, asset.tags, asset.people) == (None, None, None)
    assert asset.visibility is Visibility.UNKNOWN


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("type", "HOLOGRAM", "type", AssetType.OTHER),
        ("visibility", "upside-down", "visibility", Visibility.UNKNOWN),
        ("isFavorite", "yes", "is_favorite", False),
        ("duration", "long", "duration", None),
        ("fileCreatedAt", "never", "file_created_at", None),
        ("localDateTime", "9999-12-31T23:59:59.999-11:00", "local_date_time", None),
        ("stack", None, "stack_id", None),
        ("stack", {"id": "s"}, "stack_id", "s"),
        ("tags", [], "tags", ()),
    ],
)
def test_values_nobody_announced(field: str, value: object, attribute: str, expected: object) -> None:
    assert getattr(asset_from_json({**ASSET, field: value}), attribute) == expected


def test_an_empty_list_of_people_says_nothing_unless_it_does() -> None:
    assert asset_from_json({**ASSET, "people": []}).people is None
    assert asset_from_json({**ASSET, "people": []}, tells_people=True).people == ()
    assert asset_from_json(ASSET, tells_people=True).people is None
    (person,) = asset_from_json({**ASSET, "people": [{"id": "p", "name": None}]}).people or ()
    assert (person.id, person.name) == ("p", "")


def test_orientation_and_zone_are_what_the_server_names() -> None:
    for value, expected in (("6", 6), (6, 6), ("0", None), ("9", None), ("66", None), (None, None), ("", None)):
        assert exif_from_json({"orientation": value}).orientation == expected, value
    for value, zone in (("UTC+2", "UTC+2"), ("Europe/Paris", "Europe/Paris"), ("", None), (None, None), (2, None)):
        assert exif_from_json({"timeZone": value}).time_zone == zone, value


def test_the_time_of_the_file_is_not_the_time_it_was_taken() -> None:
    asset = asset_from_json({**ASSET, "fileModifiedAt": "2024-05-06T07:08:09.123Z"})
    assert asset.file_modified_at == datetime(2024, 5, 6, 7, 8, 9, 123_000, tzinfo=UTC)
    for missing in ({}, {"fileModifiedAt": None}, {"fileModifiedAt": "no time"}):
        item = {key: value for key, value in ASSET.items() if key != "fileModifiedAt"}
        assert asset_from_json({**item, **missing}).file_modified_at is None, missing


def test_a_person_whom_somebody_else_shares_counts_as_recognised() -> None:
    """People sharing of Immich 3.3, in the shape of its API description."""
    owner = {"id": "u-2", "name": "Bea", "email": "bea@example.com", "avatarColor": "pink", "profileImagePath": ""}
    sharer = owner | {"profileChangedAt": "2026-10-07T00:00:00.000Z", "role": "viewer"}
    person = {
        "id": "p-1",
        "name": "Anna",
        "birthDate": None,
        "thumbnailPath": "/data/p-1.jpeg",
        "isHidden": False,
        "otherPeople": [{"birthDate": None, "name": "Anna", "role": "viewer", "sharedById": "u-2"}],
        "sharedBy": [sharer],
        "sharedWith": [],
    }
    asset = asset_from_json({**ASSET, "people": [person]}, tells_people=True)
    assert asset.people == (Person("Anna", "p-1"),)
    assert AssetResponseDto.from_dict({**ASSET, "people": [person]}).people[0].name == "Anna"  # type: ignore[index]


@given(
    created=st.datetimes(timezones=st.just(UTC)),
    local=st.datetimes(timezones=st.just(UTC)),
    original=st.datetimes(),
    offset=st.integers(-24 * 60 + 1, 24 * 60 - 1),
)
def test_no_date_a_server_may_send_overflows(
    created: datetime, local: datetime, original: datetime, offset: int
) -> None:
    sent = f"{original.isoformat()}{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    dates = {"fileCreatedAt": created.isoformat(), "localDateTime": local.isoformat()}
    asset = asset_from_json({**ASSET, **dates, "exifInfo": {"dateTimeOriginal": sent}})
    assert asset.exif is not None
    for moment in (asset.file_created_at, asset.local_date_time, asset.exif.date_time_original, asset.date_with_zone):
        if moment is not None:
            assert abs(moment.astimezone(UTC) + timedelta(milliseconds=1) - moment) == timedelta(milliseconds=1)
    assert (asset.order_taken[0], asset.time_taken == "") == (
        asset.file_created_at is None,
        asset.local_date_time is None,
    )


def test_a_date_that_cannot_be_read_is_unknown_and_never_1970() -> None:
    dates = dict.fromkeys(("fileCreatedAt", "localDateTime"), "9999-12-31T23:59:59.999-11:00")
    asset = asset_from_json({**ASSET, **dates})
    assert (asset.file_created_at, asset.local_date_time, asset.local_offset) == (None, None, None)
    assert (asset.time_taken, asset.date_with_zone) == ("", None)
    dated = asset_from_json({**ASSET, **dict.fromkeys(dates, "2024-05-01T06:00:00Z")})
    assert sorted([asset, dated], key=lambda each: each.order_taken) == [dated, asset]
