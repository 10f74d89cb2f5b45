"""Checking request bodies and queries as each version checks them, with its own words.

Immich 2.3.1 converts where it can (`"2"` is a page, `"true"` a boolean, dates without an offset); 3.1.0 does not. Unknown
fields are ignored by both."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

from attrs import field, frozen

from immich_tools.sandbox import moments
from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.refusals import Refused

UUID_PATTERN: Final = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$"
_UUID: Final = re.compile(UUID_PATTERN)

Issue = dict[str, object]
Path = list[str | int]


class Kind(Enum):
    STRING = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    NUMBER = auto()
    UUID = auto()
    DATE = auto()
    CHOICE = auto()
    LIST = auto()
    OBJECT = auto()


@frozen
class Field:
    """What one field of a body must look like.

    `null_in` names the dialects that accept null; `null_ignored_in` those that treat null as if the field were absent.
    `lowest_by_dialect` overrides `lowest`. `items` and `fields` describe the members of lists and objects."""

    kind: Kind
    required: bool = False
    null_in: frozenset[Dialect] = frozenset()
    null_ignored_in: frozenset[Dialect] = frozenset()
    lowest: float | None = None
    highest: float | None = None
    lowest_by_dialect: Mapping[Dialect, float] = field(factory=dict)
    choices: tuple[str, ...] = ()
    items: "Field | None" = None
    minimum_items: int = 0
    fields: Mapping[str, "Field"] = field(factory=dict)
    not_empty_in: frozenset[Dialect] = frozenset()


BOTH: Final = frozenset(Dialect)
ONLY_V2: Final = frozenset({Dialect.V2})
ONLY_V3: Final = frozenset({Dialect.V3})


def string(**more: Any) -> Field:
    return Field(Kind.STRING, **more)


def boolean(**more: Any) -> Field:
    return Field(Kind.BOOLEAN, **more)


def integer(**more: Any) -> Field:
    return Field(Kind.INTEGER, **more)


def number(**more: Any) -> Field:
    return Field(Kind.NUMBER, **more)


def uuid(**more: Any) -> Field:
    return Field(Kind.UUID, **more)


def date(**more: Any) -> Field:
    return Field(Kind.DATE, **more)


def choice(*choices: str, **more: Any) -> Field:
    return Field(Kind.CHOICE, choices=choices, **more)


def list_of(items: Field, **more: Any) -> Field:
    return Field(Kind.LIST, items=items, **more)


def record(fields: Mapping[str, Field], **more: Any) -> Field:
    return Field(Kind.OBJECT, fields=fields, **more)


IDS: Final = list_of(uuid(), required=True)


def read_json(body: bytes, content_type: str) -> object:
    """Parse a body. Anything that is not sent as JSON counts as no body at all.

    Raises Refused(400) with the JavaScript engine's words for malformed JSON."""
    if not body.strip() or (content_type and "json" not in content_type):
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        text = body.decode("utf-8", "replace")
        position = getattr(error, "pos", 0)
        if position >= len(text.rstrip()):
            message = "Unexpected end of JSON input"
        elif text.lstrip()[:1] == "{" and position <= 1:
            message = f"Expected property name or '}}' in JSON at position {position} (line 1 column {position + 1})"
        else:
            message = f"Unexpected token '{text[position]}', {json.dumps(text[:10])} is not valid JSON"
        raise Refused(400, message, without_correlation=True) from None


def check_body(dialect: Dialect, fields: Mapping[str, Field], value: object) -> dict[str, Any]:
    """Validate a parsed body. Returns only the known fields that were sent, converted (dates to datetimes).

    Raises Refused(400) with every complaint, in the version's own form."""
    checker = _Checker(dialect)
    if not isinstance(value, dict):
        if dialect is Dialect.V3:
            checker.wrong_type([], "object", value, missing=value is None)
            checker.finish()
        value = {}
    result = checker.members(fields, value, [])
    checker.finish()
    return result


