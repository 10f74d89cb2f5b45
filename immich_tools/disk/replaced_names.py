"""Which listed name may stand for a name that a mount or file system cannot show as it is. Pure.

Replacements and their sources:

- ``?`` for what the mount's character set lacks, one for each UTF-16 unit, and U+F000 to U+F0FF for reserved characters: Linux
  fs/smb/client/cifs_unicode.c; ``_`` and ``:0041``: fs/fat/namei_vfat.c; ``PRAHA~1.JPG``: FAT without long names, and Samba for names
  that Windows refuses (smb.conf(5), "mangled names");
- bytes of another encoding, read as UTF-8 (Python's surrogates, U+FFFD) or as yet another one: mounts with the wrong ``iocharset``;
- full-width forms and control pictures: rclone.org/overview/#restricted-filenames; ``:c3:a9``: Samba vfs_cap(8); ``¤``, ``÷`` and others:
  vfs_catia(8); ``%3A``: WebDAV mounts;
- dots and spaces at the end of a name are dropped by Windows and SMB.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

_RESERVED: Final = r'\\:*?"<>|\x00-\x1f\x7f'
"""What Windows and SMB refuse in names besides the slash."""
_CATIA: Final = "¨¤ø÷«»¿ÿ¦"
_SURROGATES: Final = "\ud800-\udfff"
_PRIVATE: Final = "\ue000-\uf8ff"
_STANDS_IN: Final = rf"?_\-{_CATIA}\u201b{_PRIVATE}\uff01-\uff5e\u2400-\u2426\ufffd{_SURROGATES}"
_ESCAPES: Final = (re.compile(r"[%:][0-9A-Fa-f]{2}"), re.compile(r":[0-9A-Fa-f]{4}"))
_REPLACEMENT: Final = re.compile(rf"{_ESCAPES[0].pattern}|[{_STANDS_IN}]")
_NO_MATTER: Final = re.compile(rf"[{_RESERVED}{_STANDS_IN}]")
_ODD: Final = re.compile(rf"[{_RESERVED}\x80-\U0010ffff]")
_REPLACED: Final = (
    _NO_MATTER,
    *(re.compile(rf"[{_RESERVED}{_STANDS_IN}{more}]") for more in ("\U00010000-\U0010ffff", "\x80-\U0010ffff")),
)
"""What is replaced together: reserved characters, those and what is beyond U+FFFF, and all outside ASCII."""
_ENDS: Final = " ."
"""What Windows drops at the end of a name."""
AT_END: Final = "at the end"
"""The kind of dots and spaces at the end of a name; elsewhere they are like any other character."""
_SHORT: Final = re.compile(r"([^.~]{1,6})~[0-9A-Za-z]{1,5}(?:\.([^.]{1,3}))?")
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9_]")
_FITS_SHORT: Final = re.compile(r"[^\s.+,;=\[\]]{1,8}(?:\.[^\s.+,;=\[\]]{1,3})?")
# fmt: off
_WRITERS: Final = (
    "utf-8", "latin-1", "cp1252", "cp1250", "cp1251", "cp437", "cp850", "cp852", "cp866", "koi8-r", "iso8859-2", "mac-roman",
    "shift_jis", "euc-jp", "gbk", "big5", "euc-kr",
)
_READERS: Final = ("utf-8", "latin-1", "cp1252", "cp437", "cp850", "cp1251", "cp866", "mac-roman")
# fmt: on
_ENCODINGS: Final = sorted(
    {
        pair
        for writer in _WRITERS
        for reader in _READERS
        if writer != reader
        for pair in ((writer, reader), (reader, writer))
    }
)
_Groups: TypeAlias = Mapping[str, Sequence[str]]


def name_form(name: str) -> str:
    """The same for names that differ only in case or Unicode form."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Listing:
    """The names in one folder, found by what they have in common with another."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_form = _grouped((name_form(name), name) for name in sorted(names))
        # Made when first asked for: few folders are ever asked for names that stand for others.
        self._replaced: _Groups | None = None
        self._odd: _Groups | None = None
        self._short: _Groups | None = None

    def alike(self, name: str) -> Sequence[str]:
        """The names that differ from one only in case or Unicode form, itself included; sorted."""
        return self._by_form.get(name_form(name), ())

    def stand_in(self, name: str) -> str | None:
        """A name that may be how this mount shows `name`, or how the server's mount shows it as `name`; None if there is none."""
        own = name_form(name)
        return next(
            (each for candidates in self._candidates(name) for each in candidates if name_form(each) != own), None
        )

    def _candidates(self, name: str) -> Iterator[Sequence[str]]:
        is_odd = _ODD.search(name) is not None
        stripped = name.rstrip(_ENDS)
        if is_odd or stripped != name:
            if self._replaced is None:
                self._replaced = self._indexed(_REPLACEMENT, _without_replacements)
            yield from (self._replaced.get(key, ()) for key in _skeletons(name))
        if stripped != name:
            yield self.alike(stripped)
        if not name.isascii():
            yield from (self._by_form.get(key, ()) for key in _misreadings(name))
        if _REPLACEMENT.search(name):
            if self._odd is None:
                self._odd = self._indexed(_ODD, _skeletons)
            yield from (self._odd.get(key, ()) for key in _without_replacements(name))
        if is_odd or not _FITS_SHORT.fullmatch(name):
            if self._short is None:
                self._short = self._indexed(_SHORT, _short_keys)
            yield self._short.get(_short_key(name), ())

    def _indexed(self, kind: re.Pattern[str], keys: Callable[[str], Iterable[str]]) -> _Groups:
        return _grouped(
            (key, name) for names in self._by_form.values() for name in names if kind.search(name) for key in keys(name)
        )


