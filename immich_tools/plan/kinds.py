"""Every kind of change there is, to assets and to albums."""

from __future__ import annotations

from typing import Final

from immich_tools.plan import actions
from immich_tools.plan.actions import Action
from immich_tools.plan.album_actions import ALBUM_KINDS

KINDS: Final[dict[str, type[Action]]] = {**actions.KINDS, **{each.kind: each for each in ALBUM_KINDS}}
"""Every kind of action by its name in documents."""
