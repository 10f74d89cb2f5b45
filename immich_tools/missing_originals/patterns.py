"""Which originals are looked at: patterns over their paths as the server sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from attrs import field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.paths import below, is_below, normal_path, parts
from immich_tools.paths.globs import GlobError, translate

_GLOB: Final = re.compile(r"[*?\[]")


@frozen
class Pattern:
    """One pattern.

    :ivar text: as the user wrote it.
    :ivar prefix: what every path that matches begins with.
    """

    text: str
    prefix: str
    _match: Callable[[str], object] = field(eq=False, repr=False)

    def matches(self, path: str) -> bool:
        """Whether a path matches as a whole.

        :param path: as the server sees it, in any Unicode form.
        """
        return bool(self._match(normal_path(path)))


def read_pattern(text: str) -> Pattern:
    """Read one pattern of one of three kinds:

    - with ``%`` one as of SQL's LIKE, where ``%`` is any text and a backslash makes the next character an ordinary one;
    - with ``*``, ``?`` or ``[`` a glob over the whole path, see `globs.translate`;
    - else a folder, for everything below it.

    :raises UsageError: it is empty or no whole path, leads upwards, or holds an ``_`` that LIKE would take for any character.
    """
    text = text.strip()
    plain = normal_path(text)
    if not plain:
        raise UsageError(_("--paths has an empty entry."))
    if not plain.startswith(("/", "%", "*")):
        raise UsageError(
            _("--paths '{text}': write the whole path as the server sees it, such as /data/library.").format(text=text)
        )
    if ".." in parts(plain):
        raise UsageError(_("--paths '{text}': write the path without '..'.").format(text=text))
    if "%" in plain:
        return _like(text, plain)
    if _GLOB.search(plain):
        return _glob(text, plain)
    folder = "/" + "/".join(parts(plain))
    return Pattern(text, below(folder), lambda path: is_below(path[: path.rfind("/") + 1], folder))


def _like(text: str, plain: str) -> Pattern:
    pieces = [""]
    characters = iter(plain)
    for character in characters:
        if character == "_":
            raise UsageError(
                _(
                    "--paths '{text}': in a LIKE pattern '_' stands for any one character. Write \\_ for an underscore, "
                    "or name the folder without the %."
                ).format(text=text)
            )
        if character == "%":
            pieces.append("")
            continue
        literal = next(characters, "") if character == "\\" else character
        if not literal:
            raise UsageError(_("--paths '{text}': a LIKE pattern cannot end with a backslash.").format(text=text))
        pieces[-1] += literal
    if len(pieces) == 1:
        raise UsageError(_("--paths '{text}': its only % is an ordinary character; end it with %.").format(text=text))
    first, *between, last = pieces
    # As with globs, the first place where a text between two % fits is as good as any later one, so nothing is tried twice.
    middle = "".join(rf"(?>.*?{re.escape(piece)})" for piece in between if piece)
    expression = re.compile(f"{re.escape(first)}{middle}.*{re.escape(last)}", re.DOTALL)
    return Pattern(text, first, expression.fullmatch)


def _glob(text: str, plain: str) -> Pattern:
    try:
        expression = re.compile(translate(plain))
    except GlobError as error:
        raise UsageError(_("--paths '{text}' is no pattern: {error}.").format(text=text, error=error)) from error
    start = _GLOB.search(plain)
    assert start is not None
    # Two stars may stand for no folder at all, and then the slash before them need not be there.
    prefix = plain[: start.start()]
    return Pattern(
        text, prefix.rstrip("/") if plain[start.start() :].startswith("**") else prefix, expression.fullmatch
    )


def read_patterns(texts: Iterable[str]) -> tuple[Pattern, ...]:
    """Patterns of which a path must match one.

    :raises UsageError: see `read_pattern`.
    """
    return tuple(map(read_pattern, texts))
