"""Writing the journal of a run: JSON lines, from which a run killed at any moment can be resumed or undone.

The plan is written first, then for each batch what is about to be sent (synced to the disk before it is sent) and what came of it. Times
and names of files are the only things here that are not in the plan. A journal holds no key.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from immich_tools.disk.atomic import sync_folder
from immich_tools.disk.lock import LockTaken, drop_lock, is_locked, take_lock
from immich_tools.errors import ToolkitError, UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.codec import to_line
from immich_tools.plan.expected import Expected
from immich_tools.plan.journal import SUFFIX, UNDO, Run
from immich_tools.plan.journal_lines import (
    FORMAT,
    AlbumsSeen,
    AssetsSeen,
    CoversSeen,
    End,
    Intent,
    Line,
    Numbering,
    Outcomes,
    Resumed,
    TagsSeen,
    line_to_json,
)
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result
from immich_tools.plan.storage import plan_to_json

_UNFIT_FOR_A_NAME: Final = re.compile(r"[^a-z0-9]+")

LOCK: Final = ".lock"


@contextmanager
def exclusive_lock(folder: Path, user_id: str) -> Iterator[None]:
    """Let one program at a time change a user's library: two plans that keep different copies would together keep none.

    :param folder: where the journals are; programs with different folders, or on different machines, do not see each other.
    :raises UsageError: another one is at it, or the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = take_lock(folder / f"{_UNFIT_FOR_A_NAME.sub('-', user_id.lower())}{LOCK}")
    except LockTaken:
        raise UsageError(_("Another run is changing this user's library. Wait until it has ended.")) from None
    except OSError as error:
        raise UsageError(
            _(
                "The folder {path} cannot be written to: {reason}. Set HOME, XDG_STATE_HOME or, for journals, --journal-folder."
            ).format(path=folder, reason=error.strerror)
        ) from None
    try:
        yield
    finally:
        lock.release()


class JournalWriteError(ToolkitError):
    """The journal cannot be written any more (a full disk, say); from then on nothing may be sent."""


