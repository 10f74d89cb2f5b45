"""The fixed words of this tool: why a file or a unit is left alone."""

from __future__ import annotations

from enum import Enum


class SkipCode(Enum):
    """Why an asset is left alone."""

    RENAMED = "renamed"
    """A file is there whose name differs only in case or Unicode form."""
    UNKNOWN = "unknown"
    """Whether its file is there could not be found out, or the disk is not proven to be there."""
    ALREADY_TRASHED = "already-trashed"
    EXTERNAL = "external"
    """It belongs to an external library, which was not asked for."""
    FOREIGN_OWNER = "foreign-owner"
    """It belongs to a user of whom there is no key."""
    OTHER_ACCOUNT = "other-account"
    """It belongs to a user whose own key it is done with."""
    LOCKED = "locked"
    """It is in the locked folder, or nobody knows where it shows."""
    PARTIAL = "partial"
    """Something that belongs to it is still on the disk, or may be."""
    SERVER_DISAGREES = "server-disagrees"
    """The server's own integrity report does not name it."""
    GRACE = "grace"
    """It has not been missing for long enough."""
    MOVED_INCOMPLETE = "moved-incomplete"
    """Its file was moved to an external library, and what it has cannot all be carried over."""
    GUARD = "guard"
    """Too much is missing at once."""
