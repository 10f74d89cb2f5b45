"""Effects on files of this computer: copying, writing and removing them.

A file is never replaced. What a file is to hold is part of the change as far as anybody knows it beforehand, and it counts as done when
that was read back from the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import define, field, frozen

from immich_tools.disk.content import Content
from immich_tools.disk.copy import Deed, Proven, clean_up, copy_file, write_stream
from immich_tools.disk.place import Permissions, Place, sync_folder
from immich_tools.disk.problems import reported
from immich_tools.disk.several import Task, side_by_side
from immich_tools.disk.watch import Watch
from immich_tools.errors import AccessDenied, Cancelled, FileFailed, RequestRefused, ServerUnreachable, ToolkitError
from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.claims import content_objection, refuse, target_objection
from immich_tools.plan.effects.base import ALREADY, DONE, LOOK, Action, Change, Phase, RunState, State, stale
from immich_tools.plan.effects.live_copies import Copy, separate
from immich_tools.plan.meter import Meter
from immich_tools.plan.proofs import Proof, prove, stamp_of
from immich_tools.plan.result import Result, Status

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

_LEFT: Final = _("{reason}; it was not changed")


@frozen
class FileAction(Action):
    """A file below a configured folder.

    :ivar folder: a configured folder, as a whole path.
    :ivar relative: the file's path below it.
    :raises ValueError: the path leads out of the folder, or another value is none.
    """

    is_about_files: ClassVar[bool] = True
    operations: ClassVar[tuple[str, ...]] = ()
    is_in_trash_fine: ClassVar[bool] = False
    folder: str
    relative: str

    def __attrs_post_init__(self) -> None:
        refuse(target_objection(self.folder, self.relative))

    @property
    def place(self) -> Place:
        """Where the file is, or is to be.

        :raises FileFailed: it would be outside its folder.
        """
        return Place(Path(self.folder), self.relative)

    @property
    def path(self) -> str:
        """The whole path."""
        return f"{self.folder.rstrip('/')}/{self.relative}"

    def decides(self) -> tuple[str, ...]:
        return ("file", self.path)

    def loss(self) -> str | None:
        return _("the file {path} stays").format(path=self.path)

    def inverse(self) -> tuple[Action, ...]:
        return ()

    @classmethod
    def prepare(cls, run: RunState, changes: Sequence[Change[Any]]) -> dict[str, Result]:
        """Look at the files before anything is announced; see `FileEffects.prepare`."""
        return run.own(FileEffects).prepare(changes)

    @classmethod
    def work(cls, run: RunState, changes: Sequence[Change[Any]]) -> Generator[tuple[str, Result], None, None]:
        """Do it; see `FileEffects.perform`."""
        return run.own(FileEffects).perform(run.immich, changes)

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        return run.own(FileEffects).observe(changes)


@frozen
class CopyFile(FileAction):
    """Copy an asset's file, or download it, to a name that is free.

    :ivar asset_id: whose file it is.
    :ivar source: whole path of the file on this computer; None to download it from Immich.
    :ivar edited: download what Immich's editor made of it instead of the original.
    :ivar size: bytes; None where nobody knows them beforehand.
    :ivar sha1: in lower-case hexadecimal digits; None where nobody knows it beforehand: then a local source is read twice, and of a
        download the number of bytes decides.
    :ivar modified: modification time that a download gets (ISO 8601 with offset); a copy has that of its source.
    :ivar mode, user, group: of the file and of folders that are made, as numbers; None for what the system gives.
    :ivar original_path: where the asset's file was on the server when `source` was chosen: with its storage template on, Immich moves files
        after every change of their metadata (2.3.1 and 3.1.0). Empty where that does not matter.
    :ivar server_path: where the copy appears on the server; empty where nobody knows.
    :ivar still_id: of a copied motion video, the still that `asset_id` belongs to.
    """

    kind: ClassVar[str] = "copy-file"
    words: ClassVar[str] = _("copy files")
    phase: ClassVar[Phase] = Phase.FILES
    operations: ClassVar[tuple[str, ...]] = LOOK
    asset_id: str
    source: str | None = None
    edited: bool = False
    size: int | None = None
    sha1: str | None = None
    modified: str | None = None
    mode: int | None = None
    user: int | None = None
    group: int | None = None
    original_path: str = ""
    server_path: str = ""
    still_id: str = ""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.sha1 is not None:
            refuse(content_objection(-1 if self.size is None else self.size, self.sha1))
        if self.source is not None and (self.edited or not self.source.startswith("/")):
            raise ValueError(_("'{path}' is not a whole path").format(path=self.source))
        if self.modified is not None and datetime.fromisoformat(self.modified).tzinfo is None:
            raise ValueError(_("'{time}' has no time zone").format(time=self.modified))

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,)

    def needs(self) -> Collection[str]:
        return ("downloadAsset",) if self.source is None else ()

    @property
    def content(self) -> Content | None:
        """What the copy must hold, as far as it is known beforehand."""
        return None if self.sha1 is None or self.size is None else Content(self.size, self.sha1)

    def objection(self, state: State) -> Result | None:
        return self.moved(state.assets[self.asset_id])

    def moved(self, asset: Asset) -> Result | None:
        """Why the source is not the asset's file any more; None when it is, as far as anybody knows."""
        if self.source is None or self.original_path in ("", asset.original_path):
            return None
        return stale(_("Immich has moved the file to {path} since").format(path=asset.original_path))

    def removal(self, found: Content | None = None) -> RemoveFile | None:
        """What removes the copy again; None where nobody knows what it holds.

        :param found: what was copied, where the plan did not know.
        """
        content = self.content or found
        if content is None:
            return None
        return RemoveFile(
            self.folder,
            self.relative,
            content.size,
            content.sha1,
            self.asset_id,
            server_path=self.server_path,
            still_id=self.still_id,
        )


