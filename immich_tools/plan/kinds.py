"""Every kind of change there is: to assets, to albums, to tags and to files."""

from __future__ import annotations

from typing import Final

from immich_tools.plan import actions
from immich_tools.plan.actions import Action
from immich_tools.plan.album_actions import ALBUM_KINDS
from immich_tools.plan.file_actions import FILE_KINDS
from immich_tools.plan.tag_actions import TAG_KINDS

KINDS: Final[dict[str, type[Action]]] = {
    **actions.KINDS,
    **{each.kind: each for each in (*ALBUM_KINDS, *TAG_KINDS, *FILE_KINDS)},
}
"""Every kind of action by its name in documents."""
