"""Looks for many files: one listing for each folder, several at a time, and a call for one file only where a listing lacks it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from immich_tools.disk.findings import MISSING, PRESENT, FileState, Finding, unknown
from immich_tools.disk.patient import Beat, work_off
from immich_tools.disk.port import Entry, FileSystem, LocalFileSystem
from immich_tools.disk.replaced_names import Listing
from immich_tools.i18n import _

DEFAULT_THREADS: Final = 8
DEFAULT_PATIENCE: Final = 60.0
"""Seconds; a disk that has to spin up takes about ten."""
NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_ENTRIES_BETWEEN_BEATS: Final = 256
_KNOWN_FOLDERS: Final = 64


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Paths as the names in each folder, which is how `scan` takes them."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _slash, name = path.rpartition("/")
        folders.setdefault(folder if folder or not path.startswith("/") else "/", []).append(name)
    return folders


def joined(folder: str, name: str) -> str:
    """The path of a name in a folder."""
    return f"{folder}{name}" if not folder or folder.endswith("/") else f"{folder}/{name}"


def scan(
    folders: Mapping[str, Sequence[str]],
    *,
    top: str = "/",
    file_system: FileSystem | None = None,
    threads: int = DEFAULT_THREADS,
    patience: float = DEFAULT_PATIENCE,
) -> dict[str, Finding]:
    """Look for files that all lie on one disk.

    MISSING here only says what the file system says; whether that may be believed is another question, see `look`.

    :param folders: whole paths of folders on this computer → names of files in them.
    :param top: a folder above all of these; its own path is taken as it is, below it names of another case or Unicode form are found.
    :param threads: folders looked into at the same time.
    :param patience: seconds that one call may take. After that the disk counts as hanging: whatever has no finding yet is unknown.
    :returns: path → finding, of all files but those that are present.
    """
    findings: dict[str, Finding] = {}
    left: dict[str, Sequence[str]] = {}
    for folder, names in folders.items():
        objection = _objection(folder)
        if objection is None:
            left[folder] = names
        else:
            findings.update((joined(folder, name), unknown(objection)) for name in names)
    search = _Search(file_system or LocalFileSystem(), top.rstrip("/") or "/")

    def work(folder: str, beat: Beat) -> Mapping[str, Finding]:
        return search.folder(folder.rstrip("/") or "/", folders[folder], beat)

    for folder, found in work_off(list(left), work, threads=threads, patience=patience):
        findings.update(found)
        del left[folder]
    hanging = unknown(_("the disk does not answer"))
    for folder, names in left.items():
        findings.update((joined(folder, name), hanging) for name in names)
    return findings


def _objection(folder: str) -> str | None:
    """Why the files of a folder cannot be looked for, if they cannot."""
    if not folder.startswith("/"):
        return _("its path is not a whole path")
    if ".." in folder.split("/"):
        return _("its path leads upwards")  # and so maybe out of the folder whose disk was proven to be there
    return None


class _Search:
    """Looks into folders; knows the last ones in which names were looked for that differ only in form."""

    def __init__(self, file_system: FileSystem, top: str) -> None:
        self._files = file_system
        self._top = top
        self._listings = lru_cache(maxsize=_KNOWN_FOLDERS)(self._read_names)

    def folder(self, folder: str, names: Sequence[str], beat: Beat) -> dict[str, Finding]:
        """The findings of files of one folder, but for those that are present."""
        listing: dict[str, Entry] | None = None
        try:
            listing = self._list(folder, beat)
        except (OSError, ValueError) as failure:
            if not _is_absence(failure):
                return self._one_by_one(folder, names, _reason(failure), beat)
            findings = {joined(folder, name): MISSING for name in names}
        else:
            findings = self._by_listing(folder, names, listing, beat)
        lost = [name for name in names if findings.get(joined(folder, name)) is MISSING]
        if lost:
            findings.update(self._under_other_names(folder, lost, listing, beat))
        return findings

    def _by_listing(
        self, folder: str, names: Iterable[str], listing: Mapping[str, Entry], beat: Beat
    ) -> dict[str, Finding]:
        findings: dict[str, Finding] = {}
        for name in names:
            entry = listing.get(name)
            if entry is not None and _is_plain(entry):
                continue
            beat()
            finding = self._look_at(joined(folder, name), is_listed=entry is not None)
            if finding is not PRESENT:
                findings[joined(folder, name)] = finding
        return findings

    def _list(self, folder: str, beat: Beat) -> dict[str, Entry]:
        listing: dict[str, Entry] = {}
        for entry in self._files.entries(folder):
            listing[entry.name] = entry
            if not len(listing) % _ENTRIES_BETWEEN_BEATS:
                beat()
        return listing

    def _look_at(self, path: str, *, is_listed: bool) -> Finding:
        try:
            status = self._files.status(path)
        except (OSError, ValueError) as failure:
            if not _is_absence(failure):
                return unknown(_reason(failure))
            return unknown(_("it is a link that leads nowhere")) if is_listed else MISSING
        return PRESENT if status.is_file else unknown(_("it is no file, but a folder or something else"))

    def _one_by_one(self, folder: str, names: Iterable[str], reason: str, beat: Beat) -> dict[str, Finding]:
        """The findings where the folder's names cannot be read: what is there is; of the rest nobody can say that it was not renamed."""
        unreadable = unknown(_("its folder cannot be read: {reason}").format(reason=reason))
        findings: dict[str, Finding] = {}
        for name in names:
            beat()
            path = joined(folder, name)
            finding = self._look_at(path, is_listed=False)
            if finding is not PRESENT:
                findings[path] = unreadable if finding is MISSING else finding
        return findings

    def _under_other_names(
        self, folder: str, names: Iterable[str], listing: Iterable[str] | None, beat: Beat
    ) -> Iterator[tuple[str, Finding]]:
        """The findings of names that are not in their folder but may be there under another name, or in a folder of another name.

        :param listing: of the folder; None where it is not there, unless as a link that leads nowhere.
        """
        try:
            folders, stand_in = self._alike(folder, beat)
            others = [
                (each, Listing(listing) if each == folder and listing is not None else self._names_in(each))
                for each in folders
            ]
        except (OSError, ValueError) as failure:
            unreadable = unknown(_("a folder above it cannot be read: {reason}").format(reason=_reason(failure)))
            for name in names:
                yield joined(folder, name), unreadable
            return
        for name in names:
            beat()
            finding = _shown_as(stand_in) if stand_in is not None else _under_another_name(name, others)
            if finding is not None:
                yield joined(folder, name), finding

    def _alike(self, folder: str, beat: Beat) -> tuple[list[str], str | None]:
        """The folders there are whose paths below the top are like this one but for their form, this one included if it is there.

        With it comes a folder that may be this one, or one above it, as the mount shows it; then no others are looked for.

        :raises OSError: a folder above cannot be read.
        """
        if folder in (self._top, "/"):
            return [folder], None
        above, _slash, name = folder.rpartition("/")
        beat()
        parents, stand_in = self._alike(above or "/", beat)
        found: list[str] = []
        for parent in parents:
            names = self._names_in(parent)
            found += [joined(parent, each) for each in names.alike(name)]
            other = None if names.alike(name) else names.stand_in(name)
            if other is not None:
                stand_in = joined(parent, other)
        return found, stand_in

    def _names_in(self, folder: str) -> Listing:
        """The names in a folder; nothing where there is no folder.

        :raises OSError: it cannot be read, or is a link that leads nowhere.
        """
        try:
            return self._listings(folder)
        except NotADirectoryError:
            return Listing(())

    def _read_names(self, folder: str) -> Listing:
        return Listing(entry.name for entry in self._files.entries(folder))


def _under_another_name(name: str, others: Iterable[tuple[str, Listing]]) -> Finding | None:
    for folder, names in others:
        if found := names.alike(name):
            return Finding(FileState.RENAMED, found=joined(folder, found[0]))
    for folder, names in others:
        stand_in = names.stand_in(name)
        if stand_in is not None:
            return _shown_as(joined(folder, stand_in))
    return None


def _shown_as(path: str) -> Finding:
    # Bytes of another encoding cannot be written into a report as they are.
    shown = path.encode("utf-8", "backslashreplace").decode()
    return unknown(_("the disk may show its name as {path}").format(path=shown), shown)


def _is_plain(entry: Entry) -> bool:
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return (
            False  # only file systems whose listings do not tell the kind; the call for the file itself will say more
        )


def _is_absence(failure: Exception) -> bool:
    return isinstance(failure, OSError) and failure.errno in NOT_THERE


def _reason(failure: Exception) -> str:
    if isinstance(failure, OSError) and failure.errno is not None:
        return f"{os.strerror(failure.errno)} ({errno.errorcode.get(failure.errno, failure.errno)})"
    return _("its path cannot be one of this computer")  # a name that cannot be written in the computer's encoding