class Journal:
    """Writes one run's journal; every line is whole or missing."""

    def __init__(self, run_id: str, path: Path, plan: Plan, mode: str) -> None:
        self.run_id = run_id
        self.path = path
        self._plan = Numbering(plan.changes)
        self._lock = threading.Lock()
        self._lost = ""
        try:
            self._run_lock = take_lock(_lock_of(path))
        except LockTaken:
            raise _in_progress(run_id) from None
        except OSError as error:
            raise _unwritable(path, error) from None
        try:
            self._file = os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_EXCL if mode == "x" else os.O_APPEND), 0o600), "ab"
            )
        except OSError as error:
            drop_lock(self._run_lock)
            raise _unwritable(path, error) from None

    @classmethod
    def create(
        cls, folder: Path, plan: Plan, *, server: str, permanent: str | None, undoes: str | None, user: str = ""
    ) -> Self:
        """Begin the journal of a new run.

        :param user: name of the user whose assets it changes.
        :raises UsageError: the folder cannot be written to; nothing has been changed then.
        """
        now = datetime.now(UTC)
        # The name of a tool may come from a document that somebody wrote; it becomes part of a file's name.
        tool = UNDO if undoes else _UNFIT_FOR_A_NAME.sub("-", plan.tool.lower())[:40].strip("-") or "plan"
        run_id = f"{now:%Y%m%d-%H%M%S}-{tool}-{secrets.token_hex(3)}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(
                _("The folder {path} for journals cannot be made: {reason}.").format(path=folder, reason=error.strerror)
            ) from None
        journal = cls(run_id, folder / f"{run_id}{SUFFIX}", plan, "x")
        values = {name: value for name, value in plan_to_json(plan).items() if name != "schema"}
        head = {
            "run": run_id,
            "started": now.isoformat(),
            "server": server,
            "user": user,
            "permanent": permanent,
            "undoes": undoes,
        }
        try:
            journal._write({"event": "start", "format": FORMAT, **head, "plan": values}, sync=True)
        except JournalWriteError as lost:
            journal.close()
            journal.path.unlink(missing_ok=True)
            raise UsageError(str(lost)) from None
        sync_folder(folder)  # the file's name must survive a crash as well as its content
        return journal

    @classmethod
    def reopen(cls, run: Run) -> Self:
        """Go on with the journal of a run that was cut short; nobody else can do so as long as it is open.

        :raises UsageError: the run is in progress in another process, or the journal cannot be written.
        """
        return cls(run.id, run.path, run.plan, "a")

    def resume(self) -> None:
        """Say that the run goes on."""
        self._end_torn_line()
        self._add(Resumed(datetime.now(UTC).isoformat()), sync=True)

    def intend(self, change_ids: Iterable[str]) -> None:
        """Say what is about to be sent; returns when that is on the disk.

        :raises JournalWriteError: it is not; nothing may be sent.
        """
        self._add(Intent(self._plan.ranges(change_ids)), sync=True)

    def record_albums(self, albums: Collection[str] | None, gone: Mapping[str, Sequence[str]]) -> None:
        """Say what was seen of albums right before some are made or deleted; see `effects.album_creation`.

        :param albums: ids of all albums there are; None when none is to be made.
        :param gone: by change id, the assets that have left an album which is to be deleted.
        :raises JournalWriteError: it is not on the disk.
        """
        known = None if albums is None else tuple(sorted(albums))
        self._add(AlbumsSeen(known, self._plan.parts(gone)), sync=True)

    def record_assets(self, before: Mapping[str, Asset]) -> None:
        """Say what assets held before anything was written to them; see `settling`.

        :raises JournalWriteError: it is not on the disk.
        """
        self._add(AssetsSeen.of({name: Expected.of(asset) for name, asset in before.items()}), sync=True)

    def record_covers(self, covers: Mapping[str, str]) -> None:
        """Say which albums have a cover that is about to be trashed: album id → asset id.

        :raises JournalWriteError: it is not on the disk.
        """
        self._add(CoversSeen(covers), sync=True)

    def record_tags(self, missing: Collection[str], carried: Mapping[str, Sequence[str]]) -> None:
        """Say what was seen of tags right before assets are tagged or untagged; see `effects.tags`.

        :param missing: values of the tags that are needed and are not there.
        :param carried: by change id, those of its assets that carry the tag already.
        :raises JournalWriteError: it is not on the disk.
        """
        self._add(TagsSeen(tuple(sorted(missing)), self._plan.parts(carried)), sync=True)

    def conclude(self, results: Mapping[str, Result]) -> None:
        """Say what came of changes; a later word on a change counts.

        :raises JournalWriteError: it could not be written; reading the server tells the same.
        """
        if not results:
            return
        self._add(Outcomes.of(results, self._plan), sync=False)

    def finish(self) -> None:
        """Say that the run came to its end."""
        self._add(End(datetime.now(UTC).isoformat()), sync=True)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # what could not be written before cannot be written now; that was said then
            self._file.close()
        drop_lock(self._run_lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, line: Line, *, sync: bool) -> None:
        self._write(line_to_json(line), sync=sync)

    def _write(self, line: Mapping[str, Any], *, sync: bool) -> None:
        with self._lock:
            if self._lost:
                raise JournalWriteError(self._lost)
            try:
                self._file.write(to_line(line, is_dense=True).encode() + b"\n")
                self._file.flush()
                if sync:
                    os.fsync(self._file.fileno())
            except OSError as error:
                # A second attempt could glue two lines together, so there is none.
                self._lost = str(_unwritable(self.path, error))
                raise JournalWriteError(self._lost) from None

    def _end_torn_line(self) -> None:
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(_("The journal {path} cannot be written: {reason}.").format(path=path, reason=error.strerror))


def _in_progress(run_id: str) -> UsageError:
    return UsageError(_("Run {run} is in progress in another process.").format(run=run_id))


def _lock_of(journal: Path) -> Path:
    # Not the journal itself: nothing may write to that but lines. Without this file nobody works on the run.
    return journal.with_name(journal.name.removesuffix(SUFFIX) + LOCK)


def check_idle(run: Run) -> None:
    """:raises UsageError: another program is carrying out `run` at this moment, or that cannot be found out."""
    path = _lock_of(run.path)
    try:
        is_busy = is_locked(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    if is_busy:
        raise _in_progress(run.id)
