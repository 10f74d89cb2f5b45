"""Safe tools on top of the Immich photo server.

In a notebook or a script::

    from immich_tools import Immich, duplicates

    with Immich.from_env() as immich:
        facts = duplicates.gather(immich)      # reads only
        plan = duplicates.make_plan(facts)     # pure
        plan                                   # shows itself
        plan.apply(immich)                     # the only line that writes
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from immich_tools import album_backup as album_backup
    from immich_tools import duplicates as duplicates
    from immich_tools import faceless_album as faceless_album
    from immich_tools import folder_albums as folder_albums
    from immich_tools import missing_originals as missing_originals
    from immich_tools.immich.client import Immich as Immich
    from immich_tools.plan.model import Plan as Plan

__all__ = ["Immich", "Plan", "album_backup", "duplicates", "faceless_album", "folder_albums", "missing_originals"]

_HOMES = {"Immich": "immich_tools.immich.client", "Plan": "immich_tools.plan.model"}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: a command's help must not load httpx and every tool.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in __all__:
        return import_module(f"immich_tools.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
