"""`python -m immich_tools.sandbox`: serve a sandbox on 127.0.0.1 until interrupted."""

import argparse
from pathlib import Path

from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.serve import serve_forever


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m immich_tools.sandbox", description="An Immich server to play with."
    )
    parser.add_argument("--dialect", choices=[dialect.value for dialect in Dialect], default=Dialect.V3.value)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--assets", type=int, default=0, metavar="N", help="fill it with N synthetic assets")
    parser.add_argument("--sample", action="store_true", help="fill it with the sample library")
    parser.add_argument("--folder", type=Path, help="keep originals and state here")
    options = parser.parse_args()
    serve_forever(
        Dialect(options.dialect),
        port=options.port,
        assets=options.assets,
        sample=options.sample,
        folder=options.folder,
    )


main()
