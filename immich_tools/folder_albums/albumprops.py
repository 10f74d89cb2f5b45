"""Reading ``.albumprops`` files: YAML whose every key and value is checked, so that a slip of the pen is told and not ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final, TypeVar

import yaml
from attrs import define, field

from immich_tools.errors import UsageError
from immich_tools.folder_albums.properties import (
    AlbumProperties,
    Property,
    SortOrder,
    ThumbnailChoice,
    ThumbnailSetting,
)
from immich_tools.folder_albums.sharing import Share, ShareRole
from immich_tools.i18n import _
from immich_tools.immich.models import Visibility
from immich_tools.paths import normal_path

FILE_NAME: Final = ".albumprops"
"""How the files are called."""

Choice = TypeVar("Choice", bound=Enum)

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_THUMBNAILS: Final = (
    ThumbnailChoice.FIRST,
    ThumbnailChoice.LAST,
    ThumbnailChoice.RANDOM,
    ThumbnailChoice.RANDOM_FILTERED,
)
_VISIBILITIES: Final = (Visibility.ARCHIVE, Visibility.LOCKED, Visibility.TIMELINE)
_TAGS: Final = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "timestamp", "value")}
_NULL: Final = "tag:yaml.org,2002:null"


def decode(data: bytes, file: str) -> str:
    """The text of a file.

    :raises UsageError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(_("{file}, line {line}: the file is not UTF-8.").format(file=file, line=line)) from error


def read_properties(text: str, file: str) -> AlbumProperties:
    """What the text of a file says.

    :param file: its path, for messages.
    :raises UsageError: with a line for each thing that is wrong.
    """
    reader = _Reader()
    values = reader.read(_compose(text, file))
    if reader.problems:
        raise UsageError(
            "\n".join(
                _("{file}, line {line}: {problem}").format(file=file, line=line, problem=problem)
                for line, problem in sorted(reader.problems)
            )
        )
    return AlbumProperties(**values)