@frozen
class WriteFile(FileAction):
    """Write a text, such as a sidecar, to a name that is free.

    :ivar text: the whole content, written as UTF-8.
    :ivar asset_id: what it is about; empty for none.
    :ivar mode, user, group: as of `CopyFile`.
    """

    kind: ClassVar[str] = "write-file"
    words: ClassVar[str] = _("write files")
    phase: ClassVar[Phase] = Phase.FILES
    text: str
    asset_id: str = ""
    mode: int | None = None
    user: int | None = None
    group: int | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.text.encode()  # its error is a ValueError: what is no Unicode cannot be written

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,) if self.asset_id else ()

    def needs(self) -> Collection[str]:
        return LOOK if self.asset_id else ()

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.text.encode())

    @property
    def content(self) -> Content:
        """What the file must hold."""
        return Content(self.size, sha1(self.text.encode(), usedforsecurity=False).hexdigest())

    def removal(self, found: Content | None = None) -> RemoveFile:
        """What removes the file again."""
        return RemoveFile(self.folder, self.relative, self.content.size, self.content.sha1)


@frozen
class RemoveFile(FileAction):
    """Remove a file that a run has written, if it still holds the same.

    :ivar size: bytes.
    :ivar sha1: in lower-case hexadecimal digits.
    :ivar asset_id: the asset that it is a copy of, which must be there, outside the trash and with its file: else the copy may be all
        that is left. Empty for what is no copy.
    :ivar server_path, still_id: as of `CopyFile`. What the server shows there must have no part in other live photos; see
        `live_copies.separate`.
    """

    kind: ClassVar[str] = "remove-file"
    words: ClassVar[str] = _("remove files")
    phase: ClassVar[Phase] = Phase.REMOVE_FILE
    size: int
    sha1: str
    asset_id: str = ""
    server_path: str = ""
    still_id: str = ""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        refuse(content_objection(self.size, self.sha1))

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,) if self.asset_id else ()

    @property
    def content(self) -> Content:
        """What the file must hold."""
        return Content(self.size, self.sha1)

    def needs(self) -> Collection[str]:
        if not self.asset_id:
            return ()
        return ("updateAsset", *LOOK) if self.still_id else LOOK

    @classmethod
    def work(cls, run: RunState, changes: Sequence[Change[Any]]) -> Generator[tuple[str, Result], None, None]:
        """First take the copies out of the live photos of others, then remove what has no part in them any more."""
        copies = {
            change.id: Copy(
                change.action.relative, change.action.server_path, change.action.asset_id, change.action.still_id
            )
            for change in changes
            if change.action.asset_id
        }
        objections = separate(run.immich, copies) if copies else {}
        for name, reason in objections.items():
            yield name, stale(_LEFT.format(reason=reason))
        yield from run.own(FileEffects).perform(
            run.immich, [change for change in changes if change.id not in objections]
        )

    def loss(self) -> str | None:
        return _("the file {path} stays removed").format(path=self.path)

    def objection(self, state: State) -> Result | None:
        for asset_id in self.assets:
            if state.assets[asset_id].is_offline:
                return stale(_("the file of asset {id} is missing, so its copy stays").format(id=asset_id))
        return None


WRITTEN: Final = (CopyFile, WriteFile)


def bytes_of(action: Action) -> int:
    """How many bytes an action writes or reads, as far as that is known."""
    return (action.size or 0) if isinstance(action, CopyFile | WriteFile | RemoveFile) else 0


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
    places = {each.place.path.parent: each.place for each in actions if isinstance(each, CopyFile | WriteFile)}
    for place in places.values():
        # A left-over does no harm, and whatever keeps it from being removed will meet the copy too, which says so.
        with suppress(FileFailed):
            clean_up(place)


