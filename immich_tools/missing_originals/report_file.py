"""Writes the report: a JSON document with one original a line, or a table as CSV, by the suffix of its name."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs
from attrs import define, field

from immich_tools.disk.atomic import write_atomically
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.missing_originals.listing import Row
from immich_tools.missing_originals.plan import TOOL

JSON: Final = ".json"
CSV: Final = ".csv"


def report_path(text: Path, moment: datetime) -> Path:
    """The name of a report, in which ``%Y``, ``%m``, ``%d``, ``%H``, ``%M`` and ``%S`` stand for date and time, as of strftime.

    :raises UsageError: its suffix is neither .json nor .csv.
    """
    path = text.with_name(moment.strftime(text.name))
    if path.suffix.lower() not in (JSON, CSV):
        raise UsageError(_("--report-file {path}: the name must end in .json or .csv.").format(path=text))
    return path


@define
class ReportFile:
    """A report under way: written before anything is trashed, and again with what became of it. An older file is never overwritten."""

    path: Path
    _is_begun: bool = field(default=False, init=False)

    def check(self) -> None:
        """Find out before an hour of looking that it could not be written.

        :raises UsageError: another file has that name, or its folder is not there.
        """
        if os.path.lexists(self.path):
            raise self._taken()
        if not self.path.parent.is_dir():
            raise self._unwritable(os.strerror(errno.ENOENT))

    def write(self, rows: Iterable[Row]) -> None:
        """Write the report, in place of what this one wrote before.

        :raises UsageError: another file has that name, or it cannot be written.
        """
        text = _table(rows) if self.path.suffix.lower() == CSV else _document(rows)
        try:
            if not self._is_begun:
                self.path.open("x").close()
                self._is_begun = True
            write_atomically(self.path, text.encode(errors="backslashreplace"))
        except FileExistsError:
            raise self._taken() from None
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from None

    def _taken(self) -> UsageError:
        return UsageError(
            _("{path} exists already; it is not overwritten. Choose another name, such as one with %Y-%m-%d.").format(
                path=self.path
            )
        )

    def _unwritable(self, reason: str) -> UsageError:
        return UsageError(_("The report cannot be written to {path}: {reason}.").format(path=self.path, reason=reason))


def _document(rows: Iterable[Row]) -> str:
    lines = ",\n".join("  " + json.dumps(attrs.asdict(row)) for row in rows)
    return f'{{"tool": "{TOOL}", "originals": [\n{lines}\n]}}\n'


def _table(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(attribute.name for attribute in attrs.fields(Row))
    for row in rows:
        table.writerow(attrs.astuple(row))
    return text.getvalue()