def _compose(text: str, file: str) -> yaml.Node | None:
    line, problem = 1, ""
    try:
        return yaml.compose(text.removeprefix("\ufeff"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        problem = error.problem or ""
        if error.context and problem.startswith("but "):
            problem = f"{error.context}, {problem}"
        elif "\\t" in problem:
            problem = _("YAML is indented with blanks, not with tabs")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = _("a character that YAML does not allow")
    except RecursionError:
        problem = _("too many brackets in one another")
    raise UsageError(
        _("{file}, line {line}: this is no YAML: {problem}.").format(file=file, line=line, problem=problem)
    )


class _Wrong(Exception):
    """A value that is not what its key takes; the text completes a sentence."""


@define
class _Reader:
    """Reads one document and keeps what is wrong with it, each with its line."""

    problems: list[tuple[int, str]] = field(factory=list)

    def read(self, document: yaml.Node | None) -> dict[str, Any]:
        if document is None or document.tag == _NULL:
            return {}
        if not isinstance(document, yaml.MappingNode):
            self._note(document, _("the file must hold lines like 'description: Summer in Rome'"))
            return {}
        readers: dict[str, Callable[[yaml.Node], object]] = {
            "override_name": _name,
            "description": _text,
            "share_with": self._shares,
            "thumbnail_setting": _thumbnail,
            "sort_order": lambda node: _choice(node, tuple(SortOrder)),
            "visibility": _visibility,
            "archive": _archive,
            "comments_and_likes_enabled": _boolean,
            "inherit": _boolean,
            "inherit_properties": self._names,
        }
        values: dict[str, Any] = {}
        list_node: yaml.Node | None = None
        for key, key_node, value in self._pairs(document, tuple(readers)):
            value_read = self._value(key, value, readers[key])
            target = "visibility" if key == "archive" else key
            if value_read is None:
                continue
            if target in values:
                self._note(key_node, _("'archive' and 'visibility' say the same thing; keep only 'visibility'"))
            values[target] = value_read
            if key == "inherit_properties":
                list_node = key_node
        if list_node is not None and not values.get("inherit"):
            self._note(list_node, _("'inherit_properties' has no effect without 'inherit: true'"))
        return values

    def _value(self, key: str, node: yaml.Node, read: Callable[[yaml.Node], object]) -> object:
        """The value of a key; None where there is none, or a wrong one."""
        if node.tag == _NULL:
            return None
        try:
            return read(node)
        except _Wrong as wrong:
            self._note(node, f"{key}: {wrong}")
            return None

    def _pairs(self, mapping: yaml.MappingNode, known: Sequence[str]) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """The known keys with their values, each once."""
        seen: set[str] = set()
        for key_node, value in mapping.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key not in known:
                self._note(key_node, _unknown(key or "?", known))
            elif key in seen:
                self._note(key_node, _("'{key}' is given twice").format(key=key))
            else:
                seen.add(key)
                yield key, key_node, value

    def _shares(self, node: yaml.Node) -> tuple[Share, ...]:
        example = _("a list with entries like '- user: dad'")
        shares: dict[str, Share] = {}
        for entry in _entries(node, example):
            share = self._share(entry, example)
            if share is None:
                continue
            if share.key in shares:
                self._note(entry, _("share_with: '{user}' is given twice").format(user=share.user))
            shares[share.key] = share
        return tuple(shares.values())

    def _share(self, entry: yaml.Node, example: str) -> Share | None:
        if not isinstance(entry, yaml.MappingNode):
            self._note(entry, _("share_with: it must be {expected}").format(expected=example))
            return None
        values: dict[str, Any] = {}
        readers: dict[str, Callable[[yaml.Node], object]] = {
            "user": _name,
            "role": lambda node: _choice(node, tuple(ShareRole)),
        }
        before = len(self.problems)
        for key, _key_node, value in self._pairs(entry, tuple(readers)):
            values[key] = self._value(f"share_with: {key}", value, readers[key])
        if len(self.problems) > before:
            return None
        if values.get("user") is None:
            self._note(entry, _("share_with: an entry needs a user"))
            return None
        return Share(values["user"], values.get("role") or ShareRole.VIEWER)

    def _names(self, node: yaml.Node) -> frozenset[Property]:
        known = {each.value: each for each in Property} | {"archive": Property.VISIBILITY}
        names = set()
        for entry in _entries(node, _("a list of names of properties")):
            name = entry.value if isinstance(entry, yaml.ScalarNode) else "?"
            if name in known:
                names.add(known[name])
            else:
                self._note(entry, "inherit_properties: " + _unknown(name, tuple(known)))
        return frozenset(names)

    def _note(self, node: yaml.Node, problem: str) -> None:
        self.problems.append((node.start_mark.line + 1, problem))


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    if near:
        return _("there is no property '{name}'; did you mean '{nearest}'?").format(name=name, nearest=near[0])
    return _("there is no property '{name}'; there are {known}").format(name=name, known=", ".join(known))


def _entries(node: yaml.Node, expected: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise _Wrong(_("it must be {expected}").format(expected=expected))
    return list(node.value)


def _text(node: yaml.Node) -> str:
    """A scalar as it is written: a name such as 2020 or 2020-05-03 needs no quotes."""
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _TAGS:
        raise _Wrong(_("it must be text"))
    return str(node.value)


def _name(node: yaml.Node) -> str:
    text = _text(node)
    if not text.strip():
        raise _Wrong(_("it is empty"))
    return text


def _boolean(node: yaml.Node) -> bool:
    text = _text(node)
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise _Wrong(_("'{text}' is neither true nor false").format(text=text))
    return value


def _choice(node: yaml.Node, choices: Sequence[Choice]) -> Choice:
    text = _text(node)
    for choice in choices:
        if choice.value == text:
            return choice
    words = ", ".join(str(choice.value) for choice in choices)
    raise _Wrong(_("'{text}' is none of {words}").format(text=text, words=words))


def _thumbnail(node: yaml.Node) -> ThumbnailSetting:
    text = _text(node)
    path = normal_path(text)
    if path.startswith("/") or path[1:3] == ":/":
        return text
    if text == ThumbnailChoice.RANDOM_ALL.value:
        raise _Wrong(
            _("'random-all' is for all albums at once, as --set-album-thumbnail random-all; here it is 'random'")
        )
    try:
        return _choice(node, _THUMBNAILS)
    except _Wrong as wrong:
        raise _Wrong(_("{problem}, and no absolute path of a file either").format(problem=wrong)) from None


def _visibility(node: yaml.Node) -> Visibility:
    if _text(node) == Visibility.HIDDEN.value:
        raise _Wrong(_("'hidden' is for the videos of live photos, such files show nowhere; use 'archive'"))
    return _choice(node, _VISIBILITIES)


def _archive(node: yaml.Node) -> Visibility:
    """The older form: true for the archive, false for the timeline."""
    return Visibility.ARCHIVE if _boolean(node) else Visibility.TIMELINE
