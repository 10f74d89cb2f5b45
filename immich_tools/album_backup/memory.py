"""Keeps what copies hold in a file of the user's state folder, so that a run with nothing to do need not read them all again.

It only saves time. What a file holds is believed while its size, times and inode are as they were; before an upload goes, its copies are
read in full all the same (see `plan.claims.FileHolds`). So a memory that cannot be read is an empty one, and never an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from immich_tools.album_backup.files import KnownFiles, Mark
from immich_tools.codec import strict_converter, structured
from immich_tools.disk.atomic import write_atomically
from immich_tools.disk.content import Content
from immich_tools.folders import default_state_folder
from immich_tools.plan.claims import content_objection, refuse

FOLDER: Final = "album-backup"
SCHEMA: Final = 1
_LENGTH: Final = 16


def memory_path(user_id: str, folder: Path | None = None) -> Path:
    """The file of a user's memory.

    :param folder: where memories are kept; None for the user's state folder.
    """
    name = sha256(user_id.encode()).hexdigest()[:_LENGTH]
    return (folder or default_state_folder() / FOLDER) / f"{name}.json"


def read_memory(path: Path) -> KnownFiles:
    """What earlier runs read; nothing where that cannot be read."""
    try:
        return KnownFiles(contents_from_json(json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, RecursionError):
        return KnownFiles()


def write_memory(path: Path, known: KnownFiles) -> None:
    """Write a memory, without files that are gone; a crash leaves the old one or the new one. What cannot be written is not remembered."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(contents_to_json(known.remembered()), indent=0).encode())


@frozen
class _Stored:
    """What the file holds: path → size, times in nanoseconds, inode, SHA-1."""

    schema: int
    files: Mapping[str, tuple[int, int, int, int, str]]


def contents_to_json(contents: Mapping[str, tuple[Mark, Content]]) -> dict[str, Any]:
    """What files hold, as JSON values."""
    return {
        "schema": SCHEMA,
        "files": {
            path: [mark.size, mark.modified_ns, mark.changed_ns, mark.inode, content.sha1]
            for path, (mark, content) in sorted(contents.items())
        },
    }


def contents_from_json(document: Any) -> dict[str, tuple[Mark, Content]]:
    """What `contents_to_json` wrote.

    :raises ValueError: it is something else.
    """
    stored = structured(strict_converter(), document, _Stored)
    if stored.schema != SCHEMA:
        raise ValueError("not a memory of this version")
    return {path: _entry(*values) for path, values in stored.files.items()}


def _entry(size: int, modified: int, changed: int, inode: int, sha1: str) -> tuple[Mark, Content]:
    refuse(content_objection(size, sha1))
    return Mark(size, modified, changed, inode), Content(size, sha1)
