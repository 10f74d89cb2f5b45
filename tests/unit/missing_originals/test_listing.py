"""The rows of the report: every original that is not simply there, once."""

from __future__ import annotations

import csv
import json
import shlex
from datetime import datetime
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given

from immich_tools.disk.findings import MISSING
from immich_tools.errors import UsageError
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.listing import Row, concluded, joint, rows
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.plan import make_plan
from immich_tools.missing_originals.report_file import ReportFile, report_path
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Result, Status
from tests.unit.missing_originals.build import UNKNOWN, asset_id, facts, record
from tests.unit.missing_originals.test_properties import examples, many_facts, many_options

URL = "http://immich/api"
ROW = Row("1", "anna", "/data/1.jpg", "/data", "missing", "trash", "its file is missing")


@examples
@given(facts=many_facts(), options=many_options)
def test_every_missing_path_is_listed_once(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    plan = make_plan(facts, options)
    found = rows(facts, plan, URL)
    ids = [row.id for row in found]
    assert len(set(ids)) == len(ids)
    assert {record.id for record in facts.missing()} <= set(ids)
    assert {row.id for row in found if row.restore} == plan.removed()
    assert all(row.reason for row in found)


def test_what_stands_in_a_row() -> None:
    given = facts(record(1), record(2), missing=(1,), findings={record(2).path: UNKNOWN})
    first, second = rows(given, make_plan(given), URL)
    assert first.outcome == "trash" and first.state == "missing" and first.root == "/data/upload"
    words = shlex.split(first.restore)
    assert words[3] == f"{URL}/trash/restore/assets" and json.loads(words[-1]) == {"ids": [asset_id(1)]}
    assert (second.outcome, second.state, second.restore) == ("unknown", "unknown", "")


def test_each_asset_of_a_unit_has_its_own_reason() -> None:
    still, video = record(1, video=2), record(2)
    given = facts(still, video, findings={still.path: MISSING, video.path: MISSING})
    found = rows(given, make_plan(given), URL)
    assert [row.reason for row in found] == ["its file is missing"] * 2
    assert len({row.change for row in found}) == 1


def test_the_plan_of_the_owner_tells_of_an_asset() -> None:
    foreign = evolve(ROW, outcome="other-account")
    ownerless = evolve(ROW, id="3", owner="nobody", path="/data/3.jpg", outcome="foreign-owner")
    for plans in ([("anna", [ROW]), ("ben", [foreign, ownerless])], [("ben", [foreign, ownerless]), ("anna", [ROW])]):
        assert joint(plans) == [ROW, ownerless]


def test_what_became_of_it() -> None:
    given = facts(record(1), record(2), missing=(1,), findings={record(2).path: UNKNOWN})
    plan = make_plan(given)
    (change,) = plan.changes
    outcome = Outcome(plan, "run-1", results={change.id: Result(Status.STALE)})
    first, second = concluded(rows(given, plan, URL), outcome)
    assert (first.run, first.result) == ("run-1", "stale") and (second.run, second.result) == ("", "")


@pytest.mark.parametrize("name", ["a.json", "a.csv", "A.CSV"])
def test_the_file_is_written_again_but_nobody_elses(tmp_path: Path, name: str) -> None:
    odd = evolve(ROW, path='/data/",\n;ü\ud800.jpg')
    report = ReportFile(tmp_path / name)
    report.write([odd])
    report.write([odd, ROW])
    assert [each.name for each in tmp_path.iterdir()] == [name]
    text = (tmp_path / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        assert [each["path"] for each in json.loads(text)["originals"]] == [odd.path, ROW.path]
    else:
        assert len(list(csv.DictReader(text.splitlines(keepends=True)))) == 2
    with pytest.raises(UsageError, match="not overwritten"):
        ReportFile(tmp_path / name).write([])


def test_the_name_may_hold_the_day() -> None:
    moment = datetime(2026, 5, 3, 4, 5, 6)  # noqa: DTZ001 - a person's own time
    assert report_path(Path("/r/%Y-%m-%d.csv"), moment) == Path("/r/2026-05-03.csv")
    with pytest.raises(UsageError, match=r"\.json or \.csv"):
        report_path(Path("/r/%Y.xml"), moment)
