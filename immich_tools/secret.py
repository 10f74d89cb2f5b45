"""A text that never prints itself: API keys, passwords, tokens."""

from __future__ import annotations

import hmac
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NoReturn, final
from urllib.parse import quote, quote_plus

from immich_tools.errors import UsageError
from immich_tools.i18n import _

MASK: Final = "**********"

SHORTEST: Final = 8
"""Characters; a shorter secret is masked in addresses and assignments only, because any text may hold it by chance."""
UNMISTAKABLE: Final = 16
"""Characters; a secret as long as that is masked wherever it stands, also within a longer word."""

_ESCAPES: Final = (
    r"\\[abfnrtv0]",
    "%[0-9A-Fa-f]{2}",
    *(rf"\\{kind}[0-9A-Fa-f]{{{n}}}" for kind, n in (("x", 2), ("u", 4), ("U", 8))),
)
_START: Final = "(?:{})".format("|".join([r"(?<!\w)", *(f"(?<={escape})" for escape in _ESCAPES)]))
"""Where a word begins; the last letter of an escaped character (``\\n``, ``%3D``) belongs to no word."""
_ASSIGNED: Final = r"""(?:=|(?i:pass|pwd|secret|token|key|auth)\w*["']?\s*:)\s*b?["']?"""
_IN_ADDRESS: Final = r"//(?:[^\s/?#]*:)?"


class NoReadablePath(UsageError):
    """What should be the path of a secret's file is none. It may be the secret itself, so the message does not show it."""


@final
class Secret:
    """A secret text. Only :meth:`reveal` shows it; repr, str, format, pickle, JSON and ``vars`` do not.

    :param text: the secret itself.
    :raises ValueError: when the text is empty or holds a line break or another control character (such a text cannot
        be a key, and an HTTP library that refuses it as a header would quote it in its message).
    """

    __slots__ = ("__text",)

    __text: str

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError(_("is empty"))
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise ValueError(_("holds a line break or another control character"))
        object.__setattr__(self, "_Secret__text", text)

    @classmethod
    def from_file(cls, path: Path) -> Secret:
        """Read a secret from a file; line ends at its end do not count.

        :param path: a UTF-8 text file holding nothing but the secret.
        :raises NoReadablePath: there is no such file.
        :raises UsageError: when the file is unreadable, empty or not one line of text. The content is never part of the message.
        """
        text = secret_text(path)
        try:
            return cls(text.reveal().rstrip("\r\n"))
        except ValueError as error:
            reason = str(error)
        raise secret_file_error(path, reason)

    def reveal(self) -> str:
        """The secret as plain text; for the one place that sends it, never for a message."""
        return self.__text

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, specification: str) -> str:
        return format(MASK, specification)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self.__text.encode(errors="surrogatepass"), other.__text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: it would be written as plain text")


@final
class HiddenText:
    """The text of a file that may hold secrets, kept out of tracebacks that show local variables."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text."""
        return self.__text


def secret_text(path: Path) -> HiddenText:
    """The text of a file that holds secrets.

    :raises NoReadablePath: there is no such file.
    :raises UsageError: it cannot be read.
    """
    try:
        return HiddenText(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        reason = _("is not UTF-8 text")
    except ValueError:
        # A path with a NUL character.
        reason = ""
    # Raised outside the handlers: the decoding error carries the file's bytes and must not become the context.
    if not os.path.lexists(path):
        raise NoReadablePath(_("there is no such file; its name is not shown, because it may be the secret itself"))
    raise secret_file_error(path, reason)


def secret_file_error(path: Path, reason: str) -> UsageError:
    """The error of a file that is there and holds no secret."""
    return UsageError(_("secret file {path}: {reason}").format(path=path, reason=reason))


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Replace every secret in a text by a mask, also where it is quoted for a URL, for JSON or by ``repr``.

    Only the secret itself is masked, not the same letters as a part of another word: a password may well be ``postgres``, on a host
    ``immich_postgres``. Ordinary words (letters only) and secrets of fewer than `SHORTEST` characters are masked only in addresses
    (``//user:SECRET@host``) and assignments (``password=SECRET``); secrets of `UNMISTAKABLE` characters wherever they stand.

    :param text: a log line, an error message or a traceback.
    :param secrets: what must not be shown.
    """
    plains = {secret.reveal() for secret in secrets}
    forms = {form: plain for plain in plains for form in _written_forms(plain)}
    # A secret may contain another one: the longest goes first, or its rest would stay readable.
    for form in sorted(forms, key=len, reverse=True):
        if form in text:
            text = _masked(text, form, forms[form])
    return text


def _masked(text: str, form: str, plain: str) -> str:
    if len(plain) >= UNMISTAKABLE:
        return text.replace(form, MASK)
    word = re.escape(form)
    end = r"(?!\w)" if form[-1:].isalnum() or form.endswith("_") else ""
    text = re.sub(f"({_IN_ADDRESS}){word}(?=@)|({_ASSIGNED}){word}{end}", rf"\g<1>\g<2>{MASK}", text)
    if len(plain) < SHORTEST or plain.isalpha():
        return text
    start = _START if form[:1].isalnum() or form.startswith("_") else ""
    return re.sub(f"{start}{word}{end}", MASK, text)


def _written_forms(plain: str) -> set[str]:
    encodable = plain.encode(errors="replace").decode()
    return {
        plain,
        quote(encodable),
        quote(encodable, safe=""),
        quote_plus(encodable),
        json.dumps(plain)[1:-1],
        json.dumps(plain, ensure_ascii=False)[1:-1],
        repr(plain)[1:-1],
    }
