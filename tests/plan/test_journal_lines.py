"""Lines of journals: what is written is read, ids are written once, and formats that nobody knows are refused."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.codec import plan_converter
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import TagAssets
from immich_tools.plan.expected import Expected
from immich_tools.plan.fields import AssetField
from immich_tools.plan.journal import NewerJournal, find_run, read_run, runs
from immich_tools.plan.journal_lines import (
    LINES,
    AlbumsSeen,
    AssetsSeen,
    CoversSeen,
    Intent,
    Line,
    Numbering,
    Outcomes,
    TagsSeen,
    from_ranges,
    line_to_json,
    to_ranges,
)
from immich_tools.plan.journal_state import JournalState
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status

often = settings(max_examples=100, derandomize=True, deadline=None, database=None)
CHANGES = Numbering(
    (
        Change("a", TagAssets("sea", ("1", "2", "3"))),
        Change("b", AddToAlbum("1", "album")),
        Change("c", TrashAssets(("4", "5"), ("1",))),
    )
)
results = st.builds(Result, st.sampled_from(Status), st.text(max_size=3), st.just("") | st.text(max_size=3))
texts = st.text(max_size=5)
values = {
    AssetField.DESCRIPTION: st.none() | texts,
    AssetField.RATING: st.sampled_from((None, 1, 5)),
    AssetField.FAVORITE: st.booleans(),
    AssetField.DATE: st.sampled_from((None, "2024-05-01T12:00:00+02:00")),
    AssetField.PLACE: st.none() | st.builds(Place, st.floats(-90, 90), st.floats(-180, 180)),
    AssetField.VISIBILITY: st.sampled_from(Visibility),
}
expected = st.builds(Expected, st.fixed_dictionaries(values), st.sets(st.sampled_from(("x", "y", "z"))))


def reread(line: Line) -> JournalState:
    """What a line tells after it was written and read."""
    document = json.loads(json.dumps(line_to_json(line)))
    state = JournalState({})
    plan_converter().structure(document, LINES[document.pop("event")]).tell(state, CHANGES)
    return state


@often
@given(st.sets(st.integers(0, 300)))
def test_numbers_come_back_from_their_text(numbers: set[int]) -> None:
    text = to_ranges(numbers)
    assert list(from_ranges(text, 301)) == sorted(numbers)
    assert text.count("-") + text.count(",") < max(1, len(numbers) + 1)


@pytest.mark.parametrize("text", ["3", "0-3", "-1", "2-1", "a", ",", "0,", "0--1", "x-y"])
def test_a_text_that_names_what_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(from_ranges(text, 3))


@often
@given(st.dictionaries(st.sampled_from("abc"), results, min_size=1))
def test_results_come_back_as_they_were(told: dict[str, Result]) -> None:
    assert reread(Outcomes.of(told, CHANGES)).results == told


@often
@given(st.dictionaries(texts, expected, max_size=5))
def test_what_assets_held_comes_back_as_it_was(before: dict[str, Expected]) -> None:
    for each in before.values():
        each.fields = {name: None if value == "" else value for name, value in each.fields.items()}
    assert reread(AssetsSeen.of(before)).assets_before == before


def test_what_was_seen_of_albums_tags_and_covers_comes_back_as_it_was() -> None:
    parts = {"a": ("1", "3"), "c": ()}
    albums = reread(AlbumsSeen(("x",), CHANGES.parts(parts)))
    assert albums.albums == frozenset({"x"}) and albums.gone == parts
    tags = reread(TagsSeen(("sea",), CHANGES.parts(parts)))
    assert tags.missing_tags == {"sea"} and tags.seen_carried == parts
    assert reread(CoversSeen({"album": "1"})).covers == {"album": "1"}
    assert reread(Intent(CHANGES.ranges(["c", "a"]))).unconcluded == {"a", "c"}


def test_after_its_first_line_a_journal_of_many_changes_is_small(tmp_path: Path) -> None:
    ids = [str(UUID(int=number, version=4)) for number in range(6000)]
    plan = Plan("t", "me", "3.1.0", 9, tuple(Change(f"album:{name}", AddToAlbum(name, "album")) for name in ids))
    names = [change.id for change in plan.changes]
    with Journal.create(tmp_path, plan, server="http://nas/api", permanent=None, undoes=None) as journal:
        before = journal.path.stat().st_size
        for number in range(0, len(names), 500):
            journal.intend(names[number : number + 500])
            journal.conclude(dict.fromkeys(names[number : number + 500], Result(Status.DONE)))
        journal.finish()
        assert journal.path.stat().st_size - before < 2000
    assert len(read_run(journal.path).with_status(Status.DONE)) == len(names)


def test_a_journal_of_a_newer_format_is_refused_in_one_line_and_never_passed_over(tmp_path: Path) -> None:
    with Journal.create(
        tmp_path, Plan("t", "me", "3.1.0", 9), server="http://nas/api", permanent=None, undoes=None
    ) as journal:
        journal.finish()
    first, *others = journal.path.read_text().split("\n")
    journal.path.write_text("\n".join([json.dumps(json.loads(first) | {"format": 3, "news": []}), *others]))
    for read in (
        lambda: read_run(journal.path),
        lambda: runs(tmp_path),
        lambda: find_run(tmp_path, "last"),
        lambda: find_run(tmp_path, journal.run_id),
    ):
        with pytest.raises(NewerJournal) as caught:
            read()
        words = str(caught.value)
        assert str(journal.path) in words and "format 3" in words and "up to 2" in words and "\n" not in words


def test_a_version_that_knows_only_format_1_does_not_take_a_newer_journal_for_its_own(tmp_path: Path) -> None:
    """It demands a plan with a schema, and would pass over numbers of changes: then it would do everything twice."""
    with Journal.create(
        tmp_path, Plan("t", "me", "3.1.0", 9), server="http://nas/api", permanent=None, undoes=None
    ) as journal:
        pass
    head = json.loads(journal.path.read_text())
    assert head["format"] == 2 and "schema" not in head["plan"]
    del head["format"]
    journal.path.write_text(json.dumps(head) + "\n")
    with pytest.raises(UsageError, match="not the journal"):
        read_run(journal.path)
