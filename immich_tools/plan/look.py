"""Reading what the preconditions and the read-back of changes take, in as few requests as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from immich_tools.immich.assets import FEW
from immich_tools.immich.client import Immich
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.base import Change, Reading, RunState, State
from immich_tools.plan.result import Result


def check_preconditions(run: RunState, changes: Iterable[Change]) -> dict[str, Result]:
    """Read what changes of one level are about and decide on those that must not be sent; the others are not in the result.

    :raises ToolkitError: the server cannot be read.
    """
    changes = list(changes)
    states = _states(run, changes)
    verdicts: dict[str, Result] = {}
    for alike in _alike(changes, "check_preconditions"):
        for reading in Reading:
            same = [change for change in alike if change.action.reading is reading]
            if same:
                verdicts |= type(same[0].action).check_preconditions(run, same, states[reading])
    return verdicts


def read_back(run: RunState, changes: Iterable[Change]) -> dict[str, bool]:
    """Read from the server, and from the disk, which changes are in effect: change id → whether the state after it is there now.

    :raises ToolkitError: the server cannot be read.
    """
    changes = list(changes)
    seen: dict[str, bool] = {}
    singles = _named(change for change in changes if change.action.reading is Reading.EACH)
    assets = run.immich.assets.read_each(singles)
    shared = _named(
        change
        for change in changes
        if change.action.reading in (Reading.ASSETS, Reading.SNAPSHOT) and not change.action.is_about_files
    )
    if shared:
        assets = present(run.immich, shared, is_grouped=run.is_grouped) | assets
    for alike in _alike(changes, "read_back"):
        seen |= type(alike[0].action).read_back(run, alike, assets)
    return seen


def snapshot(immich: Immich, ids: Collection[str]) -> dict[str, Asset]:
    """The present state of some assets with their tags; those that are gone or may not be seen are missing."""
    assets = immich.assets.read(ids)
    tags = immich.tags.of_assets(assets.values())
    return {name: evolve(asset, tags=tuple(sorted(tags[name]))) for name, asset in assets.items() if name in tags}


def present(immich: Immich, ids: Collection[str], *, is_grouped: bool) -> dict[str, Asset]:
    """The present state of some assets; those that cannot be seen are missing.

    :param is_grouped: try the list of duplicate groups first: one request that tells all of their members' fields, where listing the
        library takes one for every thousand assets.
    """
    found: dict[str, Asset] = {}
    if is_grouped and len(ids) > FEW:
        wanted = set(ids)
        members = (asset for group in immich.duplicates.groups() for asset in group.assets)
        found = {asset.id: asset for asset in members if asset.id in wanted}
    return found | immich.assets.read(asset_id for asset_id in ids if asset_id not in found)


def _states(run: RunState, changes: Sequence[Change]) -> Mapping[Reading, State]:
    of_groups = [change for change in changes if change.action.group_id is not None]
    assets: dict[str, Asset] = {}
    groups: dict[str, frozenset[str]] = {}
    if of_groups:
        for group in run.immich.duplicates.groups():
            groups[group.id] = frozenset(asset.id for asset in group.assets)
            assets.update((asset.id, asset) for asset in group.assets)
    # Of a group to be thinned out, whoever is not in the server's list of groups is an objection in itself.
    listed = {asset_id for change in of_groups if change.action.removed for asset_id in change.action.named}
    named = _named(change for change in changes if change.action.reading is Reading.ASSETS)
    others = [asset_id for asset_id in named if asset_id not in listed and asset_id not in assets]
    if others:
        assets |= present(run.immich, others, is_grouped=run.is_grouped and not groups)
    each = run.immich.assets.read_each(_named(change for change in changes if change.action.reading is Reading.EACH))
    written = _named(change for change in changes if change.action.reading is Reading.SNAPSHOT)
    run.snapshots = snapshot(run.immich, written) if written else {}
    return {
        Reading.ASSETS: State(assets, groups),
        Reading.OWN: State(assets, groups),
        Reading.EACH: State(each, groups),
        Reading.SNAPSHOT: State(run.snapshots, groups),
    }


def _named(changes: Iterable[Change]) -> list[str]:
    return sorted({asset_id for change in changes for asset_id in change.action.named})


def _alike(changes: Sequence[Change], method: str) -> list[list[Change[Any]]]:
    """Changes whose kinds do something in the same way, which takes one reading for all of them."""
    groups: dict[int, list[Change[Any]]] = {}
    for change in changes:
        groups.setdefault(id(getattr(type(change.action), method).__func__), []).append(change)
    return list(groups.values())
