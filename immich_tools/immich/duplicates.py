"""The server's groups of duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from attrs import frozen

from immich_sdk.api.duplicates import delete_duplicates, get_asset_duplicates
from immich_sdk.models.bulk_ids_dto import BulkIdsDto
from immich_tools.immich import compat
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import asset_from_json
from immich_tools.immich.models import DuplicateGroup, Version

# One answer carries every group: 40 MB and some seconds for 10,000 groups (measured on 2.3.1).
LONG: Final = 300.0


Resolution: TypeAlias = tuple[str, Sequence[str], Sequence[str]]
"""What to do with one group: its id, the members to keep and those to trash; together all of it."""


@frozen
class Unresolved:
    """Why the server did not resolve a group.

    :ivar is_invalid: it counts other members than were named. It counts those of all owners, while its list shows the user's own (3.1.0).
    """

    reason: str
    is_invalid: bool = False


@frozen
class Duplicates:
    """The duplicate groups of the key's user."""

    connection: Connection
    version: Callable[[], Version]

    @property
    def can_resolve(self) -> bool:
        """Whether the server has `resolve` (Immich 2.7 on)."""
        return compat.resolves_duplicates(self.version())

    def groups(self) -> list[DuplicateGroup]:
        """Every group of two or more: own assets, neither trashed nor stacked, of timeline and archive; with exif.

        Sorted by id, members too: the server's order is not stable.
        """
        answer = self.connection.json(get_asset_duplicates._get_kwargs(), timeout=max(LONG, self.connection.timeout))
        groups = [
            DuplicateGroup(
                id=item["duplicateId"],
                assets=tuple(sorted(map(asset_from_json, item["assets"]), key=lambda asset: asset.id)),
                suggested_keep_ids=tuple(item.get("suggestedKeepAssetIds") or ()),
            )
            for item in answer
        ]
        return sorted((group for group in groups if len(group.assets) > 1), key=lambda group: group.id)

    def dismiss(self, duplicate_ids: Sequence[str]) -> None:
        """Say that groups are no duplicates; their assets stay.

        :raises RequestRefused: a group is unknown or dissolved already (Immich 3: then none is done; Immich 2 does the others).
        """
        body = BulkIdsDto(ids=list(duplicate_ids))
        self.connection.send(delete_duplicates._get_kwargs(body=body))

    def resolve(self, resolutions: Sequence[Resolution]) -> dict[str, Unresolved | None]:
        """Let the server trash the losers of groups and dissolve these (Immich 2.7 on).

        The server also merges what the losers have into a single keeper: whoever must know what that gives transfers first.

        :returns: duplicate id → None when done, else why not.
        :raises RequestRefused: a group is unknown or resolved already; then none of the call is done.
        """
        groups = [
            {"duplicateId": group_id, "keepAssetIds": list(kept), "trashAssetIds": list(trashed)}
            for group_id, kept, trashed in resolutions
        ]
        # Not among the operations of the base spec, so it is spelled out here.
        answer = self.connection.json(
            {"method": "post", "url": "/duplicates/resolve", "json": {"groups": groups}},
            timeout=max(LONG, self.connection.timeout),
        )
        return {
            each["id"]: None
            if each["success"]
            else Unresolved(str(each.get("errorMessage") or each.get("error")), each.get("error") == "validation")
            for each in answer
        }
