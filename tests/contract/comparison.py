"""Compares a recorded body with the sandbox's: keys and JSON types everywhere, values where they tell what happened."""

from collections.abc import Iterator
from typing import Any

Json = Any

# Values that must be equal wherever both sides show the same object; everything else is compared by type.
TELLING = frozenset(
    {
        "albumName",
        "assetCount",
        "boundingBoxX1",
        "boundingBoxX2",
        "checksum",
        "count",
        "dateTimeOriginal",
        "description",
        "duplicateId",
        "duration",
        "email",
        "endDate",
        "error",
        "errors",
        "fileCreatedAt",
        "hasNextPage",
        "hasSharedLink",
        "hidden",
        "images",
        "importPath",
        "isActivityEnabled",
        "isAdmin",
        "isFavorite",
        "isHidden",
        "isOffline",
        "isTrashed",
        "isValid",
        "latitude",
        "livePhotoVideoId",
        "localDateTime",
        "longitude",
        "major",
        "message",
        "minor",
        "name",
        "nextPage",
        "order",
        "originalFileName",
        "originalPath",
        "patch",
        "permissions",
        "photos",
        "prerelease",
        "rating",
        "role",
        "shared",
        "startDate",
        "status",
        "statusCode",
        "success",
        "thumbhash",
        "timeZone",
        "total",
        "trash",
        "trashDays",
        "value",
        "videos",
        "visibility",
    }
)


def objects(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def type_name(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "null" if value is None else type(value).__name__


class Comparison:
    """Collects the differences between a recorded body and the sandbox's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.differences: list[str] = []

    def compare(self, recorded: Json, answered: Json, path: str = "$", *, is_same: bool = True) -> None:
        """Compare two values; `is_same` says that they describe one and the same object."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            self._compare_objects(recorded, answered, path, is_same=is_same)
        elif isinstance(recorded, list) and isinstance(answered, list):
            self._compare_lists(recorded, answered, path, is_same=is_same)
        elif self._differs(recorded, answered, path, is_same=is_same):
            self.differences.append(f"{path}: {recorded!r} recorded, {answered!r} answered")

    def _differs(self, recorded: Json, answered: Json, path: str, *, is_same: bool) -> bool:
        if type_name(recorded) != type_name(answered):
            return is_same or None not in (recorded, answered)
        return is_same and self._is_telling(path) and recorded != answered

    def _is_telling(self, path: str) -> bool:
        key = path.rsplit(".", 1)[-1].partition("[")[0]
        return key in TELLING or "errors" in path

    def _compare_objects(self, recorded: Json, answered: Json, path: str, *, is_same: bool) -> None:
        if recorded.keys() != answered.keys():
            missing, more = recorded.keys() - answered.keys(), answered.keys() - recorded.keys()
            self.differences.append(f"{path}: missing {sorted(missing)}, more {sorted(more)}")
        for key in recorded.keys() & answered.keys():
            self.compare(recorded[key], answered[key], f"{path}.{key}", is_same=is_same)

    def _compare_lists(self, recorded: list[Json], answered: list[Json], path: str, *, is_same: bool) -> None:
        if bool(recorded) != bool(answered):
            if is_same:
                self.differences.append(f"{path}: {len(recorded)} recorded, {len(answered)} answered")
            return
        by_id = {self._identity(item): item for item in answered}
        for index, item in enumerate(recorded):
            identity = self._identity(item)
            if identity is not None and identity in by_id:
                self.compare(item, by_id[identity], f"{path}[{index}]", is_same=is_same)
            else:
                other = answered[min(index, len(answered) - 1)]
                is_plain = not isinstance(item, dict) or identity is None
                self.compare(item, other, f"{path}[{index}]", is_same=is_same and is_plain)

    @staticmethod
    def _identity(item: Json) -> str | None:
        if not isinstance(item, dict):
            return None
        inner = item.get("user")
        return item.get("id") or item.get("duplicateId") or item.get("userId") or (inner and inner["id"])
