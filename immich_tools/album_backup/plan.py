"""From facts to plans: one for each user whose uploads, copies or albums a stage is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import evolve

from immich_tools.album_backup.choices import Stage
from immich_tools.album_backup.facts import BackupFacts, ChosenAlbum
from immich_tools.album_backup.finish import finish
from immich_tools.album_backup.layout import Role
from immich_tools.album_backup.options import AlbumBackupOptions, ListText
from immich_tools.album_backup.units import BackupUnit, File, arranged, wanted_units
from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.album_creation import DeleteAlbum
from immich_tools.plan.effects.albums import RemoveFromAlbum
from immich_tools.plan.effects.assets import Removal, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.files import WRITTEN, CopyFile, WriteFile
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.model import Keep, Label, Plan, Skip
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.unseen import without_removals
from immich_tools.settings.documents import to_document

TOOL: Final = "album-backup"
"""Name of the tool in plans."""

EXTERNAL, NOT_APPEARED = "external", "not-appeared"


def units_of(facts: BackupFacts, options: AlbumBackupOptions) -> list[BackupUnit]:
    """The units of all albums, each file with its place."""
    return arranged(wanted_units(facts, options), facts, options)


def copies(facts: BackupFacts, options: AlbumBackupOptions) -> tuple[str, ...]:
    """Paths, as the server sees them, of the copies that are complete, their motion videos, and what Immich's editor made of them."""
    complete = (unit for unit in units_of(facts, options) if unit.is_complete)
    return tuple(f"{options.target()}/{relative}" for unit in complete for relative in unit.awaited)


def not_appeared(paths: Iterable[str], imported: Mapping[str, Asset]) -> tuple[str, ...]:
    """Those paths at which Immich shows nothing yet, or has not read what it shows."""
    return tuple(path for path in paths if (found := imported.get(path)) is None or found.exif is None)


def make_plans(facts: BackupFacts, options: AlbumBackupOptions, stage: Stage) -> tuple[Plan, ...]:
    """What a stage would do, for each user; the first user's plan is always among them.

    The same facts give the same plans, in whatever order they come.
    """
    units = units_of(facts, options)
    plans = [
        without_removals(_plan(facts, options, stage, units, user.id), facts.unlisted, _rests_on_absence)
        for user in facts.users
    ]
    return tuple(plan for number, plan in enumerate(plans) if not number or plan.changes or plan.keeps or plan.skips)


def _rests_on_absence(action: Action) -> bool:
    """Whether a member of the album that was not seen may speak against it."""
    return isinstance(action, Removal | DeleteAlbum | RemoveFromAlbum)


def make_plan(facts: BackupFacts, options: AlbumBackupOptions, stage: Stage = Stage.COPY) -> Plan:
    """What a stage would do with the first user's key."""
    return make_plans(facts, options, stage)[0]


def removals(facts: BackupFacts, options: AlbumBackupOptions) -> tuple[Plan, ...]:
    """What the last stage may move to the trash at most, for each user: guards are asked about it before anything is copied."""
    if not options.delete_assets:
        return ()
    found: dict[str, list[str]] = {}
    for unit in units_of(facts, options):
        if unit.refusal is None:
            found.setdefault(unit.owner_id, []).append(unit.id)
    return tuple(
        Plan(
            tool=TOOL,
            user_id=user_id,
            server_version=str(facts.server_version),
            population=facts.populations.get(user_id, 0),
            changes=(Change("trash", TrashAssets(tuple(sorted(ids)))),),
        )
        for user_id, ids in sorted(found.items())
    )


