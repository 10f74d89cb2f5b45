"""How a command ended, for programs: the last JSON line of ``--json``, and the file of ``--summary-file``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from immich_tools.errors import UsageError
from immich_tools.i18n import _

SUMMARY_FLAG: Final = "--summary-file"
KIND: Final = "summary"
"""The ``message_type`` of a summary."""
LARGEST: Final = 1_000_000
"""Bytes; no summary is that long."""


def summary_line(code: int, *, message: str | None = None) -> dict[str, Any]:
    """The summary of a command that carried nothing out.

    :param message: the error that ended it.
    """
    line: dict[str, Any] = {
        "message_type": KIND,
        "run": None,
        "results": {},
        "unfinished": False,
        "exit_code": int(code),
    }
    return line if message is None else {**line, "message": message}


def joint_summary(summaries: Sequence[Mapping[str, Any]], code: int) -> dict[str, Any]:
    """The summary of a command, from those of its parts (accounts, plans): counts are added.

    :param summaries: each perhaps with the ``account`` it is of; none where the command had nothing to say.
    :param code: the exit code of the whole command.
    """
    runs = [each["run"] for each in summaries if each.get("run") is not None]
    results: Counter[str] = Counter()
    for each in summaries:
        results.update(each.get("results", {}))
    messages = [_message(each) for each in summaries if each.get("message")]
    return {
        **summary_line(code, message="\n".join(dict.fromkeys(messages)) or None),
        # Several runs have no one name; the journals know them all.
        "run": runs[0] if len(runs) == 1 else None,
        "results": dict(sorted(results.items())),
        "unfinished": any(each.get("unfinished") for each in summaries),
    }


def _message(summary: Mapping[str, Any]) -> str:
    message = str(summary["message"])
    if "account" not in summary:
        return message
    return _("account {name}: {message}").format(name=summary["account"], message=message)


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Write a summary to a file, in place of an older summary only: a name mixed up must not cost a picture.

    :raises UsageError: something else has that name, or the file cannot be written.
    """
    try:
        if path.exists() and not _is_summary(path):
            reason = _("another file has that name")
        else:
            path.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            return
    except (OSError, UnicodeEncodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    raise UsageError(_("The summary cannot be written to {path}: {reason}.").format(path=path, reason=reason))


def _is_summary(path: Path) -> bool:
    if path.is_file() and path.stat().st_size > LARGEST:
        return False
    try:
        document = json.loads(path.read_bytes() or b'{"message_type": "summary"}')
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("message_type") == KIND


def path_typed(arguments: Sequence[str]) -> str | None:
    """The file that a command line names, found without knowing the command: its other words may be wrong."""
    for number, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == SUMMARY_FLAG:
            return (value if equals else next(iter(arguments[number + 1 :]), "")) or None
    return None
