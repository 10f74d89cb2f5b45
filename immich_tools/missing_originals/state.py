"""Keeps what runs saw in a file of the user's state folder, one for each server."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from immich_tools.disk.atomic import write_atomically
from immich_tools.errors import UsageError
from immich_tools.folders import default_state_folder
from immich_tools.i18n import _
from immich_tools.missing_originals.memory import Memory

FOLDER: Final = "missing-originals"
_LENGTH: Final = 16


def state_path(identity: str, folder: Path | None = None) -> Path:
    """The file of a memory.

    :param identity: what it belongs to: the server's address. Never a secret.
    :param folder: where memories are kept; None for the user's state folder.
    """
    name = sha256(identity.encode()).hexdigest()[:_LENGTH]
    return (folder or default_state_folder() / FOLDER) / f"{name}.json"


def read_memory(path: Path) -> Memory:
    """What earlier runs saw; nothing before the first.

    :raises UsageError: it cannot be read. A memory that is lost is a guard that is lost, so nothing goes on without it by itself.
    """
    try:
        return Memory.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Memory()
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise UsageError(
        _(
            "What earlier runs saw cannot be read from {path}: {reason}. Nothing was changed. "
            "Look at the last runs (immich-toolkit runs), then move that file away to begin anew."
        ).format(path=path, reason=reason)
    )


def write_memory(path: Path, memory: Memory) -> None:
    """Write a memory; a crash leaves the old one or the new one, never half of one.

    :raises UsageError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(memory.to_json(), indent=0).encode())
    except OSError as error:
        raise UsageError(
            _("What was seen cannot be written to {path}: {reason}. Nothing was changed.").format(
                path=path, reason=error.strerror
            )
        ) from None