def orphans(outcome: Outcome, facts: BackupFacts) -> Plan:
    """What removes again the files that a run wrote for photos that it could not copy: a scan would take a motion video for a photo of
    its own, and a sidecar without one would stay for ever."""
    results = outcome.results
    failed = {
        change.id.partition(":")[2]
        for change in outcome.plan.changes
        if change.id.startswith(f"{Role.ORIGINAL.value}:") and not results[change.id].status.is_settled
    }
    changes = []
    for change in outcome.plan.changes:
        role, _colon, name = change.id.partition(":")
        result, action = results[change.id], change.action
        # Found there already, a motion video may be somebody's own; a sidecar with just this text is not.
        is_ours = result.status is Status.DONE or (result.status is Status.ALREADY and role == Role.SIDECAR.value)
        if name in failed and is_ours and isinstance(action, WRITTEN) and (removal := action.removal()) is not None:
            reason = _("the photo that it belongs to was not copied")
            changes.append(Change(f"remove-{change.id}", removal, reason, group=change.group))
    return evolve(outcome.plan, changes=tuple(changes), keeps=(), skips=(), notes=(), labels=_labels(facts, failed))


def _plan(
    facts: BackupFacts, options: AlbumBackupOptions, stage: Stage, units: Sequence[BackupUnit], user_id: str
) -> Plan:
    changes: list[Change] = []
    keeps: list[Keep] = []
    skips: list[Skip] = []
    notes: tuple[str, ...] = ()
    is_first = user_id == facts.users[0].id
    own = sorted((unit for unit in units if unit.owner_id == user_id), key=_place)
    others = [unit for unit in units if is_first and unit.owner_id not in facts.user_ids]
    if stage is Stage.COPY:
        for unit in own:
            changes += _copies(unit, facts, options)
            if unit.is_complete:
                keeps.append(Keep(unit.id, _("is there already: {path}").format(path=unit.relative), _group(unit)))
        skips = [_refused(unit) for unit in (*own, *others) if unit.refusal is not None]
        notes = tuple(unit.remark for unit in own if unit.remark and unit.refusal is None and not unit.is_complete)
        if is_first:
            skips += _external(facts)
            notes += _notes(facts, options, units)
    elif stage is Stage.SCAN:
        changes = _scan(facts, options, user_id)
    else:
        finished = finish(facts, options, [unit for unit in units if unit.is_complete], user_id)
        changes, skips = finished.changes, finished.skips
    named = {asset_id for change in changes for asset_id in change.action.assets}
    named |= {keep.asset_id for keep in keeps} | {asset_id for skip in skips for asset_id in skip.asset_ids}
    return Plan(
        tool=TOOL,
        user_id=user_id,
        server_version=str(facts.server_version),
        population=facts.populations.get(user_id, 0),
        changes=tuple(changes),
        keeps=tuple(keeps),
        skips=tuple(skips),
        options=to_document(_certain(options, facts)),
        notes=notes,
        labels=_labels(facts, named),
    )


def _place(unit: BackupUnit) -> tuple[str, str, str]:
    return _group(unit), unit.relative or unit.upload.asset.original_file_name, unit.id


def _certain(options: AlbumBackupOptions, facts: BackupFacts) -> AlbumBackupOptions:
    """The options with ids in place of what means one album or several, depending on the albums that there are."""
    if not any(isinstance(text, ListText) for text in options.album):
        return options
    return evolve(options, album=tuple(chosen.album.id for chosen in facts.albums))


def _group(unit: BackupUnit) -> str:
    return unit.album.album.name


def _copies(unit: BackupUnit, facts: BackupFacts, options: AlbumBackupOptions) -> list[Change]:
    """The files of a unit that are missing. What a scan must find together with the photo is written before the photo."""
    if unit.refusal is not None:
        return []
    missing = {file.role: file for file in unit.files if not file.is_there}
    before = tuple(_change_id(unit, role) for role in (Role.SIDECAR, Role.MOTION) if role in missing)
    original = (_change_id(unit, Role.ORIGINAL),) if Role.ORIGINAL in missing else ()
    requires = {Role.ORIGINAL: before, Role.EDITED: original}
    return [
        Change(
            _change_id(unit, role),
            _action(unit, missing[role], facts, options),
            _REASONS[role],
            requires.get(role, ()),
            _group(unit),
        )
        for role in Role
        if role in missing
    ]


def _change_id(unit: BackupUnit, role: Role) -> str:
    return f"{role.value}:{unit.id}"


