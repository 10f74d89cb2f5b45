"""Waiting until the server's background jobs have worked in what was written.

Every write of an asset's fields or tags queues two jobs, one after the other: its sidecar is written, then its metadata is read again.
That replaces the whole list of tags and, before 2.4, the fields as well. A job that an earlier write queued takes back what was written
after it, up to seconds after the server has answered. So whoever reads a write back at once proves nothing.

The sign, measured on 2.3.1 and 3.1.0: the asset's ``updatedAt`` moves once more by the job. It must have been seen to move: at rest alone
it proves nothing, because on a busy server the job may run an hour later. After the move it must rest for a moment, and two reads must
agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from attrs import frozen

from immich_tools.immich.assets import EVERYWHERE, Assets
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import Asset

REST: Final = 1.0
"""Seconds without a move after which an asset counts as settled. Before 2.4 the first sidecar of an asset moves it once by itself."""
FIRST_LOOK: Final = 0.25
LONGEST_PAUSE: Final = 2.0
PATIENCE: Final = 300.0
"""Seconds in which at least one of the assets must move; else the server's queue is too long to wait for."""
FEW: Final = 25
"""So many assets are read one by one; more of them by a search for what was written lately."""
CLOCKS_APART: Final = timedelta(minutes=2)
"""How much the clocks of the server and its database may differ, and how long ago a write may have been."""
SAMPLE_EVERY: Final = 8

Waiting = Callable[[int], None]
"""Called with the number of assets that are still waited for."""


@frozen
class Settled:
    """Waits for the jobs of the server."""

    connection: Connection
    assets: Assets

    def read(self, ids: Iterable[str]) -> dict[str, Asset]:
        """The state of some assets at this moment, to wait from; those that are gone are missing."""
        wanted = sorted(set(ids))
        if len(wanted) <= FEW:
            return self.assets.read_each(wanted)
        found = self._lately(wanted)
        return found | self.assets.read_each([name for name in wanted if name not in found])

    def wait(self, before: Mapping[str, Asset], *, progress: Waiting | None = None) -> dict[str, Asset]:
        """Wait until the jobs of each asset have run: it has moved since `before`, and rests.

        The server's queues may be busy with other people's work; only the assets themselves count.

        :param before: by id, each asset as it was before it was written, or right after where the write itself moves it.
        :returns: the settled state of each asset, read singly, with its tags. An asset that did not settle in time, or is gone, is missing.
        """
        clock = self.connection.clock
        left = dict(before)
        settled: dict[str, Asset] = {}
        moved: dict[str, tuple[datetime | None, float]] = {}
        deadline, pause, rounds = clock.now() + PATIENCE, FIRST_LOOK, 0
        while left and clock.now() < deadline:
            if progress is not None:
                progress(len(left))
            clock.sleep(pause)
            rounds += 1
            now_there, gone = self._look(left, rounds)
            for name in gone:
                del left[name]
            now = clock.now()
            ready: list[str] = []
            for name, asset in now_there.items():
                if asset.updated_at == left[name].updated_at:
                    continue
                if name not in moved or moved[name][0] != asset.updated_at:
                    moved[name] = (asset.updated_at, now)
                    deadline = now + PATIENCE
                elif now - moved[name][1] >= REST:
                    ready.append(name)
            for name, asset in self.assets.read_each(sorted(ready)).items():
                # The second of two agreeing reads; one that has moved again is waited for further.
                if asset.updated_at == moved[name][0]:
                    settled[name] = asset
                    del left[name]
            is_moving = any(name in moved for name in left)
            pause = FIRST_LOOK * 2 if is_moving else min(pause * 1.5, LONGEST_PAUSE)
        if progress is not None:
            progress(0)
        return settled

    def _look(self, left: Mapping[str, Asset], rounds: int) -> tuple[dict[str, Asset], list[str]]:
        """The present state of the assets, as far as one look tells, and the ids of those that are gone."""
        found = {} if len(left) <= FEW else self._lately(left)
        # A database whose clock differs from the server's shows nothing in a search by time.
        is_sampled = len(left) > FEW and rounds % SAMPLE_EVERY == 0
        single = sorted(name for name in left if name not in found)[
            : FEW * rounds // SAMPLE_EVERY if is_sampled else FEW
        ]
        if len(left) > FEW and not is_sampled:
            single = []
        read = self.assets.read_each(single)
        return found | read, [name for name in single if name not in read]

    def _lately(self, wanted: Iterable[str]) -> dict[str, Asset]:
        date = self.connection.server_date
        if date is None:
            return {}
        since = parsedate_to_datetime(date) - CLOCKS_APART
        names = frozenset(wanted)
        written = self.assets.written_since(since, EVERYWHERE)
        return {name: asset for name, asset in written.items() if name in names}
