"""The journal of a run: JSON lines, from which a run killed at any moment can be resumed or undone.

The plan is written first, then for each batch what is about to be sent (synced to the disk before it is sent) and what came of it. Times
and names of files are the only things here that are not in the plan. A journal holds no key.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import field, frozen
from platformdirs import user_state_path

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.plan.document import Plan
from immich_tools.plan.outcome import Result, Status
from immich_tools.plan.storage import plan_from_json, plan_to_json

SUFFIX = ".jsonl"

if sys.platform == "win32":  # pragma: no cover

    def _lock(descriptor: int) -> None:
        """Windows has no such lock; there nothing keeps two programs from resuming one run at once."""

else:
    from fcntl import LOCK_EX, LOCK_NB, flock

    def _lock(descriptor: int) -> None:
        flock(descriptor, LOCK_EX | LOCK_NB)


def default_folder() -> Path:
    """Where journals are kept unless told otherwise: the user's state folder, in ``immich-toolkit/runs``."""
    return user_state_path("immich-toolkit") / "runs"


@frozen
class Run:
    """A run as its journal tells it.

    :ivar results: of the changes that were concluded.
    :ivar open_changes: sent, with nothing known of what came of it: the run was killed meanwhile.
    :ivar finished: whether the run came to its end.
    :ivar permanent: the sentence that was typed to allow deleting for good.
    :ivar undoes: id of the run that this one undoes.
    """

    id: str
    path: Path
    started: datetime
    server: str
    plan: Plan
    permanent: str | None = None
    undoes: str | None = None
    results: Mapping[str, Result] = field(factory=dict)
    open_changes: frozenset[str] = frozenset()
    finished: bool = False

    def with_status(self, status: Status) -> list[str]:
        """Ids of the changes with `status`, in the plan's order."""
        return [
            change.id
            for change in self.plan.changes
            if change.id in self.results and self.results[change.id].status is status
        ]


class Journal:
    """Writes one run's journal; every line is whole or missing."""

    def __init__(self, run_id: str, path: Path, mode: str) -> None:
        self.run_id = run_id
        self.path = path
        self._lock = threading.Lock()
        try:
            self._file = os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_EXCL if mode == "x" else os.O_APPEND), 0o600), "ab"
            )
        except OSError as error:
            raise UsageError(
                _("The journal {path} cannot be written: {reason}.").format(path=path, reason=error.strerror)
            ) from None
        try:
            _lock(self._file.fileno())
        except OSError:
            self._file.close()
            raise UsageError(_("Run {run} is under way in another program.").format(run=run_id)) from None

    @classmethod
    def create(cls, folder: Path, plan: Plan, *, server: str, permanent: str | None, undoes: str | None) -> Self:
        """Begin the journal of a new run.

        :raises UsageError: the folder cannot be written to; nothing has been changed then.
        """
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%d-%H%M%S}-{plan.tool}-{secrets.token_hex(2)}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(
                _("The folder {path} for journals cannot be made: {reason}.").format(path=folder, reason=error.strerror)
            ) from None
        journal = cls(run_id, folder / f"{run_id}{SUFFIX}", "x")
        head = {"run": run_id, "started": now.isoformat(), "server": server, "permanent": permanent, "undoes": undoes}
        journal._write({"event": "start", **head, "plan": plan_to_json(plan)}, sync=True)
        journal._sync_folder()
        return journal

    @classmethod
    def reopen(cls, run: Run) -> Self:
        """Go on with the journal of a run that was cut short."""
        journal = cls(run.id, run.path, "a")
        journal._end_torn_line()
        journal._write({"event": "resume", "at": datetime.now(UTC).isoformat()}, sync=True)
        return journal

    def intend(self, change_ids: Iterable[str]) -> None:
        """Say what is about to be sent; returns when that is on the disk."""
        with self._lock:
            self._write({"event": "intent", "changes": list(change_ids)}, sync=True)

    def conclude(self, results: Mapping[str, Result]) -> None:
        """Say what came of changes; a later word on a change counts."""
        if not results:
            return
        lines = {change_id: [result.status.value, result.reason] for change_id, result in results.items()}
        with self._lock:
            self._write({"event": "result", "changes": lines}, sync=False)

    def finish(self) -> None:
        """Say that the run came to its end."""
        with self._lock:
            self._write({"event": "end", "at": datetime.now(UTC).isoformat()}, sync=True)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: Mapping[str, Any], *, sync: bool) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())

    def _sync_folder(self) -> None:
        # The file's name must survive a crash as well as its content.
        if hasattr(os, "O_DIRECTORY"):
            descriptor = os.open(self.path.parent, os.O_DIRECTORY)
            os.fsync(descriptor)
            os.close(descriptor)

    def _end_torn_line(self) -> None:
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")


def read_run(path: Path) -> Run:
    """Read a journal, also one whose last line was torn by a crash.

    :raises UsageError: it cannot be read or is no journal.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(
            _("The journal {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    events = [event for event in map(_parse, lines) if event is not None]
    if not events or events[0].get("event") != "start":
        raise UsageError(_("{path} is no journal of a run.").format(path=path))
    head = events[0]
    results: dict[str, Result] = {}
    unconcluded: set[str] = set()
    finished = False
    for event in events[1:]:
        finished = event["event"] == "end"
        if event["event"] == "intent":
            unconcluded.update(event["changes"])
        elif event["event"] == "result":
            results.update(
                {change_id: Result(Status(status), reason) for change_id, (status, reason) in event["changes"].items()}
            )
            unconcluded.difference_update(event["changes"])
    return Run(
        id=head["run"],
        path=path,
        started=datetime.fromisoformat(head["started"]),
        server=head["server"],
        plan=plan_from_json(head["plan"]),
        permanent=head.get("permanent"),
        undoes=head.get("undoes"),
        results=results,
        open_changes=frozenset(unconcluded),
        finished=finished,
    )


def _parse(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None  # torn by a crash: what it would have said is found out by reading the server
    return event if isinstance(event, dict) and "event" in event else None


def runs(folder: Path) -> list[Run]:
    """Every run whose journal is in `folder`, oldest first; files that are no journals are passed over."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []:
        try:
            found.append(read_run(path))
        except UsageError:
            continue
    return sorted(found, key=lambda run: (run.started, run.id))


def find_run(folder: Path, run_id: str) -> Run:
    """The run called `run_id`; ``last`` is the newest one.

    :raises UsageError: there is none.
    """
    if run_id == "last":
        known = runs(folder)
        if known:
            return known[-1]
    elif (folder / f"{run_id}{SUFFIX}").is_file() and Path(run_id).name == run_id:
        return read_run(folder / f"{run_id}{SUFFIX}")
    raise UsageError(
        _("There is no run '{run}' in {folder}. 'immich-toolkit runs' lists them.").format(run=run_id, folder=folder)
    )
