"""The environment that the tests run in: that of the caller without anything the tools would read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

KEPT: Final = (
    *("PATH", "LANG", "LANGUAGE", "LC_*", "TMPDIR", "TEMP", "TMP", "USER", "LOGNAME", "CI", "SYSTEMROOT"),
    *("PYTHON*", "VIRTUAL_ENV", "PYTEST_*", "COV_*", "COVERAGE_*", "HYPOTHESIS_*", "LD_LIBRARY_PATH", "DYLD_*"),
)
"""Patterns of what Python, pytest and the system's libraries need. Everything else may be a setting of somebody's own server."""


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment the tests get to see."""
    return {name: value for name, value in environment.items() if any(fnmatchcase(name, pattern) for pattern in KEPT)}


@contextmanager
def cleared(environment: MutableMapping[str, str], home: Path) -> Iterator[None]:
    """Let an environment hold only that, and another home folder, for a while.

    :param environment: changed, such as ``os.environ``.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in set(environment) - set(kept(environment)):
            patch.delitem(environment, name)
        patch.setitem(environment, "HOME", str(home))
        yield
