"""The lock of a server, and where its files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import UsageError
from immich_tools.service.health import Health
from immich_tools.service.place import Place

ONE, OTHER = "http://nas:2283/api", "http://nas:2284/api"


def test_one_schedule_at_a_time_works_on_a_server(tmp_path: Path) -> None:
    place = Place.of(tmp_path, ONE)
    assert not place.is_taken()
    with place.alone():
        assert place.is_taken() and not Place.of(tmp_path, OTHER).is_taken()
        with Place.of(tmp_path, OTHER).alone():
            pass
        with pytest.raises(UsageError, match="Another schedule works on this server already"), place.alone():
            pytest.fail("two schedules at once")
    assert not place.is_taken()
    with place.alone():
        pass


def test_a_name_tells_people_which_server_it_is_and_stays_apart_from_others() -> None:
    names = {Place.of(Path(), server).name for server in (ONE, OTHER, "https://nas:2283/api", "http://nas-2283/api")}
    assert len(names) == 4 and all(name.startswith("nas-228") for name in names)
    assert "/" not in Place.of(Path(), "http://a/../../etc").name
    assert len(Place.of(Path(), f"http://{'x' * 5000}").name) < 100


def test_all_servers_of_a_state_folder(tmp_path: Path) -> None:
    assert Place.all(tmp_path) == ()
    with Place.of(tmp_path, ONE).alone():
        Place.of(tmp_path, ONE).health.write(Health(server=ONE))
    (found,) = Place.all(tmp_path)
    assert found == Place.of(tmp_path, ONE) and found.health.read().server == ONE


def test_a_state_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with (
        pytest.raises(UsageError, match=r"The state folder .* cannot be written to"),
        Place.of(tmp_path / "state", ONE).alone(),
    ):
        pytest.fail("there is no lock")
    with pytest.raises(UsageError, match=r"The state folder .* cannot be read: Not a directory"):
        Place.all(tmp_path / "state")
