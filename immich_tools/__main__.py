"""``python -m immich_tools`` is ``immich-toolkit``."""

from immich_tools.cli import main

main()
