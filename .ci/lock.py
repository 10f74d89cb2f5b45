"""Writes the lock files of the container: every package with its version and the hashes of the files that may be installed.

python .ci/lock.py

The newest versions that pyproject.toml allows are taken, for the image's Python and both kinds of processors it is built for. Only
wheels are locked: nothing of somebody else's is run while the image is built.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = "3.11"
PROCESSORS: Final = ("x86_64", "aarch64")
PLATFORMS: Final = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
EXTRAS: Final = ("db", "notify")
"""What the image has besides the tools themselves; the sandbox stays outside."""

HEAD: Final = "# Written by 'make lock'; do not edit.\n"


def resolve(requirements: Iterable[str], processor: str) -> dict[str, set[str]]:
    """Packages with their versions, such as ``attrs==26.1.0``, each with the hashes of the files that were chosen."""
    platforms = [f"--platform={platform}_{processor}" for platform in PLATFORMS]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
                *(f"--report={report}", f"--target={folder}/none", "--only-binary=:all:", f"--python-version={PYTHON}"),
                *(*platforms, *requirements),
            ],
            check=True,
        )
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {
        f"{each['metadata']['name'].lower().replace('_', '-')}=={each['metadata']['version']}": {
            each["download_info"]["archive_info"]["hashes"]["sha256"]
        }
        for each in found
    }


def write(name: str, requirements: Iterable[str]) -> None:
    """Write one lock file.

    :raises SystemExit: the two kinds of processors would get different packages.
    """
    of_each = [resolve(requirements, processor) for processor in PROCESSORS]
    if any(packages.keys() != of_each[0].keys() for packages in of_each):
        sys.exit(f"{name}: the packages differ between {' and '.join(PROCESSORS)}")
    lines = [HEAD]
    for package in sorted(of_each[0]):
        hashes = sorted(set().union(*(packages[package] for packages in of_each)))
        lines.append(" \\\n    ".join([package, *(f"--hash=sha256:{each}" for each in hashes)]) + "\n")
    (ROOT / name).write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Write both: what runs, and what builds it."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = content["project"]
    extras = [each for name in EXTRAS for each in project["optional-dependencies"][name]]
    write("requirements.lock", [*project["dependencies"], *extras])
    write("requirements-build.lock", content["build-system"]["requires"])


if __name__ == "__main__":
    main()
