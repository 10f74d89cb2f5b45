"""From facts to a plan: one copy of each group stays, with what the others had; the others go, or the group is left alone for a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, evolve, field, frozen

from immich_tools.duplicates.choices import Related
from immich_tools.duplicates.edits import base_and_mark
from immich_tools.duplicates.facts import DuplicateFacts
from immich_tools.duplicates.live_photos import Relink, relinks
from immich_tools.duplicates.notes import Findings
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.rank import Placed, Ranking, is_protected
from immich_tools.duplicates.scope import (
    Refusal,
    SkipCode,
    raw_pair,
    refuse_choice,
    refuse_differences,
    refuse_members,
    refuse_tie,
    refuse_video_loss,
    related,
)
from immich_tools.duplicates.series import is_cover
from immich_tools.duplicates.transfer import merged, resolving_changes_nothing_more
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Album, AlbumRole, Asset, DuplicateGroup, Tag
from immich_tools.plan.effects.albums import AlbumField, SetAlbumField
from immich_tools.plan.effects.assets import DeleteForever, LinkMotionVideo, Removal, TrashAssets
from immich_tools.plan.effects.base import Change, Job
from immich_tools.plan.effects.duplicates import DismissDuplicates
from immich_tools.plan.effects.stacks import StackAssets
from immich_tools.plan.fingerprint import fingerprint
from immich_tools.plan.model import Keep, Label, Plan, Skip
from immich_tools.plan.transfer import (
    Metadata,
    left_behind,
    metadata_of,
    transfer_changes,
    with_local_date,
    without_placeholder,
)
from immich_tools.settings.documents import to_document

TOOL = "duplicates"
"""Name of the tool in plans."""
_NONE: Final[frozenset[str]] = frozenset()


def make_plan(facts: DuplicateFacts, options: DuplicatesOptions | None = None, *, permanent: bool = False) -> Plan:
    """Decide what stays and what goes. The same facts give the same plan, in whatever order they come.

    :param permanent: delete the losers for good instead of moving them to the trash.
    :raises UsageError: `permanent` together with the option `dismiss`, which removes nothing.
    """
    options = DuplicatesOptions() if options is None else options
    if permanent and options.dismiss:
        raise UsageError(_("--permanent and --dismiss contradict each other: dismissing removes nothing."))
    return _Planner(facts, options, permanent).plan()


@frozen
class _Choice:
    """Who stays and who goes, each from the best to the worst.

    :ivar placed: all members, with what put them there.
    :ivar protected: ids of members that must not be removed.
    :ivar relinks: live photos that are put straight before a copy goes.
    :ivar closed_albums: albums that the keeper should enter (or leave) but may not, because the user is only a viewer there.
    """

    kept: tuple[Asset, ...]
    losers: tuple[Asset, ...]
    placed: tuple[Placed, ...]
    protected: frozenset[str]
    closed_albums: tuple[Album, ...] = ()
    relinks: tuple[Relink, ...] = ()

    def straight(self, assets: Sequence[Asset]) -> tuple[Asset, ...]:
        """Assets as they are once the live photos are put straight."""
        after = {each.still.id: each.after for each in self.relinks}
        return tuple(
            evolve(asset, live_photo_video_id=after.get(asset.id, asset.live_photo_video_id)) for asset in assets
        )


@define
class _Planner:
    facts: DuplicateFacts
    options: DuplicatesOptions
    permanent: bool
    changes: list[Change] = field(factory=list)
    keeps: list[Keep] = field(factory=list)
    skips: list[Skip] = field(factory=list)
    findings: Findings = field(factory=Findings)
    albums_of: Mapping[str, frozenset[str]] = field(init=False)
    albums: Mapping[str, Album] = field(init=False)
    open_albums: frozenset[str] = field(init=False)
    ranking: Ranking = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.albums_of = self.facts.albums_of()
        self.albums = {album.id: album for album in self.facts.albums}
        self.open_albums = frozenset(album.id for album in self.facts.albums if album.role.may_add)
        self.ranking = Ranking(self.options, {asset_id: len(held) for asset_id, held in self.albums_of.items()})

    def plan(self) -> Plan:
        groups = list(_distinct_groups(self.facts.groups))
        times_named = Counter(asset.id for group in groups for asset in group.assets)
        accounted: set[str] = set()
        for group in groups:
            if any(times_named[asset.id] > 1 for asset in group.assets):
                # Told once for each asset, however many groups name it.
                rest = tuple(asset for asset in group.assets if asset.id not in accounted)
                accounted.update(asset.id for asset in rest)
                refusal = Refusal(SkipCode.IN_TWO_GROUPS, _("a copy is in another group as well"))
                self._skip(evolve(group, assets=rest), refusal)
            else:
                self._group(group)
        assets = [asset for group in groups for asset in group.assets]
        return Plan(
            tool=TOOL,
            user_id=self.facts.user_id,
            server_version=str(self.facts.server_version),
            population=self.facts.population,
            changes=tuple(self.changes),
            keeps=tuple(self.keeps),
            skips=tuple(self.skips),
            options=to_document(self.options),
            notes=self.findings.notes(assets, self.facts, self.options),
            labels={asset.id: Label.of(asset) for asset in sorted(assets, key=lambda asset: asset.id)},
        )

    def _group(self, group: DuplicateGroup) -> None:
        assets = group.assets
        refusal = refuse_members(assets, self.facts.user_id, self.options)
        if refusal is None and self.options.dismiss:
            self._dismiss(group)
            return
        # A RAW file may state the size of its small preview, so pairs come before the comparison of resolutions.
        pair = refusal or raw_pair(assets, self.options)
        if isinstance(pair, tuple):
            self._stack(group, pair)
            return
        together = pair or related(assets, self.options)
        if isinstance(together, Related):
            self._stack_all(group)
            return
        refusal = together or refuse_differences(assets, self.options)
        if refusal is not None:
            self._skip(group, refusal)
            return
        choice = self._choose(group)
        refusal = self._refuse(choice)
        if refusal is not None:
            self._skip(group, refusal)
        else:
            self._remove(group, choice)

    def _skip(self, group: DuplicateGroup, refusal: Refusal) -> None:
        asset_ids = tuple(asset.id for asset in group.assets)
        self.skips.append(Skip(asset_ids, refusal.code.value, refusal.reason, group.id))

    def _dismiss(self, group: DuplicateGroup) -> None:
        asset_ids = tuple(asset.id for asset in group.assets)
        action = DismissDuplicates(asset_ids, group.id)
        self.changes.append(Change(f"dismiss:{group.id}", action, _("asked to keep every copy"), group=group.id))
        self.keeps += [Keep(asset_id, _("kept: not a duplicate"), group.id) for asset_id in asset_ids]

    def _stack(self, group: DuplicateGroup, pair: tuple[Asset, Asset]) -> None:
        shown, raw = pair
        reason = _("{raw} is the RAW file of {shown}").format(
            raw=raw.original_file_name, shown=shown.original_file_name
        )
        self.changes.append(Change(f"stack:{group.id}", StackAssets((shown.id, raw.id)), reason, group=group.id))
        self.keeps.append(Keep(shown.id, _("kept: shows first in the stack"), group.id))
        self.keeps.append(Keep(raw.id, _("kept: RAW file, second in the stack"), group.id))

    def _stack_all(self, group: DuplicateGroup) -> None:
        """Stack an original with its edits, the latest edit first, or a series, the cover or else the best shot first."""
        placed = [each.asset for each in self.ranking.order(group.assets, group.suggested_keep_ids)]
        # Sorting is stable, so that the ranking decides where nothing else does.
        newest = sorted(placed, key=lambda asset: _mark_order(asset.original_file_name), reverse=True)
        ordered = sorted(newest, key=lambda asset: not is_cover(asset))
        names = ", ".join(asset.original_file_name for asset in ordered)
        action = StackAssets(tuple(asset.id for asset in ordered))
        reason = _("they belong together: {names}").format(names=names)
        self.changes.append(Change(f"stack:{group.id}", action, reason, group=group.id))
        self.keeps.append(Keep(ordered[0].id, _("kept: shows first in the stack"), group.id))
        self.keeps += [Keep(asset.id, _("kept: in the stack"), group.id) for asset in ordered[1:]]

    def _choose(self, group: DuplicateGroup) -> _Choice:
        placed = tuple(self.ranking.order(group.assets, group.suggested_keep_ids))
        protected = frozenset([each.asset.id for each in placed if is_protected(each.asset, self.options)])
        staying = protected or frozenset([placed[0].asset.id])
        kept = tuple([each.asset for each in placed if each.asset.id in staying])
        losers = tuple([each.asset for each in placed if each.asset.id not in staying])
        closed = self._closed_albums(kept[0], losers) if self.options.transfer_metadata else ()
        return _Choice(kept, losers, placed, protected, closed, relinks(kept, losers, self.facts.videos))

    def _refuse(self, choice: _Choice) -> Refusal | None:
        if not choice.losers:
            return Refusal(SkipCode.ALL_PROTECTED, _("every copy is in a protected folder or library"))
        refusal = (
            (None if choice.protected else refuse_tie(choice.placed))
            or refuse_choice(choice.kept, choice.losers, self.options)
            or refuse_video_loss(
                choice.straight(choice.kept), choice.straight(choice.losers), self.facts.videos, self.options
            )
        )
        if refusal is not None or not self.options.transfer_metadata:
            return refusal
        keeper = choice.kept[0]
        if any(self.facts.tags_of(asset) is None for asset in (keeper, *choice.losers)):
            return Refusal(SkipCode.TAGS_UNKNOWN, _("the tags of a copy could not be read"))
        if choice.closed_albums and not self.options.allow_viewer_albums:
            return Refusal(
                SkipCode.VIEWER_ALBUM,
                _("the shared album '{album}' would change, but you may only view it (--allow-viewer-albums)").format(
                    album=choice.closed_albums[0].name
                ),
            )
        return None

    def _closed_albums(self, keeper: Asset, losers: Sequence[Asset]) -> tuple[Album, ...]:
        held = self.albums_of.get(keeper.id, _NONE)
        wanted = _NONE.union(*[self.albums_of.get(asset.id, _NONE) for asset in losers])
        differing = wanted - held if self.options.keep_metadata else wanted ^ held
        closed = differing - self.open_albums
        return tuple([self.albums[album_id] for album_id in sorted(closed)])

    def _metadata(self, asset: Asset) -> Metadata:
        albums = self.albums_of.get(asset.id, _NONE) & self.open_albums
        return without_placeholder(metadata_of(asset, albums, self.facts.tags_of(asset) or ()), asset)

    def _remove(self, group: DuplicateGroup, choice: _Choice) -> None:
        keeper = choice.kept[0]
        before = self._metadata(keeper)
        others = [self._metadata(asset) for asset in choice.losers]
        after = merged(before, others, self.options)
        if after.date != before.date:
            # It may have a placeholder.
            before, after = evolve(before, date=keeper.date_with_zone), with_local_date(after, choice.losers)
        transfers = transfer_changes(
            keeper.id, before, after, group=group.id, albums=self.albums, tags=self._tags(group)
        )
        if self._cannot_be_held(keeper, transfers):
            self._skip(
                group, Refusal(SkipCode.READ_ONLY_LIBRARY, _("the server cannot write beside the keeper's file"))
            )
            return
        requires = tuple(change.id for change in transfers)
        transfers += [
            *self._covers(group, choice, {change.id for change in transfers}),
            *(
                Change(
                    f"link:{each.still.id}",
                    LinkMotionVideo(each.still.id, each.still.live_photo_video_id, each.after, straightens=True),
                    _("its motion video was crossed with another copy's"),
                    # The jobs of every other write link again, so this comes after them.
                    requires,
                    group.id,
                )
                for each in choice.relinks
            ),
        ]
        self.changes += transfers
        by_resolving = (
            self.facts.can_resolve
            and self.options.transfer_metadata
            and len(choice.kept) == 1
            and resolving_changes_nothing_more(after, others)
        )
        loser_ids = tuple([asset.id for asset in choice.losers])
        kept_ids = tuple([asset.id for asset in choice.kept])
        losers = choice.straight(choice.losers)
        prints = tuple([fingerprint(asset) for asset in losers])
        videos = tuple([asset.live_photo_video_id for asset in losers if asset.live_photo_video_id is not None])
        action: Removal
        if self.permanent:
            change_id, action = f"delete:{group.id}", DeleteForever(loser_ids, kept_ids, group.id, prints, videos)
        else:
            change_id = f"trash:{group.id}"
            action = TrashAssets(loser_ids, kept_ids, group.id, prints, videos, by_resolving)
        remarks = self.findings.remarks(choice.kept, choice.losers, self.facts, self.options)
        remarks += self.findings.closed_albums(choice.closed_albums)
        remarks += self.findings.left_behind(left_behind(after, others) if self.options.transfer_metadata else ())
        requires = tuple(change.id for change in transfers)
        self.changes.append(Change(change_id, action, self._why_lost(choice, remarks), requires, group.id))
        self._keep(group, choice)

    def _cannot_be_held(self, keeper: Asset, transfers: Sequence[Change]) -> bool:
        """Whether something is to be written that the keeper's library was found to lose."""
        return keeper.library_id in self.facts.read_only_libraries and any(
            change.action.started_job is Job.METADATA for change in transfers
        )

    def _covers(self, group: DuplicateGroup, choice: _Choice, transferred: Collection[str]) -> Iterator[Change]:
        """The keeper takes the place of a copy that goes as the cover of an album; else the server would choose any other member."""
        keeper, loser_ids = choice.kept[0], {asset.id for asset in choice.losers}
        for album_id in sorted(self.albums) if self.facts.can_set_covers else ():
            album, enters = self.albums[album_id], f"album+:{album_id}:{keeper.id}"
            is_member = album_id in self.albums_of.get(keeper.id, _NONE) or enters in transferred
            if album.role is AlbumRole.OWNER and album.thumbnail_asset_id in loser_ids and is_member:
                yield Change(
                    f"cover:{album_id}",
                    SetAlbumField(
                        album_id, album.name, AlbumField.THUMBNAIL, before=album.thumbnail_asset_id, after=keeper.id
                    ),
                    _("a copy that goes is the cover"),
                    (enters,) if enters in transferred else (),
                    group.id,
                )

    def _tags(self, group: DuplicateGroup) -> dict[str, Tag]:
        return {tag.id: tag for asset in group.assets for tag in self.facts.tags_of(asset) or ()}

    def _why_lost(self, choice: _Choice, remarks: Sequence[str]) -> str:
        """A line for each copy that goes, in their order, then a line for each remark on the group."""
        best = choice.placed[0].asset
        reasons = []
        for each in choice.placed:
            if each.asset not in choice.kept:
                why = _("another copy is protected") if each.asset is best else self.ranking.why_lost(each, best)
                reasons.append(_("{name}: {why}").format(name=each.asset.original_file_name, why=why))
        return "\n".join([*reasons, *remarks])

    def _keep(self, group: DuplicateGroup, choice: _Choice) -> None:
        for asset in choice.kept:
            if asset.id in choice.protected:
                reason = _("kept: protected")
            else:
                deciding = [each.lost_by for each in choice.placed if each.lost_by is not None]
                reason = self.ranking.why_kept(asset, deciding)
            self.keeps.append(Keep(asset.id, reason, group.id))


def _mark_order(name: str) -> tuple[bool, int, str]:
    """Edits after originals, and later edits after earlier ones: ``~10`` after ``~2``."""
    _base, mark = base_and_mark(name)
    return bool(mark), len(mark), mark


def _distinct_groups(groups: Sequence[DuplicateGroup]) -> Iterator[DuplicateGroup]:
    """The groups by id, their members by id, nothing twice."""
    by_id: dict[str, list[DuplicateGroup]] = {}
    for group in groups:
        by_id.setdefault(group.id, []).append(group)
    for group_id in sorted(by_id):
        same = by_id[group_id]
        assets = {asset.id: asset for group in same for asset in group.assets}
        suggested = tuple([asset_id for group in same for asset_id in group.suggested_keep_ids])
        yield DuplicateGroup(group_id, tuple([assets[asset_id] for asset_id in sorted(assets)]), suggested)
