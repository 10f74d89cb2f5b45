"""What the planner of the missing originals tool decides on: a snapshot of the server, of the disk, and of earlier runs, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from attrs import field, frozen

from immich_tools.disk.findings import PRESENT, FileState, Finding
from immich_tools.immich.models import Album, Asset, Broken, Report, Tag, Version
from immich_tools.missing_originals.memory import Memory
from immich_tools.missing_originals.places import Places
from immich_tools.missing_originals.ratio import Count
from immich_tools.missing_originals.records import AssetRecord, RecordSource


@frozen(repr=False, kw_only=True)
class Survey:
    """The originals of all owners that were looked for, and what is known of those that are not there.

    :ivar day: of the run.
    :ivar source: what told of the records.
    :ivar records: the assets whose originals were asked for, outside the trash, of every user the source tells of.
    :ivar siblings: further assets that belong to them: motion videos, stills and members of stacks.
    :ivar trashed: assets that earlier runs of this tool moved to the trash and that are there still.
    :ivar findings: path as the server sees it → what came of looking for it, of all files but those that are present; sidecars and
        siblings included.
    :ivar places: the roots.
    :ivar proven: the roots, as the server sees them, whose disks are proven to be there.
    :ivar devices: root → the device it is on, of those that are proven.
    :ivar witnesses: root → some files that are present, for looking again.
    :ivar memory: of earlier runs.
    :ivar warnings: what the reader of the plan should know of reading.
    """

    day: date
    source: RecordSource = RecordSource.DATABASE
    records: tuple[AssetRecord, ...] = ()
    siblings: tuple[AssetRecord, ...] = ()
    trashed: tuple[AssetRecord, ...] = ()
    findings: Mapping[str, Finding] = field(factory=dict)
    places: Places = field(factory=Places)
    proven: frozenset[str] = frozenset()
    devices: Mapping[str, int] = field(factory=dict)
    witnesses: Mapping[str, tuple[str, ...]] = field(factory=dict)
    memory: Memory = field(factory=Memory)
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.records)} originals, {len(self.findings)} of the files looked for not present)"

    def finding(self, path: str) -> Finding:
        """What came of looking for a file; one that was not looked for counts as present, so that it is left alone."""
        return self.findings.get(path, PRESENT)

    def state(self, path: str) -> FileState:
        """Whether a file is there; missing only below a root that is proven to be there."""
        state = self.finding(path).state
        if state is FileState.MISSING and self.places.place(path).folder not in self.proven:
            return FileState.UNKNOWN
        return state

    def sidecars_of(self, record: AssetRecord) -> tuple[str, ...]:
        """The paths that an asset's sidecars have, or may have where the source does not tell.

        Immich takes ``IMG.jpg.xmp`` and ``IMG.xmp`` for sidecars of ``IMG.jpg`` (2.3.1 and 3.1.0).
        """
        if record.sidecar_path is not None:
            return (record.sidecar_path,)
        if self.source.tells_sidecars:
            return ()
        stem, dot, _extension = record.name.rpartition(".")
        bare = (f"{record.folder}{stem}.xmp",) if dot and stem else ()
        return (f"{record.path}.xmp", *bare)

    def counts(self, window: int) -> dict[str, Count]:
        """How many originals are missing, by root.

        :param window: days in which what earlier runs trashed counts.
        """
        selected: dict[str, int] = {}
        missing: dict[str, int] = {}
        lost: dict[str, int] = {}
        back = set()
        for record in self.records:
            if record.is_trashed:
                continue
            if record.id in self.memory.trashed:
                back.add(record.id)
            root = self.places.place(record.path).folder
            selected[root] = selected.get(root, 0) + 1
            if self.state(record.path) is FileState.MISSING:
                missing[root] = missing.get(root, 0) + 1
        for path in self.memory.lost(self.day, window, back):
            root = self.places.place(path).folder
            lost[root] = lost.get(root, 0) + 1
        return {
            root: Count(selected.get(root, 0), missing.get(root, 0), lost.get(root, 0)) for root in {*selected, *lost}
        }

    def missing(self) -> list[AssetRecord]:
        """The assets outside the trash whose originals are missing."""
        return [
            record for record in self.records if not record.is_trashed and self.state(record.path) is FileState.MISSING
        ]

    def remembered(self) -> Memory:
        """The memory after this look."""
        missing = [record.id for record in self.missing()]
        known = [each.id for each in (*self.records, *self.trashed) if each.id in self.memory.missing]
        return self.memory.after_looking(missing, known, self.devices)


@frozen(repr=False, kw_only=True)
class MissingFacts(Survey):
    """What the holder of one key can do about it.

    :ivar user_id: whose key this is; assets of anybody else are never touched.
    :ivar population: assets the user owns outside the trash.
    :ivar accounts: ids of users whose keys are there.
    :ivar report: the server's own report of missing files (Immich 3); None where it was not asked for.
    :ivar unlisted: what the server failed to list, where such assets are skipped.
    :ivar moved: asset id → id of the asset of an external library that has the same file.
    :ivar details: what the server tells of the assets of `moved`, of both sides, by id; exif is expected.
    :ivar albums: every album the user sees; empty where nothing was moved.
    :ivar members: album id → which of the moved assets, of both sides, are in it.
    :ivar tags: asset id → the tags it carries itself; an asset missing here has unknown tags.
    """

    user_id: str
    server_version: Version
    population: int
    accounts: frozenset[str] = frozenset()
    report: Report | None = None
    unlisted: tuple[Broken, ...] = ()
    moved: Mapping[str, str] = field(factory=dict)
    details: Mapping[str, Asset] = field(factory=dict)
    albums: tuple[Album, ...] = ()
    members: Mapping[str, frozenset[str]] = field(factory=dict)
    tags: Mapping[str, frozenset[Tag]] = field(factory=dict)

    @property
    def reported(self) -> frozenset[str] | None:
        """The paths that the server's report calls missing; None where it is not used: an empty one means that no check has run."""
        return None if self.report is None or not self.report.items else self.report.paths