def check_query(dialect: Dialect, fields: Mapping[str, Field], query: Mapping[str, str]) -> dict[str, Any]:
    """Validate query parameters: booleans are exactly `true` or `false`, numbers are read from their text (both versions)."""
    value: dict[str, object] = {}
    for name, wanted in fields.items():
        if name in query:
            value[name] = _from_query(wanted.kind, query[name])
    checker = _Checker(dialect)
    result = checker.members(fields, value, [])
    checker.finish()
    return result


def check_uuid(dialect: Dialect, name: str, value: str) -> None:
    """Validate an id in the path; only version 4 is accepted (both versions). Raises Refused(400)."""
    checker = _Checker(dialect)
    checker.value(Field(Kind.UUID), value, [name])
    checker.finish()


def _from_query(kind: Kind, text: str) -> object:
    if kind is Kind.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if kind in (Kind.INTEGER, Kind.NUMBER):
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            return text
    return text


_BAD: Final = object()


class _Checker:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._messages: list[str] = []
        self._issues: list[Issue] = []

    def finish(self) -> None:
        if self._messages:
            message = "Validation failed" if self._dialect is Dialect.V3 else self._messages
            raise Refused(400, message, issues=self._issues)

    def members(self, fields: Mapping[str, Field], value: Mapping[str, object], path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, wanted in fields.items():
            inner = [*path, name]
            if name not in value:
                if wanted.required:
                    self._missing(wanted, inner)
                continue
            if value[name] is None:
                if self._dialect in wanted.null_in:
                    result[name] = None
                    continue
                if self._dialect in wanted.null_ignored_in:
                    continue
            checked = self.value(wanted, value[name], inner)
            if checked is not _BAD:
                result[name] = checked
        return result

    def value(self, wanted: Field, value: object, path: Path) -> object:
        match wanted.kind:
            case Kind.STRING:
                return self._string(wanted, value, path)
            case Kind.BOOLEAN:
                return self._boolean(value, path)
            case Kind.INTEGER | Kind.NUMBER:
                return self._number(wanted, value, path)
            case Kind.UUID:
                return self._uuid(value, path)
            case Kind.DATE:
                return self._date(value, path)
            case Kind.CHOICE:
                return self._choice(wanted, value, path)
            case Kind.LIST:
                return self._list(wanted, value, path)
            case Kind.OBJECT:
                if not isinstance(value, dict):
                    return self.wrong_type(path, "object", value)
                return self.members(wanted.fields, value, path)

    def wrong_type(self, path: Path, expected: str, value: object, *, missing: bool = False) -> object:
        received = "undefined" if missing else _javascript_type(value)
        words = {"string": "a string", "boolean": "a boolean value", "array": "an array", "object": "an object"}
        return self._bad(
            path,
            f"must be {words.get(expected, 'a number conforming to the specified constraints')}",
            f"Invalid input: expected {expected}, received {received}",
            {"expected": expected, "code": "invalid_type"},
        )

    def _missing(self, wanted: Field, path: Path) -> None:
        expected = {Kind.LIST: "array", Kind.BOOLEAN: "boolean", Kind.OBJECT: "object"}.get(wanted.kind, "string")
        if wanted.kind in (Kind.INTEGER, Kind.NUMBER):
            expected = "number"
        if wanted.kind is Kind.CHOICE:
            self._choice(wanted, None, path)
        elif self._dialect is Dialect.V2 and wanted.kind is Kind.UUID:
            self._uuid(None, path)
        elif self._dialect is Dialect.V2 and wanted.kind is Kind.LIST and wanted.items == uuid():
            self._bad(path, "must be a UUID", "", {}, each=True)
            self.wrong_type(path, expected, None, missing=True)
        else:
            self.wrong_type(path, expected, None, missing=True)

    def _string(self, wanted: Field, value: object, path: Path) -> object:
        if not isinstance(value, str):
            return self.wrong_type(path, "string", value)
        if not value and self._dialect in wanted.not_empty_in:
            issue: Issue = {"origin": "string", "code": "too_small", "minimum": 1, "inclusive": True}
            return self._bad(path, "should not be empty", "Too small: expected string to have >=1 characters", issue)
        return value

    def _boolean(self, value: object, path: Path) -> object:
        if isinstance(value, bool):
            return value
        if self._dialect is Dialect.V2 and value in ("true", "false"):
            return value == "true"
        return self.wrong_type(path, "boolean", value)

    def _number(self, wanted: Field, value: object, path: Path) -> object:
        if self._dialect is Dialect.V2 and isinstance(value, str):
            with suppress(ValueError):
                value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            if self._dialect is Dialect.V2 and wanted.kind is Kind.INTEGER:
                return self._bad(path, "must be an integer number", "", {})
            return self.wrong_type(path, "number", value)
        if wanted.kind is Kind.INTEGER and value != int(value):
            issue: Issue = {"expected": "int", "format": "safeint", "code": "invalid_type"}
            text = "Invalid input: expected int, received number"
            return self._bad(path, "must be an integer number", text, issue)
        lowest = wanted.lowest_by_dialect.get(self._dialect, wanted.lowest)
        if lowest is not None and value < lowest:
            text = f"Too small: expected number to be >={lowest:g}"
            issue = {"origin": "number", "code": "too_small", "minimum": lowest, "inclusive": True}
            return self._bad(path, f"must not be less than {lowest:g}", text, issue)
        if wanted.highest is not None and value > wanted.highest:
            text = f"Too big: expected number to be <={wanted.highest:g}"
            issue = {"origin": "number", "code": "too_big", "maximum": wanted.highest, "inclusive": True}
            return self._bad(path, f"must not be greater than {wanted.highest:g}", text, issue)
        return int(value) if wanted.kind is Kind.INTEGER else value

    def _uuid(self, value: object, path: Path) -> object:
        if self._dialect is Dialect.V3 and not isinstance(value, str):
            return self.wrong_type(path, "string", value)
        if not isinstance(value, str) or _UUID.match(value) is None:
            issue: Issue = {"origin": "string", "code": "invalid_format", "format": "uuid"}
            issue["pattern"] = f"/{UUID_PATTERN}/"
            return self._bad(path, "must be a UUID", "Invalid UUID", issue)
        return value

    def _date(self, value: object, path: Path) -> object:
        if not isinstance(value, str):
            if self._dialect is Dialect.V3:
                return self.wrong_type(path, "string", value)
            return self._bad(path, "must be a valid ISO 8601 date string", "", {})
        moment: datetime | None
        if self._dialect is Dialect.V3:
            moment = moments.parse_strict(value)
        else:
            parsed = moments.parse(value)
            moment = parsed[0] if parsed else None
        if moment is None:
            issue: Issue = {"origin": "string", "code": "invalid_format", "format": "datetime"}
            return self._bad(path, "must be a valid ISO 8601 date string", "Invalid ISO datetime", issue)
        return moment

    def _choice(self, wanted: Field, value: object, path: Path) -> object:
        if isinstance(value, str) and value in wanted.choices:
            return value
        options = "|".join(f'"{option}"' for option in wanted.choices)
        issue: Issue = {"code": "invalid_value", "values": list(wanted.choices)}
        return self._bad(
            path,
            f"must be one of the following values: {', '.join(wanted.choices)}",
            f"Invalid option: expected one of {options}",
            issue,
        )

    def _list(self, wanted: Field, value: object, path: Path) -> object:
        if not isinstance(value, list):
            return self.wrong_type(path, "array", value)
        if len(value) < wanted.minimum_items:
            least = wanted.minimum_items
            issue: Issue = {"origin": "array", "code": "too_small", "minimum": least, "inclusive": True}
            text = f"Too small: expected array to have >={least} items"
            return self._bad(path, f"must contain at least {least} elements", text, issue)
        assert wanted.items is not None
        checked = [self.value(wanted.items, item, [*path, index]) for index, item in enumerate(value)]
        return _BAD if any(item is _BAD for item in checked) else checked

    def _bad(self, path: Path, v2_rest: str, v3_message: str, issue: Issue, *, each: bool = False) -> object:
        name = str(path[0]) if path else "body"
        if each or any(isinstance(part, int) for part in path):
            name = f"each value in {name}"
        message = f"{name} {v2_rest}"
        if message not in self._messages:
            self._messages.append(message)
        self._issues.append({**issue, "path": list(path), "message": v3_message})
        return _BAD


def _javascript_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
