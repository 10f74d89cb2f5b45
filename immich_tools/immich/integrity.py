"""What the server itself found wrong with its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus

from attrs import frozen

from immich_tools.errors import AccessDenied, IncompleteListing, RequestRefused
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import Json, parse_time
from immich_tools.immich.models import MissingFile, Report, Version


@frozen
class Integrity:
    """The report of the server's own integrity check (Immich 3; administrators' keys with the permission ``maintenance``)."""

    connection: Connection
    version: Callable[[], Version]

    def missing_files(self) -> Report:
        """The files that the server's last check did not find: originals and derived files, of all users.

        The check takes every error of the disk for a missing file, and may have run long ago, or never: a path that is not in the report
        need not be there.

        :returns: a report that was not read, with the reason, where the server has none or the key may not read it.
        :raises IncompleteListing: the report could not be read to its end.
        :raises RequestRefused: the server refused the request as wrong, which says nothing about whether there is a report.
        """
        version = self.version()
        if not compat.checks_files(version):
            return Report(reason=_("Immich {version} has none").format(version=version))
        try:
            return Report(tuple(self._items("missing_file")), was_read=True)
        except AccessDenied as denial:
            return Report(reason=str(denial).removesuffix("."))
        except RequestRefused as refusal:
            # An alpha feature: a later version may do without it.
            if refusal.status == HTTPStatus.NOT_FOUND:
                return Report(reason=_("Immich {version} has none").format(version=version))
            raise

    def _items(self, kind: str) -> Iterator[MissingFile]:
        cursors: set[str] = set()
        parameters = {"type": kind}
        while True:
            # Not among the operations of the base spec, so it is spelled out here. Without a limit: before 3.3 every one is refused.
            answer = self.connection.json({"method": "get", "url": "/admin/integrity/report", "params": parameters})
            yield from map(_missing_file, answer["items"])
            following = answer.get("nextCursor")
            if following is None:
                return
            if following in cursors:
                raise IncompleteListing(_("The server's integrity report has no end. Nothing was changed."))
            cursors.add(following)
            parameters = {"type": kind, "cursor": following}


def _missing_file(item: Json) -> MissingFile:
    return MissingFile(path=item["path"], asset_id=item.get("assetId"), reported_at=parse_time(item.get("createdAt")))
