"""Dates that say nothing about when a photo was taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.placeholder_dates import is_placeholder

PLACEHOLDERS = (
    "0001-01-01T00:00:00Z",
    "0840-01-01T00:00:00Z",
    "1601-01-01T00:00:00Z",
    "1825-12-31T23:59:59Z",
    "1904-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00Z",
    "1970-01-01T00:00:00+10:00",
    "1970-01-01T13:59:00-10:00",
    "1980-01-01T00:00:00Z",
    "1980-01-01T00:00:00+01:00",
    "1980-01-01T17:12:00Z",
    "1980-01-06T00:00:19Z",
    "2000-01-01T00:00:00Z",
    "2000-01-01T00:00:00-08:00",
    "2001-01-01T00:00:00Z",
    "2002-12-08T12:00:00Z",
    "2002-12-08T12:00:00+02:00",
    "2012-01-01T00:00:00Z",
    "2012-01-01T00:00:59+01:00",
    "2038-01-19T03:14:07Z",
    "2106-02-07T06:28:15Z",
    "9999-12-31T23:59:59Z",
)
DATES = (
    "1826-06-01T00:00:00Z",
    "1839-08-19T00:00:00Z",
    "1900-01-01T00:00:00Z",
    "1970-01-03T12:00:00Z",
    "1975-01-01T00:00:00Z",
    "1979-12-30T12:00:00Z",
    "1980-01-04T12:00:00Z",
    "1985-01-01T00:00:00Z",
    "2000-01-01T00:01:00Z",
    "2012-01-01T00:20:00+01:00",
    "2012-01-01T15:00:00Z",
    "2013-01-01T00:00:00Z",
    "2021-07-04T12:00:00Z",
)


@pytest.mark.parametrize(("dates", "expected"), [(PLACEHOLDERS, True), (DATES, False)])
def test_what_is_a_placeholder(dates: tuple[str, ...], expected: bool) -> None:
    wrong = [date for date in dates if is_placeholder(datetime.fromisoformat(date)) is not expected]
    assert wrong == []


@given(
    local=st.sampled_from([datetime(1970, 1, 1), datetime(1980, 1, 1), datetime(1980, 1, 6), datetime(2000, 1, 1)]),  # noqa: DTZ001
    hours=st.integers(-12, 14),
)
def test_a_placeholder_in_any_zone_is_one(local: datetime, hours: int) -> None:
    """Immich takes a date without a zone for one of the server's zone."""
    date = local.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert is_placeholder(date)
    if local.year < 2000:
        assert is_placeholder(date.astimezone(UTC)), "also where the zone is lost"
