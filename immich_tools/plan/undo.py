"""From what a run did to a plan that brings the former state back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import evolve, field, frozen

from immich_tools.disk.content import Content
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.client import Immich
from immich_tools.plan.effects.album_creation import AlbumsMade, CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AlbumField, AlbumsLost, RemoveFromAlbum, SetAlbumField, albums_now
from immich_tools.plan.effects.assets import DeleteForever, LinkMotionVideo, RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.duplicates import SetDuplicateGroup
from immich_tools.plan.effects.files import WRITTEN, FileEffects
from immich_tools.plan.effects.tags import TagAssets, UntagAssets
from immich_tools.plan.execute import check_user, reread, sent_late, state_of
from immich_tools.plan.fields import AssetField
from immich_tools.plan.journal import UNDO, Run, is_complete, read_run, undo_runs, undoing
from immich_tools.plan.journal_writer import check_idle
from immich_tools.plan.model import Plan, Skip
from immich_tools.plan.result import Status

TOOL = UNDO


def undo_plan(run: Run, immich: Immich, *, remove_copies: bool = False) -> Plan:
    """What undoing a run would do; what it cannot bring back is among the skips.

    :param remove_copies: also remove the files that the run wrote to this computer, as far as they still hold the same. Otherwise they
        stay.
    :raises UsageError: the run is another user's, is still in progress, or was undone already.
    """
    check_user(run, immich)
    check_idle(run)
    run = read_run(run.path)  # it may have ended since it was read
    known = undo_runs(run.path.parent)
    check_not_undone(run, known)
    state = state_of(run, immich)
    made = state.own(AlbumsMade).ids
    done = {*run.with_status(Status.DONE), *reread(run, immich, state)}
    back = _brought_back(undoing(run, known), immich)
    # Of what makes albums or writes tags, parts may have been done even where the whole failed. And the jobs of what was sent last may
    # change it once more.
    touched = {*done, *made, *run.carried, *sent_late(run)}
    touched |= {
        change.id
        for change in run.plan.changes
        if _is_straightening(change.action) and change.id in run.with_status(Status.ALREADY)
    }
    changed = {change.id for change in run.plan.changes if change.id in touched} - {
        change.id
        for change in run.plan.changes
        if isinstance(change.action, DeleteAlbum) and change.action.album_id in back
    }
    facts = Facts(
        made=made,
        gone=_lost_before(run.plan, changed, state.own(AlbumsLost).gone),
        unfinished=frozenset(made.keys() - done),
        made_tags=frozenset[str]().union(*run.made_tags.values()),
        carried=run.carried,
        contents=state.own(FileEffects).contents,
        remove_copies=remove_copies,
        covers=_covers(run, immich),
        clears_rating=compat.takes_null_rating(immich.version),
    )
    return inverse(run.plan, changed, facts)


def _covers(run: Run, immich: Immich) -> Mapping[str, Sequence[SetAlbumField]]:
    """What gives albums the covers back that the run trashed, by the trashed asset."""
    found: dict[str, list[SetAlbumField]] = {}
    handed = {
        change.action.album_id
        for change in run.plan.changes
        if isinstance(change.action, SetAlbumField) and change.action.field is AlbumField.THUMBNAIL
    }
    albums = albums_now(immich) if run.covers.keys() - handed else {}
    for album_id, asset_id in sorted(run.covers.items()):
        if album_id in albums and album_id not in handed:
            action = SetAlbumField(album_id, albums[album_id].name, AlbumField.THUMBNAIL, before=None, after=asset_id)
            found.setdefault(asset_id, []).append(action)
    return found


def _lost_before(
    plan: Plan, changed: Collection[str], gone: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """What had left albums before they were deleted, without what this run itself trashed: that is restored, and belongs into them."""
    restored = {
        asset_id
        for change in plan.changes
        if change.id in changed and isinstance(change.action, TrashAssets)
        for asset_id in change.action.trashed_ids
    }
    return {name: tuple(each for each in ids if each not in restored) for name, ids in gone.items()}


@frozen
class Facts:
    """What a run found out that its plan does not say, by change id.

    :ivar made: the albums it made.
    :ivar gone: the assets that had left an album before the run deleted it.
    :ivar unfinished: the albums that were made but may lack some of what they were to have.
    :ivar made_tags: values of the tags it made.
    :ivar carried: the assets that carried a tag before the run put it on them or took it off.
    :ivar contents: what was copied, where the plan could not know it.
    :ivar covers: what gives albums their covers back, by the asset.
    :ivar clears_rating: whether the server can store that an asset has no rating.
    :ivar remove_copies: whether files that were written are to go again.
    """

    made: Mapping[str, str] = field(factory=dict)
    gone: Mapping[str, tuple[str, ...]] = field(factory=dict)
    unfinished: frozenset[str] = frozenset()
    made_tags: frozenset[str] = frozenset()
    carried: Mapping[str, tuple[str, ...]] = field(factory=dict)
    contents: Mapping[str, Content] = field(factory=dict)
    remove_copies: bool = False
    covers: Mapping[str, Sequence[SetAlbumField]] = field(factory=dict)
    clears_rating: bool = True

    def inverse(self, change: Change) -> tuple[Action, ...]:
        """What brings back the state before one change that was carried out."""
        action = change.action
        if isinstance(action, CreateAlbum):
            made = self.made.get(change.id)
            return () if made is None else (action.undoing(made, is_complete=change.id not in self.unfinished),)
        if isinstance(action, DeleteAlbum):
            return action.without(self.gone.get(change.id, ())).inverse()
        if isinstance(action, TagAssets):
            return (action.undoing(self.made_tags, self.carried.get(change.id, ())),)
        if isinstance(action, UntagAssets) and change.id in self.carried:
            return (action.undoing(self.carried[change.id]),)
        if isinstance(action, WRITTEN):
            removal = action.removal(self.contents.get(change.id)) if self.remove_copies else None
            return () if removal is None else (removal,)
        if isinstance(action, TrashAssets):
            return (*action.inverse(), *(each for name in action.trashed_ids for each in self.covers.get(name, ())))
        if isinstance(action, RemoveFromAlbum):
            covers = self.covers.get(action.asset_id, ())
            return (*action.inverse(), *(each for each in covers if each.album_id == action.album_id))
        return action.inverse()

    def loss(self, change: Change) -> str | None:
        """What undoing one change cannot bring back."""
        if isinstance(change.action, CreateAlbum) and change.id not in self.made:
            return _("album '{name}' was not removed: cannot tell which album this run created").format(
                name=change.action.name
            )
        if isinstance(change.action, WRITTEN) and self.inverse(change):
            return None
        if (
            not self.clears_rating
            and isinstance(change.action, SetField)
            and change.action.field is AssetField.RATING
            and change.action.before is None
        ):
            return _("a rating that was not set becomes 0, which Immich 2 shows as unrated")
        return change.action.loss()


def _brought_back(undoes: Collection[Run], immich: Immich) -> frozenset[str]:
    """Ids of the deleted albums that an earlier undo, which was cut short or failed in part, has made again already."""
    made: dict[str, str] = {}
    for run in undoes:
        created = [change for change in run.plan.changes if isinstance(change.action, CreateAlbum)]
        found = state_of(run, immich).own(AlbumsMade).ids if created else {}
        for change in created:
            if isinstance(change.action, CreateAlbum) and change.action.replaces and change.id in found:
                made[change.action.replaces] = found[change.id]
    present = {album.id for album in immich.albums.all()} if made else set()
    return frozenset(old for old, new in made.items() if new in present)


def inverse(plan: Plan, done: Collection[str], facts: Facts | None = None) -> Plan:
    """The plan that undoes the changes `done` of `plan`. Pure.

    :param facts: what the run found out.

    Requirements turn around: what was transferred for a removal is only taken back once what was removed is there again, because until
    then it may be the only trace of it. For the same reason it stays where the removal was permanent.
    """
    facts = facts or Facts()
    changes = [change for change in reversed(plan.changes) if change.id in done]
    lasting = _behind_lasting_removals(changes)
    losses = tuple(
        Skip(change.action.assets, "cannot-be-undone", loss, change.group)
        for change in changes
        if (loss := lasting.get(change.id) or facts.loss(change)) is not None
    )
    undone = [change for change in changes if change.id not in lasting]
    by_id = {change.id: change for change in undone}
    needed_by: dict[str, list[str]] = {}
    for change in undone:
        for name in change.requires:
            if not _is_straightening(change.action):
                needed_by.setdefault(name, []).extend(_names_to_wait_for(change, facts))
            elif name in by_id:
                # It is not taken back but done again, because the jobs of what is taken back may cross the live photo.
                needed_by.setdefault(change.id, []).extend(_names_to_wait_for(by_id[name], facts))
    return evolve(
        plan,
        tool=TOOL,
        changes=tuple(
            each for change in undone for each in _undoing(change, facts, tuple(needed_by.get(change.id, ())))
        ),
        keeps=(),
        skips=losses,
        notes=(_("undoes {tool}").format(tool=plan.tool),),
    )


def _is_straightening(action: Action) -> bool:
    return isinstance(action, LinkMotionVideo) and action.straightens


def _behind_lasting_removals(changes: Collection[Change]) -> dict[str, str]:
    """Ids of changes that a permanent removal required, directly or not → why they stay."""
    by_id = {change.id: change for change in changes}
    reason = _("stays, because what it was taken from was deleted permanently")
    found: dict[str, str] = {}
    waiting = [name for change in changes if isinstance(change.action, DeleteForever) for name in change.requires]
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in found:
            found[name] = reason
            waiting.extend(by_id[name].requires)
    return found


def _name(change: Change, number: int) -> str:
    return f"undo:{change.id}:{number}"


def _names_to_wait_for(change: Change, facts: Facts) -> list[str]:
    """Ids of the changes that undo `change`, but for those which nobody's safety hangs on: groups of duplicates and covers."""
    return [
        _name(change, number)
        for number, action in enumerate(facts.inverse(change), 1)
        if not _comes_last(change, action)
    ]


