"""Repairs of the documents, kept as data in overrides.toml: each says where, what and why."""

import copy
import tomllib
from pathlib import Path
from typing import Any, Literal, NamedTuple

from openapi.specification import Json, SpecificationError, at, child, pointer_keys


class Override(NamedTuple):
    """One repair.

    Attributes:
        pointer: JSON pointer into the base document; for "add" to a list it ends in `-`.
        operation: "add" what is not there, "replace" what is there by something else, "remove" it.
        value: what will stand there; None for "remove".
        reason: why, for whoever reads the file.
    """

    pointer: str
    operation: Literal["add", "replace", "remove"]
    value: Any
    reason: str


def load_overrides(path: Path) -> list[Override]:
    """Read the repairs of a TOML file: tables `[[override]]` with pointer, operation, value and reason.

    Raises:
        SpecificationError: when the file is not as described.
    """
    tables = _load(path).get("override", [])
    return [_read(table, f"{path}: override {number}") for number, table in enumerate(tables, start=1)]


def load_any_key(path: Path) -> frozenset[str]:
    """Read the operations that any key may call: tables `[[any_key]]` with operation and reason.

    Raises:
        SpecificationError: when the file is not as described.
    """
    tables = _load(path).get("any_key", [])
    for number, table in enumerate(tables, start=1):
        if table.keys() != {"operation", "reason"}:
            raise SpecificationError(f"{path}: any_key {number}: operation and reason, nothing else")
    return frozenset(table["operation"] for table in tables)


def _load(path: Path) -> Json:
    """Read the file and check the names of its tables."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(f"{path}: not TOML: {error}") from error
    unknown = sorted(content.keys() - {"override", "any_key"})
    if unknown:
        raise SpecificationError(f"{path}: unknown table {unknown[0]!r}")
    return content


def _read(table: Json, place: str) -> Override:
    """Check one table of the file."""
    unknown = sorted(table.keys() - {"pointer", "operation", "value", "reason"})
    if unknown:
        raise SpecificationError(f"{place}: unknown key {unknown[0]!r}")
    for key in ("pointer", "operation", "reason"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise SpecificationError(f"{place}: {key} is missing")
    if table["operation"] not in ("add", "replace", "remove"):
        raise SpecificationError(f"{place}: operation is {table['operation']!r}, not add, replace or remove")
    if ("value" in table) == (table["operation"] == "remove"):
        raise SpecificationError(f"{place}: a value belongs to add and replace, and only to them")
    return Override(table["pointer"], table["operation"], table.get("value"), table["reason"])


def apply_overrides(document: Json, overrides: list[Override]) -> None:
    """Repair a document.

    Args:
        document: the base, changed in place.
        overrides: carried out in their order.

    Raises:
        SpecificationError: when a repair has nothing to do: its target is missing, or is already as it should be.
    """
    for override in overrides:
        _apply(document, override)


def _apply(document: Json, override: Override) -> None:
    *owner, last = pointer_keys(override.pointer)
    try:
        holder = at(document, "/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in owner))
        present = last != "-" and _has(holder, last)
    except KeyError as error:
        raise SpecificationError(f"override {override.pointer}: there is no {error.args[0]!r} on the way") from error
    value = copy.deepcopy(override.value)
    if override.operation == "add":
        _add(holder, last, present, value, override)
        return
    if not present:
        raise SpecificationError(f"override {override.pointer}: the target does not exist")
    key = int(last) if isinstance(holder, list) else last
    if override.operation == "remove":
        del holder[key]
    elif holder[key] == value:
        raise SpecificationError(f"override {override.pointer}: the target already has this value")
    else:
        holder[key] = value


def _has(holder: Any, key: str) -> bool:
    """Tell whether there is something under a key."""
    try:
        child(holder, key)
    except KeyError:
        return False
    return True


def _add(holder: Any, key: str, present: bool, value: Any, override: Override) -> None:
    """Carry out an "add"."""
    if isinstance(holder, list) and key == "-":
        if value in holder:
            raise SpecificationError(f"override {override.pointer}: the list already has this value")
        holder.append(value)
    elif isinstance(holder, dict) and not present:
        holder[key] = value
    else:
        raise SpecificationError(f"override {override.pointer}: there is something already")
