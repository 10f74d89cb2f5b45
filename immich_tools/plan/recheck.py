"""The last look before changes are sent: which of them are so already, and which are no longer right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.models import Asset, Visibility
from immich_tools.plan.actions import (
    ITEMIZED,
    Action,
    DeleteForever,
    DismissDuplicates,
    RestoreAssets,
    SetDuplicateGroup,
    SetField,
    StackAssets,
    TrashAssets,
    UnstackAssets,
)
from immich_tools.plan.album_actions import ALBUM_KINDS
from immich_tools.plan.album_recheck import recheck_albums
from immich_tools.plan.claims import FilesMissing
from immich_tools.plan.creations import Creations
from immich_tools.plan.document import Change
from immich_tools.plan.file_actions import CopyFile, RemoveFile, WriteFile
from immich_tools.plan.fingerprint import fingerprint
from immich_tools.plan.observe import field_value, present, same_value
from immich_tools.plan.outcome import Result, Status
from immich_tools.plan.tag_actions import TAG_KINDS

REMOVALS: Final = (TrashAssets, DeleteForever)
STACKING: Final = (StackAssets, UnstackAssets)
# Albums, tags and stacks do not list what is in the trash, so what is done to it cannot be read back.
# A file that is copied for an asset, or removed because the asset has it, is of one that is to stay.
NOT_IN_TRASH: Final = (*REMOVALS, *STACKING, *ITEMIZED, SetField, CopyFile, WriteFile, RemoveFile)
GROUPING: Final = (DismissDuplicates, SetDuplicateGroup)

Assets: TypeAlias = Mapping[str, Asset]
Groups: TypeAlias = Mapping[str, frozenset[str]]
ALREADY: Final = Result(Status.ALREADY)


def recheck(
    immich: Immich,
    user_id: str,
    changes: Iterable[Change],
    *,
    grouped: bool = False,
    creations: Creations | None = None,
) -> dict[str, Result]:
    """Read what changes of one level are about and decide on those that must not be sent; the others are not in the result.

    FELL_AWAY: an asset is gone, locked or somebody else's, or what the change was planned on has changed. ALREADY: it is so. FAILED: what
    was to be brought back is gone for good. Whether an asset is in an album or has a tag is not asked here: the answer to the change
    itself tells.

    :param user_id: whose assets may be changed.
    :param grouped: the assets are likely to be members of duplicate groups.
    :param creations: what the run knows of the albums and tags it makes; gets what is found out about them.
    :raises ToolkitError: the server cannot be read.
    """
    changes = list(changes)
    whole = [change for change in changes if isinstance(change.action, ALBUM_KINDS)]
    verdicts = recheck_albums(immich, user_id, whole, creations or Creations()) if whole else {}
    tags = [change for change in changes if isinstance(change.action, TAG_KINDS)]
    verdicts |= (creations or Creations()).tagging.recheck(immich, user_id, tags) if tags else {}
    if verdicts:
        changes = [change for change in changes if change.id not in verdicts]
    of_groups = [change for change in changes if group_of(change.action) is not None]
    assets: dict[str, Asset] = {}
    groups: dict[str, frozenset[str]] = {}
    if of_groups:
        for group in immich.duplicates.groups():
            groups[group.id] = frozenset(asset.id for asset in group.assets)
            assets.update((asset.id, asset) for asset in group.assets)
    stacked = {
        asset_id for change in changes if isinstance(change.action, STACKING) for asset_id in named(change.action)
    }
    # Of a group to be thinned out, whoever is not in the server's list of groups is an objection in itself.
    listed = {
        asset_id for change in of_groups if isinstance(change.action, REMOVALS) for asset_id in named(change.action)
    }
    others = {asset_id for change in changes for asset_id in named(change.action)} - stacked - listed - assets.keys()
    if others:
        assets |= present(immich, others, grouped=grouped and not groups)
    if stacked:
        assets |= immich.assets.read_each(sorted(stacked))
    verdicts |= {change.id: _verdict(change.action, user_id, assets, groups) for change in changes}
    return {name: result for name, result in verdicts.items() if result is not None}


def named(action: Action) -> Sequence[str]:
    """Every asset that an action depends on: those it writes to, and those that are kept for what it removes."""
    return (*action.kept_ids, *action.trashed_ids) if isinstance(action, REMOVALS) else action.assets


def group_of(action: Action) -> str | None:
    """The duplicate group that an action is about."""
    return action.duplicate_id if isinstance(action, (*REMOVALS, *GROUPING)) else None


def _verdict(action: Action, user_id: str, assets: Assets, groups: Groups) -> Result | None:
    if isinstance(action, REMOVALS) and (reason := _group_objection(action, groups)) is not None:
        return Result(Status.FELL_AWAY, reason)
    for asset_id in named(action):
        reason = _asset_objection(asset_id, assets.get(asset_id), user_id)
        if reason is not None:
            # What was to be brought back and cannot be is a failure, not a change that has become needless.
            return Result(Status.FAILED if isinstance(action, RestoreAssets) else Status.FELL_AWAY, reason)
    if isinstance(action, NOT_IN_TRASH) and (reason := _trashed_objection(action, assets)) is not None:
        return Result(Status.FELL_AWAY, reason)
    judge = _JUDGES.get(type(action))
    return None if judge is None else judge(action, assets, groups)


def _asset_objection(asset_id: str, asset: Asset | None, user_id: str) -> str | None:
    if asset is None:
        return _("asset {id} is not there any more").format(id=asset_id)
    if asset.owner_id != user_id:
        return _("asset {id} belongs to somebody else").format(id=asset_id)
    if asset.visibility in (Visibility.LOCKED, Visibility.UNKNOWN):
        return _("asset {id} is in the locked folder").format(id=asset_id)
    return None


def _group_objection(action: TrashAssets | DeleteForever, groups: Groups) -> str | None:
    if action.duplicate_id is None:
        return None
    changed = _("the duplicate group has changed since it was planned")
    members = groups.get(action.duplicate_id, frozenset())
    if not members.issuperset(named(action)):
        return changed
    # The server resolves a group only as a whole.
    whole = isinstance(action, TrashAssets) and action.by_resolving
    return changed if whole and len(members) != len(named(action)) else None


def _trashed_objection(action: Action, assets: Assets) -> str | None:
    for asset_id in named(action):
        if assets[asset_id].is_trashed:
            return _("asset {id} is in the trash").format(id=asset_id)
    return None


def _removal(action: Action, assets: Assets, groups: Groups) -> Result | None:
    assert isinstance(action, REMOVALS)
    for asset_id, planned in zip(action.trashed_ids, action.fingerprints, strict=False):
        if fingerprint(assets[asset_id]) != planned:
            return Result(Status.FELL_AWAY, _("asset {id} has been changed since it was planned").format(id=asset_id))
    missing = _missing_paths(action)
    for asset_id in action.trashed_ids if missing else ():
        path = assets[asset_id].original_path
        if path not in missing:
            return Result(
                Status.FELL_AWAY, _("the file of asset {id} is now called {path}").format(id=asset_id, path=path)
            )
    for asset_id in action.kept_ids:
        if assets[asset_id].is_offline:
            return Result(Status.FELL_AWAY, _("the file of asset {id}, which is kept, is missing").format(id=asset_id))
    return None


def _missing_paths(action: TrashAssets | DeleteForever) -> frozenset[str]:
    """How the server called the files that a removal claims to be missing."""
    claims = action.claims if isinstance(action, TrashAssets) else ()
    return frozenset(path for claim in claims if isinstance(claim, FilesMissing) for path in claim.server_paths)


def _field(action: Action, assets: Assets, groups: Groups) -> Result | None:
    assert isinstance(action, SetField)
    now = field_value(assets[action.asset_id], action.field)
    if same_value(action.field, now, action.after):
        return ALREADY
    if same_value(action.field, now, action.before):
        return None
    return Result(Status.FELL_AWAY, _("the {field} has been changed since").format(field=action.field.value))


def _restoring(action: Action, assets: Assets, groups: Groups) -> Result | None:
    return None if any(assets[asset_id].is_trashed for asset_id in action.assets) else ALREADY


def _grouping(action: Action, assets: Assets, groups: Groups) -> Result | None:
    assert isinstance(action, SetDuplicateGroup)
    if groups.get(action.duplicate_id, frozenset()).issuperset(action.member_ids):
        return ALREADY
    present = {assets[asset_id].duplicate_id for asset_id in action.member_ids} - {action.duplicate_id, None}
    if not present.isdisjoint(groups):
        return Result(Status.FELL_AWAY, _("an asset is in another duplicate group by now"))
    return None


def _dismissal(action: Action, assets: Assets, groups: Groups) -> Result | None:
    assert isinstance(action, DismissDuplicates)
    if action.duplicate_id not in groups and all(
        assets[asset_id].duplicate_id != action.duplicate_id for asset_id in action.assets
    ):
        return ALREADY
    if groups.get(action.duplicate_id) != frozenset(action.member_ids):
        return Result(Status.FELL_AWAY, _("the duplicate group has changed since it was planned"))
    return None


def _stacking(action: Action, assets: Assets, groups: Groups) -> Result | None:
    stacks = {assets[asset_id].stack_id for asset_id in action.assets}
    if len(stacks) == 1 and None not in stacks:
        return ALREADY
    if stacks != {None}:
        # Joining would bring the rest of that stack along.
        return Result(Status.FELL_AWAY, _("an asset is in a stack by now"))
    return None


def _file_removal(action: Action, assets: Assets, groups: Groups) -> Result | None:
    for asset_id in action.assets:
        if assets[asset_id].is_offline:
            return Result(
                Status.FELL_AWAY, _("the file of asset {id} is missing, so its copy stays").format(id=asset_id)
            )
    return None


_JUDGES: Final[dict[type[Action], Callable[[Action, Assets, Groups], Result | None]]] = {
    TrashAssets: _removal,
    DeleteForever: _removal,
    SetField: _field,
    RestoreAssets: _restoring,
    SetDuplicateGroup: _grouping,
    DismissDuplicates: _dismissal,
    StackAssets: _stacking,
    RemoveFile: _file_removal,
}
