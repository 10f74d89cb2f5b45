"""Options in plan documents."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.settings.documents import from_document, to_document


class Colour(Enum):
    RED = "red"
    NONE = 0


@frozen(kw_only=True)
class Options:
    flag: bool = False
    count: Annotated[int, "a note"] = 3
    ratio: float = 0.5
    limit: int | None = None
    colour: Colour = Colour.RED
    colours: tuple[Colour, ...] = ()
    words: tuple[str, ...] = ("a",)
    day: date | None = None
    folder: Path | None = None


@given(
    st.builds(
        Options,
        flag=st.booleans(),
        count=st.integers(),
        ratio=st.floats(allow_nan=False, allow_infinity=False),
        limit=st.none() | st.integers(),
        colour=st.sampled_from(Colour),
        colours=st.lists(st.sampled_from(Colour)).map(tuple),
        words=st.lists(st.text()).map(tuple),
        day=st.none() | st.dates(),
        folder=st.none() | st.just(Path("/a/b")),
    )
)
def test_what_is_written_is_read(options: Options) -> None:
    assert from_document(Options, json.loads(json.dumps(to_document(options)))) == options


def test_what_is_missing_has_its_default() -> None:
    assert from_document(Options, {"count": 4}) == Options(count=4)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"other": 1}, "unknown option 'other'"),
        ({"flag": 1}, "option 'flag' has a wrong value"),
        ({"count": True}, "option 'count' has a wrong value"),
        ({"count": 1.0}, "option 'count' has a wrong value"),
        ({"count": None}, "option 'count' has a wrong value"),
        ({"ratio": "0.5"}, "option 'ratio' has a wrong value"),
        ({"limit": "3"}, "option 'limit' has a wrong value"),
        ({"colour": "blue"}, "option 'colour' has a wrong value"),
        ({"colour": False}, "option 'colour' has a wrong value"),
        ({"colours": "red"}, "option 'colours' has a wrong value"),
        ({"words": [1]}, "option 'words' has a wrong value"),
        ({"words": "a"}, "option 'words' has a wrong value"),
        ({"day": "yesterday"}, "option 'day' has a wrong value"),
        ({"folder": 3}, "option 'folder' has a wrong value"),
    ],
)
def test_a_wrong_value_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_document(Options, document)
