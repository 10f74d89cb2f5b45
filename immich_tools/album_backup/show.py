"""What a person, or a program, sees of a backup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import asdict, define, field

from immich_tools.album_backup.backup import CarriedOut, Event, Planned, Progressed, Waited
from immich_tools.album_backup.choices import Stage
from immich_tools.errors import IncompleteListing
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Album
from immich_tools.plan.executor import ProgressCallback
from immich_tools.plan.model import Skip
from immich_tools.report.output import Output
from immich_tools.report.text import size
from immich_tools.settings.streams import printable

_TITLES = {
    Stage.COPY: _("Copying"),
    Stage.SCAN: _("Asking for a scan"),
    Stage.FINISH: _("Finishing"),
}


@define
class Show:
    """Prints the events of a backup: tables and messages, or JSON lines."""

    output: Output
    _watchers: dict[Stage, ProgressCallback | None] = field(factory=dict)
    _skips: set[Skip] = field(factory=set)
    _shown: tuple[int, int] = (-1, -1)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Planned):
            self._planned(event)
        elif isinstance(event, CarriedOut):
            self.output.outcome(event.outcome)
        elif isinstance(event, Progressed):
            self._progress(event)
        else:
            self._waited(event)

    def _planned(self, event: Planned) -> None:
        """Print a plan that says something new: the last stage is planned several times."""
        skips = set(event.plan.skips)
        if event.plan.changes or not skips <= self._skips:
            self.output.plan(event.plan)
        self._skips |= skips
        self._watchers[event.stage] = self.output.watcher(_TITLES[event.stage])

    def _progress(self, event: Progressed) -> None:
        if self.output.is_json:
            self.output.line(progress_line(event))
        watcher = self._watchers.get(event.stage)
        if watcher is not None:
            watcher(event.progress)

    def _waited(self, event: Waited) -> None:
        state = (event.appeared, event.expected)
        if state == self._shown or not event.expected:
            return
        self._shown = state
        if self.output.is_json:
            self.output.line({"message_type": "waiting", **asdict(event)})
        self.output.say(
            _("{appeared} of {expected} copies have appeared in Immich.").format(
                appeared=event.appeared, expected=event.expected
            )
        )


def progress_line(event: Progressed) -> dict[str, Any]:
    """Progress as JSON values."""
    return {
        "message_type": "progress",
        "stage": event.stage.value,
        **asdict(event.progress),
        "bytes_per_second": None if event.rate is None else round(event.rate),
        "seconds_left": None if event.seconds_left is None else round(event.seconds_left, 1),
    }


def list_albums(immich: Immich, output: Output) -> None:
    """Print the albums by name, the last one first, as the older tool's page offered them."""
    albums = sorted(immich.albums.all(), key=lambda album: (album.name, album.id), reverse=True)
    sizes = immich.connection.each(albums, lambda album: _bytes_in(immich, album))
    for album, held in zip(albums, sizes, strict=True):
        first, last = _day(album.start), _day(album.end)
        if output.is_json:
            values = {"id": album.id, "name": album.name, "assets": album.asset_count}
            output.line({"message_type": "album", **values, "start": first, "end": last, "bytes": held})
        else:
            days = f"{first or '-':<10}  {last or '-':<10}"
            weight = _("unknown") if held is None else size(held)
            output.text(f"{album.id}  {album.asset_count:>7}  {days}  {weight:>9}  {printable(album.name)}")


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.date().isoformat()


def _bytes_in(immich: Immich, album: Album) -> int | None:
    """The size of an album's files without motion videos; None where the server does not tell it of all members, such as of others'."""
    if not album.asset_count:
        return 0
    try:
        members = list(immich.assets.stream(AssetFilter(album_ids=(album.id,), with_exif=True), own=False))
    except IncompleteListing:
        return None
    sizes = [None if asset.exif is None else asset.exif.file_size for asset in members]
    known = [count for count in sizes if count is not None]
    return sum(known) if len(known) == len(sizes) == album.asset_count else None
