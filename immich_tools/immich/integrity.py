"""What the server itself found wrong with its files."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from immich_tools.errors import AccessDenied, IncompleteListing, RequestRefused
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.assets import NO_SUCH
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import Version


@frozen
class Integrity:
    """The report of the server's own integrity check (Immich 3; administrators' keys with the permission ``maintenance``)."""

    connection: Connection
    version: Callable[[], Version]

    def missing_paths(self) -> frozenset[str] | None:
        """The files that the server's last check did not find, as the server sees their paths: originals and derived files, of all users.

        The check takes every error of the disk for a missing file, and may have run long ago, or never: a path that is not in the report
        need not be there.

        :returns: None when there is no report, or the key may not read it.
        :raises IncompleteListing: the report could not be read to its end.
        """
        if not compat.checks_files(self.version()):
            return None
        try:
            return self._paths("missing_file")
        except AccessDenied:
            return None
        except RequestRefused as refusal:
            # An alpha feature: a later version may do without it.
            if refusal.status in NO_SUCH:
                return None
            raise

    def _paths(self, kind: str) -> frozenset[str]:
        paths: set[str] = set()
        cursors: set[str] = set()
        following: str | None = None
        while True:
            parameters = {"type": kind, "limit": self.connection.page_size} | (
                {} if following is None else {"cursor": following}
            )
            # Not among the operations of the base spec, so it is spelled out here.
            answer = self.connection.json({"method": "get", "url": "/admin/integrity/report", "params": parameters})
            paths.update(item["path"] for item in answer["items"])
            following = answer.get("nextCursor")
            if following is None:
                return frozenset(paths)
            if following in cursors:
                raise IncompleteListing(_("The server's integrity report has no end. Nothing was changed."))
            cursors.add(following)
