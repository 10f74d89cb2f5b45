"""The duplicates cleaner in a script or a notebook: values with a readable repr, no prints, no global state."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools import Immich, duplicates
from immich_tools.errors import GuardTripped, ToolkitError, UsageError, WriteRefused
from immich_tools.plan.guards import Guards
from tests.tools.holiday import LOSERS
from tests.tools.server import Server
from tests.tools.snapshot import snapshot


def test_facts_plan_apply(holiday: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    with Immich.connect(holiday.url, holiday.key) as immich:
        facts = duplicates.gather(immich)
        plan = duplicates.make_plan(facts)
        outcome = plan.apply(immich, journal_folder=tmp_path)

    assert len(facts.groups) == 3
    assert not outcome.failures
    assert outcome.run_id is not None
    assert (tmp_path / f"{outcome.run_id}.jsonl").is_file()
    assert snapshot(holiday).trashed() >= LOSERS
    assert capfd.readouterr() == ("", "")


def test_the_repr_says_in_a_few_lines_what_would_happen(holiday: Server, tmp_path: Path) -> None:
    immich = holiday.connect()
    plan = duplicates.make_plan(duplicates.gather(immich))

    assert "4 assets of 10" in repr(plan)
    assert len(repr(plan).splitlines()) < 12
    assert holiday.key not in repr(immich) + repr(plan)
    outcome = plan.apply(immich, journal_folder=tmp_path)
    assert str(outcome.run_id) in repr(outcome)


def test_the_html_repr_is_a_table_without_scripts(holiday: Server) -> None:
    plan = duplicates.make_plan(duplicates.gather(holiday.connect(read_only=True)))
    html = plan._repr_html_()
    assert "<table" in html
    assert "beach-copy.jpg" in html
    assert "<script" not in html


def test_the_same_facts_give_the_same_plan(holiday: Server) -> None:
    immich = holiday.connect(read_only=True)
    first = duplicates.make_plan(duplicates.gather(immich))
    assert duplicates.make_plan(duplicates.gather(immich)) == first


def test_a_client_that_may_only_read_cannot_apply(holiday: Server, tmp_path: Path) -> None:
    before, writes = snapshot(holiday), holiday.host.writes()
    immich = holiday.connect(read_only=True)
    plan = duplicates.make_plan(duplicates.gather(immich))

    with pytest.raises(UsageError):
        plan.apply(immich, journal_folder=tmp_path)
    with pytest.raises(WriteRefused):
        immich.assets.trash([holiday.ids["alone.jpg"]])

    assert holiday.host.writes() == writes
    assert snapshot(holiday) == before


def test_a_plan_of_one_user_is_not_carried_out_with_another_s_key(holiday: Server, tmp_path: Path) -> None:
    other = holiday.host.new_user("Other")
    plan = duplicates.make_plan(duplicates.gather(holiday.connect()))
    with pytest.raises(UsageError):
        plan.apply(other.connect(), journal_folder=tmp_path)
    assert snapshot(holiday).trashed() == {"old.jpg"}


def test_guards_are_an_argument(holiday: Server, tmp_path: Path) -> None:
    immich = holiday.connect()
    plan = duplicates.make_plan(duplicates.gather(immich))
    with pytest.raises(GuardTripped) as tripped:
        plan.apply(immich, guards=Guards(max_removed=1), journal_folder=tmp_path)
    assert isinstance(tripped.value, ToolkitError)
    assert snapshot(holiday).trashed() == {"old.jpg"}


def test_options_are_values(holiday: Server) -> None:
    immich = holiday.connect(read_only=True)
    options = duplicates.DuplicatesOptions(only_pairs=True, rank=(duplicates.Rule.SMALLEST,))
    plan = duplicates.make_plan(duplicates.gather(immich, options), options)
    assert {holiday.name_of(asset_id) for asset_id in plan.removed()} == {"dog.jpg", "cake.jpg"}
    assert plan.skip_counts() == {"not-a-pair": 1}