def _grouped(pairs: Iterable[tuple[str, str]]) -> _Groups:
    groups: dict[str, list[str]] = {}
    for key, name in pairs:
        groups.setdefault(key, []).append(name)
    return groups


def _without_replacements(name: str) -> list[str]:
    """What is left of a listed name without whatever may stand for something else."""
    return sorted({_key(_NO_MATTER.sub("", each)) for each in _unescaped(unicodedata.normalize("NFC", name))})


def _skeletons(name: str) -> list[str]:
    """What is left of a name for each set of characters that may be replaced in it."""
    # Of letters in decomposed form only the accents are replaced.
    forms = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    return sorted({_key(pattern.sub("", each)) for form in forms for each in _unescaped(form) for pattern in _REPLACED})


def _unescaped(name: str) -> set[str]:
    return {name, *(escape.sub("", name) for escape in _ESCAPES)}


def _key(rest: str) -> str:
    return name_form(rest.rstrip(_ENDS))


def _short_keys(name: str) -> Iterator[str]:
    short = _SHORT.fullmatch(name)
    if short is not None:
        extension = (short[2] or "").upper()
        yield from (f"{short[1][0].upper()}.{extension}", f".{extension}")


def _short_key(name: str) -> str:
    """What a short name must have in common with a long one: the first letter, unless that is replaced, and the extension."""
    stem, dot, extension = name.rpartition(".")
    first = "" if _ODD.match(name) else name[:1].upper()
    return f"{first}.{_NOT_PLAIN.sub('', extension)[:3].upper() if dot and stem else ''}"


@lru_cache(maxsize=1024)
def _misreadings(name: str) -> tuple[str, ...]:
    """The name written in one encoding and read in another, and what was so written and read to become this name."""
    found = set()
    for form in {name, unicodedata.normalize("NFC", name)}:
        for writer, reader in _ENCODINGS:
            try:
                found.add(name_form(form.encode(writer, "surrogateescape").decode(reader, "surrogateescape")))
            except UnicodeError:
                continue
    return tuple(sorted(found))


def odd_kinds(text: str) -> dict[str, str]:
    """The kinds of characters in a path of which mounts may show some and not others: the kind, and one of its characters.

    :param text: names divided by slashes.
    """
    kinds: dict[str, str] = {}
    ends = [name[-1] for name in text.split("/") if name.rstrip(_ENDS) != name]
    if ends:
        kinds[AT_END] = min(ends)
    if _ODD.search(text):
        # A few characters become ASCII in NFC, such as the Kelvin sign; a mount may lack them nevertheless.
        to_ascii = {each for each in set(text) if unicodedata.normalize("NFC", each).isascii()}
        for character in sorted(to_ascii.union(unicodedata.normalize("NFC", text))):
            kind = _kind(character)
            if kind:
                kinds.setdefault(kind, character)
    return kinds


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """What must be shown at least once for this character to be trusted; empty for what every file system shows."""
    if not _ODD.match(character):
        return ""
    code = ord(character)
    if code < 0x80:
        return "reserved"
    if code > 0xFFFF:
        return "beyond U+FFFF"
    if character == "\ufffd" or re.match(f"[{_SURROGATES}{_PRIVATE}]", character):
        return "no character"
    if code <= 0xFF:
        # Cyrillic and Japanese character sets have the degree sign and others, but not these letters.
        return "Latin-1" if unicodedata.name(character, "").startswith("LATIN ") else "Latin-1 symbol"
    # Alphabets come and go together: one character set has them, another does not.
    is_letter = unicodedata.category(character)[0] in "LM"
    return unicodedata.name(character, "symbol").split()[0] if is_letter else "symbol"
