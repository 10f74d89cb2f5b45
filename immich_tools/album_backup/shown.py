"""Which external library shows a path, and what of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Final

from immich_tools.immich.models import Library
from immich_tools.paths.globs import GlobError, translate
from immich_tools.paths.names import normal_path, parts

_BRACES: Final = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST_ALTERNATIVES: Final = 1000


def library_showing(libraries: Iterable[Library], path: str, user_ids: Collection[str]) -> Library | None:
    """The library with an import path that holds a path; one of the users' libraries before one of others.

    :param user_ids: whose keys are known.
    """
    showing = [library for library in libraries if _import_path(library, path) is not None]
    return min(showing, key=lambda library: (library.owner_id not in user_ids, library.id), default=None)


def hiding_pattern(library: Library, path: str) -> str | None:
    """The exclusion pattern by which a library leaves out a path; None when it shows it.

    Immich walks the folders below an import path and goes into none that a pattern fits, whatever the case of the letters (2.3.1 and
    3.1.0: `storage.repository.ts`).
    """
    top = _import_path(library, path)
    if top is None:
        return None
    names = parts(normal_path(path))
    candidates = ["/" + "/".join(names[:length]) for length in range(len(top) + 1, len(names) + 1)]
    for pattern in library.exclusion_patterns:
        expression = _expression(pattern)
        if expression is not None and any(map(expression.fullmatch, candidates)):
            return pattern
    return None


def _import_path(library: Library, path: str) -> tuple[str, ...] | None:
    """The names of the innermost import path that holds a path."""
    names = tuple(parts(normal_path(path)))
    tops = [tuple(parts(normal_path(each))) for each in library.import_paths]
    # The innermost one is walked as well, so a pattern that fits a folder above it hides nothing.
    return max((top for top in tops if names[: len(top)] == top), key=len, default=None)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str] | None:
    """What a pattern fits; None for one that fits nothing, or is not understood."""
    expressions = []
    for alternative in _alternatives(normal_path(pattern)):
        try:
            expressions.append(f"(?:{translate(alternative)})")
        except GlobError:
            continue
    return re.compile("|".join(expressions), re.IGNORECASE) if expressions else None


def _alternatives(pattern: str) -> Iterator[str]:
    """The patterns that one with braces stands for."""
    waiting, count = [pattern], 0
    while waiting and count < _MOST_ALTERNATIVES:
        count += 1
        current = waiting.pop()
        found = _BRACES.search(current)
        if found is None:
            yield current
        else:
            waiting += [current[: found.start()] + word + current[found.end() :] for word in found[1].split(",")]
