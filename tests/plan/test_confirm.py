"""A saved plan against a fresh one."""

from __future__ import annotations

import pytest
from attrs import evolve

from immich_tools.errors import UsageError
from immich_tools.immich.models import TrashPolicy
from immich_tools.plan.confirm import confirm
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Plan
from tests.plan.scene import Scene

KEPT = TrashPolicy(enabled=True, days=30)


def sample(*changes: Change, tool: str = "tool", user: str = "me") -> Plan:
    return Plan(tool, user, "3.1.0", 9, changes)


ALBUM = Change("album", AddToAlbum("keeper", "album"))
TAG = Change("tag", AddToAlbum("keeper", "another"), requires=("album",))
TRASH = Change("trash", TrashAssets(("loser",), ("keeper",), "g"), requires=("tag",))


@pytest.mark.parametrize(
    ("saved", "fresh", "kept", "fallen"),
    [
        ((ALBUM, TAG, TRASH), (ALBUM, TAG, TRASH), ["album", "tag", "trash"], {}),
        ((), (ALBUM, TAG, TRASH), [], {}),
        ((ALBUM, TAG, TRASH), (), [], dict.fromkeys(("album", "tag", "trash"), "no longer needed")),
        ((TAG, TRASH), (ALBUM, TAG, TRASH), [], {"tag": "requires 'album'", "trash": "requires 'tag'"}),
        ((ALBUM, TRASH), (ALBUM, TAG, TRASH), ["album"], {"trash": "requires 'tag'"}),
        ((ALBUM, TAG), (ALBUM, TAG, TRASH), ["album", "tag"], {}),
        (
            (ALBUM, TAG, evolve(TRASH, action=TrashAssets(("other",), ("keeper",), "g"))),
            (ALBUM, TAG, TRASH),
            ["album", "tag"],
            {"trash": "differently"},
        ),
        ((ALBUM, TAG, evolve(TRASH, requires=())), (ALBUM, TAG, TRASH), ["album", "tag", "trash"], {}),
        ((evolve(TRASH, requires=()),), (ALBUM, TAG, TRASH), [], {"trash": "requires 'tag'"}),
        (
            (ALBUM, TAG, TRASH),
            (evolve(TRASH, requires=()),),
            ["trash"],
            dict.fromkeys(("album", "tag"), "no longer needed"),
        ),
        ((evolve(ALBUM, reason="edited"),), (ALBUM,), ["album"], {}),
    ],
    ids=[
        "same",
        "empty",
        "all gone",
        "first line",
        "middle line",
        "last line",
        "edited",
        "edited requirement",
        "forged",
        "needless",
        "reason",
    ],
)
def test_only_what_both_plans_contain_is_carried_out(
    saved: tuple[Change, ...], fresh: tuple[Change, ...], kept: list[str], fallen: dict[str, str]
) -> None:
    plan, skips = confirm(sample(*saved), evolve(sample(*fresh), population=77))
    assert [change.id for change in plan.changes] == kept
    assert plan.population == 77
    present = {change.id: change for change in fresh}
    assert all(change == present[change.id] for change in plan.changes)
    told = {skip.reason.split(":")[0]: skip.reason for skip in skips}
    assert told.keys() == fallen.keys() and all(words in told[name] for name, words in fallen.items())
    assert len(plan.changes) + len(skips) == len(saved)


@pytest.mark.parametrize("other", [sample(ALBUM, tool="other"), sample(ALBUM, user="other")], ids=["tool", "user"])
def test_plans_of_different_tools_or_users_are_not_compared(other: Plan) -> None:
    with pytest.raises(UsageError):
        confirm(sample(ALBUM), other)


def test_an_empty_plan_does_nothing(scene: Scene) -> None:
    outcome = scene.apply(scene.plan())
    assert outcome.run_id is None and outcome.exit_code == 0 and not scene.sandbox.asked[2:]
