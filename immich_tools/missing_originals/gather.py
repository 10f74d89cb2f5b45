"""Reads from the server, or its database, and from the disk what the planner of the missing originals tool needs; changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from attrs import evolve, frozen

from immich_tools.disk.findings import FileState, Finding, unknown
from immich_tools.errors import AccessDenied, UsageError
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Broken
from immich_tools.missing_originals import api_source
from immich_tools.missing_originals.facts import MissingFacts, Survey
from immich_tools.missing_originals.history import trashed_earlier
from immich_tools.missing_originals.lookout import Lookout, Seen
from immich_tools.missing_originals.memory import Memory
from immich_tools.missing_originals.moved import Moved, find_moved
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.places import Places
from immich_tools.missing_originals.records import AssetRecord, RecordSource
from immich_tools.missing_originals.selection import Selection, select

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich
    from immich_tools.missing_originals.database_options import DatabaseAddress

Sleep = Callable[[float], None]
PathsNow = Callable[[Collection[str]], Mapping[str, str]]
"""Ids of assets → where their originals are now, as the server sees it."""


def gather(
    immich: Immich,
    options: MissingOriginalsOptions | None = None,
    *,
    database: DatabaseAddress | None = None,
    journal_folder: Path | None = None,
    seen: Memory | None = None,
    day: date | None = None,
    sleep: Sleep = time.sleep,
) -> MissingFacts:
    """Read the assets, look for their files, and look once more for those that are missing.

    :param database: where Immich's database is; None reads through the API.
    :param journal_folder: where journals of earlier runs are; None for the user's state folder.
    :param seen: what earlier runs saw; see `state.read_memory`.
    :param day: of the run; None for today.
    :param sleep: waits for so many seconds before the second look.
    :raises UsageError: there is nothing to look for, or a pattern or an entry of the map fits nothing.
    :raises IncompleteListing: the server's list cannot be proven complete.
    :raises ToolkitError: the server or the database cannot be read.
    """
    options = MissingOriginalsOptions() if options is None else options
    source = source_of(options, database)
    everything = read_everything(immich, source, database)
    inspection = inspect(
        everything,
        options,
        source=source,
        users=[immich.me.id],
        unlisted=immich.broken_assets,
        import_paths=import_paths(immich, options),
        journal_folder=journal_folder,
        seen=seen,
        day=day,
        sleep=sleep,
        paths_now=lambda ids: read_paths([immich], source, database, ids),
    )
    return inspection.facts(immich)


def source_of(options: MissingOriginalsOptions, database: DatabaseAddress | None) -> RecordSource:
    """Where records are read from.

    :raises UsageError: the database is asked for, and none is configured.
    """
    if options.source is RecordSource.DATABASE and database is None:
        raise UsageError(
            _("--source database needs a database: set DB_HOSTNAME and DB_PASSWORD, or name it with --db-url-file.")
        )
    if options.source is not None:
        return options.source
    return RecordSource.API if database is None else RecordSource.DATABASE


def read_everything(immich: Immich, source: RecordSource, database: DatabaseAddress | None) -> list[AssetRecord]:
    """All assets that the source tells of: of all users, or of the key's.

    :raises ToolkitError: the server or the database cannot be read.
    """
    if source is RecordSource.API or database is None:
        return list(api_source.stream(immich))
    from immich_tools.missing_originals.database import stream  # the database library comes with an extra

    return list(stream(database))


def read_paths(
    clients: Iterable[Immich], source: RecordSource, database: DatabaseAddress | None, ids: Collection[str]
) -> dict[str, str]:
    """Where the originals of some assets are at this moment, as the server sees it; assets that are gone are missing.

    :raises ToolkitError: the server or the database cannot be read.
    """
    found: dict[str, str] = {}
    for immich in clients:
        if source is RecordSource.DATABASE:
            return {each.id: each.path for each in read_everything(immich, source, database) if each.id in ids}
        found |= {each.id: each.original_path for each in immich.assets.read(ids).values()}
    return found


def import_paths(immich: Immich, options: MissingOriginalsOptions) -> tuple[str, ...]:
    """The folders of external libraries, where the key may read them; without them each topmost folder counts as one."""
    if not options.include_external:
        return ()
    try:
        return tuple(path for library in immich.libraries.all() for path in library.import_paths)
    except AccessDenied:
        return ()


@frozen(kw_only=True)
class Inspection:
    """What was read and seen once, for whoever's key it is.

    :ivar external: the assets of external libraries, outside the trash, among which moved files are looked for.
    :ivar accounts: ids of users whose keys are there.
    :ivar unlisted: what the server failed to list.
    """

    survey: Survey
    options: MissingOriginalsOptions
    external: tuple[AssetRecord, ...]
    accounts: frozenset[str]
    unlisted: tuple[Broken, ...] = ()

    def facts(self, immich: Immich) -> MissingFacts:
        """The same together with what only one user's key tells.

        :raises ToolkitError: the server cannot be read.
        """
        missing = self.survey.missing()
        path_map = self.options.path_map()
        found = Moved()
        if self.options.find_moved and missing:
            found = find_moved(immich, missing, self.external, path_map, patience=self.options.disk_timeout)
        values = attrs.asdict(self.survey, recurse=False) | {"warnings": (*self.survey.warnings, *found.warnings)}
        return MissingFacts(
            **values,
            user_id=immich.me.id,
            server_version=immich.version,
            population=immich.assets.owned(),
            accounts=self.accounts,
            report=immich.integrity.missing_files() if self.options.server_report and missing else None,
            unlisted=tuple({each.key: each for each in (*self.unlisted, *immich.broken_assets)}.values()),
            moved=found.moved,
            details=found.details,
            albums=found.albums,
            members=found.members,
            tags=found.tags,
        )


def inspect(
    everything: Sequence[AssetRecord],
    options: MissingOriginalsOptions,
    *,
    source: RecordSource,
    users: Iterable[str],
    unlisted: Iterable[Broken] = (),
    import_paths: Sequence[str] = (),
    journal_folder: Path | None = None,
    seen: Memory | None = None,
    day: date | None = None,
    sleep: Sleep = time.sleep,
    paths_now: PathsNow | None = None,
) -> Inspection:
    """Look for the files of assets that were read. The parameters that `gather` does not have:

    :param paths_now: reads again where the originals of some assets are; None where nobody can tell.
    :param everything: all assets.
    :param users: ids of the users whose keys are there.
    :param unlisted: what the server failed to list while they were read.
    :param import_paths: the folders of external libraries.
    """
    selection = select(everything, options)
    owners = frozenset(users)
    trashed = trashed_earlier(
        journal_folder or default_journal_folder(), owners.union({record.owner_id for record in everything})
    )
    memory = evolve(Memory() if seen is None else seen, trashed=trashed)
    path_map = options.path_map()
    lookout = Lookout(Places(selection.media, (*path_map.folders, *import_paths)), path_map, options, memory.devices)
    earlier = tuple(record for record in everything if record.is_trashed and record.id in trashed)
    related = (*selection.records, *selection.siblings, *earlier)
    first = lookout.look((record.folder, record.name) for record in related)
    survey = Survey(
        day=date.today() if day is None else day,  # noqa: DTZ011 - the user's own day
        source=source,
        records=selection.records,
        siblings=selection.siblings,
        trashed=earlier,
        places=lookout.places,
        memory=memory,
        warnings=(*_warnings(selection), *_not_shown(first)),
    )
    return Inspection(
        survey=_without_moving(_settled(survey, lookout, first, lambda: sleep(options.recheck_delay)), paths_now),
        options=options,
        external=tuple(each for each in everything if each.library_id is not None and not each.is_trashed),
        accounts=owners,
        unlisted=tuple(unlisted),
    )


def _warnings(selection: Selection) -> Iterable[str]:
    count = sum(selection.elsewhere.values())
    if count:
        yield ngettext(
            "{count} upload lies outside of the media locations, such as in {folder}, and was not looked for; name folders with --paths.",
            "{count} uploads lie outside of the media locations, such as in {folder}, and were not looked for; name folders with --paths.",
            count,
        ).format(count=count, folder=min(selection.elsewhere))


def _not_shown(seen: Seen) -> Iterable[str]:
    for root, characters in sorted(seen.not_shown.items()):
        yield _(
            "{root} shows no file with a character such as {characters} in its name, so no such file counts as missing. "
            "Is it mounted with another character set than the server's, as without iocharset=utf8?"
        ).format(root=root, characters=", ".join(characters))


def _settled(survey: Survey, lookout: Lookout, seen: Seen, pause: Callable[[], None]) -> Survey:
    """The survey with what came of looking: for the sidecars of what is missing too, and after a while for all of that again."""
    findings: dict[str, Finding] = dict(seen.findings)
    missing = set(seen.missing())
    records = (*survey.records, *survey.siblings)
    paths = missing | {path for each in records if each.path in missing for path in survey.sidecars_of(each)}
    proven = seen.proven()
    if paths:
        pause()
        again = lookout.look_again(paths, seen.witnesses, seen.devices())
        for path in paths:
            # A sidecar is only looked for now; it protects its original unless it is missing for sure.
            findings.pop(path, None)
        findings.update(again.findings)
        proven -= again.verdicts.keys() - again.proven()
    devices = {root: device for root, device in seen.devices().items() if root in proven}
    return evolve(survey, findings=findings, proven=proven, devices=devices, witnesses=seen.witnesses)


def _without_moving(survey: Survey, paths_now: PathsNow | None) -> Survey:
    """The survey where originals that the server has moved since they were listed are unknown.

    With the storage template on, an edit moves the original seconds later (2.3.1 and 3.1.0).
    """
    missing = [each for each in (*survey.records, *survey.siblings) if survey.state(each.path) is FileState.MISSING]
    if not missing or paths_now is None:
        return survey
    paths = paths_now({each.id for each in missing})
    on_the_way = {
        each.path: unknown(
            _("the server has moved it meanwhile to {path}").format(path=paths[each.id])
            if each.id in paths
            else _("the asset is gone from the server meanwhile")
        )
        for each in missing
        if paths.get(each.id) != each.path
    }
    return evolve(survey, findings={**survey.findings, **on_the_way})
