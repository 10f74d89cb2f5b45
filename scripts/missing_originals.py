"""The smallest search for missing originals: what `immich-missing-originals` does, as a script to start from.

Set IMMICH_URL and IMMICH_API_KEY and give the folder of Immich's files as Immich sees it, and where it is here, such as
/data=/mnt/photos. Prints the plan; add the word "apply" to carry it out.
"""

import sys

from immich_tools import Immich, missing_originals

options = missing_originals.MissingOriginalsOptions(map=(sys.argv[1],))
with Immich.from_env() as immich:
    facts = missing_originals.gather(immich, options)
    plan = missing_originals.make_plan(facts, options)
    print(plan)
    if sys.argv[2:] == ["apply"]:
        print(plan.apply(immich))