def _comes_last(change: Change, action: Action) -> bool:
    """Whether it comes after everything else that undoes `change`: groups of duplicates, and covers of what is restored."""
    return isinstance(action, SetDuplicateGroup) or (
        isinstance(change.action, TrashAssets | RemoveFromAlbum) and isinstance(action, SetAlbumField)
    )


def _undoing(change: Change, facts: Facts, requires: tuple[str, ...]) -> list[Change]:
    made: list[Change] = []
    for number, action in enumerate(facts.inverse(change), 1):
        reason = _reason(change, action)
        before = tuple(each.id for each in made) if _comes_last(change, action) else ()
        made.append(Change(_name(change, number), action, reason, (*requires, *before), change.group))
    return made


def _reason(change: Change, action: Action) -> str:
    """Why the former state is brought back: what was said when it was changed, of an asset its own line; perhaps nothing."""
    lines = change.reason.split("\n")
    if isinstance(action, RestoreAssets) and isinstance(change.action, TrashAssets):
        lines = [
            lines[number]
            for number, name in enumerate(change.action.assets)
            if name in action.assets and number < len(lines)
        ]
    prefix = _("undoes: {reason}").format(reason="")
    said = "\n".join(lines)
    return said if not said or said.startswith(prefix) else prefix + said


def check_not_undone(run: Run, known: Collection[Run]) -> None:
    """:raises UsageError: another run has undone `run` completely (and was not undone itself)."""
    for other in undoing(run, known):
        if is_complete(other):
            raise UsageError(_("Run {run} was undone by {other} already.").format(run=run.id, other=other.id))
