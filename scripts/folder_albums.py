"""The smallest folder albums: what `immich-folder-albums` does, as a script to start from.

Set IMMICH_URL and IMMICH_API_KEY and give the folder as Immich sees it, such as /external/photos. Prints the plan; add the word "apply" to
carry it out.
"""

import sys

from immich_tools import Immich, folder_albums

options = folder_albums.FolderAlbumsOptions(root_path=(sys.argv[1],))
with Immich.from_env() as immich:
    facts = folder_albums.gather(immich, options)
    plan = folder_albums.make_plan(facts, options)
    print(plan)
    if sys.argv[2:] == ["apply"]:
        print(plan.apply(immich))
