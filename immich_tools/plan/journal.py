"""Past runs, as their journals tell them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from immich_tools.codec import structured
from immich_tools.errors import UnreadableJournal, UsageError
from immich_tools.i18n import _
from immich_tools.plan.codec import plan_converter
from immich_tools.plan.effects.tags import TagAssets, with_upper
from immich_tools.plan.expected import Expected
from immich_tools.plan.journal_format_1 import LINES_1
from immich_tools.plan.journal_lines import FORMAT, LINES, Numbering
from immich_tools.plan.journal_state import JournalState
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status
from immich_tools.plan.storage import SCHEMA, plan_from_json

SUFFIX: Final = ".jsonl"
UNDO: Final = "undo"


@frozen
class Run:
    """A run as its journal tells it.

    :ivar results: of the changes that were concluded.
    :ivar open_changes: sent, with nothing known of what came of it: the run was killed meanwhile.
    :ivar finished: whether the run came to its end.
    :ivar permanent: the sentence that was typed to allow deleting for good.
    :ivar undoes: id of the run that this one undoes.
    :ivar albums_before: by change id, the albums there were before an album was asked for whose answer is not known.
    :ivar gone: by change id, the assets that had left an album before it was deleted.
    :ivar made_tags: by the id of a change to tags that was sent, values of the tags it makes: those that were not there before.
    :ivar carried: by the id of a change to tags that was sent, its assets that carried the tag before.
    :ivar covers: album id → the cover it had before that went to the trash.
    :ivar assets_before: by asset id, what it held before the run wrote to it.
    :ivar user: name of the user whose assets the run changed; empty in journals of older versions.
    :ivar damaged: whether a line cannot be read that no crash explains: what it said of the run is lost.
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
    albums_before: Mapping[str, frozenset[str]] = field(factory=dict)
    gone: Mapping[str, tuple[str, ...]] = field(factory=dict)
    made_tags: Mapping[str, frozenset[str]] = field(factory=dict)
    carried: Mapping[str, tuple[str, ...]] = field(factory=dict)
    assets_before: Mapping[str, Expected] = field(factory=dict)
    covers: Mapping[str, str] = field(factory=dict)
    user: str = ""
    damaged: bool = False

    @property
    def uncertain(self) -> frozenset[str]:
        """Ids of the changes that were sent without anybody knowing what came of them."""
        return self.open_changes.union(self.with_status(Status.UNKNOWN))

    def with_status(self, status: Status) -> list[str]:
        """Ids of the changes with `status`, in the plan's order."""
        return [
            change.id
            for change in self.plan.changes
            if change.id in self.results and self.results[change.id].status is status
        ]


@frozen
class _Start:
    """The first line of a journal."""

    run: str
    started: datetime
    server: str
    plan: Any
    permanent: str | None = None
    undoes: str | None = None
    user: str = ""
    format: int = 1


class NewerJournal(UsageError):
    """A journal of a format that a later version writes."""


