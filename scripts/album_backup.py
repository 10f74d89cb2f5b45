"""The smallest album backup: copies an album's files into an external library, as a script to start from.

Set IMMICH_URL and IMMICH_API_KEY; give the album's name and the folder of the external library as Immich sees it. Prints the plan; with
the word "apply" behind them it is carried out.
"""

import sys

from immich_tools import Immich, album_backup

name, folder, *words = sys.argv[1:]
options = album_backup.AlbumBackupOptions(album=(name,), external_path=(folder,))
with Immich.from_env() as immich:
    facts = album_backup.gather(immich, options)
    plan = album_backup.make_plan(facts, options)
    print(plan)
    if words == ["apply"]:
        print(plan.apply(immich))
