"""The fields of an asset that a change may write: their values, and when two values mean the same. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from immich_tools.i18n import _
from immich_tools.immich.convert import parse_time
from immich_tools.immich.models import Asset, Exif, Place, Visibility

PLACE_TOLERANCE: Final = 1e-6
"""Degrees; a tenth of a metre."""


class AssetField(Enum):
    """A field of an asset that a change may write."""

    DESCRIPTION = "description"
    RATING = "rating"
    FAVORITE = "is_favorite"
    DATE = "date_time_original"
    PLACE = "place"
    VISIBILITY = "visibility"


FIELD_WORDS: Final = {
    AssetField.DESCRIPTION: _("description"),
    AssetField.RATING: _("rating"),
    AssetField.FAVORITE: _("favourite"),
    AssetField.DATE: _("date"),
    AssetField.PLACE: _("place"),
    AssetField.VISIBILITY: _("visibility"),
}
FieldValue: TypeAlias = str | int | bool | Place | Visibility | None
"""A field's value; a date is text with its offset (ISO 8601), None is nothing."""


def field_value(asset: Asset, field: AssetField) -> FieldValue:
    """What an asset holds in a field, as `SetField` writes it."""
    exif = asset.exif or Exif()
    date = asset.date_with_zone
    values: dict[AssetField, FieldValue] = {
        AssetField.DESCRIPTION: exif.description,
        AssetField.RATING: exif.rating,
        AssetField.FAVORITE: asset.is_favorite,
        AssetField.DATE: None if date is None else date.isoformat(),
        AssetField.PLACE: exif.place,
        AssetField.VISIBILITY: asset.visibility,
    }
    return values[field]


def same_value(field: AssetField, one: FieldValue, other: FieldValue) -> bool:
    """Whether two values of a field mean the same: moments to the second, places to a tenth of a metre, texts without outer spaces."""
    if field is AssetField.PLACE and isinstance(one, Place) and isinstance(other, Place):
        apart = max(abs(one.latitude - other.latitude), abs(one.longitude - other.longitude))
        return apart <= PLACE_TOLERANCE
    if field is AssetField.DATE:
        first, second = parse_time(one), parse_time(other)
        return first == second if first is None or second is None else abs((first - second).total_seconds()) < 1
    if field is AssetField.DESCRIPTION:
        return str(one or "").strip() == str(other or "").strip()
    if field is AssetField.RATING:
        return (one or None) == (other or None)  # Immich 2 cannot write null; it stores 0 and shows no star
    return one == other


def value_words(value: FieldValue) -> str:
    """A value for a person."""
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Place):
        return f"{value.latitude:.4f} {value.longitude:.4f}"
    if isinstance(value, Visibility):
        return value.value
    return f"'{value}'" if isinstance(value, str) else str(value)
