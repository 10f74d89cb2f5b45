"""What an album is called: some of the folders between the root and the file, joined and rewritten.

The rules are those of immich-folder-album-creator 1.0 as users see them, except that level 0 and reversed ranges are errors, that a
negative range never reaches outside itself, and that the separator may be empty.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from attrs import Factory, field, frozen

from immich_tools.errors import UsageError
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.i18n import _

_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")


@frozen
class Levels:
    """Which of the folders below the root make the name.

    Positive levels count from the root (1 is the folder directly below it), negative ones from the file (-1 is its own folder).

    :ivar start: without an end: how many folders, from the top or from the bottom; with one: the first of the range.
    :ivar end: the last of the range, itself included; None for a number of folders.
    :raises UsageError: a level is 0, the range is reversed, or its ends count from different sides.
    """

    start: int
    end: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.start == 0 or self.end == 0:
            raise UsageError(
                _(
                    "--album-levels: there is no level 0; 1 is the folder directly below the root, -1 the folder of the file."
                )
            )
        if self.end is None:
            return
        if (self.start > 0) != (self.end > 0):
            raise UsageError(
                _(
                    "--album-levels {text}: both ends must count from the same side, so both positive or both negative."
                ).format(text=self)
            )
        if self.start > self.end:
            raise UsageError(
                _("--album-levels {text}: the range is reversed; did you mean {end},{start}?").format(
                    text=self, start=self.start, end=self.end
                )
            )

    @classmethod
    def parse(cls, text: str) -> Levels:
        """Levels as they are written: ``2``, ``-1``, ``1,3``, ``-3,-1``.

        :raises UsageError: it is written differently, or names impossible levels.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) > 2 or not all(map(_NUMBER.fullmatch, parts)):
            raise UsageError(
                _(
                    "--album-levels '{text}': give a whole number such as 2 or -1, or a first and a last level such as 1,3 or -3,-1."
                ).format(text=text)
            )
        return cls(*map(int, parts))

    def __str__(self) -> str:
        return str(self.start) if self.end is None else f"{self.start},{self.end}"

    def choose(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """The folders that make the name; where there are fewer than asked for, those there are.

        :param names: the folders from below the root down to the file's own.
        :returns: None when a positive range begins deeper than the file lies.
        """
        if self.end is None:
            return tuple(names[: self.start] if self.start > 0 else names[self.start :])
        count = len(names)
        if self.start > 0:
            return tuple(names[self.start - 1 : self.end]) if count >= self.start else None
        first = self.skipped(count)
        last = max(first, count + self.end)
        return tuple(names[first : last + 1])

    def skipped(self, count: int) -> int:
        """How many of `count` folders stand above the first that makes the name."""
        if self.start < 0:
            return max(0, count + self.start)
        return 0 if self.end is None else self.start - 1


def _compile(rewrite: Rewrite) -> re.Pattern[str]:
    try:
        compiled = re.compile(rewrite.pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            _("--album-name-post-regex '{pattern}' is no regular expression: {error}.").format(
                pattern=rewrite.pattern, error=error
            )
        ) from error
    try:
        # The replacement is read before anything is searched, so this finds every fault in it.
        compiled.sub(rewrite.replacement, "")
    except (re.error, IndexError) as error:
        raise UsageError(
            _("--album-name-post-regex '{pattern}': '{replacement}' is no replacement for it: {error}.").format(
                pattern=rewrite.pattern, replacement=rewrite.replacement, error=error
            )
        ) from error
    return compiled


@frozen
class Rewrite:
    r"""A regular expression whose matches in a name are replaced.

    :ivar pattern: in Python's syntax.
    :ivar replacement: may refer to groups as ``\1`` and ``\g<name>``.
    :raises UsageError: one of them is not valid.
    """

    pattern: str
    replacement: str = ""
    _compiled: re.Pattern[str] = field(init=False, eq=False, repr=False, default=Factory(_compile, takes_self=True))

    @classmethod
    def of(cls, values: Sequence[str]) -> Rewrite:
        """A rewrite as the option takes it: a pattern, then perhaps its replacement; anything more has no meaning.

        :raises UsageError: there is no pattern, or it is not valid.
        """
        if not values:
            raise UsageError(_("--album-name-post-regex needs a regular expression."))
        return cls(*values[:2])

    def apply(self, name: str) -> str:
        """The name with every match replaced."""
        return self._compiled.sub(self.replacement, name)


@frozen
class Naming:
    """How the folders of a file become the name of its album.

    :ivar separator: between two folders; may be empty.
    :ivar rewrites: applied in this order to the joined name, before blanks around it are removed.
    :ivar also_parents: give every shorter run of the chosen folders an album as well, so that one of a year holds all its months.
    """

    levels: Levels = Levels(1)
    separator: str = " "
    rewrites: tuple[Rewrite, ...] = ()
    also_parents: bool = False

    def name(self, names: Sequence[str]) -> str | Refusal:
        """The album of the files of one folder, or why they have none.

        :param names: the folders from below the root down to the files' own.
        """
        if not names:
            return Refusal(SkipCode.IN_ROOT, _("lies directly in the root, not in a folder below it"))
        chosen = self.levels.choose(names)
        if chosen is None:
            return Refusal(
                SkipCode.TOO_SHALLOW,
                _("lies {count} deep, and names begin at level {start} (--album-levels)").format(
                    count=len(names), start=self.levels.start
                ),
            )
        return self._joined(chosen) or Refusal(
            SkipCode.EMPTY_NAME, _("the folder '{folder}' gives an empty album name").format(folder="/".join(names))
        )

    def parents(self, names: Sequence[str]) -> dict[str, int]:
        """The further albums of the same files, from the highest folder down, without their own; empty unless asked for.

        :returns: name → how many levels below the root the folder lies that it ends with.
        """
        own = self.name(names) if self.also_parents else None
        chosen = self.levels.choose(names)
        if not isinstance(own, str) or chosen is None:
            return {}
        skipped = self.levels.skipped(len(names))
        above: dict[str, int] = {}
        for count in range(1, len(chosen)):
            name = self._joined(chosen[:count])
            if name and name != own:
                above.setdefault(name, skipped + count)
        return above

    def _joined(self, chosen: Sequence[str]) -> str:
        name = self.separator.join(chosen)
        for rewrite in self.rewrites:
            name = rewrite.apply(name)
        return name.strip()


def name_key(name: str) -> str:
    """What two album names are compared by: the same letters count as the same, however they are encoded (NFC)."""
    return unicodedata.normalize("NFC", name)
