"""Links by which anybody may see some assets or an album."""

from __future__ import annotations

from attrs import frozen

from immich_sdk.api.shared_links import get_all_shared_links, get_shared_link_by_id
from immich_tools.errors import RequestRefused
from immich_tools.immich.assets import NO_SUCH
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import SharedLink


@frozen
class SharedLinks:
    """The links that the key's user made."""

    connection: Connection

    def all(self) -> list[SharedLink]:
        """Every link to single assets, by id; links to albums show whatever is in the album (permission ``sharedLink.read``).

        :raises AccessDenied: the key lacks the permission.
        """
        answer = self.connection.json(get_all_shared_links._get_kwargs())
        # The list tells of one asset of each link only (2.3.1 and 3.1.0), so each is read by itself.
        ids = sorted(item["id"] for item in answer if item["type"] == "INDIVIDUAL")
        return [link for link in self.connection.each(ids, self._read) if link is not None]

    def _read(self, link_id: str) -> SharedLink | None:
        try:
            answer = self.connection.json(get_shared_link_by_id._get_kwargs(id=link_id))
        except RequestRefused as refusal:
            if refusal.status in NO_SUCH:
                return None  # removed meanwhile
            raise
        return SharedLink(
            id=answer["id"],
            description=answer["description"] or "",
            created_on=str(answer["createdAt"])[:10],
            asset_ids=frozenset(asset["id"] for asset in answer["assets"]),
        )
