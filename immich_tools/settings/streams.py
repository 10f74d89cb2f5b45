"""Writing to streams that may be closed, full or unable to hold every character, and text that may hold anything."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NoReturn, TextIO

from rich.console import Console

from immich_tools.errors import UsageError
from immich_tools.i18n import _

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that steer a terminal, reorder a line or end it."""
_JOINERS: Final = frozenset("\u200c\u200d")
"""Several scripts and most emoji of people are written with these."""
_LONGEST_QUOTED_WORD: Final = 24


def printable(text: str, *, lines: bool = False) -> str:
    """A text with every character replaced that would do something else than stand there.

    :param lines: leave line ends as they are; without it the result is one line.
    """
    return _replaced(text, lambda character: character.encode("unicode_escape").decode(), "\n" if lines else "")


def shortened(word: str) -> str:
    """A stray word as a message may repeat it: a long one may well be an API key that was meant for an option."""
    return word if len(word) <= _LONGEST_QUOTED_WORD else f"{word[:4]}…"


def json_line(values: Mapping[str, Any], stream: TextIO) -> str:
    """An object as one line of JSON that the stream can take.

    What JSON leaves as it is but a terminal obeys is escaped in JSON's own way.
    """
    return json_text(values) if _takes_everything(stream) else json.dumps(values)


def json_text(values: Mapping[str, Any]) -> str:
    """An object as one line of JSON, as `json_line` gives it to a stream that takes every character."""
    return _replaced(json.dumps(values, ensure_ascii=False), lambda character: json.dumps(character)[1:-1], "")


def _replaced(text: str, escape: Callable[[str], str], allowed: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        escape(each) if unicodedata.category(each) in _UNSAFE and each not in _JOINERS and each not in allowed else each
        for each in text
    )


def _takes_everything(stream: TextIO) -> bool:
    encoding = getattr(stream, "encoding", None)
    # A stream in memory has no encoding.
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


class Paper(Console):
    """A console that leaves it to `settings.run` what a vanished reader means; rich would end the process."""

    def on_broken_pipe(self) -> NoReturn:
        """Called by rich inside its handler of the exception."""
        error = sys.exception()
        assert error is not None
        raise error


def tolerant(stream: TextIO) -> None:
    r"""Let a stream write what its encoding does not have as ``\xe9`` instead of failing in the middle of a result."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
        stream.reconfigure(errors="backslashreplace")


def replace_closed() -> bool:
    """Give the process streams again that it was started without (``>&-``).

    Otherwise the next file that is opened would become stdout, and messages for people would end up in the result.

    :returns: whether stdout was closed.
    """
    closed = sys.stdout is None
    if closed:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    return closed


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - a device, open as long as the process


def refuse_closed() -> NoReturn:
    """:raises UsageError: always; stdout was closed when the process began."""
    raise UsageError(
        _("stdout is closed: there is nowhere to write the result; send it to /dev/null if nobody wants it")
    )


def failure_of(stream: TextIO) -> OSError | None:
    """Why a stream cannot be written to; None when it can. What could not be written is still in its buffer."""
    try:
        stream.flush()
    except OSError as error:
        return error
    except ValueError:
        # Closed by somebody else.
        return None
    return None


def discard(stream: TextIO) -> None:
    """Throw away what a stream still holds: Python writes it once more at exit, which would fail again, with words of its own."""
    with suppress(OSError, ValueError):
        if stream in (sys.stdout, sys.stderr):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
