"""Reads ``.albumprops`` files from this computer's disk, for the folders of a server; the only part of the tool that looks at a disk.

Only folders that hold files the server knows are looked into, and those above them up to the root: that takes a few calls for each
folder, where walking a whole library takes one for each file.
"""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from immich_tools.errors import UsageError
from immich_tools.folder_albums.albumprops import FILE_NAME, decode, read_properties
from immich_tools.folder_albums.properties import AlbumProperties
from immich_tools.folder_albums.roots import Folder
from immich_tools.i18n import _
from immich_tools.paths import PathMap

LARGEST: Final = 100_000
"""Bytes of a file that can be meant. Reading YAML takes two seconds for a megabyte."""


@frozen
class PropertyFiles:
    """What was found on the disk.

    :ivar files: folder, as the server sees it → what its file says.
    :ivar broken: folder → what is wrong with its file, in a line for each fault.
    :ivar warnings: folders that are not there.
    """

    files: Mapping[str, AlbumProperties] = field(factory=dict)
    broken: Mapping[str, str] = field(factory=dict)
    warnings: tuple[str, ...] = ()


def read_files(folders: Iterable[Folder], path_map: PathMap) -> PropertyFiles:
    """Read the files of folders and of all folders above them, up to their roots.

    :param path_map: where folders of the server are found on this computer.
    """
    paths: set[str] = set()
    roots: set[str] = set()
    for folder in folders:
        path = folder.root.rstrip("/")
        roots.add(path)
        for name in ("", *folder.names):
            path = f"{path}/{name}" if name else path
            paths.add(path)
    files: dict[str, AlbumProperties] = {}
    broken: dict[str, str] = {}
    for path in sorted(paths):
        local = _file_in(path, path_map)
        if local is None:
            continue
        try:
            files[path] = read_properties(decode(_content(local), str(local)), str(local))
        except OSError as error:
            broken[path] = _("{file} cannot be read: {reason}").format(file=local, reason=error.strerror)
        except UsageError as error:
            broken[path] = str(error)
    missing = [root for root in sorted(roots) if not _is_folder(Path(path_map.local(root)))]
    warnings = [
        _("The folder {folder} is not on this computer, so no .albumprops are read; name its place with --map.").format(
            folder=path_map.local(root)
        )
        for root in missing
    ]
    warnings += [
        _("Wrong .albumprops, so its folder is skipped: {problem}").format(problem=problem)
        for each in sorted(broken)
        for problem in broken[each].split("\n")
    ]
    return PropertyFiles(files, broken, tuple(warnings))


def _content(file: Path) -> bytes:
    """What a file holds, unless it is too large to be meant, or no file at all: then it is not even opened.

    :raises UsageError: it is one of these.
    :raises OSError: it cannot be read.
    """
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(_("{file}: this is not a regular file.").format(file=file))
    if found.st_size <= LARGEST:
        with file.open("rb") as content:
            data = content.read(LARGEST + 1)
        if len(data) <= LARGEST:
            return data
    raise UsageError(
        _("{file}: this file is larger than {limit} kB, so it is not read.").format(file=file, limit=LARGEST // 1000)
    )


def _file_in(path: str, path_map: PathMap) -> Path | None:
    """The file of a folder, if it has one.

    :param path: in composed Unicode form (NFC); the names on the disk may be in decomposed form (NFD), as Macs write them.
    """
    for form in (path,) if path.isascii() else (path, unicodedata.normalize("NFD", path)):
        local = Path(path_map.local(form)) / FILE_NAME
        try:
            local.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return local  # why it cannot be read is told by whoever reads it
        except ValueError:
            return None  # the server has a name that no file on this computer can have
        return local
    return None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
