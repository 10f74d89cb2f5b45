"""Live photos whose stills point to each other's videos are put straight before a copy goes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.duplicates.live_photos import relinks
from immich_tools.immich.models import Asset
from tests.unit.duplicates.conftest import build_asset

ARCHIVE, UPLOAD = "archive", None


def still(name: str, library: str | None, video: str | None) -> Asset:
    return build_asset(f"{name}.heic", library_id=library, live_photo_video_id=video)


def videos(**libraries: str | None) -> Mapping[str, Asset]:
    return {name: build_asset(f"{name}.mov", library_id=library) for name, library in libraries.items()}


KEPT = still("kept", ARCHIVE, "theirs")
TABLE: list[tuple[str, Asset, Asset, Mapping[str, str | None], dict[str, str | None]]] = [
    ("straight", still("k", ARCHIVE, "a"), still("l", UPLOAD, "u"), {"a": ARCHIVE, "u": UPLOAD}, {}),
    ("crossed", still("k", ARCHIVE, "u"), still("l", UPLOAD, "a"), {"a": ARCHIVE, "u": UPLOAD}, {"k": "a", "l": "u"}),
    ("taken", still("k", ARCHIVE, None), still("l", UPLOAD, "a"), {"a": ARCHIVE}, {"k": "a", "l": None}),
    ("both at one", still("k", ARCHIVE, "a"), still("l", UPLOAD, "a"), {"a": ARCHIVE}, {"l": None}),
    ("kept has nothing else", still("k", ARCHIVE, "u"), still("l", UPLOAD, None), {"u": UPLOAD}, {"l": "u"}),
    ("video unknown", still("k", ARCHIVE, "a"), still("l", UPLOAD, "x"), {"a": ARCHIVE}, {}),
    ("no live photos", still("k", ARCHIVE, None), still("l", UPLOAD, None), {}, {}),
]


@pytest.mark.parametrize(
    ("kept", "loser", "known", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_each_still_gets_the_video_of_its_own_library(
    kept: Asset, loser: Asset, known: Mapping[str, str | None], wanted: dict[str, str | None]
) -> None:
    assert {each.still.id: each.after for each in relinks((kept,), (loser,), videos(**known))} == wanted


@given(
    st.lists(
        st.tuples(st.sampled_from([ARCHIVE, UPLOAD, "other"]), st.sampled_from(["a", "u", "o", None])),
        min_size=2,
        max_size=5,
    )
)
def test_no_copy_that_goes_points_to_a_video_of_another_library(drawn: list[tuple[str | None, str | None]]) -> None:
    known = videos(a=ARCHIVE, u=UPLOAD, o="other")
    kept, *losers = [still(f"s{number}", library, video) for number, (library, video) in enumerate(drawn)]
    found = {each.still.id: each.after for each in relinks((kept,), losers, known)}
    for loser in losers:
        after = evolve(loser, live_photo_video_id=found.get(loser.id, loser.live_photo_video_id)).live_photo_video_id
        assert after is None or known[after].library_id == loser.library_id
    assert relinks((kept,), losers, known) == relinks((kept,), tuple(reversed(losers)), known)
