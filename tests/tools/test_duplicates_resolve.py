"""Where the server resolves duplicates itself (Immich 2.7 on), the result is that of the explicit calls."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from attrs import evolve

from immich_tools import duplicates
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.journal import find_run
from immich_tools.plan.undo import undo_plan
from tests.tools.holiday import holiday as arrange_holiday
from tests.tools.permissions import EVERYTHING
from tests.tools.server import ORIGINAL, Server
from tests.tools.snapshot import Snapshot, snapshot

MIXED = ("plain", "described", "located", "starred")


@pytest.fixture
def twin(server: Server) -> Server:
    """Another user of the same server."""
    return server.host.new_user("Twin")


def mixed(server: Server) -> None:
    """Pairs that differ in one thing each, in both directions."""
    server.photo("alone.jpg")
    for number, kind in enumerate(MIXED):
        for owner in ("keeper", "copy", "both"):
            best, copy = f"{kind}-{owner}.jpg", f"{kind}-{owner}-copy.jpg"
            server.photo(best, size=ORIGINAL)
            server.photo(copy)
            server.group(f"{kind} {owner}", best, copy)
            given = {"keeper": [best], "copy": [copy], "both": [best, copy]}[owner]
            for place, name in enumerate(given):
                fields = (
                    {},
                    {"description": f"words of {name}"},
                    {"latitude": 40.5 + place, "longitude": 2.5},
                    {"rating": 3 + place, "isFavorite": True},
                )[number]
                if fields:
                    server.update(name, **fields)
    server.album("Some", *(name for name in server.ids if "copy" in name and "both" in name))
    server.tag("some/where", *(name for name in server.ids if name.endswith("-copy.jpg")))


def run(server: Server, folder: Path, *, resolving: bool) -> int:
    """Clean up through the library.

    :returns: how many groups the server resolved itself.
    """
    immich = server.connect()
    facts = duplicates.gather(immich)
    plan = duplicates.make_plan(facts if resolving else evolve(facts, can_resolve=False))
    outcome = plan.apply(immich, journal_folder=folder)
    assert not outcome.failures
    actions = [change.action for change in plan.changes]
    return sum(isinstance(action, TrashAssets) and action.by_resolving for action in actions)


def without_groups_of_trashed(state: Snapshot) -> Snapshot:
    """What is in the trash keeps its former duplicate group after explicit calls and has none after resolving; nobody sees it there."""
    copy = deepcopy(state)
    for asset in copy.assets.values():
        if asset["trashed"]:
            asset["group"] = None
    return copy


@pytest.mark.parametrize("arrange", [arrange_holiday, mixed])
def test_resolving_gives_the_same_as_explicit_calls(
    server: Server, twin: Server, tmp_path: Path, arrange: Callable[[Server], None]
) -> None:
    for user in (server, twin):
        arrange(user)

    resolved = run(server, tmp_path / "one", resolving=True)
    explicit = run(twin, tmp_path / "two", resolving=False)

    assert explicit == 0
    assert (resolved > 0) is (server.major >= 3)
    # Whoever is left alone in a group loses it when the duplicates are next listed (Immich 3).
    for user in (server, twin):
        assert user.api.get("/duplicates") == []
    assert without_groups_of_trashed(snapshot(server)) == without_groups_of_trashed(snapshot(twin))


def test_a_key_without_the_permission_to_resolve_does_without(server: Server, tmp_path: Path) -> None:
    arrange_holiday(server)
    immich = server.connect(permissions=EVERYTHING - {"duplicate.delete"})

    facts = duplicates.gather(immich)
    outcome = duplicates.make_plan(facts).apply(immich, journal_folder=tmp_path)

    assert not facts.can_resolve
    assert not outcome.failures
    assert len(snapshot(server).trashed()) == 5


def test_undo_of_a_resolved_run_brings_the_exact_former_state_back(server: Server, tmp_path: Path) -> None:
    mixed(server)
    before = snapshot(server)
    run(server, tmp_path, resolving=True)
    assert snapshot(server) != before

    immich = server.connect()
    outcome = undo_plan(find_run(tmp_path, "last"), immich).apply(immich, journal_folder=tmp_path)

    assert not outcome.failures
    assert snapshot(server) == before
