"""Plan documents: JSON with a schema version, one change a line, so that a person can read them and delete lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from immich_tools.codec import CodecError, Step, structured
from immich_tools.disk.atomic import write_atomically
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.plan.codec import plan_converter, to_line
from immich_tools.plan.model import Plan

SCHEMA: Final = 1
_NAMES: Final = (
    "tool",
    "user_id",
    "server_version",
    "population",
    "options",
    "notes",
    "changes",
    "keeps",
    "skips",
    "labels",
)
"""The fields of a plan, as documents have them: lists last."""
# A person who deletes the last line of a list leaves a comma behind.
_TRAILING_COMMA: Final = re.compile(r",(\s*\n\s*[\]}])")


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A plan as JSON values."""
    values = plan_converter().unstructure(plan)
    return {"schema": SCHEMA} | {name: values[name] for name in _NAMES}


def plan_from_json(document: Any) -> Plan:
    """The plan that `plan_to_json` wrote.

    :raises UsageError: it is not one, or of another schema.
    """
    if not isinstance(document, dict) or "schema" not in document:
        raise UsageError(_("Not a plan document: missing 'schema'."))
    if document["schema"] != SCHEMA:
        raise UsageError(
            _("This plan has schema {found}; this version reads {known}. Make the plan again.").format(
                found=document["schema"], known=SCHEMA
            )
        )
    values = {name: value for name, value in document.items() if name != "schema"}
    try:
        return structured(plan_converter(), values, Plan)
    except CodecError as error:
        where = _where(document, error.place)
        words = (
            _("The plan document is damaged at {where}: {reason}.")
            if where
            else _("The plan document is damaged: {reason}.")
        )
        raise UsageError(words.format(where=where, reason=error)) from None


def _where(document: Any, place: tuple[Step, ...]) -> str:
    """The entry of a list that a place is in, as a person finds it: its number, from 1, and its id."""
    if len(place) < 2:
        return "".join(map(str, place))
    name, key = place[:2]
    if not isinstance(key, int):
        return f"{name}[{json.dumps(key, ensure_ascii=False)}]"
    entry = document[name][key]
    entry_id = entry.get("id") if isinstance(entry, dict) else None
    return f"{name}[{key + 1}]" + (f" ({entry_id})" if entry_id else "")


def dump_plan(plan: Plan) -> str:
    """The document: a head, then each list with one entry a line."""
    lines = []
    for name, value in plan_to_json(plan).items():
        if isinstance(value, list) and value:
            lines.append(
                f"  {json.dumps(name)}: [\n" + ",\n".join("    " + to_line(entry) for entry in value) + "\n  ]"
            )
        elif name == "labels" and value:
            entries = ",\n".join(f"    {json.dumps(key)}: {to_line(entry)}" for key, entry in value.items())
            lines.append(f'  "labels": {{\n{entries}\n  }}')
        else:
            lines.append(f"  {json.dumps(name)}: {to_line(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def check_place(path: Path) -> None:
    """Find out that a plan cannot be saved before the server is read for it.

    :raises UsageError: there is a file of that name, or no folder to put it into.
    """
    if path.exists():
        raise _in_the_way(path)
    if not path.parent.is_dir():
        raise UsageError(_("The plan cannot be written to {path}: there is no such folder.").format(path=path))


def _in_the_way(path: Path) -> UsageError:
    return UsageError(_("{path} exists already; it is not overwritten. Choose another name.").format(path=path))


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan document; see `Plan.save`."""
    try:
        path.open("x").close()
    except FileExistsError:
        raise _in_the_way(path) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        write_atomically(path, dump_plan(plan).encode())
    except OSError as error:
        path.unlink(missing_ok=True)  # an empty file would only be in the way
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(_("The plan cannot be written to {path}: {reason}.").format(path=path, reason=error.strerror))


def load_plan(path: Path) -> Plan:
    """Read a plan document, also one from which a person deleted lines.

    :raises UsageError: it cannot be read or is no plan; says where.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a mark at the beginning
    except OSError as error:
        raise UsageError(
            _("The plan {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise UsageError(_("The plan {path} is not text in UTF-8.").format(path=path)) from None
    try:
        document = json.loads(_TRAILING_COMMA.sub(r"\1", text))
    except (ValueError, RecursionError) as error:
        raise UsageError(_("The plan {path} is not JSON: {reason}.").format(path=path, reason=error)) from None
    try:
        return plan_from_json(document)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