_REASONS: Final = {
    Role.ORIGINAL: _("the original"),
    Role.MOTION: _("its motion video"),
    Role.SIDECAR: _("what Immich knows about it"),
    Role.BROKEN: _("its sidecar that cannot be read"),
    Role.EDITED: _("what Immich's editor made of it"),
}


def _action(unit: BackupUnit, file: File, facts: BackupFacts, options: AlbumBackupOptions) -> CopyFile | WriteFile:
    given = options.permissions()
    if file.text is not None:
        return WriteFile(
            facts.local_target,
            file.relative,
            file.text,
            unit.id,
            mode=given.mode,
            user=given.user,
            group=given.group,
        )
    return CopyFile(
        facts.local_target,
        file.relative,
        file.asset_id,
        source=file.source.path,
        edited=file.role is Role.EDITED,
        size=file.size if file.content is None else file.content.size,
        sha1=None if file.content is None else file.content.sha1,
        modified=_modified(unit, file),
        original_path=_original_path(unit, file),
        server_path=f"{options.target()}/{file.relative}",
        still_id=unit.id if file.role is Role.MOTION else "",
        mode=given.mode,
        user=given.user,
        group=given.group,
    )


def _original_path(unit: BackupUnit, file: File) -> str:
    """Where the server has the file that the source belongs to; empty for a download."""
    asset = unit.upload.motion if file.role is Role.MOTION else unit.upload.asset
    return "" if file.source.path is None or asset is None else asset.original_path


def _modified(unit: BackupUnit, file: File) -> str | None:
    """The modification time that a download gets; None where nobody knows it."""
    upload = unit.upload
    asset = upload.motion if file.role is Role.MOTION else upload.asset
    assert asset is not None, "a motion video has its asset"
    # The editor's picture carries no date: its time is where Immich shows it.
    moment = asset.file_created_at if file.role is Role.EDITED else asset.file_modified_at
    return None if moment is None else moment.isoformat()


def _refused(unit: BackupUnit) -> Skip:
    assert unit.refusal is not None
    code, reason = unit.refusal
    return Skip((unit.id,), code, reason, _group(unit))


def _external(facts: BackupFacts) -> list[Skip]:
    reason = _("lies in an external library already")
    return [
        Skip((asset_id,), EXTERNAL, reason, chosen.album.name)
        for asset_id, chosen in _first_albums(facts)
        if asset_id in facts.external
    ]


def _first_albums(facts: BackupFacts) -> Iterable[tuple[str, ChosenAlbum]]:
    seen: set[str] = set()
    for chosen in facts.albums:
        for asset_id in chosen.member_ids:
            if asset_id not in seen:
                seen.add(asset_id)
                yield asset_id, chosen


def _scan(facts: BackupFacts, options: AlbumBackupOptions, user_id: str) -> list[Change]:
    if facts.library is None or user_id != facts.administrator:
        return []
    if not not_appeared(copies(facts, options), facts.imported):
        return []
    action = ScanLibrary(facts.library.id, facts.library.name)
    return [Change("scan", action, _("the copies are to appear in Immich"), group=facts.library.name)]


def _notes(facts: BackupFacts, options: AlbumBackupOptions, units: Sequence[BackupUnit]) -> tuple[str, ...]:
    notes = []
    stacked = sum(1 for unit in units if unit.upload.stack)
    if stacked and options.delete_assets:
        notes.append(_("{count} uploads are in stacks; stacks are not made again.").format(count=stacked))
    if options.edited and not any(unit.upload.edition for unit in units):
        notes.append(_("Nothing in these albums was edited in Immich."))
    if options.scan and (facts.administrator is None or facts.library is None):
        notes.append(
            _("No scan can be asked for: that takes an administrator's key with library.read and library.update.")
        )
    return tuple(notes)


def _labels(facts: BackupFacts, named: Iterable[str]) -> dict[str, Label]:
    known: dict[str, Asset] = {asset.id: asset for asset in facts.imported.values()} | dict(facts.external)
    for upload in facts.uploads.values():
        known[upload.asset.id] = upload.asset
        if upload.motion is not None:
            known[upload.motion.id] = upload.motion
    return {asset_id: Label.of(known[asset_id]) for asset_id in sorted(named) if asset_id in known}
