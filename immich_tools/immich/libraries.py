"""External libraries: folders of files that Immich shows and does not own. Only an administrator's key may read them."""

from __future__ import annotations

from attrs import frozen

from immich_sdk.api.libraries import get_all_libraries, get_library_statistics, scan_library
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import Json, parse_time
from immich_tools.immich.models import Library


@frozen
class Libraries:
    """The external libraries of all users."""

    connection: Connection

    def all(self) -> list[Library]:
        """Every library of every user, by id (permission ``library.read``).

        :raises AdministratorNeeded: the key is no administrator's.
        """
        answers = self.connection.json(get_all_libraries._get_kwargs())
        return sorted(map(library_from_json, answers), key=lambda library: library.id)

    def count_assets(self, library_id: str) -> int:
        """How many assets a library has, whatever their state, live photos counted once (permission ``library.statistics``).

        The list of libraries does not tell: its ``assetCount`` is always 0 (Immich 2.3.1 and 3.1.0).

        :raises RequestRefused: there is no such library.
        """
        return int(self.connection.json(get_library_statistics._get_kwargs(id=library_id))["total"])

    def scan(self, library_id: str) -> None:
        """Ask the server to look for new, changed and missing files (permission ``library.update``).

        It answers before it begins: the assets appear later, one after another. Asking twice does no harm.

        :raises AdministratorNeeded: the key is no administrator's.
        :raises RequestRefused: there is no such library.
        """
        self.connection.send(scan_library._get_kwargs(id=library_id))


def library_from_json(item: Json) -> Library:
    """A library of ``GET /libraries``."""
    return Library(
        id=item["id"],
        name=item["name"],
        owner_id=item["ownerId"],
        import_paths=tuple(item["importPaths"]),
        exclusion_patterns=tuple(item["exclusionPatterns"]),
        refreshed_at=parse_time(item.get("refreshedAt")),
    )
