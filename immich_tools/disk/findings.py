"""What is known of a file after looking for it."""

from __future__ import annotations

from enum import Enum
from typing import Final

from attrs import frozen


class FileState(Enum):
    """Whether a file is there."""

    PRESENT = "present"
    MISSING = "missing"
    """The file system says that nothing has this name (ENOENT, ENOTDIR), nor one that differs only in case or Unicode form, nor one that
    may be how this disk shows it."""
    RENAMED = "renamed"
    """A name that differs only in case or Unicode form is there."""
    UNKNOWN = "unknown"
    """It could not be found out."""


@frozen
class Finding:
    """What came of looking for a file.

    :ivar reason: why it is not known, for a person; empty otherwise.
    :ivar found: of a renamed file, the path that is there; of an unknown one, a path that may be how the disk shows it, if there is one.
    """

    state: FileState
    reason: str = ""
    found: str = ""


PRESENT: Final = Finding(FileState.PRESENT)
MISSING: Final = Finding(FileState.MISSING)


def unknown(reason: str, found: str = "") -> Finding:
    """A finding of a file of which nothing can be said.

    :param reason: why, for a person.
    :param found: a path that may be how the disk shows it.
    """
    return Finding(FileState.UNKNOWN, reason, found)
