"""The smallest duplicates clean-up: what `immich-duplicates` does, as a script to start from.

Set IMMICH_URL and IMMICH_API_KEY. Prints the plan; give the word "apply" to carry it out.
"""

import sys

from immich_tools import Immich, duplicates

with Immich.from_env() as immich:
    facts = duplicates.gather(immich)
    plan = duplicates.make_plan(facts)
    print(plan)
    if sys.argv[1:] == ["apply"]:
        print(plan.apply(immich))
