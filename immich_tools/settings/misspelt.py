"""Variables that are set and that a command does not read, although they look much like one that it does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from immich_tools.settings.arguments import FILE_SUFFIX

LIKENESS: Final = 0.9
"""Of `difflib.SequenceMatcher`: a letter too many, too few or another one in a name of ten."""
SHORTEST: Final = 6


def misspelt(names: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each name that is one slip away from a known one, with that one; also a ``NAME_FILE`` of which only ``NAME`` is known.

    :param names: of the variables that are set.
    :param known: names that mean something; those that are set themselves are no suggestion.
    """
    present = set(names)
    missing = sorted(set(known) - present)
    for name in sorted(present.difference(known)):
        base = name.removesuffix(FILE_SUFFIX)
        if base != name and base in known:
            yield name, base
            continue
        nearest = get_close_matches(name, missing, n=1, cutoff=LIKENESS) if len(name) >= SHORTEST else []
        if nearest:
            yield name, nearest[0]
