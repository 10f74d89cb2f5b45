"""Files that a plan writes or removes on this computer: the last look at them, the work itself, and how it is looked at afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field

from immich_tools.disk.content import Content
from immich_tools.disk.copy import Deed, Proven, clean_up, copy_file, write_stream
from immich_tools.disk.place import Permissions, Place, sync_folder
from immich_tools.disk.problems import reported
from immich_tools.disk.several import Task, side_by_side
from immich_tools.disk.watch import Watch
from immich_tools.errors import AccessDenied, Cancelled, FileFailed, RequestRefused, ServerUnreachable, ToolkitError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.actions import Action
from immich_tools.plan.claims import content_objection
from immich_tools.plan.document import Change
from immich_tools.plan.file_actions import PLACED, WRITTEN, CopyFile, RemoveFile, ScanLibrary, WriteFile
from immich_tools.plan.meter import Meter
from immich_tools.plan.outcome import Result, Status
from immich_tools.plan.proofs import Proof, prove, stamp_of

ALREADY: Final = Result(Status.ALREADY)
DONE: Final = Result(Status.DONE)
_LEFT: Final = _("{reason}; it was left as it is")


def place_of(action: Action) -> Place:
    """Where the file of an action is, or is to be.

    :raises FileFailed: it would be outside its folder.
    """
    assert isinstance(action, PLACED)
    return Place(Path(action.folder), action.relative)


def bytes_of(action: Action) -> int:
    """How many bytes an action writes or reads, as far as that is known."""
    return (action.size or 0) if isinstance(action, PLACED) else 0


def as_text(content: Content) -> str:
    """What a copy holds, as a journal keeps it."""
    return f"{content.size} {content.sha1}"


def content_from(text: str) -> Content | None:
    """What `as_text` wrote; None for anything else."""
    size, _blank, sha1 = text.partition(" ")
    is_whole = size.isdecimal() and content_objection(int(size), sha1) is None
    return Content(int(size), sha1) if is_whole else None


def remove_leftovers(actions: Iterable[Action]) -> None:
    """Remove what killed runs left of unfinished copies in the folders that actions write to."""
    places = {
        place.path.parent: place for action in actions if isinstance(action, WRITTEN) for place in [place_of(action)]
    }
    for place in places.values():
        # A left-over does no harm, and whatever keeps it from being removed will meet the copy too, which says so.
        with suppress(FileFailed):
            clean_up(place)


@define
class Filing:
    """What one run knows of the files it writes and removes.

    :ivar contents: by change id, what was copied where the plan could not know it.
    :ivar scanned: ids of the changes whose scan the server has begun.
    :ivar meter: told of the bytes of files.
    :ivar watch: who may end the work.
    """

    contents: dict[str, Content] = field(factory=dict)
    scanned: set[str] = field(factory=set)
    meter: Meter = field(factory=Meter)
    watch: Watch = field(factory=Watch)
    _proofs: dict[str, Proof] = field(factory=dict)

    def prepare(self, changes: Sequence[Change]) -> dict[str, Result]:
        """Look at the files before anything is announced, and decide on those that need no work or must not be worked on.

        ALREADY: it is so. FAILED: something else has the name. FELL_AWAY: what was to be removed holds something else by now.

        :returns: by change id; the others may go on.
        :raises Cancelled: the run was interrupted.
        """
        verdicts: dict[str, Result] = {}
        there: dict[str, tuple[Place, Content]] = {}
        for change in changes:
            action = change.action
            if not isinstance(action, PLACED):
                continue
            try:
                place = place_of(action)
                is_there = stamp_of(place) is not None
                if is_there and isinstance(action, CopyFile):
                    _check_other(action, place)
            except FileFailed as failure:
                verdicts[change.id] = Result(Status.FAILED, str(failure))
                continue
            content = action.content
            if is_there and content is not None:
                there[change.id] = (place, content)
            elif not is_there and isinstance(action, RemoveFile):
                verdicts[change.id] = ALREADY
        actions = {change.id: change.action for change in changes}
        for name, proof in prove(there, self.meter, self.watch).items():
            is_removal = isinstance(actions[name], RemoveFile)
            if isinstance(proof, Proof):
                self._proofs[name] = proof
                if not is_removal:
                    verdicts[name] = ALREADY
            else:
                verdicts[name] = Result(
                    Status.FELL_AWAY if is_removal else Status.FAILED,
                    _LEFT.format(reason=str(proof).rstrip(".")),
                )
        return verdicts

    def perform(self, immich: Immich, changes: Sequence[Change]) -> Generator[tuple[str, Result], None, None]:
        """Do it, several files at a time; each comes out when it is done. Whoever stops taking them ends those under way.

        :raises Cancelled: the run was interrupted.
        :raises ToolkitError: the server was lost; some of those that did not come out may be done.
        """
        written = [change for change in changes if isinstance(change.action, WRITTEN)]
        tasks = (self._task(immich, change) for change in written)
        with closing(side_by_side(tasks, self.watch)) as under_way:
            for change, proven in zip(written, under_way, strict=True):
                yield change.id, self._written(change, proven)
        for change in changes:
            if isinstance(change.action, RemoveFile):
                yield change.id, self._remove(change)
            elif isinstance(change.action, ScanLibrary):
                immich.libraries.scan(change.action.library_id)
                self.scanned.add(change.id)
                yield change.id, DONE

    def _task(self, immich: Immich, change: Change) -> Task:
        action = change.action
        if isinstance(action, WriteFile):
            write = partial(_write, action)
        else:
            assert isinstance(action, CopyFile)
            write = (
                partial(_download, immich, action) if action.source is None else partial(_copy, action, action.source)
            )
        return partial(_measured, write, self.meter, bytes_of(action))

    def _written(self, change: Change, proven: Proven | FileFailed) -> Result:
        if isinstance(proven, FileFailed):
            return Result(Status.FAILED, str(proven))
        made = ""
        if isinstance(change.action, CopyFile) and change.action.content is None:
            self.contents[change.id] = proven.content
            made = as_text(proven.content)
        # What cannot be found out is read once more when somebody asks for it.
        with suppress(FileFailed):
            place = place_of(change.action)
            stamp = stamp_of(place)
            if stamp is not None:
                self._proofs[change.id] = Proof(place, stamp)
        return Result(Status.ALREADY if proven.deed is Deed.ALREADY_THERE else Status.DONE, made=made)

    def _remove(self, change: Change) -> Result:
        place = place_of(change.action)
        proof = self._proofs.get(change.id)
        reason = _("{path} was not read").format(path=place.path) if proof is None else proof.objection()
        if reason is not None:
            return Result(Status.FELL_AWAY, _LEFT.format(reason=reason))
        try:
            _remove_file(place)
        except FileFailed as failure:
            return Result(Status.FAILED, str(failure))
        return DONE

    def observe(self, changes: Sequence[Change]) -> dict[str, bool]:
        """Look which changes are in effect: change id → whether the state after it is there now.

        A file that was not touched since this run proved it is not read again.

        :raises Cancelled: the run was interrupted.
        """
        seen: dict[str, bool] = {}
        unread: dict[str, tuple[Place, Content]] = {}
        for change in changes:
            action = change.action
            if isinstance(action, ScanLibrary):
                seen[change.id] = change.id in self.scanned
                continue
            place = place_of(action)
            if isinstance(action, RemoveFile):
                seen[change.id] = _is_absent(place)
                continue
            assert isinstance(action, WRITTEN)
            proof = self._proofs.get(change.id)
            content = action.content or self.contents.get(change.id)
            seen[change.id] = proof is not None and proof.objection() is None
            if not seen[change.id] and content is not None:
                unread[change.id] = (place, content)
        for name, found in prove(unread, Meter(), self.watch).items():
            if isinstance(found, Proof):
                self._proofs[name] = found
                seen[name] = True
        return seen


def _check_other(action: CopyFile, place: Place) -> None:
    """Refuse to take an original for its own copy, which it is where both folders are the same under two names.

    :raises FileFailed: the target is the source.
    """
    with reported(place.path):
        is_same = action.source is not None and Path(action.source).exists() and place.path.samefile(action.source)
    if is_same:
        raise FileFailed(_("{path} is the original itself, not a copy of it").format(path=place.path))


def _measured(write: Callable[[Watch], Proven], meter: Meter, size: int, *, watch: Watch) -> Proven:
    with meter.file(size) as count:
        return write(Watch(count, watch.cancelled))


def _permissions(action: CopyFile | WriteFile) -> Permissions:
    return Permissions(action.mode, action.user, action.group)


def _copy(action: CopyFile, source: str, watch: Watch) -> Proven:
    path = Path(source)
    if action.content is None and action.size is not None:
        with reported(path):
            size = path.stat().st_size
        if size != action.size:
            raise FileFailed(_("{path} has been changed since the plan was made").format(path=path))
    return copy_file(path, place_of(action), expected=action.content, permissions=_permissions(action), watch=watch)


def _write(action: WriteFile, watch: Watch) -> Proven:
    content = action.content
    return write_stream(
        [action.text.encode()],
        place_of(action),
        size=content.size,
        sha1=content.sha1,
        permissions=_permissions(action),
        watch=watch,
    )


def _download(immich: Immich, action: CopyFile, watch: Watch) -> Proven:
    try:
        with immich.downloads.open(action.asset_id, edited=action.edited) as download:
            size = download.size if action.size is None else action.size
            if size is None:
                raise FileFailed(_("the server does not tell how long the file of {id} is").format(id=action.asset_id))
            return write_stream(
                download.pieces,
                place_of(action),
                size=size,
                sha1=action.sha1,
                modified=None if action.modified is None else datetime.fromisoformat(action.modified),
                permissions=_permissions(action),
                watch=watch,
            )
    except (FileFailed, Cancelled):
        raise
    except ServerUnreachable as failure:
        # Whether it is only this file: a server that is gone ends the run, which can then be resumed.
        with suppress(AccessDenied, RequestRefused):
            immich.assets.get(action.asset_id)
        raise FileFailed(str(failure)) from failure
    except ToolkitError as failure:
        raise FileFailed(str(failure)) from failure


def _is_absent(place: Place) -> bool:
    try:
        return stamp_of(place) is None
    except FileFailed:
        return False


def _remove_file(place: Place) -> None:
    """Remove a file; its folder stays.

    :raises FileFailed: it cannot be removed.
    """
    with place.folder() as folder, reported(place.path):
        os.unlink(place.name, dir_fd=folder)
        sync_folder(folder)
