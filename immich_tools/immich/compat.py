"""Which servers are supported, what differs between them, and which permissions an operation needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from immich_sdk.operations import OPERATIONS, SPEC_VERSIONS
from immich_tools.errors import UnsupportedServer
from immich_tools.i18n import _
from immich_tools.immich.models import Version

OLDEST: Final = Version(2, 3, 0)
NEWEST_MAJOR: Final = 3
RECORDED: Final = frozenset({(2, 3), (3, 1)})
"""Minor versions whose real answers the tests hold the tools to."""
COMPARED: Final = (3, 3)
"""The newest minor version whose API description was compared with what the tools send and read."""


def lists_members_in_album(version: Version) -> bool:
    """``GET /albums/{id}`` carries the assets (until 3.0; later a search by album does, and sees everybody's)."""
    return version.major < 3


def lists_shared_albums_apart(version: Version) -> bool:
    """``GET /albums`` without parameters lists only one's own albums (until 3.0)."""
    return version.major < 3


def takes_null_rating(version: Version) -> bool:
    """A rating is removed with null (3.0 on; before that with 0, which 3.0 refuses)."""
    return version.major >= 3


def resolves_duplicates(version: Version) -> bool:
    """``POST /duplicates/resolve`` is there and merges only into a single keeper.

    It came with 2.7.0, but until 3.0 it merged into every keeper; the tools name one keeper, for whom both do the same.
    """
    return version >= Version(2, 7, 0)


def checks_files(version: Version) -> bool:
    """The server looks for missing files itself and reports them (3.0 on; alpha)."""
    return version.major >= 3


def tells_asset_files(version: Version) -> bool:
    """``/asset-files`` tells of sidecars (3.2 on; alpha)."""
    return version >= Version(3, 2, 0)


def is_newer_than_compared(version: Version) -> bool:
    """A minor version that came out after the newest one that was looked at."""
    return (version.major, version.minor) > COMPARED


def hides_too_much(version: Version) -> bool:
    """A library's exclusion patterns can take assets outside of its folders offline (until 3.1; immich-app/immich#30850)."""
    return (version.major, version.minor) < (3, 2)


def check_version(version: Version) -> None:
    """Refuse to write to a server whose behaviour nobody has checked. A release candidate counts as its release.

    An unknown major is refused because Immich 3 silently ignores search keys that it no longer knows: a filter that vanished would
    widen a result, and a tool would change assets nobody meant.

    :raises UnsupportedServer: older than 2.3, or a major after 3.
    """
    if version >= OLDEST and version.major <= NEWEST_MAJOR:
        return
    raise UnsupportedServer(
        _(
            "This server is Immich {version}; supported are {oldest} to {newest}.x. "
            "Nothing is written to it (--force-version overrides this)."
        ).format(version=version, oldest=f"{OLDEST.major}.{OLDEST.minor}", newest=NEWEST_MAJOR)
    )


def permissions_for(operation_ids: Iterable[str], version: Version) -> frozenset[str]:
    """API-key permissions that the operations demand on a server of `version`.

    The table is generated from the pinned specs: the newest pinned minor version that is not newer than the server's counts, else the
    oldest. Operations that it does not have are left out.
    """
    pinned = _pinned_for(version)
    needed = (OPERATIONS[name].permissions.get(pinned) for name in operation_ids)
    return frozenset(permission for permission in needed if permission is not None)


def _pinned_for(version: Version) -> str:
    fitting = [text for text in SPEC_VERSIONS if _minor(text) <= (version.major, version.minor)]
    return max(fitting, key=_minor) if fitting else min(SPEC_VERSIONS, key=_minor)


def _minor(text: str) -> tuple[int, int]:
    major, minor, _patch = text.split(".")
    return int(major), int(minor)


def moves_twice_for_first_sidecar(version: Version) -> bool:
    """Whether storing the path of an asset's first sidecar moves its row (measured: 2.3.1 yes, 3.1.0 no)."""
    return version.major < 3