def read_run(path: Path) -> Run:
    """Read a journal, also one whose last line was torn by a crash.

    :raises NewerJournal: it is of a format that this version does not know.
    :raises UsageError: it cannot be read or is no journal.
    """
    try:
        # Not splitlines(): a description may hold characters that Python takes for the end of a line.
        first, *others = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(
            _("The journal {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    run = _begun(path, _parse(first))
    plan = Numbering(run.plan.changes)
    actions = {change.id: change.action for change in run.plan.changes}
    state = JournalState(
        {name: with_upper(each.value) for name, each in actions.items() if isinstance(each, TagAssets)}
    )
    for event in filter(None, map(_parse, others)):
        state.finished = False
        _tell(event, state, plan)
    return evolve(
        run,
        results=state.results,
        open_changes=frozenset(state.unconcluded),
        finished=state.finished,
        albums_before=state.before,
        gone=state.gone,
        made_tags=state.made_tags,
        carried=state.carried,
        assets_before=state.assets_before,
        covers=state.covers,
        damaged=_is_damaged(others),
    )


def _is_damaged(lines: Collection[bytes]) -> bool:
    """Whether a line is broken; a crash only breaks the last one, behind which a later program may have resumed the run."""
    broken = False
    for line in lines:
        if not line:
            continue
        if broken and _parse(line).get("event") != "resume":
            return True
        broken = not _is_json(line)
    return False


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _tell(event: dict[str, Any], state: JournalState, plan: Numbering) -> None:
    """Add what a line says; one that is damaged says nothing: what it would have said is found out by reading the server."""
    name = event.pop("event", None)
    for lines in (LINES, LINES_1) if isinstance(name, str) else ():
        # A run that was interrupted before an update has lines of both formats; they differ in form.
        with suppress(ValueError):
            if name in lines:
                structured(plan_converter(), event, lines[name]).tell(state, plan)
                return


def _begun(path: Path, head: dict[str, Any]) -> Run:
    """The run as it was when it began."""
    is_start, found = head.pop("event", None) == "start", head.get("format", 1)
    if is_start and type(found) is int and found > FORMAT:
        raise NewerJournal(
            _("The journal {path} has format {found}; this version reads up to {known}. Use a newer version.").format(
                path=path, found=found, known=FORMAT
            )
        )
    try:
        start = structured(plan_converter(), head, _Start)
        if not is_start or start.started.tzinfo is None:
            raise ValueError
        # Without a schema, which earlier versions demand: they must not take the numbers of format 2 for nothing.
        plan = plan_from_json(start.plan if start.format == 1 else {"schema": SCHEMA, **start.plan})
    except (ValueError, TypeError, UsageError):
        raise UsageError(_("{path} is not the journal of a run, or is damaged.").format(path=path)) from None
    return Run(start.run, path, start.started, start.server, plan, start.permanent, start.undoes, user=start.user)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}  # torn by a crash
    return event if isinstance(event, dict) else {}


@frozen
class Unreadable:
    """A journal that cannot be read, or not all of it.

    :ivar reason: a sentence that names the file.
    :ivar is_newer: whether a later version wrote it, which can read it.
    """

    path: Path
    reason: str
    is_newer: bool = False


@frozen
class Journals:
    """What the journals of a folder tell.

    :ivar runs: oldest first; also those of which a part cannot be read.
    :ivar unreadable: by name, that is by age.
    """

    runs: tuple[Run, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def read_journals(folder: Path, *patterns: str) -> Journals:
    """Read the journals of a folder, which need not exist.

    :param patterns: which files to look at; none for all journals.
    :raises UsageError: the folder cannot be read.
    """
    try:
        # Not glob(), which takes a folder that cannot be read for an empty one.
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return Journals()
    except OSError as error:
        raise UsageError(
            _(
                "The folder {path} with the journals of earlier runs cannot be read: {reason}. "
                "Set HOME, XDG_STATE_HOME or --journal-folder."
            ).format(path=folder, reason=error.strerror or type(error).__name__)
        ) from None
    found: list[Run] = []
    unreadable: list[Unreadable] = []
    for path in paths:
        if not any(path.match(pattern) for pattern in patterns or (f"*{SUFFIX}",)):
            continue
        try:
            run = read_run(path)
        except UsageError as error:
            unreadable.append(Unreadable(path, str(error), isinstance(error, NewerJournal)))
            continue
        found.append(run)
        if run.damaged:
            unreadable.append(Unreadable(path, _("A part of the journal {path} cannot be read.").format(path=path)))
    return Journals(tuple(sorted(found, key=lambda run: (run.started, run.id))), tuple(unreadable))


def runs_of(tool: str, folder: Path) -> tuple[Run, ...]:
    """All runs of a tool, and all that undo any run, oldest first.

    :raises UnreadableJournal: one cannot be read. What it says is never taken for something that did not happen.
    :raises NewerJournal: a later version wrote one.
    :raises UsageError: the folder cannot be read.
    """
    found = read_journals(folder, f"*-{tool}-*{SUFFIX}", f"*-{UNDO}-*{SUFFIX}")
    for each in found.unreadable:
        if each.is_newer:
            raise NewerJournal(each.reason)
        raise UnreadableJournal(
            _(
                "{reason} {tool} needs to know what earlier runs did. Nothing was changed. "
                "If nobody can repair it: immich-toolkit runs set-aside {name}"
            ).format(reason=each.reason, tool=tool, name=each.path.name)
        )
    return found.runs


def runs(folder: Path, pattern: str = f"*{SUFFIX}") -> list[Run]:
    """Every run whose journal in `folder` can be read, oldest first.

    :param pattern: which files to look at.
    :raises NewerJournal: there is one that this version cannot read; what it did must not be taken for not done.
    :raises UsageError: the folder cannot be read.
    """
    found = read_journals(folder, pattern)
    for each in found.unreadable:
        if each.is_newer:
            raise NewerJournal(each.reason)
    return list(found.runs)


def undoing(run: Run, known: Collection[Run]) -> list[Run]:
    """The runs among `known` that undo `run`, unless they were undone themselves."""
    return [
        other
        for other in known
        if other.undoes == run.id and not any(is_complete(again) for again in undoing(other, known))
    ]


def is_complete(run: Run) -> bool:
    """Whether a run came to its end and reached what it was to reach."""
    return run.finished and all(result.status.is_settled for result in run.results.values())


def undo_runs(folder: Path) -> list[Run]:
    """The runs in `folder` that undo others; their names tell which these are, so that the others need not be read."""
    return runs(folder, f"*-{UNDO}-*{SUFFIX}")


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
