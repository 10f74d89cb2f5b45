"""The smallest faceless album: what `immich-faceless-album` does, as a script to start from.

Set IMMICH_URL and IMMICH_API_KEY. Prints the plan; give the word "apply" to carry it out.
"""

import sys

from immich_tools import Immich, faceless_album

options = faceless_album.FacelessAlbumOptions()
with Immich.from_env() as immich:
    facts = faceless_album.gather(immich, options)
    plan = faceless_album.make_plan(facts, options)
    print(plan)
    if sys.argv[1:] == ["apply"]:
        faceless_album.check_guards(plan, facts, options)
        print(plan.apply(immich))
