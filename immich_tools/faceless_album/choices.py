"""Words that the options of the faceless album tool take."""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """What the files of the album have in common; see `rules`."""

    NO_PERSON = "no-person"
    NO_FACE = "no-face"
    NO_GPS = "no-gps"
    NO_DATE = "no-date"
    UNNAMED_PERSON = "unnamed-person"
    NOT_IN_ALBUM = "not-in-album"
    SCREENSHOTS = "screenshots"


class Kind(Enum):
    """Which files are looked at."""

    ALL = "all"
    IMAGES = "images"
    VIDEOS = "videos"


class Direction(Enum):
    """What is done with the album."""

    BOTH = "both"
    ADD = "add"
    REMOVE = "remove"


class Shown(Enum):
    """Where the files show."""

    TIMELINE = "timeline"
    ARCHIVE = "archive"
    BOTH = "both"
