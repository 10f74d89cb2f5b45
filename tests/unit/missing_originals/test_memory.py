"""What is remembered, what is forgotten, and how it is kept on the disk."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.missing_originals.memory import Memory, Trashed
from immich_tools.missing_originals.state import read_memory, state_path, write_memory
from tests.unit.missing_originals.build import TODAY

DAY = timedelta(days=1)
NONE: frozenset[str] = frozenset()


def trashed(**days_ago: int) -> Memory:
    return Memory({name: Trashed(TODAY - days * DAY, f"/a/{name}.jpg") for name, days in days_ago.items()})


def test_lost_is_what_the_window_trashed_and_nobody_restored() -> None:
    memory = trashed(today=0, inside=29, outside=30, restored=3)
    assert list(memory.lost(TODAY, 30, {"restored"})) == ["/a/today.jpg", "/a/inside.jpg"]
    assert not list(memory.lost(TODAY, 0, NONE))
    assert not list(Memory().lost(TODAY, 30, NONE))


def test_runs_in_a_row() -> None:
    memory = Memory()
    for _run in range(2):
        memory = memory.after_looking(["x", "y", "other"], [], {})
    memory = memory.after_looking(["x"], ["y"], {})
    assert [memory.runs_missing(name) for name in ("x", "y", "z")] == [4, 1, 1]
    assert memory.runs_missing("other") == 3, "this run knew nothing of it"


def test_devices_of_roots_that_are_not_proven_are_kept() -> None:
    memory = Memory(devices={"/a": 1, "/b": 2}).after_looking([], [], {"/b": 3, "/c": 4})
    assert memory.devices == {"/a": 1, "/b": 3, "/c": 4}


memories = st.builds(
    Memory,
    missing=st.dictionaries(st.text(), st.integers(1, 99)),
    devices=st.dictionaries(st.text(), st.integers(0, 2**64)),
)


@given(memories)
def test_json_round_trip(memory: Memory) -> None:
    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(memories)
def test_kept_on_the_disk(tmp_path: Path, memory: Memory) -> None:
    path = state_path("http://immich", tmp_path / "new" / "folder")
    write_memory(path, memory)
    assert read_memory(path) == memory
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_before_the_first_run_there_is_nothing(tmp_path: Path) -> None:
    assert read_memory(tmp_path / "none.json") == Memory()


def test_each_server_has_a_file_that_does_not_tell_its_name(tmp_path: Path) -> None:
    first, second = (state_path(name, tmp_path) for name in ("http://a", "http://b"))
    assert first != second and first.parent == second.parent == tmp_path
    assert first == state_path("http://a", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema": 2}',
        '{"schema": 1}',
        '{"schema": 1, "missing": {"x": "1"}, "devices": {}}',
        '{"schema": 1, "missing": {}, "devices": {"x": true}}',
        '{"schema": 1, "missing": {}, "devices": []}',
        "\ud800",
        "[" * 100_000,
    ],
)
def test_a_memory_that_cannot_be_read_stops_the_run(tmp_path: Path, text: str) -> None:
    path = tmp_path / "memory.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(UsageError, match="Nothing was changed") as refusal:
        read_memory(path)
    assert str(path) in str(refusal.value)


def test_a_memory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_memory(tmp_path / "file" / "memory.json", Memory())
    with pytest.raises(UsageError, match="Is a directory"):
        read_memory(tmp_path)
