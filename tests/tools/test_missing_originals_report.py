"""The report file: every original that is not simply there, and a command that brings it back."""

from __future__ import annotations

import csv
import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from immich_tools.errors import ExitCode
from tests.tools.host import Host
from tests.tools.originals import Originals
from tests.tools.server import TAKEN, Server


@pytest.fixture
def library(in_database: Originals, host: Host) -> Originals:
    """Three uploads of two users; one of each is missing, and one of the first has another name on the disk."""
    in_database.users.append(host.new_user("Ben"))
    for user in in_database.users:
        for number in range(3):
            user.photo(f"{number}.jpg", taken=TAKEN + timedelta(days=number))
        user.settle()
    in_database.fill()
    for user in in_database.users:
        in_database.file("0.jpg", user).unlink()
    renamed = in_database.file("1.jpg")
    renamed.rename(renamed.with_suffix(".JPG"))
    return in_database


def rows(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of a report by the ids of their assets."""
    text = path.read_text(encoding="utf-8")
    found = json.loads(text)["originals"] if path.suffix == ".json" else list(csv.DictReader(text.splitlines()))
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: row for row in found}


@pytest.mark.parametrize("name", ["report.json", "report.csv"])
def test_what_is_listed(library: Originals, name: str) -> None:
    server, other = library.users
    library.run("--report-file", name, "--apply")
    found = rows(library.shell.folder / name)
    gone, renamed, foreign = (found[each] for each in (server.ids["0.jpg"], server.ids["1.jpg"], other.ids["0.jpg"]))
    assert len(found) == 3
    assert (gone["outcome"], gone["state"], gone["owner"], gone["result"]) == (
        "trash", "missing", server.user_id, "done",
    )  # fmt: skip
    assert gone["path"] == server.api.get(f"/assets/{gone['id']}")["originalPath"]
    assert gone["run"] in {path.stem for path in library.shell.journals.glob("*.jsonl")}
    assert (renamed["outcome"], renamed["state"], renamed["restore"]) == ("renamed", "renamed", "")
    assert (foreign["outcome"], foreign["owner"], foreign["restore"]) == ("foreign-owner", other.user_id, "")
    assert other.user_id in foreign["reason"]


def test_the_command_that_restores_does(library: Originals) -> None:
    library.run("--report-file", "report.json", "--apply")
    assert library.trashed() == {"0.jpg"}
    words = shlex.split(rows(library.shell.folder / "report.json")[library.server.ids["0.jpg"]]["restore"])
    assert words[:3] == ["curl", "-X", "POST"] and library.shell.key not in words
    headers = dict(re.findall(r"([\w-]+): (\S+)", "\n".join(words[4:8])))
    headers["x-api-key"] = library.shell.key
    httpx.post(words[3], headers=headers, content=words[9]).raise_for_status()
    assert not library.trashed()


def test_a_dry_run_tells_what_would_become_of_them(library: Originals) -> None:
    library.run("--report-file", "report-%Y-%m-%d.csv")
    (path,) = library.shell.folder.glob("report-20*.csv")
    row = rows(path)[library.server.ids["0.jpg"]]
    assert (row["outcome"], row["run"], row["result"]) == ("trash", "", "") and row["restore"]
    assert not library.trashed()


def test_of_several_accounts_each_original_stands_once(library: Originals) -> None:
    server, other = library.users
    keys = {"IMMICH_API_KEYS": ",".join(f"{user.user_id}:{user.key}" for user in library.users)}
    library.with_variables(keys).run("--report-file", "report.json", "--apply")
    found = rows(library.shell.folder / "report.json")
    assert {key: row["result"] for key, row in found.items()} == {
        server.ids["0.jpg"]: "done",
        server.ids["1.jpg"]: "",
        other.ids["0.jpg"]: "done",
    }


def test_an_older_report_is_not_overwritten_and_nothing_goes_without_one(library: Originals) -> None:
    path = library.shell.folder / "report.csv"
    path.write_text("mine")
    result = library.run("--report-file", "report.csv", "--apply", code=ExitCode.USAGE)
    assert "not overwritten" in result.err and path.read_text() == "mine"
    result = library.run("--report-file", "nowhere/report.csv", "--apply", code=ExitCode.USAGE)
    assert "cannot be written" in result.err
    assert not library.trashed()
    nobody = library.shell.with_url("http://127.0.0.1:1").missing_originals("--report-file", "report.csv")
    assert nobody.code == ExitCode.USAGE and "not overwritten" in nobody.err, "found out before anything is read"


def test_uploads_elsewhere_are_told(server: Server, in_database: Originals) -> None:
    """The default patterns know the media locations alone."""
    server.photo("here.jpg")
    server.photo("there.jpg", taken=TAKEN + timedelta(days=1))
    server.settle()
    in_database.fill()
    in_database.mirror()
    assert in_database.postgres is not None
    with in_database.postgres.connect() as connection:
        connection.execute(
            "update asset set \"originalPath\" = '/mnt/old/there.jpg' where id = %s", [server.ids["there.jpg"]]
        )
    result = in_database.run(mirrored=True)
    assert "1 upload lies outside of the media locations, such as in /mnt/old/" in result.out
