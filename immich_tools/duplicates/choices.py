"""The words a user chooses from: rules of the ranking, kinds of media, and what to do with cases that need a decision."""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """A rule that prefers some copies to others; the ranking is a list of these, each asked only where the earlier ones leave a tie."""

    DATE_TAKEN = "date-taken"
    """Taken earliest; dates within the tolerance of the earliest count as equal."""
    FORMAT = "format"
    """The file format that comes first in the list of formats."""
    SIZE = "size"
    """The larger file."""
    EXIF = "exif"
    """More filled fields of metadata."""
    RESOLUTION = "resolution"
    """More pixels."""
    FAVORITE = "favorite"
    """Marked as favourite."""
    MOTION_VIDEO = "motion-video"
    """A live photo that has its motion video."""
    ALBUMS = "albums"
    """In more albums."""
    PATH = "path"
    """Under the preferred folder that comes first in the list of preferred paths."""
    LIBRARY = "library"
    """In the library that comes first in the list of preferred libraries."""
    NEWEST = "newest"
    """Taken latest; dates within the tolerance of the latest count as equal."""
    LARGEST = "largest"
    """The larger file: another name of `SIZE`."""
    SMALLEST = "smallest"
    """The smaller file."""
    SERVER = "server"
    """The server's own suggestion (Immich 2.7 on)."""


class Media(Enum):
    """Which groups are looked at."""

    ALL = "all"
    IMAGES = "images"
    VIDEOS = "videos"


class RawPairs(Enum):
    """What to do with a RAW file and the picture developed from it."""

    SKIP = "skip"
    STACK = "stack"
    DUPLICATES = "duplicates"


class Related(Enum):
    """What to do with pictures that belong together and are no copies: shots of a series, an edit and its original."""

    SKIP = "skip"
    STACK = "stack"
    DUPLICATES = "duplicates"


class ArchivedKeeper(Enum):
    """What to do when the keeper is archived while a copy that would go shows in the timeline."""

    SHOW = "show"
    """Bring the keeper into the timeline, so that the photo does not vanish from there."""
    SKIP = "skip"
    """Leave the group alone."""
    IGNORE = "ignore"
    """Leave the keeper archived."""


EXTERNAL = "external"
"""Word for every external library, where library ids are expected."""
UPLOAD = "upload"
"""Word for the assets of no external library, where library ids are expected."""
