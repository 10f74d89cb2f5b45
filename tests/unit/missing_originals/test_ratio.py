"""The guards: what trips, for each root and for all, alone and together with earlier runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.missing_originals.memory import Memory, Trashed
from immich_tools.missing_originals.ratio import Count, Limits, objections
from tests.unit.missing_originals.build import TODAY


@pytest.mark.parametrize(
    ("counts", "limits", "words"),
    [
        ({"/a": Count(100, 10)}, Limits(), []),
        ({"/a": Count(100, 11)}, Limits(), ["11 missing of 100 originals of /a are 11.0 %, more than the 10 % allowed"]),
        ({"/a": Count(0, 0)}, Limits(), []),
        ({}, Limits(), []),
        ({"/a": Count(1000, 1), "/b": Count(5, 5)}, Limits(), ["of /b are 100.0 %"]),
        ({"/a": Count(100, 9), "/b": Count(100, 9)}, Limits(0.1), []),
        ({"/a": Count(91, 8, 9)}, Limits(), ["8 missing and 9 trashed by earlier runs of 100 originals of /a are 17.0 %"]),
        ({"/a": Count(90, 0, 10), "/b": Count(100, 10)}, Limits(), []),
        ({"/a": Count(50, 0, 50), "/b": Count(100, 10)}, Limits(), ["in all are 30.0 %"]),
        ({"/a": Count(50, 0, 50)}, Limits(), []),
        ({"/a": Count(100, 100)}, Limits(1.0), []),
        ({"/a": Count(100, 1)}, Limits(0.0), ["more than the 0 % allowed"]),
        ({"/a": Count(100, 5), "/b": Count(100, 5)}, Limits(number=10), []),
        ({"/a": Count(100, 5), "/b": Count(100, 6)}, Limits(number=10), ["11 originals are missing, more than the 10 allowed"]),
        ({"/a": Count(100, 1, 10)}, Limits(0.5, number=10), ["11 originals are missing"]),
        ({"/a": Count(100, 20)}, Limits(number=10), ["(--max-missing-ratio)", "(--max-missing)"]),
    ],
)  # fmt: skip
def test_what_trips(counts: dict[str, Count], limits: Limits, words: list[str]) -> None:
    found = objections(counts, limits)
    assert len(found) == len(words)
    for objection, expected in zip(found, words, strict=True):
        assert expected in objection


def nights(population: int, percent: int, *, limits: Limits, window: int = 30, pause: int = 1) -> list[int]:
    """How many assets go in each of ten nights in which a disk loses a part of what is left."""
    trashed: dict[str, Trashed] = {}
    left, gone = population, []
    for night in range(10):
        today = TODAY + timedelta(days=pause * night)
        lost = len(list(Memory(trashed).lost(today, window, frozenset())))
        missing = left * percent // 100
        if objections({"/a": Count(left, missing, lost)}, limits):
            gone.append(0)
            continue
        trashed |= {f"{night}-{number}": Trashed(today, "/a/x.jpg") for number in range(missing)}
        left -= missing
        gone.append(missing)
    return gone


def test_a_disk_that_loses_nine_percent_a_night_is_stopped_on_the_second() -> None:
    assert nights(1000, 9, limits=Limits()) == [90, *[0] * 9]


def test_without_a_window_it_would_not_be() -> None:
    assert nights(1000, 9, limits=Limits(), window=0) == [90, 81, 74, 67, 61, 56, 51, 46, 42, 38]


def test_what_left_the_window_counts_no_more() -> None:
    assert nights(1000, 9, limits=Limits(), window=30, pause=30) == [90, 81, 74, 67, 61, 56, 51, 46, 42, 38]


@given(
    st.integers(1, 2000),
    st.integers(0, 100),
    st.integers(0, 60),
    st.sampled_from([0.0, 0.05, 0.1, 0.5]),
    st.integers(1, 9),
)
def test_within_a_window_no_more_than_the_limit_ever_goes(
    population: int, percent: int, window: int, ratio: float, pause: int
) -> None:
    gone = nights(population, percent, limits=Limits(ratio), window=window, pause=pause)
    for night in range(10):
        first = max(0, night - (window - 1) // pause) if window else night
        before = population - sum(gone[:first])
        assert sum(gone[first : night + 1]) <= ratio * before + 1e-9


def test_more_missing_never_calms_a_guard() -> None:
    for missing in range(100):
        count = Count(100, missing, 3)
        if objections({"/a": count}, Limits()):
            assert objections({"/a": evolve(count, missing=missing + 1)}, Limits())
