"""``immich-toolkit``: all tools and what goes with them in one command."""

from __future__ import annotations

import sys

from cyclopts import App

from immich_tools.i18n import _
from immich_tools.settings import make_app, run


def toolkit_app() -> App:
    """The app with all its commands; none of them is loaded before it is used."""
    app = make_app("immich-toolkit", _("Safe tools for an Immich photo server: plan, read, apply, undo."))
    app.command(
        "immich_tools.commands.doctor:doctor",
        name="doctor",
        help=_("Check server, version, key, permissions, trash and clock."),
    )
    app.command(
        "immich_tools.duplicates.cli:duplicates",
        name="duplicates",
        help=_("Keep the best copy of each photo, trash the others."),
    )
    app.command(
        "immich_tools.folder_albums.cli:folder_albums",
        name="folder-albums",
        help=_("Make albums from the folders that files lie in, and keep them filled."),
    )
    app.command(
        "immich_tools.missing_originals.cli:missing_originals",
        name="missing-originals",
        help=_("Trash assets whose file is gone, safely; restore those whose file is back."),
    )
    app.command(
        "immich_tools.album_backup.cli:album_backup",
        name="album-backup",
        help=_("Copy albums into an external library, proven, and perhaps let go of the uploads."),
    )
    app.command(
        "immich_tools.faceless_album.cli:faceless_album",
        name="faceless-album",
        help=_("Keep an album of the files in which nobody is recognised."),
    )
    app.command(
        "immich_tools.commands.apply:apply_saved",
        name="apply",
        help=_("Carry out a saved plan, as far as it is still true."),
    )
    app.command("immich_tools.commands.runs:runs_app", name="runs", help=_("List past runs."))
    app.command("immich_tools.commands.runs:undo_run", name="undo", help=_("Bring back what a run changed."))
    app.command("immich_tools.commands.runs:resume_run", name="resume", help=_("Go on with a run that was cut short."))
    app.command(
        "immich_tools.commands.schedule:schedule",
        name="schedule",
        help=_("Run tools at certain times, unattended."),
    )
    app.command(
        "immich_tools.commands.health:health",
        name="health",
        help=_("Tell how the last runs of a schedule ended."),
    )
    app.command(
        "immich_tools.commands.demo:demo", name="demo", help=_("Plan, apply and undo a clean-up on a pretended server.")
    )
    app.command(
        "immich_tools.commands.sandbox:serve_sandbox",
        name="sandbox",
        help=_("Serve a pretended Immich with a sample library."),
    )
    return app


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(toolkit_app()))