@define
class FileEffects:
    """What one run knows of the files it writes and removes.

    :ivar contents: by change id, what was copied where the plan could not know it.
    :ivar meter: told of the bytes of files.
    :ivar watch: who may end the work.
    """

    contents: dict[str, Content] = field(factory=dict)
    meter: Meter = field(factory=Meter)
    watch: Watch = field(factory=Watch)
    _proofs: dict[str, Proof] = field(factory=dict)

    def prepare(self, changes: Sequence[Change[Any]]) -> dict[str, Result]:
        """Look at the files before anything is announced, and decide on those that need no work or must not be worked on.

        ALREADY: it is so. FAILED: something else has the name. STALE: what was to be removed holds something else now.

        :returns: by change id; the others may go on.
        :raises Cancelled: the run was interrupted.
        """
        verdicts: dict[str, Result] = {}
        there: dict[str, tuple[Place, Content]] = {}
        for change in changes:
            action = change.action
            try:
                place = action.place
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
                    Status.STALE if is_removal else Status.FAILED,
                    _LEFT.format(reason=str(proof).rstrip(".")),
                )
        return verdicts

    def perform(self, immich: Immich, changes: Sequence[Change[Any]]) -> Generator[tuple[str, Result], None, None]:
        """Do it, several files at a time; each comes out when it is done. Whoever stops taking them ends those in progress.

        :raises Cancelled: the run was interrupted.
        :raises ToolkitError: the server was lost; some of those that did not come out may be done.
        """
        written = [change for change in changes if isinstance(change.action, WRITTEN)]
        tasks = (self._task(immich, change) for change in written)
        with closing(side_by_side(tasks, self.watch)) as under_way:
            for change, proven in zip(written, under_way, strict=True):
                yield change.id, _moved_meanwhile(immich, change, proven) or self._written(change, proven)
        for change in changes:
            if isinstance(change.action, RemoveFile):
                yield change.id, self._remove(change)

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

    def _written(self, change: Change[Any], proven: Proven | FileFailed) -> Result:
        if isinstance(proven, FileFailed):
            return Result(Status.FAILED, str(proven))
        made = ""
        if isinstance(change.action, CopyFile) and change.action.content is None:
            self.contents[change.id] = proven.content
            made = as_text(proven.content)
        # What cannot be found out is read once more when somebody asks for it.
        with suppress(FileFailed):
            place = change.action.place
            stamp = stamp_of(place)
            if stamp is not None:
                self._proofs[change.id] = Proof(place, stamp)
        return Result(Status.ALREADY if proven.deed is Deed.ALREADY_THERE else Status.DONE, made=made)

    def _remove(self, change: Change[Any]) -> Result:
        place = change.action.place
        proof = self._proofs.get(change.id)
        reason = _("{path} was not read").format(path=place.path) if proof is None else proof.objection()
        if reason is not None:
            return Result(Status.STALE, _LEFT.format(reason=reason))
        try:
            _remove_file(place)
        except FileFailed as failure:
            return Result(Status.FAILED, str(failure))
        return DONE

    def observe(self, changes: Sequence[Change[Any]]) -> dict[str, bool]:
        """Look which changes are in effect: change id → whether the state after it is there now.

        A file that was not touched since this run proved it is not read again.

        :raises Cancelled: the run was interrupted.
        """
        seen: dict[str, bool] = {}
        unread: dict[str, tuple[Place, Content]] = {}
        for change in changes:
            action = change.action
            place = action.place
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


def _moved_meanwhile(immich: Immich, change: Change[Any], proven: Proven | FileFailed) -> Result | None:
    """Whether a file could not be copied because the server has moved it; None when that was not the reason."""
    action = change.action
    if not isinstance(proven, FileFailed) or not isinstance(action, CopyFile) or not action.original_path:
        return None
    asset = immich.assets.get(action.asset_id)
    return None if asset is None else action.moved(asset)


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
    return copy_file(path, action.place, expected=action.content, permissions=_permissions(action), watch=watch)


def _write(action: WriteFile, watch: Watch) -> Proven:
    content = action.content
    return write_stream(
        [action.text.encode()],
        action.place,
        size=content.size,
        sha1=content.sha1,
        permissions=_permissions(action),
        watch=watch,
    )


def _download(immich: Immich, action: CopyFile, watch: Watch) -> Proven:
    try:
        with immich.downloads.open(action.asset_id, edited=action.edited) as download:
            size = download.size if action.size is None else action.size
            if download.size not in (None, size):
                raise FileFailed(
                    _("{path}: the file on the server has {found} bytes, but Immich knows it with {size}").format(
                        path=action.path, found=download.size, size=size
                    )
                )
            if size is None:
                raise FileFailed(_("the server does not tell how long the file of {id} is").format(id=action.asset_id))
            return write_stream(
                download.pieces,
                action.place,
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
