"""Faces and people of assets: recognised, nobody's, none, or not told; and whether the server has looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools import Immich
from immich_tools.immich.convert import asset_from_json
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Asset, Face, Recognition
from immich_tools.sandbox import Dialect, Sandbox
from immich_tools.sandbox.jobs import FACE_DETECTION

Connect = Callable[..., Immich]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
WITH_PEOPLE = AssetFilter(with_people=True)


def test_faces_of_an_asset(sandbox: Sandbox, immich: Immich) -> None:
    asset_id, alice = sandbox.add_asset(width=400, height=300), sandbox.add_person("Alice")
    ids = [sandbox.add_face(asset_id, alice, box=(10, 20, 30, 40)), sandbox.add_face(asset_id)]
    faces = immich.faces.of_asset(asset_id)
    assert faces is not None
    assert [face.id for face in faces] == sorted(ids)
    by_id = {face.id: face for face in faces}
    first = by_id[ids[0]]
    assert first.person is not None
    assert first == Face(ids[0], first.person, 400, 300, left=10, top=20, right=30, bottom=40)
    assert (first.person.name, first.person.id) == ("Alice", alice)
    assert by_id[ids[1]].person is None
    assert immich.faces.of_asset(sandbox.add_asset()) == ()
    assert immich.faces.of_asset(UNKNOWN) is None


def test_a_search_with_people_tells_of_faces_until_immich_3(sandbox: Sandbox, immich: Immich, dialect: Dialect) -> None:
    sandbox.add_face(sandbox.add_asset())
    (with_people,) = immich.assets.stream(WITH_PEOPLE)
    (without,) = immich.assets.stream()
    assert with_people.people == ()
    assert with_people.unassigned_faces == (1 if dialect is Dialect.V2 else None)
    assert (without.people, without.unassigned_faces) == (None, None)


shown = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12)


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=40, deadline=None)
@given(states=shown, with_people=st.booleans())
def test_detected_faces(dialect: Dialect, states: list[tuple[bool, bool]], with_people: bool) -> None:
    """The same, whether the assets were listed with people or not, on both versions; and no more requests than needed."""
    sandbox = Sandbox(dialect)
    alice = sandbox.add_person("Alice")
    expected = {}
    for is_recognised, has_stranger in states:
        asset_id = sandbox.add_asset()
        if is_recognised:
            sandbox.add_face(asset_id, alice)
        if has_stranger:
            sandbox.add_face(asset_id)
        expected[asset_id] = is_recognised or has_stranger
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport())
    assets = list(immich.assets.stream(AssetFilter(with_people=with_people)))
    before = immich.connection.requests_sent
    assert immich.faces.detected(assets) == expected
    unclear = len(states)
    if with_people:
        unclear = 0 if dialect is Dialect.V2 else sum(not is_recognised for is_recognised, _has_stranger in states)
    assert immich.connection.requests_sent - before == unclear


def test_assets_that_are_gone_are_missing(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset()
    (asset,) = immich.assets.stream()
    sandbox.state.remove_asset(sandbox.state.assets[asset_id], delete_files=False)
    assert immich.faces.detected([asset]) == {}


@pytest.mark.parametrize(
    ("answer", "people", "unassigned"),
    [
        ({}, None, None),
        ({"people": None}, None, None),
        ({"people": []}, 0, None),
        ({"people": [], "unassignedFaces": []}, 0, 0),
        ({"people": [{"id": "p", "name": "Alice"}], "unassignedFaces": [{}, {}]}, 1, 2),
    ],
)
def test_no_data_is_not_the_same_as_nobody(answer: dict[str, Any], people: int | None, unassigned: int | None) -> None:
    item = {"id": "a", "ownerId": "o", "type": "IMAGE", **answer}
    asset = asset_from_json(item, tells_people=True)
    assert (None if asset.people is None else len(asset.people)) == people
    assert asset.unassigned_faces == unassigned


def test_a_search_that_lost_its_people_is_not_taken_for_none(sandbox: Sandbox) -> None:
    """What a later version of the server might do to its answers."""
    sandbox.add_face(sandbox.add_asset(), sandbox.add_person("Alice"))

    class Forgetful(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = sandbox.transport().handle_request(request)
            content = response.read().replace(b'"people"', b'"persons"')
            return httpx.Response(response.status_code, content=content, request=request)

    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=Forgetful())
    (asset,) = immich.assets.stream(WITH_PEOPLE)
    assert asset.people is None


def test_how_many_people_the_server_knows(sandbox: Sandbox, immich: Immich) -> None:
    assert immich.people.count() == 0
    for name in ("Alice", "", "Bob"):
        sandbox.add_face(sandbox.add_asset(), sandbox.add_person(name, is_hidden=name == "Bob"))
    sandbox.add_person("Nowhere to be seen")
    assert immich.people.count() == 3


def test_recognition(sandbox: Sandbox, connect: Connect) -> None:
    admin, user = connect(), connect(sandbox.add_key(sandbox.add_user("Bea", "bea@example.com").id))
    assert admin.faces.recognition() == Recognition(is_on=False, pending=0)
    sandbox.server.facial_recognition = True
    asset_id = sandbox.add_asset()
    sandbox.state.paused_queues.add(FACE_DETECTION)
    sandbox.server.queues.add(FACE_DETECTION, lambda: None)
    sandbox.server.queues.add(FACE_DETECTION, lambda: _found(sandbox, asset_id))
    pending = admin.faces.recognition()
    assert (pending.pending, pending.is_finished) == (2, False)
    assert user.faces.recognition() == Recognition(is_on=True, pending=None)
    sandbox.state.paused_queues.clear()
    sandbox.settle()
    finished = admin.faces.recognition()
    assert (finished.pending, finished.is_finished) == (0, True)
    assert admin.faces.detected([_only(admin)]) == {asset_id: True}


def _found(sandbox: Sandbox, asset_id: str) -> None:
    sandbox.add_face(asset_id, source_type="machine-learning")


def _only(immich: Immich) -> Asset:
    (asset,) = immich.assets.stream()
    return asset


def test_work_in_a_paused_queue_is_pending(sandbox: Sandbox, immich: Immich) -> None:
    sandbox.server.facial_recognition = True
    sandbox.state.paused_queues.add(FACE_DETECTION)
    sandbox.server.queues.add(FACE_DETECTION, lambda: None)
    for _poll in range(3):
        assert immich.faces.recognition().pending == 1
