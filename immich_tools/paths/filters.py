"""Which files count, by their paths below the root: first those that a filter selects, then not those that are to be ignored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.paths.globs import GlobError, expand_literal, translate

Match: TypeAlias = Callable[[str], re.Match[str] | None]


class FilterCode(Enum):
    """Kinds of reasons why a file does not count."""

    NOT_SELECTED = "not-selected"
    IGNORED = "ignored"


@frozen
class Unwanted:
    """Why a file does not count: a fixed word for counting, and a sentence for a person."""

    code: FilterCode
    reason: str


_NOT_SELECTED = Unwanted(FilterCode.NOT_SELECTED, _("no --path-filter matches its path"))


@frozen
class PathPattern:
    """One pattern of a filter.

    :ivar text: as the user wrote it.
    :ivar flag: the option it was given with.
    """

    text: str
    flag: str
    _match: Match = field(eq=False, repr=False)

    def matches(self, below: str) -> bool:
        """Whether a path below the root matches in full."""
        return self._match(below) is not None


def glob_pattern(text: str, flag: str) -> PathPattern:
    """A literal (no ``/``, no ``*``: any folder or the file contains it) or a glob over the whole path.

    :raises UsageError: the glob is not valid.
    """
    try:
        expression = translate(expand_literal(unicodedata.normalize("NFC", text)) if text else text)
    except GlobError as error:
        raise UsageError(
            _("{flag} '{text}' is no pattern: {error}.").format(flag=flag, text=text, error=error)
        ) from error
    return PathPattern(text, flag, re.compile(expression).fullmatch)


def regex_pattern(text: str, flag: str) -> PathPattern:
    """A regular expression in Python's syntax over the whole path.

    Its time is the user's own affair: unlike a glob, it is matched as it stands.

    :raises UsageError: it is not valid.
    """
    try:
        if not text:
            raise re.error(_("it is empty"))
        compiled = re.compile(unicodedata.normalize("NFC", text))
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            _("{flag} '{text}' is no regular expression: {error}.").format(flag=flag, text=text, error=error)
        ) from error
    return PathPattern(text, flag, compiled.fullmatch)


@frozen
class PathFilter:
    """Which paths count.

    :ivar selected: at least one must match; empty for all paths.
    :ivar ignored: none may match.
    """

    selected: tuple[PathPattern, ...] = ()
    ignored: tuple[PathPattern, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        path_filter: Iterable[str] = (),
        path_filter_regex: Iterable[str] = (),
        ignore: Iterable[str] = (),
        ignore_regex: Iterable[str] = (),
    ) -> PathFilter:
        """The filter of the four options of the same names.

        :raises UsageError: a pattern is not valid.
        """
        return cls(
            (
                *(glob_pattern(text, "--path-filter") for text in path_filter),
                *(regex_pattern(text, "--path-filter-regex") for text in path_filter_regex),
            ),
            (
                *(glob_pattern(text, "--ignore") for text in ignore),
                *(regex_pattern(text, "--ignore-regex") for text in ignore_regex),
            ),
        )

    def refuse(self, below: str) -> Unwanted | None:
        """Why a file does not count, or None if it does.

        :param below: its path below the root, with ``/`` and in composed form, as `normal_path` gives it.
        """
        if self.selected and not any(pattern.matches(below) for pattern in self.selected):
            return _NOT_SELECTED
        for pattern in self.ignored:
            if pattern.matches(below):
                return Unwanted(
                    FilterCode.IGNORED,
                    _("{flag} '{text}' matches its path").format(flag=pattern.flag, text=pattern.text),
                )
        return None
