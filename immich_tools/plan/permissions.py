"""Whether the key may do everything that a plan takes: to be carried out, and to be read back."""

from __future__ import annotations

from immich_tools.errors import AccessDenied, AdministratorNeeded
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.client import Immich
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.model import Plan


def operations_of(plan: Plan) -> set[str]:
    """Ids of the server's operations that carrying out a plan takes."""
    operations = {name for change in plan.changes for name in (*change.action.operations, *change.action.needs())}
    if any(change.action.group_id is not None for change in plan.changes):
        operations.add("getAssetDuplicates")
    return operations


def check_permissions(plan: Plan, immich: Immich) -> None:
    """Refuse to begin what the key cannot end: a run that stops half-way for a missing permission is worse than one that never began.

    :raises AccessDenied: names every permission that is missing; nothing was changed.
    :raises AdministratorNeeded: the plan scans a library, and the key is no administrator's; nothing was changed.
    """
    if any(isinstance(change.action, ScanLibrary) for change in plan.changes) and not immich.me.is_admin:
        raise AdministratorNeeded(
            _("The plan scans an external library, which needs an administrator's API key. Nothing was changed.")
        )
    lacking = immich.api_key.lacks(compat.permissions_for(operations_of(plan), immich.version))
    if lacking:
        raise AccessDenied(
            _(
                "The API key lacks what this plan needs: {permissions}. Nothing was changed. "
                "Add it in Immich under Account settings > API keys."
            ).format(permissions=", ".join(lacking))
        )
