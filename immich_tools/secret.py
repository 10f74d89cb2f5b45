"""A text that never prints itself: API keys, passwords, tokens."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NoReturn, final
from urllib.parse import quote, quote_plus

from immich_tools.errors import UsageError
from immich_tools.i18n import _

MASK: Final = "**********"


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
        :raises UsageError: when the file is missing, unreadable, empty or not one line of text. The content is never
            part of the message.
        """
        try:
            return cls(path.read_text(encoding="utf-8-sig").rstrip("\r\n"))
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except UnicodeDecodeError:
            reason = _("is not UTF-8 text")
        except ValueError as error:
            reason = str(error)
        # Raised outside the handlers: the decoding error carries the file's bytes and must not become the context.
        raise UsageError(_("secret file {path}: {reason}").format(path=path, reason=reason))

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


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Replace every secret in a text by a mask, also where it is quoted for a URL, for JSON or by ``repr``.

    :param text: a log line, an error message or a traceback.
    :param secrets: what must not be shown.
    """
    forms = {form for secret in secrets for form in _written_forms(secret.reveal())}
    # A secret may contain another one: the longest goes first, or its rest would stay readable.
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


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
