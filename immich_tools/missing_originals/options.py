"""The options of the missing originals tool: flags, environment variables and keys of the configuration file in one class."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Final

from attrs import frozen
from cyclopts import Parameter

from immich_tools.disk.scan import DEFAULT_PATIENCE, DEFAULT_THREADS
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.missing_originals.patterns import Pattern, read_patterns
from immich_tools.missing_originals.ratio import DEFAULT_RATIO
from immich_tools.missing_originals.records import RecordSource
from immich_tools.paths import PathMap, parts
from immich_tools.settings import Legacy, negate

PREFIX: Final = "IMMICH_MISSING_ORIGINALS_"
DEFAULT_WINDOW: Final = 30
"""Days; as long as Immich keeps its trash."""
DEFAULT_RECHECK_DELAY: Final = 60.0


@frozen(kw_only=True)
class MissingOriginalsOptions:
    """Which originals are looked for, where, and what may become of those that are missing.

    :ivar paths: patterns over paths as the server sees them, see `patterns.read_pattern`; empty for all uploads.
    :ivar map: entries SERVER=LOCAL of folders that are elsewhere on this computer.
    :ivar source: None takes the database where one is configured, and the API else.
    :ivar max_missing_ratio: part of the originals, 0 to 1, that may be missing, in each root and in all.
    :ivar max_missing: how many may be missing; None for no limit.
    :ivar window: days in which what earlier runs trashed counts as missing, too.
    :ivar grace_runs: in how many runs in a row a file must be missing.
    :ivar recheck_delay: seconds until missing files are looked for again.
    :ivar disk_timeout: seconds that one call to the disk may take.
    :ivar disk_threads: folders looked into at the same time.
    :raises UsageError: a value is impossible.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("DRY_RUN", "--apply", negate),)

    paths: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=(PREFIX + "PATHS", "IMMICH_UPLOAD_PATH"),
            help=_("Folders, globs or LIKE patterns with % of paths as the server sees them (default: all uploads)."),
        ),
    ] = ()
    map: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=PREFIX + "MAP",
            help=_(
                "Where folders of the server are here, such as /data=/mnt/photos; of nested ones the innermost counts."
            ),
        ),
    ] = ()
    source: Annotated[
        RecordSource | None,
        Parameter(
            env_var=PREFIX + "SOURCE",
            help=_(
                "Where paths come from: the database (all users), or the API (your own; default without a database)."
            ),
        ),
    ] = None
    include_external: Annotated[
        bool, Parameter(env_var=PREFIX + "INCLUDE_EXTERNAL", help=_("Look at external libraries, too."))
    ] = False
    include_partial: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "INCLUDE_PARTIAL",
            help=_("Trash assets of which a part is still there; emptying the trash then deletes that part."),
        ),
    ] = False
    find_moved: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "FIND_MOVED",
            help=_("Look for missing files in external libraries, and give the assets there their albums and tags."),
        ),
    ] = False
    restore: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "RESTORE", help=_("Restore from the trash what this tool trashed and whose file is back.")
        ),
    ] = True
    server_report: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "SERVER_REPORT",
            help=_("Trash only what the server's own report calls missing as well, where it has one (Immich 3)."),
        ),
    ] = True
    max_missing_ratio: Annotated[
        float,
        Parameter(
            env_var=(PREFIX + "MAX_MISSING_RATIO", "MAX_MISSING_RATIO"),
            help=_("Trash nothing when more than this part (0 to 1) is missing, in one root or in all."),
        ),
    ] = DEFAULT_RATIO
    max_missing: Annotated[
        int | None,
        Parameter(env_var=PREFIX + "MAX_MISSING", help=_("Trash nothing when more than this many are missing.")),
    ] = None
    window: Annotated[
        int,
        Parameter(
            env_var=PREFIX + "WINDOW",
            help=_("Days for which both limits also count what earlier runs trashed; 0 for none."),
        ),
    ] = DEFAULT_WINDOW
    grace_runs: Annotated[
        int,
        Parameter(
            env_var=PREFIX + "GRACE_RUNS",
            help=_("Trash only what was missing in this many runs in a row; dry runs do not count."),
        ),
    ] = 1
    recheck_delay: Annotated[
        float,
        Parameter(env_var=PREFIX + "RECHECK_DELAY", help=_("Seconds until missing files are looked for again.")),
    ] = DEFAULT_RECHECK_DELAY
    accept_devices: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "ACCEPT_DEVICES",
            help=_("Accept that folders are on other devices than in the last run, as after a move to a new disk."),
        ),
    ] = False
    disk_timeout: Annotated[
        float, Parameter(env_var=PREFIX + "DISK_TIMEOUT", help=_("Seconds to wait for each answer of the disk."))
    ] = DEFAULT_PATIENCE
    disk_threads: Annotated[
        int, Parameter(env_var=PREFIX + "DISK_THREADS", help=_("Folders looked into at the same time, 1 to 64."))
    ] = DEFAULT_THREADS

    def __attrs_post_init__(self) -> None:
        self.patterns()
        self.path_map()
        for flag, number, least, most in (
            ("--max-missing-ratio", self.max_missing_ratio, 0, 1),
            ("--max-missing", self.max_missing or 0, 0, math.inf),
            ("--window", self.window, 0, 36500),
            ("--grace-runs", self.grace_runs, 1, math.inf),
            ("--recheck-delay", self.recheck_delay, 0, 86400),
            ("--disk-timeout", self.disk_timeout, 0.1, 86400),
            ("--disk-threads", self.disk_threads, 1, 64),
        ):
            if not least <= number <= most or number == math.inf:
                if most == math.inf:
                    raise UsageError(_("{flag} must be {least} or more.").format(flag=flag, least=least))
                raise UsageError(
                    _("{flag} must lie between {least} and {most}.").format(flag=flag, least=least, most=most)
                )

    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns of which a path must match one; none for all uploads.

        :raises UsageError: one is not valid.
        """
        return read_patterns(self.paths)

    def path_map(self) -> PathMap:
        """Where folders of the server are found on this computer.

        :raises UsageError: an entry of ``--map`` is not of the form SERVER=LOCAL, or its folder here is no whole path.
        """
        path_map = PathMap.parse(self.map)
        for local in path_map.folders.values():
            # A run must find the same folder wherever it is started, and what leads upwards may leave the disk that was proven.
            if not local.startswith("/") or ".." in parts(local):
                raise UsageError(
                    _("--map: '{folder}' is not the whole path of a folder on this computer.").format(folder=local)
                )
        return path_map
