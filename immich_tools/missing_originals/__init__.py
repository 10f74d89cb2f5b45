"""Finds assets whose original file is gone, and trashes them once that is proven; restores those whose file is back::

from immich_tools import Immich, missing_originals

immich = Immich.connect("http://192.168.1.10:2283", "the key")
facts = missing_originals.gather(immich)
plan = missing_originals.make_plan(facts)
plan.apply(immich)
"""

from immich_tools.missing_originals.choices import SkipCode
from immich_tools.missing_originals.database_options import DatabaseAddress
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.gather import gather
from immich_tools.missing_originals.memory import Memory
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.plan import make_plan, stopped_by
from immich_tools.missing_originals.records import RecordSource
from immich_tools.missing_originals.replan import OPERATIONS, replan
from immich_tools.missing_originals.state import read_memory, state_path, write_memory

__all__ = [
    "OPERATIONS",
    "DatabaseAddress",
    "Memory",
    "MissingFacts",
    "MissingOriginalsOptions",
    "RecordSource",
    "SkipCode",
    "gather",
    "make_plan",
    "read_memory",
    "replan",
    "state_path",
    "stopped_by",
    "write_memory",
]
