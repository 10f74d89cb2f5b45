"""From facts to a plan: the difference between what belongs into the album and what is in it, with the reason for each file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from attrs import define, field

from immich_tools.errors import GuardTripped, Stopped, UsageError
from immich_tools.faceless_album.album import described, is_kept, own_album
from immich_tools.faceless_album.choices import Direction, Kind
from immich_tools.faceless_album.facts import FacelessFacts
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.rules import MEETS, NEEDS_PEOPLE, REASONS
from immich_tools.i18n import _
from immich_tools.immich.models import Album, Asset, AssetType
from immich_tools.paths import PathFilter
from immich_tools.plan.effects.album_creation import CreateAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, RemoveFromAlbum, SetAlbumField
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Keep, Label, Plan, Skip
from immich_tools.plan.unseen import without_removals
from immich_tools.settings.documents import to_document

TOOL: Final = "faceless-album"
"""Name of the tool in plans."""

NOT_OWN, UNFIT, OUT_OF_SCOPE, TOO_YOUNG, DATE_UNKNOWN = "not-own", "unfit", "out-of-scope", "too-young", "date-unknown"
NOT_MEANT, BY_HAND, NOT_READ, OTHER_DIRECTION = "not-meant", "by-hand", "not-read", "other-direction"

ALWAYS_MAY_LEAVE: Final = 10
"""Files that may leave an album whatever part of it they are: of an album of three, two would be most of it."""
ALWAYS_MAY_JOIN: Final = 20
"""Files that may be added whatever part of the files looked at they are."""


def make_plan(facts: FacelessFacts, options: FacelessAlbumOptions) -> Plan:
    """Decide what goes into the album and what leaves it. The same facts give the same plan, in whatever order they come.

    :raises Stopped: the server told nothing about people, or knows none: then nothing follows from a file without people.
    :raises UsageError: the album of that name is not the tool's, or the path filters let no file through.
    """
    check_knowledge(facts, options)
    check_filters(facts, options)
    plan = _Planner(facts, options, own_album(facts, options)).plan()
    return without_removals(plan, facts.unlisted, lambda action: isinstance(action, RemoveFromAlbum))


def check_knowledge(facts: FacelessFacts, options: FacelessAlbumOptions) -> None:
    """Stop where no people in the answer does not mean nobody in the picture.

    :raises Stopped: says why.
    """
    if options.chosen_rule not in NEEDS_PEOPLE or not facts.assets:
        return
    untold = sum(asset.people is None for asset in facts.assets)
    if untold:
        raise Stopped(
            _(
                "The server told nothing about people for {untold} of {count} files, so nobody knows which show somebody. "
                "Nothing was changed."
            ).format(untold=untold, count=len(facts.assets))
        )
    if options.allow_nobody:
        return
    if facts.recognition is not None and facts.recognition.is_on is None:
        raise Stopped(
            _(
                "Nothing tells whether facial recognition is switched on, so new files may all seem to show nobody. Nothing was changed. "
                "Give the API key the permission userConfig.read, or use --allow-nobody if it is switched on."
            )
        )
    if facts.recognition is not None and not facts.recognition.is_on:
        raise Stopped(
            _(
                "Facial recognition is switched off on this server, so new files would all seem to show nobody. Nothing was changed. "
                "Switch it on in Immich's settings under Machine Learning, or use --allow-nobody if people are only marked by hand."
            )
        )
    if not any(asset.people for asset in facts.assets):
        raise Stopped(
            _(
                "Nobody is recognised in any of the {count} files. Has facial recognition run? Nothing was changed. "
                "If the library really shows nobody, use --allow-nobody."
            ).format(count=len(facts.assets))
        )


def check_filters(facts: FacelessFacts, options: FacelessAlbumOptions) -> None:
    """Stop where path filters let no file through: mostly one is misspelt.

    :raises UsageError: in one line.
    """
    paths = options.paths()
    if not (paths.selected or paths.ignored):
        return
    if all(paths.refuse(asset.original_path.lstrip("/")) is not None for asset in facts.assets):
        raise UsageError(
            _(
                "--path-filter and --ignore let none of the {count} files through. Are they written for paths as Immich shows them, "
                "without the first slash? Nothing was changed."
            ).format(count=len(facts.assets))
        )


def check_guards(plan: Plan, facts: FacelessFacts, options: FacelessAlbumOptions) -> None:
    """Stop a plan that takes too much out of the album, or adds too much to one that an earlier run filled.

    :raises GuardTripped: says which limit, and how to raise it.
    """
    _check_leaving(plan, facts, options)
    _check_joining(plan, facts, options)


def _check_leaving(plan: Plan, facts: FacelessFacts, options: FacelessAlbumOptions) -> None:
    leaving = [change.action for change in plan.changes if isinstance(change.action, RemoveFromAlbum)]
    held = sum(len(facts.members.get(album_id, ())) for album_id in {action.album_id for action in leaving})
    if options.max_leaving is not None and len(leaving) > options.max_leaving:
        raise GuardTripped(
            _(
                "{leaving} files would leave the album, more than the {limit} allowed. Nothing was changed. Raise --max-leaving to go on."
            ).format(leaving=len(leaving), limit=options.max_leaving)
        )
    if len(leaving) > max(ALWAYS_MAY_LEAVE, options.max_leaving_ratio * held):
        raise GuardTripped(
            _(
                "{leaving} of {held} files would leave the album, more than the {percent:g} % allowed. Nothing was changed. "
                "Raise --max-leaving-ratio to go on."
            ).format(leaving=len(leaving), held=held, percent=100 * options.max_leaving_ratio)
        )


def _check_joining(plan: Plan, facts: FacelessFacts, options: FacelessAlbumOptions) -> None:
    """A server that resets its faces, or rebuilds them after people were shared, shows nobody in most files for a while."""
    joining = sum(isinstance(change.action, AddToAlbum) for change in plan.changes)
    album = own_album(facts, options) if joining else None
    if album is None or not is_kept(album, facts, options):
        return
    if options.max_joining is not None and joining > options.max_joining:
        raise GuardTripped(
            _(
                "{joining} files would be added to the album, more than the {limit} allowed. Nothing was changed. "
                "If they belong there, raise --max-joining."
            ).format(joining=joining, limit=options.max_joining)
        )
    if joining > max(ALWAYS_MAY_JOIN, options.max_joining_ratio * len(facts.assets)):
        raise GuardTripped(
            _(
                "{joining} of {count} files would be added to the album, more than the {percent:g} % allowed. Nothing was changed. "
                "Were faces reset on the server? If the files belong there, raise --max-joining-ratio."
            ).format(joining=joining, count=len(facts.assets), percent=100 * options.max_joining_ratio)
        )


@define
class _Planner:
    facts: FacelessFacts
    options: FacelessAlbumOptions
    album: Album | None
    members: frozenset[str] = field(init=False)
    given: frozenset[str] = field(init=False)
    paths: PathFilter = field(init=False)
    changes: list[Change] = field(factory=list)
    keeps: list[Keep] = field(factory=list)
    skipped: dict[tuple[str, str], list[str]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        nothing: frozenset[str] = frozenset()
        self.members = self.facts.members.get(self.album.id, nothing) if self.album else nothing
        self.paths = self.options.paths()
        # An album that has just been taken over, or whose journals are lost, holds nothing that is known to be the tool's.
        self.given = self.facts.memory.given.get(self.album.id, nothing) if self.album else nothing

    def plan(self) -> Plan:
        rule = self.options.chosen_rule
        belongs, does_not = REASONS[rule]
        adding: list[Asset] = []
        for asset in sorted(self.facts.assets, key=lambda each: each.id):
            refusal = self._refusal(asset)
            if refusal is not None and refusal[0] != OUT_OF_SCOPE:
                self._skip(asset.id, *refusal)
            elif refusal is None and MEETS[rule](asset, self.facts):
                if asset.id in self.members:
                    self.keeps.append(Keep(asset.id, belongs, self.options.album_name))
                elif self._may_be_added(asset.id):
                    adding.append(asset)
            elif asset.id not in self.members:
                self._skip(asset.id, *(refusal or (NOT_MEANT, does_not)))
            elif self._may_leave(asset.id):
                self._remove(asset.id, refusal[1] if refusal else does_not)
        self._add(adding, belongs)
        read = {asset.id for asset in self.facts.assets}
        for asset_id in sorted(self.members - read):
            self._skip(asset_id, NOT_READ, _("is in the album, but is not one of the files that were looked at"))
        return self._document()

    def _refusal(self, asset: Asset) -> tuple[str, str] | None:
        options = self.options
        if asset.owner_id != self.facts.user_id:
            return NOT_OWN, _("belongs to somebody else")
        if asset.is_trashed or asset.visibility not in options.visibility:
            return UNFIT, _("is in the trash, hidden, or shows elsewhere")
        kinds = {Kind.IMAGES: (AssetType.IMAGE,), Kind.VIDEOS: (AssetType.VIDEO,)}
        if asset.type not in kinds.get(options.kind, (AssetType.IMAGE, AssetType.VIDEO)):
            return OUT_OF_SCOPE, _("is of a kind that is not asked for")
        if options.taken_after or options.taken_before:
            if asset.local_date_time is None:
                return DATE_UNKNOWN, _("when it was taken is not known")
            taken = asset.local_date_time.date()
            if not (options.taken_after or taken) <= taken <= (options.taken_before or taken):
                return OUT_OF_SCOPE, _("was taken outside of the days asked for")
        unwanted = self.paths.refuse(asset.original_path.lstrip("/"))
        if unwanted is not None:
            return OUT_OF_SCOPE, unwanted.reason
        return self._too_young(asset)

    def _too_young(self, asset: Asset) -> tuple[str, str] | None:
        """Fresh files wait: the server finds people some time after the upload, and until then everybody is nobody."""
        facts, recognition = self.facts, self.facts.recognition
        if self.options.chosen_rule not in NEEDS_PEOPLE or recognition is None:
            return None
        if recognition.is_finished or recognition.is_on is False:
            return None
        if asset.people or asset.added_at is None:
            return None
        # The server's clock may be ahead of this computer's.
        age = max(facts.read_at - asset.added_at, timedelta(0))
        if age < timedelta(hours=self.options.minimum_age):
            return TOO_YOUNG, _("has not been on the server for long, and people in it may not be found yet")
        return None

    def _may_be_added(self, asset_id: str) -> bool:
        if self.options.direction is Direction.REMOVE:
            self._skip(asset_id, OTHER_DIRECTION, _("belongs into the album, but nothing is to be added"))
        elif self.options.respect_manual and asset_id in self.given:
            self._skip(asset_id, BY_HAND, _("was in the album and was taken out by hand"))
        else:
            return True
        return False

    def _may_leave(self, asset_id: str) -> bool:
        if self.options.direction is Direction.ADD:
            self._skip(asset_id, OTHER_DIRECTION, _("belongs into the album no longer, but nothing is to be removed"))
        elif self.options.respect_manual and asset_id not in self.given:
            self._skip(asset_id, BY_HAND, _("was put into the album by hand"))
        else:
            return True
        return False

    def _add(self, assets: Iterable[Asset], reason: str) -> None:
        name, text = self.options.album_name, described(self.album, self.options)
        ids = tuple(asset.id for asset in assets)
        if self.album is None:
            if ids:
                self.changes.append(Change("album", CreateAlbum(name, ids, text), reason, group=name))
            return
        if text != self.album.description.rstrip():
            before = self.album.description or None
            action = SetAlbumField(self.album.id, self.album.name, AlbumField.DESCRIPTION, before, text)
            self.changes.append(Change("mark", action, _("the album is kept by this tool from now on"), group=name))
        for asset_id in ids:
            action_of_asset = AddToAlbum(asset_id, self.album.id, self.album.name)
            self.changes.append(Change(f"add:{asset_id}", action_of_asset, reason, group=name))

    def _remove(self, asset_id: str, reason: str) -> None:
        assert self.album is not None
        action = RemoveFromAlbum(asset_id, self.album.id, self.album.name)
        self.changes.append(Change(f"remove:{asset_id}", action, reason, group=self.options.album_name))

    def _skip(self, asset_id: str, code: str, reason: str) -> None:
        self.skipped.setdefault((code, reason), []).append(asset_id)

    def _document(self) -> Plan:
        named = {asset_id for change in self.changes for asset_id in change.action.assets}
        return Plan(
            tool=TOOL,
            user_id=self.facts.user_id,
            server_version=str(self.facts.server_version),
            population=self.facts.population,
            changes=tuple(self.changes),
            keeps=tuple(self.keeps),
            skips=tuple(Skip(tuple(ids), code, reason) for (code, reason), ids in sorted(self.skipped.items())),
            options=to_document(self.options),
            notes=self._notes(),
            labels={asset.id: Label.of(asset) for asset in sorted(self.facts.assets, key=_id) if asset.id in named},
        )

    def _notes(self) -> tuple[str, ...]:
        if self.album is not None and self.album.name != self.options.album_name:
            return (_("The album is called '{name}' by now; it stays the same album.").format(name=self.album.name),)
        return ()


def _id(asset: Asset) -> str:
    return asset.id
