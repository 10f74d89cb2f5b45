"""Which pictures are shots of one series, and not copies of one shot: by their names and times. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from attrs import frozen

from immich_tools.duplicates.edits import without_copy_mark
from immich_tools.duplicates.rank import taken
from immich_tools.immich.models import Asset, AssetType

LONGEST_GAP: Final = timedelta(seconds=10)
"""Shots of one motif; copies whose clocks differ are mostly apart by whole hours."""
_BURST: Final = (
    # 00000IMG_00000_BURST20210704120000123_COVER.jpg (Google), DSC_0001_BURST20210704120000123.JPG (Sony)
    re.compile(r"(?P<shot>.*?)_?BURST(?P<burst>\d{8,})(?P<cover>.*)", re.IGNORECASE),
    # IMG_20210704_120000_BURST001_COVER.jpg (Huawei, Motorola, LG), PXL_20210704_120000123.BURST-01.COVER.jpg (Pixel)
    re.compile(r"(?P<burst>.+?)[_.\-]?BURST-?(?P<shot>\d{1,4})(?P<cover>.*)", re.IGNORECASE),
)
_NUMBER: Final = re.compile(r"(\d+)")


@frozen
class Shot:
    """A shot of a burst, as its name says.

    :ivar burst: the same for all shots of one burst.
    :ivar number: which of them it is.
    :ivar is_cover: the phone chose it to stand for the burst.
    """

    burst: str
    number: str
    is_cover: bool


def shot_of(name: str) -> Shot | None:
    """The shot of a burst that a file's name tells of; None for other names."""
    stem = _stem(name)
    for pattern in _BURST:
        if found := pattern.fullmatch(stem):
            return Shot(found["burst"].casefold(), found["shot"].casefold(), "COVER" in found["cover"].upper())
    return None


def are_of_one_series(one: Asset, other: Asset) -> bool:
    """Whether two pictures are two shots: of one burst, or with running numbers and times that no copying explains."""
    shots = shot_of(one.original_file_name), shot_of(other.original_file_name)
    if shots[0] is not None and shots[1] is not None:
        return shots[0].burst == shots[1].burst and shots[0].number != shots[1].number
    dates = taken(one), taken(other)
    return (
        dates[0] is not None
        and dates[1] is not None
        and _are_numbered_alike(one.original_file_name, other.original_file_name)
        and _are_two_moments(dates[0], dates[1])
    )


def has_series(assets: Sequence[Asset]) -> bool:
    """Whether any two of some assets are shots of one series."""
    return any(are_of_one_series(one, other) for one, other in combinations(_images(assets), 2))


def is_series(assets: Sequence[Asset]) -> bool:
    """Whether some assets are shots of one series and nothing else: no two of them may be copies of one shot."""
    if len(_images(assets)) != len(assets):
        return False
    shots = [shot_of(asset.original_file_name) for asset in assets]
    bursts = {None if shot is None else shot.burst for shot in shots}
    if len(bursts) != 1:
        return False
    if None not in bursts:
        return len({shot.number for shot in shots if shot is not None}) == len(shots)
    names = [asset.original_file_name for asset in assets]
    dates = [date for asset in assets if (date := taken(asset)) is not None]
    return (
        len(dates) == len(assets)
        and all(_are_numbered_alike(one, other) for one, other in combinations(names, 2))
        and all(_differ(one, other) for one, other in combinations(dates, 2))
    )


def is_cover(asset: Asset) -> bool:
    """Whether the phone chose this shot to stand for its burst."""
    shot = shot_of(asset.original_file_name)
    return shot is not None and shot.is_cover


def _images(assets: Sequence[Asset]) -> list[Asset]:
    return [asset for asset in assets if asset.type is AssetType.IMAGE]


def _stem(name: str) -> str:
    stem, dot, _extension = name.rpartition(".")
    return without_copy_mark(stem if dot and stem else name)


def _are_numbered_alike(one: str, other: str) -> bool:
    """Whether two names differ in numbers alone, whatever their extensions."""
    first, second = (_NUMBER.split(_stem(name).casefold()) for name in (one, other))
    return first != second and first[::2] == second[::2]


def _are_two_moments(one: datetime, other: datetime) -> bool:
    return _differ(one, other) and abs(one - other) <= LONGEST_GAP


def _differ(one: datetime, other: datetime) -> bool:
    """Whether two times are apart by more than a copy that lost digits of its fraction of a second explains."""
    return abs(one - other) >= max(_last_digit(one), _last_digit(other))


def _last_digit(time: datetime) -> timedelta:
    """What the last digit of a time that is not zero stands for, of those after the point: a second where there are none."""
    unit = 1
    while time.microsecond % (unit * 10) == 0 and unit < 1_000_000:
        unit *= 10
    return timedelta(microseconds=unit)
