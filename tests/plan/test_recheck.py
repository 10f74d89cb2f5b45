"""The last look before something is removed, where no duplicate group vouches for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from immich_tools.plan.effects.assets import DeleteForever, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.guards import sentence
from immich_tools.plan.result import Status
from immich_tools.sandbox import Dialect
from tests.plan.scene import Asked, Scene, statuses


@pytest.mark.parametrize("kind", [TrashAssets, DeleteForever])
@pytest.mark.parametrize(
    ("gone", "kept", "word"),
    [
        ({}, {"is_offline": True}, "trash"),  # where the server keeps assets whose file is missing
        ({}, {"visibility": "locked"}, "not there"),  # a key never sees what is in the locked folder
        ({}, {"trashed": True}, "trash"),
        ({"visibility": "locked"}, {}, "not there"),
        ({"trashed": True}, {}, "trash"),
    ],
)
def test_a_removal_whose_reasons_no_longer_hold_falls_away(
    scene: Scene, kind: type[TrashAssets | DeleteForever], gone: dict[str, Any], kept: dict[str, Any], word: str
) -> None:
    loser, keeper = (
        scene.sandbox.add_asset(**{name: value for name, value in fields.items() if name != "trashed"})
        for fields in (gone, kept)
    )
    for asset_id, fields in ((loser, gone), (keeper, kept)):
        if fields.get("trashed"):
            scene.immich.assets.trash([asset_id])
    before = scene.dump()
    outcome = scene.apply(scene.plan(Change("away", kind((loser,), (keeper,)))), permanent=sentence(1))
    assert statuses(outcome) == {"away": Status.STALE}
    assert word in outcome.results["away"].reason
    assert scene.dump() == before


def test_somebody_elses_asset_is_never_removed(scene: Scene) -> None:
    other = scene.sandbox.add_user("Other", "other@example.com")
    theirs = scene.sandbox.add_asset(owner_id=other.id)
    scene.sandbox.add_partner(other.id, scene.user_id)
    outcome = scene.apply(scene.plan(Change("away", TrashAssets((theirs,)))))
    assert statuses(outcome) == {"away": Status.STALE}
    assert not scene.is_trashed(theirs)


@pytest.mark.parametrize("dialect", Dialect)
def test_what_is_sent_is_on_the_disk_before(dialect: Dialect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(dialect, tmp_path)
    group, (kept, *losers) = scene.group(3)
    changes = [Change(f"away-{loser}", TrashAssets((loser,))) for loser in losers]
    synced: dict[int, int] = {}
    really = os.fsync

    def counted(descriptor: int) -> None:
        really(descriptor)
        state = os.fstat(descriptor)
        synced[state.st_ino] = state.st_size

    monkeypatch.setattr(os, "fsync", counted)
    seen: list[int] = []

    def journal_is_safe(_number: int, asked: Asked) -> None:
        if asked.is_write:
            (journal,) = tmp_path.glob("*.jsonl")
            content = journal.read_bytes()
            assert b'"intent"' in content[: synced[journal.stat().st_ino]]
            announced = content.rindex(b'"intent"')
            assert announced < synced[journal.stat().st_ino]
            seen.append(announced)

    scene.sandbox.before = journal_is_safe
    outcome = scene.apply(scene.plan(*changes), scene.connect(concurrency=1), batch_size=1)
    assert not outcome.failures
    assert len(seen) == len(losers)
    assert group and kept
