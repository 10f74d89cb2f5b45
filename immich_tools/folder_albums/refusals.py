"""Why a file goes into no album: a fixed word for counting, and a sentence for a person."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class SkipCode(Enum):
    """Kinds of reasons why a file goes into no album."""

    OUTSIDE_ROOTS = "outside-roots"
    IN_ROOT = "in-root"
    TOO_SHALLOW = "too-shallow"
    EMPTY_NAME = "empty-name"
    PROPERTIES_INVALID = "properties-invalid"


@frozen
class Refusal:
    """Why a file, or every file of a folder, goes into no album."""

    code: SkipCode
    reason: str
