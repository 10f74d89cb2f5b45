"""Past runs, as their journals tell them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, evolve, field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.plan.codec import expected_from_json
from immich_tools.plan.effects.tags import TagAssets, with_upper
from immich_tools.plan.expected import Expected
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status
from immich_tools.plan.storage import plan_from_json

SUFFIX: Final = ".jsonl"
UNDO: Final = "undo"
_STATUSES: Final = {**{status.value: status for status in Status}, "fell-away": Status.STALE}
"""By their names in journals; the previous version called one of them differently."""


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

    def with_status(self, status: Status) -> list[str]:
        """Ids of the changes with `status`, in the plan's order."""
        return [
            change.id
            for change in self.plan.changes
            if change.id in self.results and self.results[change.id].status is status
        ]


def read_run(path: Path) -> Run:
    """Read a journal, also one whose last line was torn by a crash.

    :raises UsageError: it cannot be read or is no journal.
    """
    try:
        # Not splitlines(): a description may hold characters that Python takes for the end of a line.
        first, *others = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(
            _("The journal {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    begun = _begun(path, _parse(first))
    known = {change.id for change in begun.plan.changes}
    actions = {change.id: change.action for change in begun.plan.changes}
    story = _Story({name: with_upper(each.value) for name, each in actions.items() if isinstance(each, TagAssets)})
    for event in map(_parse, others):
        changes = event.get("changes")
        if event.get("event") == "intent" and isinstance(changes, list):
            story.intend(known.intersection(map(str, changes)))
        elif event.get("event") == "result" and isinstance(changes, dict):
            story.conclude({name: result for name in known.intersection(changes) if (result := _result(changes[name]))})
        elif event.get("event") == "albums":
            story.record_albums(_texts(event.get("known")), event.get("gone"))
        elif event.get("event") == "tags":
            story.record_tags(_texts(event.get("missing")), event.get("carried"))
        elif event.get("event") == "covers":
            story.record_covers(event.get("albums"))
        elif event.get("event") == "assets":
            story.record_assets(event.get("before"))
        if event:
            story.finished = event.get("event") == "end"
    return evolve(
        begun,
        results=story.results,
        open_changes=frozenset(story.unconcluded),
        finished=story.finished,
        albums_before={name: story.before[name] for name in known.intersection(story.before)},
        gone={name: story.gone[name] for name in known.intersection(story.gone)},
        made_tags=story.made_tags,
        carried=story.carried,
        assets_before=story.assets_before,
        covers=story.covers,
    )


@define
class _Story:
    """What a journal has told so far.

    :ivar needed_tags: the tags that a change makes where they are missing, by its id.
    """

    needed_tags: Mapping[str, tuple[str, ...]]
    results: dict[str, Result] = field(factory=dict)
    unconcluded: set[str] = field(factory=set)
    finished: bool = False
    albums: frozenset[str] | None = None
    before: dict[str, frozenset[str]] = field(factory=dict)
    gone: dict[str, tuple[str, ...]] = field(factory=dict)
    missing_tags: frozenset[str] = frozenset()
    seen_carried: dict[str, tuple[str, ...]] = field(factory=dict)
    made_tags: dict[str, frozenset[str]] = field(factory=dict)
    carried: dict[str, tuple[str, ...]] = field(factory=dict)
    assets_before: dict[str, Expected] = field(factory=dict)
    covers: dict[str, str] = field(factory=dict)

    def intend(self, names: Collection[str]) -> None:
        for name in names:
            if name in self.seen_carried:
                # From the second try on, what carries the tag may be what the first has done.
                self.carried.setdefault(name, self.seen_carried[name])
                made = self.missing_tags.intersection(self.needed_tags.get(name, ()))
                self.made_tags[name] = made | self.made_tags.get(name, frozenset())
            # As long as it is open what came of it, the albums there were before the first try count.
            if self.albums is not None and not (name in self.before and self._is_open(name)):
                self.before[name] = self.albums
        self.unconcluded.update(names)

    def _is_open(self, name: str) -> bool:
        told = self.results.get(name)
        return name in self.unconcluded or (told is not None and told.status is Status.UNKNOWN)

    def conclude(self, told: Mapping[str, Result]) -> None:
        for name, result in told.items():
            earlier = self.results.get(name)
            made = result.made or ("" if earlier is None else earlier.made)
            self.results[name] = evolve(result, made=made)
        self.unconcluded.difference_update(told)

    def record_albums(self, albums: tuple[str, ...] | None, gone: object) -> None:
        if albums is not None:
            self.albums = frozenset(albums)
        if isinstance(gone, dict):
            self.gone.update({name: ids for name, told in gone.items() if (ids := _texts(told)) is not None})

    def record_covers(self, albums: object) -> None:
        for album_id, asset_id in albums.items() if isinstance(albums, dict) else ():
            self.covers.setdefault(str(album_id), str(asset_id))

    def record_assets(self, before: object) -> None:
        for name, told in before.items() if isinstance(before, dict) else ():
            expected = expected_from_json(told)
            if expected is not None:
                self.assets_before.setdefault(name, expected)

    def record_tags(self, missing: tuple[str, ...] | None, carried: object) -> None:
        self.missing_tags = frozenset(missing or ())
        told = carried if isinstance(carried, dict) else {}
        self.seen_carried = {name: ids for name, each in told.items() if (ids := _texts(each)) is not None}


def _texts(told: object) -> tuple[str, ...] | None:
    if isinstance(told, list) and all(isinstance(each, str) for each in told):
        return tuple(told)
    return None


def _begun(path: Path, head: Mapping[str, Any]) -> Run:
    """The run as it was when it began."""
    texts = [head.get(name) for name in ("run", "started", "server")]
    words = [head.get(name) for name in ("permanent", "undoes")]
    try:
        if head.get("event") != "start" or not all(isinstance(text, str) for text in texts):
            raise ValueError
        if not all(word is None or isinstance(word, str) for word in words):
            raise ValueError
        started = datetime.fromisoformat(head["started"])
        if started.tzinfo is None:
            raise ValueError
        plan = plan_from_json(head.get("plan"))
    except (ValueError, UsageError):
        raise UsageError(_("{path} is no journal of a run.").format(path=path)) from None
    return Run(head["run"], path, started, head["server"], plan, head.get("permanent"), head.get("undoes"))


def _parse(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}  # torn by a crash: what it would have said is found out by reading the server
    return event if isinstance(event, dict) else {}


def _result(told: object) -> Result | None:
    """What came of a change: status and reason, and the id of what was made for it, if anything was."""
    if not isinstance(told, list) or len(told) not in (2, 3):
        return None
    status = _STATUSES.get(str(told[0]))
    return None if status is None else Result(status, str(told[1]), str(told[2]) if len(told) == 3 else "")


def runs(folder: Path, pattern: str = f"*{SUFFIX}") -> list[Run]:
    """Every run whose journal is in `folder`, oldest first; files that are no journals are passed over.

    :param pattern: which files to look at.
    """
    found = []
    for path in sorted(folder.glob(pattern)) if folder.is_dir() else []:
        try:
            found.append(read_run(path))
        except UsageError:
            continue
    return sorted(found, key=lambda run: (run.started, run.id))


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
