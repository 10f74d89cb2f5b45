"""Whose plan it is, which server it is for, and when nothing is written at all."""

from __future__ import annotations

import httpx
import pytest
from attrs import evolve

from immich_tools.errors import UnsupportedServer, UsageError
from immich_tools.immich.client import Immich
from immich_tools.immich.models import TrashPolicy
from immich_tools.plan.execute import apply, resume
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import find_run
from immich_tools.plan.undo import undo_plan
from tests.plan.scene import Scene, run_of, three

KEPT = TrashPolicy(enabled=True, days=30)


def test_a_plan_of_another_user_is_refused(scene: Scene) -> None:
    plan, _members = three(scene)
    with pytest.raises(UsageError, match="another user"):
        scene.apply(evolve(plan, user_id=scene.new_id()))
    assert not scene.sandbox.writes()


def test_a_connection_that_may_only_read_is_refused(scene: Scene) -> None:
    plan, _members = three(scene)
    with pytest.raises(UsageError, match="only read"):
        scene.apply(plan, scene.connect(read_only=True))
    assert not scene.sandbox.writes()


def test_a_run_of_another_user_is_neither_resumed_nor_undone(scene: Scene) -> None:
    plan, _members = three(scene)
    run = find_run(scene.folder, run_of(scene.apply(plan)))
    other = scene.sandbox.add_user("Other", "other@example.com")
    key = scene.sandbox.add_key(other.id)
    theirs = Immich.connect("http://elsewhere.example", key, transport=scene.sandbox.transport(), retry_wait=0)
    for attempt in (undo_plan, resume):
        with pytest.raises(UsageError, match="elsewhere"):
            attempt(run, theirs)


def test_a_run_is_undone_at_the_servers_new_address(scene: Scene) -> None:
    plan, _members = three(scene)
    before = scene.dump()
    run = find_run(scene.folder, run_of(scene.apply(plan)))
    moved = Immich.connect(
        "http://new-name.example", scene.sandbox.admin_key, transport=scene.sandbox.transport(), retry_wait=0
    )
    outcome = apply(undo_plan(run, moved), moved, guards=Guards(max_ratio=1), journal_folder=scene.folder)
    assert not outcome.failures
    assert scene.dump() == before


def test_an_unknown_version_is_not_written_to(scene: Scene) -> None:
    plan, _members = three(scene)

    class Future(httpx.BaseTransport):
        """The server, but for what it says of its version."""

        def __init__(self) -> None:
            self._real = scene.sandbox.transport()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/server/version"):
                return httpx.Response(200, json={"major": 9, "minor": 0, "patch": 0})
            answer: httpx.Response = self._real.handle_request(request)
            return answer

    with pytest.raises(UnsupportedServer):
        scene.apply(plan, scene.connect(transport=Future()))
    assert not scene.sandbox.writes()
