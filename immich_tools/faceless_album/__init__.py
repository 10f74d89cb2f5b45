"""Keeps one album equal to the files in which nobody is recognised, or to those that another rule describes::

from immich_tools import Immich, faceless_album

immich = Immich.connect("http://192.168.1.10:2283", "the key")
options = faceless_album.FacelessAlbumOptions()
facts = faceless_album.gather(immich, options)
plan = faceless_album.make_plan(facts, options)
faceless_album.check_guards(plan, facts, options)
plan.apply(immich)
"""

from immich_tools.faceless_album.choices import Direction, Kind, Rule, Shown
from immich_tools.faceless_album.facts import AlbumMemory, FacelessFacts
from immich_tools.faceless_album.gather import gather
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.plan import check_guards, make_plan
from immich_tools.faceless_album.replan import OPERATIONS, replan

__all__ = [
    "OPERATIONS",
    "AlbumMemory",
    "Direction",
    "FacelessAlbumOptions",
    "FacelessFacts",
    "Kind",
    "Rule",
    "Shown",
    "check_guards",
    "gather",
    "make_plan",
    "replan",
]
