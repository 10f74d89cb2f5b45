"""Globs as regular expressions that take a time proportional to the path, whatever the pattern.

Python's `fnmatch` lets ``*`` cross slashes, and `glob.translate` came with 3.13. Here what could be matched in several ways is an
atomic group around its first match, so nothing is ever tried twice:

- Between two ``*`` of a name, the first place where the text between them fits is as good as any later one.
- Between two ``**`` of a path, the first folders that fit are as good as any later ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from immich_tools.i18n import _

_STAR: Final = "*"
_NAME_ENDS: Final = r"(?=/|\Z)"
_FOLDERS: Final = r"(?:(?>[^/]*)/)*"


class GlobError(ValueError):
    """A glob that can match nothing because of how it is written."""


def expand_literal(entry: str) -> str:
    """The glob of an entry that is only text: any name of the path contains it. An entry with ``/`` or ``*`` is a glob already."""
    return entry if "/" in entry or "*" in entry else f"**/*{entry}*/**"


def translate(glob: str) -> str:
    """The regular expression that matches in full what a glob matches.

    - ``*`` any characters of one name, ``?`` one character of a name;
    - ``[abc]``, ``[a-c]``, ``[!a-c]`` one character of a name, in or out of a set; an opening bracket that nothing closes is itself;
    - ``**`` as a whole name: any number of folders, none included, so ``A/**`` matches ``A`` and everything below it. With other text
      in the same name, or alone as the whole glob, it is no more than ``*``.

    :raises GlobError: it is empty, or a range in brackets is reversed.
    """
    if not glob:
        raise GlobError(_("it is empty"))
    if glob == "**":
        glob = "*"
    runs: list[list[str]] = [[]]
    for name in glob.split("/"):
        if name == "**":
            runs.append([])
        else:
            runs[-1].append(_name(name))
    if len(runs) == 1:
        return "/".join(runs[0])
    first, *between, last = runs
    # What follows a `**` begins at a name, so each run before it takes its slash along; before a `**` at the end, the path may end there.
    leading = [run for run in between if run]
    expression = _run(first, at_end=not last and not leading)
    for position, run in enumerate(leading):
        at_end = not last and position == len(leading) - 1
        expression += rf"(?>(?:[^/]*/)*?{_run(run, at_end=at_end)})"
    return expression + (_FOLDERS + "/".join(last) if last else r"(?s:.*)")


def _run(names: list[str], *, at_end: bool) -> str:
    if not names:
        return ""
    return "/".join(names) + (r"(?:/|\Z)" if at_end else "/")


def _name(glob: str) -> str:
    chunks = [""]
    for element in _elements(glob):
        if element is _STAR:
            chunks.append("")
        else:
            chunks[-1] += element
    if len(chunks) == 1:
        return chunks[0] + _NAME_ENDS
    first, *between, last = chunks
    middle = "".join(rf"(?>[^/]*?{chunk})" for chunk in between if chunk)
    return rf"(?>{first}{middle}[^/]*{last}{_NAME_ENDS})"


def _elements(glob: str) -> Iterator[str]:
    """The name's characters as expressions that each match one character; `_STAR` for a star."""
    position = 0
    while position < len(glob):
        character = glob[position]
        position += 1
        if character == "*":
            yield _STAR
        elif character == "?":
            yield "[^/]"
        elif character == "[" and (end := _closing(glob, position)) is not None:
            yield _class(glob[position:end])
            position = end + 1
        else:
            yield re.escape(character)


def _closing(glob: str, start: int) -> int | None:
    """Where the bracket that was opened before `start` closes; a closing one in the first place belongs to the set."""
    first = start + 1 if glob[start : start + 1] == "!" else start
    end = glob.find("]", first + 1)
    return None if end < 0 else end


def _class(inside: str) -> str:
    negated = inside.startswith("!")
    members = "".join(_members(inside[1:] if negated else inside))
    # A range such as [+-9] holds the slash, and so does everything outside a set.
    return rf"(?!/)[{'^' if negated else ''}{members}]"


def _members(inside: str) -> Iterator[str]:
    position = 0
    while position < len(inside):
        first, last = inside[position], inside[position + 2 : position + 3]
        if inside[position + 1 : position + 2] == "-" and last:
            if first > last:
                raise GlobError(_("the range {first}-{last} is reversed").format(first=first, last=last))
            yield f"{re.escape(first)}-{re.escape(last)}"
            position += 3
        else:
            yield re.escape(first)
            position += 1
