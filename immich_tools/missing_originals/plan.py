"""From facts to a plan: what is missing for sure goes to the trash as whole units, what is back comes out of it, the rest stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from attrs import define, evolve, field

from immich_tools.disk.findings import FileState
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Report, Visibility
from immich_tools.missing_originals.choices import SkipCode
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.moves import Move, Moves
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.promises import missing_claims
from immich_tools.missing_originals.ratio import Count, Limits, objections
from immich_tools.missing_originals.records import AssetRecord
from immich_tools.missing_originals.units import Unit, units_of
from immich_tools.paths import PathMap
from immich_tools.plan.claims import FilesMissing
from immich_tools.plan.effects.assets import Removal, RestoreAssets, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Label, Plan, Skip
from immich_tools.plan.unseen import without_removals
from immich_tools.settings.documents import to_document

TOOL: Final = "missing-originals"
"""Name of the tool in plans."""
UNPROVABLE: Final = (SkipCode.UNKNOWN, _("nothing could prove right before that its disk is there"))


def make_plan(facts: MissingFacts, options: MissingOriginalsOptions | None = None) -> Plan:
    """Decide what is trashed and what is restored. The same facts give the same plan, in whatever order they come.

    Where a guard trips nothing is trashed, and `stopped_by` tells; what is back is restored all the same, because what stays in the
    trash is deleted from the disk when the trash is emptied (Immich 2.3.1 and 3.1.0).
    """
    plan = _Planner(facts, MissingOriginalsOptions() if options is None else options).plan()
    # What belongs to an asset is only known where everything was seen.
    return without_removals(plan, facts.unlisted, lambda action: isinstance(action, Removal), whole_groups=True)


def stopped_by(plan: Plan) -> str | None:
    """The guard that kept a plan from trashing anything, for a person; None when none did."""
    return next((skip.reason for skip in plan.skips if skip.code == SkipCode.GUARD.value), None)


@define
class _Planner:
    facts: MissingFacts
    options: MissingOriginalsOptions
    moves: Moves = field(init=False)
    path_map: PathMap = field(init=False)
    records: dict[str, AssetRecord] = field(init=False)
    trashed: dict[str, AssetRecord] = field(init=False)
    changes: list[Change] = field(factory=list)
    # Those of one kind and reason in one folder are told together: there may be as many as there are photos.
    alike: dict[tuple[str, SkipCode, str], list[str]] = field(factory=dict)
    shown: dict[str, AssetRecord] = field(factory=dict)
    # Of what is there only the number is told, by root.
    present: dict[str, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.moves = Moves(self.facts)
        self.path_map = self.options.path_map()
        self.trashed = {record.id: record for record in self.facts.trashed if record.is_trashed}
        self.records = {record.id: record for record in self.facts.records if record.id not in self.trashed}

    def plan(self) -> Plan:
        for record in self.records.values():
            self._classify(record)
        counts = self.facts.counts(self.options.window)
        guards = objections(counts, Limits(self.options.max_missing_ratio, self.options.max_missing))
        for unit in self._units():
            self._unit(unit, guards)
        for asset_id in sorted(self.trashed):
            self._trashed(self.trashed[asset_id])
        return Plan(
            tool=TOOL,
            user_id=self.facts.user_id,
            server_version=str(self.facts.server_version),
            population=self.facts.population,
            changes=tuple(self.changes),
            skips=tuple(
                Skip(tuple(sorted(asset_ids)), code.value, reason, group)
                for (group, code, reason), asset_ids in sorted(
                    self.alike.items(), key=lambda item: (item[0][0], item[0][1].value, item[0][2])
                )
            ),
            # Whoever plans again reads from the same source.
            options=to_document(evolve(self.options, source=self.facts.source)),
            notes=self._notes(counts, guards),
            labels={
                asset_id: Label(self.shown[asset_id].name, self.shown[asset_id].path) for asset_id in sorted(self.shown)
            },
        )

    def _skip(self, record: AssetRecord, code: SkipCode, reason: str) -> None:
        group = self.facts.places.place(record.path).folder
        self.alike.setdefault((group, code, reason), []).append(record.id)
        self.shown[record.id] = record

    def _classify(self, record: AssetRecord) -> None:
        """Account for an asset whose file is not known to be missing; units account for the others."""
        finding = self.facts.finding(record.path)
        if record.is_trashed:
            self._skip(record, SkipCode.ALREADY_TRASHED, _("it is in the trash already"))
        elif finding.state is FileState.PRESENT:
            root = self.facts.places.place(record.path).folder
            self.present[root] = self.present.get(root, 0) + 1
        elif finding.state is FileState.RENAMED:
            self._skip(record, SkipCode.RENAMED, _("its file is called {path} on the disk").format(path=finding.found))
        elif self.facts.state(record.path) is FileState.UNKNOWN:
            self._skip(record, SkipCode.UNKNOWN, finding.reason or _("the disk is not proven to be there"))

    def _units(self) -> Iterable[Unit]:
        related = {record.id: record for record in self.facts.siblings} | self.records
        # Most assets belong to nothing and are there; only the others are put together.
        videos = {record.live_photo_video_id for record in related.values()}
        joined = [
            record
            for record in related.values()
            if record.live_photo_video_id is not None
            or record.stack_id is not None
            or record.id in videos
            or self.facts.state(record.path) is FileState.MISSING
        ]
        return units_of(joined, self.facts.state, self.facts.sidecars_of)

    def _unit(self, unit: Unit, guards: tuple[str, ...]) -> None:
        """Trash what is missing of a unit, or say why not. What was not asked for stays out of it."""
        gone = [record for record in unit.missing if record.id in self.records and not record.is_trashed]
        if not gone:
            return
        moves: list[Move] = []
        incomplete: tuple[SkipCode, str] | None = None
        emptied: set[str] = set()
        for record in gone:
            move = self.moves.plan(record.id) if record.id in self.facts.moved else None
            if isinstance(move, Move):
                moves.append(move)
                if self.moves.takes_date(record.id):
                    emptied.update(self.facts.sidecars_of(record))
            elif move is not None:
                incomplete = SkipCode.MOVED_INCOMPLETE, _("its file was moved, but {reason}").format(reason=move)
        unit = unit.without_sidecars(emptied)
        refusal = self._refuse(unit, gone)
        if refusal is None and guards:
            refusal = SkipCode.GUARD, _("nothing is trashed: {reasons}").format(reasons="; ".join(guards))
        refusal = refusal or incomplete
        claims = self._claims(unit) if refusal is None else None
        if claims is not None:
            self._trash(unit, gone, moves, claims)
            return
        for record in gone:
            self._skip(record, *(refusal or UNPROVABLE))

    def _claims(self, unit: Unit) -> tuple[FilesMissing, ...] | None:
        """What is looked at again right before the unit goes: that all of it is missing still, sidecars included."""
        sidecars = (path for record in unit.missing for path in self.facts.sidecars_of(record))
        return missing_claims(
            self.facts,
            self.path_map,
            [
                *(record.path for record in unit.missing),
                *(path for path in sidecars if self.facts.state(path) is FileState.MISSING),
            ],
        )

    def _refuse(self, unit: Unit, gone: Iterable[AssetRecord]) -> tuple[SkipCode, str] | None:
        for record in gone:
            refusal = self._out_of_reach(record)
            if refusal is not None:
                return refusal
            if record.library_id is not None and not self.options.include_external:
                return SkipCode.EXTERNAL, _("it belongs to an external library (--include-external)")
        doubtful = [each for each in unit.survivors if not each.is_certain]
        if doubtful:
            return SkipCode.PARTIAL, _("whether what belongs to it is there is not known: {path}").format(
                path=doubtful[0].path
            )
        if any(self._may_be_of_a_locked_photo(record, unit) for record in gone):
            return SkipCode.PARTIAL, _(
                "the photo it is the motion video of is not known, or is locked (--source database)"
            )
        if unit.survivors and not self.options.include_partial:
            return SkipCode.PARTIAL, _("what belongs to it is still there: {fates} (--include-partial)").format(
                fates="; ".join(each.fate() for each in unit.survivors)
            )
        if self.facts.reported is not None and not self.facts.reported.issuperset(record.path for record in gone):
            return SkipCode.SERVER_DISAGREES, _(
                "the server's own report does not call its file missing yet (--no-server-report)"
            )
        runs = min(self.facts.memory.runs_missing(record.id) for record in gone)
        if runs < self.options.grace_runs:
            return SkipCode.GRACE, _("missing in {runs} of the {needed} runs in a row that it takes").format(
                runs=runs, needed=self.options.grace_runs
            )
        return None

    def _may_be_of_a_locked_photo(self, record: AssetRecord, unit: Unit) -> bool:
        return (
            record.visibility is Visibility.HIDDEN
            and not self.facts.source.tells_locked
            and all(each.live_photo_video_id != record.id for each in unit.members)
        )

    def _out_of_reach(self, record: AssetRecord) -> tuple[SkipCode, str] | None:
        if record.owner_id != self.facts.user_id:
            if record.owner_id in self.facts.accounts:
                return SkipCode.OTHER_ACCOUNT, _("it is done with the key of its owner {owner}").format(
                    owner=record.owner_id
                )
            return SkipCode.FOREIGN_OWNER, _("there is no key of its owner {owner}").format(owner=record.owner_id)
        if record.visibility in (Visibility.LOCKED, Visibility.UNKNOWN):
            return SkipCode.LOCKED, _("it is in the locked folder")
        return None

    def _trash(self, unit: Unit, gone: list[AssetRecord], moves: list[Move], claims: tuple[FilesMissing, ...]) -> None:
        transfers = [
            evolve(change, group=unit.id) for move in moves for change in sorted(move.changes, key=lambda each: each.id)
        ]
        targets = {
            record.id: self.facts.details[self.facts.moved[record.id]]
            for record in gone
            if record.id in self.facts.moved
        }
        lines = []
        for record in gone:
            target = targets.get(record.id)
            line = (
                _("its file is missing")
                if target is None
                else _("its file was moved to {path}").format(path=target.original_path)
            )
            fates = "; ".join(each.fate() for each in unit.survivors)
            lines.append(f"{line}; {fates}" if fates else line)
            self.shown[record.id] = record
        # Videos of live photos are not listed, so nobody could look whether they are still there.
        kept = sorted({move.target.id for move in moves if move.target.visibility is not Visibility.HIDDEN})
        self.changes += transfers
        self.changes.append(
            Change(
                f"trash:{gone[0].id}",
                TrashAssets(tuple(record.id for record in gone), tuple(kept), claims=claims),
                "\n".join(lines),
                tuple(change.id for change in transfers),
                unit.id,
            )
        )

    def _trashed(self, record: AssetRecord) -> None:
        """What this tool trashed earlier: restored as soon as its file is back."""
        is_back = self.facts.state(record.path) is FileState.PRESENT
        if not is_back or not self.options.restore:
            reason = _("its file is back (--restore)") if is_back else _("trashed by an earlier run")
            self._skip(record, SkipCode.ALREADY_TRASHED, reason)
            return
        refusal = self._out_of_reach(record)
        if refusal is not None:
            self._skip(record, *refusal)
            return
        # Undoing this would trash it while its file is there, so that takes the same proof as any other removal.
        claims = missing_claims(self.facts, self.path_map, [record.path])
        if claims is None:
            self._skip(record, *UNPROVABLE)
            return
        self.shown[record.id] = record
        self.changes.append(
            Change(
                f"restore:{record.id}",
                RestoreAssets((record.id,), claims=claims),
                _("its file is back; emptying the trash would delete it"),
                group=record.id,
            )
        )

    def _notes(self, counts: Mapping[str, Count], guards: Iterable[str]) -> tuple[str, ...]:
        unproven = sorted(
            {self.facts.places.place(record.path).folder for record in self.records.values()} - self.facts.proven
        )
        return (
            *(
                ngettext(
                    "{root}: {present} of {count} original is there.",
                    "{root}: {present} of {count} originals are there.",
                    counts[root].selected,
                ).format(root=root, present=self.present.get(root, 0), count=counts[root].selected)
                for root in sorted(counts)
                if counts[root].selected
            ),
            *(
                _("{root} is not proven to be there; nothing below it is trashed.").format(root=root)
                for root in unproven
            ),
            *(_("Nothing is trashed: {reason}.").format(reason=reason) for reason in guards),
            *_report_notes(self.facts.report, self.facts.day),
            *self.facts.warnings,
        )


def _report_notes(report: Report | None, day: date) -> Iterable[str]:
    """Whether the server's own report was used, and how old it is."""
    if report is None:
        return
    if not report.was_read:
        yield _("The server's report of missing files was not used: {reason}.").format(reason=report.reason)
    elif not report.items:
        yield _(
            "The server's report of missing files was not used: it is empty, as it is before the server's first check."
        )
    elif report.newest is None:
        yield _("The server's report of missing files was used; it does not say how old it is.")
    else:
        days = max((day - report.newest.date()).days, 0)
        yield ngettext(
            "The server's report of missing files was used; its newest entry is of {date}, {days} day old.",
            "The server's report of missing files was used; its newest entry is of {date}, {days} days old.",
            days,
        ).format(date=report.newest.date(), days=days)
