"""Background jobs: what a write queues, what the jobs do to later writes, and which waits keep everything.

Facts measured on Immich 2.3.1 and 3.1.0."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.sandbox import Dialect, Jobs, Sandbox
from immich_tools.sandbox.pictures import Picture, draw
from tests.sandbox.conftest import client_of

TAGS: Final = ("trip/sea", "family", "to print")
SEEDS: Final = range(12)
BOTH: Final = pytest.mark.parametrize("dialect", Dialect, ids=lambda dialect: dialect.value)


@define
class World:
    """A sandbox whose jobs take their time, with some assets and tags.

    :ivar ids: of the assets.
    :ivar tags: value → id.
    """

    sandbox: Sandbox
    client: httpx.Client
    ids: list[str]
    tags: dict[str, str] = field(factory=dict)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, f"/api{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def write(self, **fields: Any) -> None:
        self.send("PUT", "/assets", {"ids": self.ids, **fields})

    def tag(self, *values: str) -> None:
        self.send("PUT", "/tags/assets", {"tagIds": [self.tags[value] for value in values], "assetIds": self.ids})

    def tag_one_by_one(self, *values: str) -> None:
        for value in values:
            self.send("PUT", f"/tags/{self.tags[value]}/assets", {"ids": self.ids})

    def untag(self, value: str) -> None:
        self.send("DELETE", f"/tags/{self.tags[value]}/assets", {"ids": self.ids})

    def shown(self, asset_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.send("GET", f"/assets/{asset_id}")
        return shown

    def tags_of(self, asset_id: str) -> set[str]:
        return {tag["value"] for tag in self.shown(asset_id)["tags"]}

    def missing_tags(self) -> int:
        return sum(len({*TAGS} - self.tags_of(asset_id)) for asset_id in self.ids)

    def changed_at(self) -> dict[str, str]:
        return {asset_id: self.shown(asset_id)["updatedAt"] for asset_id in self.ids}

    def wait(self, before: dict[str, str], moves: int = 1) -> None:
        """Wait by the job clock until each asset has moved that often."""
        left = dict.fromkeys(self.ids, moves)
        last = dict(before)
        while any(left.values()):
            for asset_id, moment in self.changed_at().items():
                left[asset_id] = max(0, left[asset_id] - (moment != last[asset_id]))
                last[asset_id] = moment
            self.sandbox.clock.sleep(0.02)


@contextmanager
def world(dialect: Dialect, jobs: Jobs | None, *, assets: int = 1, **fields: Any) -> Iterator[World]:
    sandbox = Sandbox(dialect, jobs=jobs)
    ids = [sandbox.add_asset(**fields) for _ in range(assets)]
    with client_of(sandbox, sandbox.admin_key) as client:
        yield World(sandbox, client, ids, {value: sandbox.add_tag(value) for value in TAGS})


def moves(made: World, write: Callable[[], object]) -> tuple[int, int]:
    """How often `updatedAt` of the first asset moves at the answer, and later."""
    (asset_id, before) = made.ids[0], made.shown(made.ids[0])["updatedAt"]
    write()
    last = made.sandbox.state.assets[asset_id].updated_at
    at_once = int(made.shown(asset_id)["updatedAt"] != before)
    later = 0
    for _ in range(1500):
        made.sandbox.clock.sleep(0.01)
        if (now := made.sandbox.state.assets[asset_id].updated_at) != last:
            later, last = later + 1, now
    return at_once, later


NEW: Final[tuple[dict[str, object], ...]] = ({"description": "sea"}, {"rating": 3})

# What a write does to `updatedAt`: the write, and the moves at the answer and by the jobs.
MOVES: Final[dict[str, tuple[Callable[[World], object], tuple[int, int]]]] = {
    "description": (lambda made: made.write(description="sea"), (0, 1)),
    "rating": (lambda made: made.write(rating=3), (0, 1)),
    "place": (lambda made: made.write(latitude=48.85, longitude=2.35), (0, 1)),
    "favourite": (lambda made: made.write(isFavorite=True), (1, 1)),
    "favourite as before": (lambda made: made.write(isFavorite=False), (1, 1)),
    "visibility": (lambda made: made.write(visibility="archive"), (1, 1)),
    "duplicate id": (lambda made: made.write(duplicateId="11111111-1111-4111-8111-111111111111"), (1, 1)),
    "several tags": (lambda made: made.tag("family", "to print"), (0, 1)),
    "one tag": (lambda made: made.tag_one_by_one("family"), (0, 1)),
    "tag removed": (lambda made: made.untag("trip/sea"), (0, 1)),
    "tag it has": (lambda made: made.tag("trip/sea"), (0, 0)),
    "album": (lambda made: made.send("POST", "/albums", {"albumName": "A", "assetIds": made.ids}), (0, 0)),
    "trash": (lambda made: made.send("DELETE", "/assets", {"ids": made.ids}), (1, 0)),
    "restore": (lambda made: made.send("POST", "/trash/restore/assets", {"ids": made.ids}), (1, 0)),
    "favourite of one": (lambda made: made.send("PUT", f"/assets/{made.ids[0]}", {"isFavorite": True}), (1, 0)),
    "description of one": (lambda made: made.send("PUT", f"/assets/{made.ids[0]}", {"description": "sea"}), (0, 1)),
}


@BOTH
def test_each_kind_of_write_moves_updated_at_as_measured(dialect: Dialect) -> None:
    wrong = {}
    for name, (write, expected) in MOVES.items():
        with world(dialect, Jobs(seed=1), tags=["trip/sea"]) as made:
            found = moves(made, lambda write=write, made=made: write(made))  # type: ignore[misc]
        if found != expected:
            wrong[name] = found
    assert not wrong


@BOTH
def test_the_first_sidecar_moves_updated_at_once_more_on_version_2(dialect: Dialect) -> None:
    with world(dialect, Jobs(seed=1)) as made:
        assert moves(made, lambda: made.write(description="sea")) == (0, 2 if dialect is Dialect.V2 else 1)
        assert moves(made, lambda: made.write(description="sun")) == (0, 1)


@BOTH
def test_two_writes_in_a_row_move_updated_at_twice(dialect: Dialect) -> None:
    with world(dialect, Jobs(seed=1), tags=["trip/sea"]) as made:
        assert moves(made, lambda: [made.send("PUT", "/assets", {"ids": made.ids, **new}) for new in NEW]) == (0, 2)


@BOTH
def test_fields_and_tags_in_a_row_lose_tags_in_some_seeds_though_they_were_there_when_read_back(
    dialect: Dialect,
) -> None:
    losses = []
    for seed in SEEDS:
        with world(dialect, Jobs(seed=seed), assets=6) as made:
            made.write(description="sea", rating=4, latitude=41.5, longitude=12)
            made.tag_one_by_one(*TAGS)
            read_back = made.missing_tags()
            made.sandbox.settle()
            if not read_back:
                losses.append(made.missing_tags())
    assert any(losses)


@BOTH
def test_tags_one_by_one_are_lost_in_some_seeds_and_all_in_one_request_in_none(dialect: Dialect) -> None:
    one_by_one: list[int] = []
    in_one_request: list[int] = []
    for seed in SEEDS:
        for lost, write in ((one_by_one, World.tag_one_by_one), (in_one_request, World.tag)):
            with world(dialect, Jobs(seed=seed), assets=4) as made:
                write(made, *TAGS)
                made.sandbox.settle()
                lost.append(made.missing_tags())
    assert any(one_by_one)
    assert not any(in_one_request)


@BOTH
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), assets=st.integers(1, 6))
def test_fields_then_all_tags_in_one_request_with_waits_lose_nothing(dialect: Dialect, seed: int, assets: int) -> None:
    with world(dialect, Jobs(seed=seed), assets=assets) as made:
        before = made.changed_at()
        made.write(description="sea", rating=4)
        made.wait(before, 2 if dialect is Dialect.V2 else 1)
        before = made.changed_at()
        made.tag(*TAGS)
        made.wait(before)
        made.sandbox.settle()
        assert made.missing_tags() == 0
        exif = [made.shown(asset_id)["exifInfo"] for asset_id in made.ids]
        assert {(fields["description"], fields["rating"]) for fields in exif} == {("sea", 4)}


@BOTH
def test_one_move_after_the_first_sidecar_of_version_2_is_too_early_in_some_seeds(dialect: Dialect) -> None:
    """The first move is the path of the sidecar; the metadata are read again later."""
    lost = []
    for seed in SEEDS:
        with world(dialect, Jobs(seed=seed), assets=4) as made:
            before = made.changed_at()
            made.write(description="sea")
            made.wait(before)
            made.tag(*TAGS)
            made.sandbox.settle()
            lost.append(made.missing_tags())
    assert any(lost) == (dialect is Dialect.V2)


@BOTH
def test_removals_in_a_row_come_back_in_some_seeds(dialect: Dialect) -> None:
    back = []
    for seed in SEEDS:
        with world(dialect, Jobs(seed=seed), assets=6, tags=TAGS) as made:
            for value in TAGS:
                made.untag(value)
            made.sandbox.settle()
            back.append(sum(len(made.tags_of(asset_id)) for asset_id in made.ids))
    assert any(back)


@BOTH
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_removals_with_a_wait_between_them_never_come_back(dialect: Dialect, seed: int) -> None:
    with world(dialect, Jobs(seed=seed), assets=3, tags=TAGS) as made:
        for value in TAGS:
            before = made.changed_at()
            made.untag(value)
            made.wait(before)
        made.sandbox.settle()
        assert {frozenset(made.tags_of(asset_id)) for asset_id in made.ids} == {frozenset()}


@BOTH
def test_of_two_sidecar_writes_at_once_one_is_dropped_and_the_old_value_comes_back(dialect: Dialect) -> None:
    found = set()
    for seed in range(40):
        with world(dialect, Jobs(seed=seed), description="old", tags=["family"]) as made:
            made.write(description="first")
            made.write(description="second")
            made.sandbox.settle()
            found.add(made.shown(made.ids[0])["exifInfo"]["description"])
    assert found == {"first", "second"}


@BOTH
def test_a_tag_that_is_only_in_the_database_is_wiped_by_a_favourite(dialect: Dialect) -> None:
    with world(dialect, Jobs(seed=3)) as made:
        made.write(isFavorite=True)
        made.sandbox.settle()
        (asset_id,) = made.ids
        made.sandbox.state.tag_asset(made.sandbox.state.tags[made.tags["family"]], asset_id)
        made.write(isFavorite=False)
        assert made.tags_of(asset_id) == {"family"}
        made.sandbox.settle()
        assert made.tags_of(asset_id) == set()


@BOTH
def test_a_sidecar_appears_beside_an_external_file_with_the_first_field_or_tag(
    dialect: Dialect, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(draw(Picture(1)))
    with world(dialect, Jobs(seed=1)) as made:
        made.sandbox.mount("/mnt/photos", tmp_path)
        made.ids = [_external(made)]
        made.write(isFavorite=True)
        made.sandbox.settle()
        assert {file.name for file in tmp_path.iterdir()} == {"a.jpg"}
        made.write(description="sea")
        made.sandbox.settle()
        assert "sea" in (tmp_path / "a.jpg.xmp").read_text()


@BOTH
def test_in_a_read_only_folder_fields_and_tags_are_lost_and_favourite_and_visibility_stay(
    dialect: Dialect, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(draw(Picture(1)))
    with world(dialect, Jobs(seed=1)) as made:
        made.sandbox.mount("/mnt/photos", tmp_path, read_only=True)
        made.ids = [_external(made)]
        made.write(description="sea", rating=4, isFavorite=True, visibility="archive")
        made.sandbox.settle()
        made.tag(*TAGS)
        assert made.missing_tags() == 0
        made.sandbox.settle()
        shown = made.shown(made.ids[0])
        assert (shown["exifInfo"]["description"], shown["exifInfo"]["rating"], shown["tags"]) == ("", None, [])
        assert (shown["isFavorite"], shown["visibility"]) == (True, "archive")
        assert {file.name for file in tmp_path.iterdir()} == {"a.jpg"}


def _external(made: World) -> str:
    library = made.sandbox.add_library("Photos", ["/mnt/photos"])
    made.send("POST", f"/libraries/{library}/scan")
    made.sandbox.settle()
    found = made.send("POST", "/search/metadata", {"libraryId": library})["assets"]["items"]
    return str(found[0]["id"])


@BOTH
def test_jobs_without_delays_run_after_the_next_request(dialect: Dialect) -> None:
    with world(dialect, Jobs(at_once=True)) as made:
        (asset_id,) = made.ids
        made.send("PUT", "/assets", {"ids": made.ids, "latitude": 48.85, "longitude": 2.35})
        assert made.shown(asset_id)["exifInfo"]["city"] is None
        assert made.shown(asset_id)["exifInfo"]["city"] == "Paris"


@BOTH
def test_the_same_seed_gives_the_same_end(dialect: Dialect) -> None:
    def end(seed: int) -> Any:
        with world(dialect, Jobs(seed=seed), assets=6) as made:
            made.write(description="sea")
            made.tag_one_by_one(*TAGS)
            return made.sandbox.dump()["tags"]

    assert end(5) == end(5)
    assert len({str(end(seed)) for seed in SEEDS}) > 1


@BOTH
def test_sleeping_by_the_job_clock_runs_what_is_due_and_moves_the_time_of_the_server(dialect: Dialect) -> None:
    with world(dialect, Jobs(seed=1, delay=(10.0, 20.0))) as made:
        state, clock = made.sandbox.state, made.sandbox.clock
        made.write(description="sea", isFavorite=True)
        answered = state.assets[made.ids[0]].updated_at
        clock.sleep(5)
        assert state.assets[made.ids[0]].updated_at == answered
        start = clock.now()
        clock.sleep(60)
        assert clock.now() == pytest.approx(start + 60)
        assert 10 <= (state.assets[made.ids[0]].updated_at - answered).total_seconds() <= 60


@BOTH
def test_a_served_sandbox_works_in_real_time(dialect: Dialect) -> None:
    with world(dialect, Jobs(seed=1, real_time=True, speed=1e6)) as made:
        made.write(latitude=48.85, longitude=2.35)
        made.sandbox.clock.sleep(100)
        for _ in range(100):
            if made.shown(made.ids[0])["exifInfo"]["city"]:
                break
        assert made.shown(made.ids[0])["exifInfo"]["city"] == "Paris"
