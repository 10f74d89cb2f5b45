"""Album backup: copy an album into an external library, proven, then optionally let go of the uploads::

from immich_tools import Immich, album_backup

immich = Immich.connect("http://192.168.1.10:2283", "the key")
options = album_backup.AlbumBackupOptions(album=("Holiday",), external_path=("/mnt/archive",))
plan = album_backup.make_plan(album_backup.gather(immich, options), options)
plan.apply(immich)
"""

from immich_tools.album_backup.accounts import Accounts
from immich_tools.album_backup.backup import (
    CarriedOut,
    CarryOut,
    Check,
    Event,
    Planned,
    Preview,
    Progressed,
    Report,
    Stay,
    Waited,
    back_up,
    preview,
)
from immich_tools.album_backup.choices import Origin, Stage
from immich_tools.album_backup.facts import BackupFacts
from immich_tools.album_backup.gather import gather
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.plan import make_plan, make_plans
from immich_tools.album_backup.replan import OPERATIONS, replan

__all__ = [
    "OPERATIONS",
    "Accounts",
    "AlbumBackupOptions",
    "BackupFacts",
    "CarriedOut",
    "CarryOut",
    "Check",
    "Event",
    "Origin",
    "Planned",
    "Preview",
    "Progressed",
    "Report",
    "Stage",
    "Stay",
    "Waited",
    "back_up",
    "gather",
    "make_plan",
    "make_plans",
    "preview",
    "replan",
]
