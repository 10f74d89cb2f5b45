"""Finds out which copies of a photo to keep and which to trash, and what the one that stays takes over from the others::

from immich_tools import Immich, duplicates

immich = Immich.connect("http://192.168.1.10:2283", "the key")
facts = duplicates.gather(immich)
plan = duplicates.make_plan(facts)
plan.apply(immich)
"""

from immich_tools.duplicates.choices import ArchivedKeeper, Media, RawPairs, Related, Rule
from immich_tools.duplicates.facts import DuplicateFacts
from immich_tools.duplicates.gather import gather
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.plan import make_plan
from immich_tools.duplicates.replan import OPERATIONS, replan

__all__ = [
    "OPERATIONS",
    "ArchivedKeeper",
    "DuplicateFacts",
    "DuplicatesOptions",
    "Media",
    "RawPairs",
    "Related",
    "Rule",
    "gather",
    "make_plan",
    "replan",
]
