"""``immich-toolkit runs set-aside``: move a journal away that cannot be read, knowing what that costs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from immich_tools.commands.runs import JournalFolder, Yes
from immich_tools.errors import ExitCode, UsageError
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _
from immich_tools.plan.journal import SUFFIX, read_run
from immich_tools.plan.journal_writer import check_idle
from immich_tools.report.output import Output
from immich_tools.session import agree
from immich_tools.settings import OutputOptions, SourceOptions

SUBFOLDER: Final = "set-aside"
"""Of the folder of journals; nobody looks for runs there."""

_NAME: Final = re.compile(r"[0-9]{8}-[0-9]{6}-(?P<tool>.+)-[0-9a-f]{6}")
_LOSSES: Final = {
    "missing-originals": _(
        "missing-originals loses a part of its guard over all runs: what this run trashed no longer counts, so more may be "
        "trashed than --max-missing and --max-ratio allow; and it does not restore those files when they are back."
    ),
    "folder-albums": _(
        "folder-albums no longer knows the albums that this run made: it does not follow their folders when these are renamed, "
        "and files that were moved stay in them."
    ),
    "faceless-album": _(
        "faceless-album no longer knows what this run put into the album, and takes it for put there by hand."
    ),
    "undo": _(
        "missing-originals, folder-albums and faceless-album no longer know what this undo brought back, and the run that it "
        "undid can be undone again."
    ),
}
"""What a tool loses with the journal of one of its runs."""


def set_aside(
    file: Annotated[Path, Parameter(help=_("The journal: its path, or its name in the folder of the journals."))],
    /,
    *,
    yes: Yes = False,
    journal_folder: JournalFolder = None,
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Move a journal that cannot be read into the sub-folder set-aside, so that tools go on without it.

    Says which guard is lost by that, and asks.
    """
    folder = journal_folder or default_journal_folder()
    with Output(output) as out:
        path = _journal(file, folder)
        out.say(_("This run can no longer be undone or resumed."))
        match = _NAME.fullmatch(path.stem)
        loss = _LOSSES.get("" if match is None else match["tool"])
        if loss is not None:
            out.say(loss)
        if not agree(_("Set {path} aside?").format(path=path), yes=yes):
            return out.nothing_done(_("Nothing was changed."), ExitCode.DONE)
        out.say(_("It is in {path} now.").format(path=_move(path)))
        return out.ended(ExitCode.DONE)


def _journal(file: Path, folder: Path) -> Path:
    """The path of a journal in the folder.

    :raises UsageError: there is no such journal, or its run is in progress.
    """
    path = folder / file.name
    # A name alone, or the path of a file in that folder.
    is_inside = file.name == str(file) or file.absolute().parent == folder.absolute()
    if path.suffix != SUFFIX or not is_inside or not path.is_file():
        raise UsageError(
            _("There is no journal '{file}' in {folder}. 'immich-toolkit runs' lists them.").format(
                file=file, folder=folder
            )
        )
    try:
        run = read_run(path)
    except UsageError:
        return path
    check_idle(run)
    return path


def _move(path: Path) -> Path:
    """Move a journal; one of the same name that is there already stays."""
    target = path.parent / SUBFOLDER
    try:
        target.mkdir(exist_ok=True, mode=0o700)
        moved = target / path.name
        number = 1
        while moved.exists():
            number += 1
            moved = target / f"{path.stem}-{number}{SUFFIX}"
        return path.rename(moved)
    except OSError as error:
        raise UsageError(
            _("The journal {path} cannot be moved: {reason}.").format(path=path, reason=error.strerror)
        ) from None
