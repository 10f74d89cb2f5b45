"""A plan: what would change, what stays and what is skipped, each with its reason. A value, without any connection to a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.plan.effects.album_creation import DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.effects.assets import Removal, RestoreAssets
from immich_tools.plan.effects.base import Change

if TYPE_CHECKING:
    from pathlib import Path

    from immich_tools.immich.client import Immich
    from immich_tools.immich.models import Asset
    from immich_tools.plan.guards import Guards
    from immich_tools.plan.outcome import Outcome


@frozen
class Keep:
    """An asset that stays as it is, and why."""

    asset_id: str
    reason: str
    group: str = ""


@frozen
class Skip:
    """Assets that were looked at and are skipped.

    :ivar code: a fixed word for the kind of reason, for counting.
    :ivar reason: the same for a person, with the particulars.
    """

    asset_ids: tuple[str, ...]
    code: str
    reason: str
    group: str = ""


@frozen
class Label:
    """How an asset is shown to a person.

    :ivar taken: date and time on the wall clock where it was taken; empty when unknown.
    :ivar size: bytes; None when unknown.
    """

    name: str
    path: str = ""
    taken: str = ""
    size: int | None = None

    @classmethod
    def of(cls, asset: Asset) -> Label:
        """How an asset is shown that is known as a whole."""
        size = None if asset.exif is None else asset.exif.file_size
        return cls(asset.original_file_name, asset.original_path, asset.time_taken, size)


@frozen(repr=False)
class Plan:
    """Everything one run of one tool would do.

    :ivar tool: name of the tool's command.
    :ivar user_id: whose assets these are; a plan is never carried out with another user's key.
    :ivar population: assets the user owns outside the trash; guards measure against it.
    :ivar options: the tool's options as JSON values, so that applying a saved plan can plan again.
    :ivar notes: what the reader should know besides the changes.
    :ivar labels: how to show the assets named here, by id.
    """

    tool: str
    user_id: str
    server_version: str
    population: int
    changes: tuple[Change, ...] = ()
    keeps: tuple[Keep, ...] = ()
    skips: tuple[Skip, ...] = ()
    options: Mapping[str, Any] = field(factory=dict)
    notes: tuple[str, ...] = ()
    labels: Mapping[str, Label] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        check_consistent(self.changes)

    def removed(self) -> frozenset[str]:
        """Ids of the assets that would be trashed or deleted."""
        return frozenset(asset_id for change in self.changes for asset_id in change.action.removed)

    def bytes_freed(self) -> int:
        """Size of the files that go once the trash is emptied, as far as it is known."""
        return sum(self.labels[asset_id].size or 0 for asset_id in self.removed() if asset_id in self.labels)

    def counts(self) -> dict[str, int]:
        """How many changes of each kind, by the kind's name, sorted."""
        return dict(sorted(Counter(change.action.kind for change in self.changes).items()))

    def skip_counts(self) -> dict[str, int]:
        """How many skips for each code, sorted."""
        return dict(sorted(Counter(skip.code for skip in self.skips).items()))

    def only(self, change_ids: Iterable[str]) -> Plan:
        """The same plan with only these changes."""
        wanted = frozenset(change_ids)
        return evolve(self, changes=tuple(change for change in self.changes if change.id in wanted))

    def save(self, path: Path) -> None:
        """Write the plan as a document that can be read, edited and applied.

        :raises UsageError: the file exists already or cannot be written.
        """
        from immich_tools.plan.storage import save_plan

        save_plan(self, path)

    def apply(
        self,
        immich: Immich,
        *,
        guards: Guards | None = None,
        journal_folder: Path | None = None,
        permanent: str | None = None,
        batch_size: int = 500,
    ) -> Outcome:
        """Carry the plan out; see `execute.apply`."""
        from immich_tools.plan.execute import apply

        return apply(
            self, immich, guards=guards, journal_folder=journal_folder, permanent=permanent, batch_size=batch_size
        )

    def __repr__(self) -> str:
        from immich_tools.report.text import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from immich_tools.report.html import fragment

        return fragment(self)


def by_group(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Changes by their group, in the order they come; one without a group stands alone."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.group or change.id, []).append(change)
    return groups


def check_consistent(changes: Iterable[Change]) -> None:
    """Refuse a set of changes that contradicts itself.

    :raises UsageError: two changes share an id or decide the same thing, one requires itself in a circle, an asset is to be both trashed
        and kept (or trashed twice, or trashed and restored), a removal of duplicates keeps nothing, or an album is both changed and
        deleted.
    """
    changes = list(changes)
    _check_albums(changes)
    by_id: dict[str, Change] = {}
    decided: set[tuple[str, ...]] = set()
    restored: set[str] = set()
    kept: set[str] = set()
    removed: set[str] = set()
    for change in changes:
        if change.id in by_id:
            raise UsageError(_("The plan names change '{id}' twice.").format(id=change.id))
        by_id[change.id] = change
        action = change.action
        what = action.decides()
        if what is not None:
            if what in decided:
                raise UsageError(_("Change '{id}' decides what another change decides already.").format(id=change.id))
            decided.add(what)
        if isinstance(action, RestoreAssets):
            restored.update(action.restored_ids)
        if not isinstance(action, Removal):
            continue
        if not action.trashed_ids:
            raise UsageError(_("Change '{id}' trashes nothing.").format(id=change.id))
        if action.duplicate_id is not None and not action.kept_ids:
            raise UsageError(_("Change '{id}' would trash every copy of a photo.").format(id=change.id))
        twice = removed.intersection(action.trashed_ids)
        if twice or len(set(action.trashed_ids)) != len(action.trashed_ids):
            raise UsageError(_("The plan trashes an asset twice (change '{id}').").format(id=change.id))
        removed.update(action.trashed_ids)
        kept.update(action.kept_ids)
    both = sorted(kept & removed)
    if both:
        raise UsageError(_("The plan both keeps and trashes asset {id}.").format(id=both[0]))
    both = sorted(restored & removed)
    if both:
        raise UsageError(_("The plan both restores and trashes asset {id}.").format(id=both[0]))
    levels(by_id)


def _check_albums(changes: Iterable[Change]) -> None:
    deleted = {change.action.album_id for change in changes if isinstance(change.action, DeleteAlbum)}
    for change in changes:
        action = change.action
        if isinstance(action, AddToAlbum | RemoveFromAlbum | SetAlbumField | ShareAlbum) and action.album_id in deleted:
            raise UsageError(_("Change '{id}' changes an album that another change deletes.").format(id=change.id))


def levels(changes: Mapping[str, Change]) -> list[list[Change]]:
    """Changes in the order they can be carried out: each level requires only earlier ones.

    A requirement that is not among `changes` does not count here; whoever carries them out must not take it for fulfilled.

    :raises UsageError: changes require each other in a circle.
    """
    result: list[list[Change]] = []
    placed: set[str] = set()
    left = list(changes.values())
    while left:
        level = [change for change in left if all(name in placed or name not in changes for name in change.requires)]
        if not level:
            raise UsageError(_("Change '{id}' requires itself.").format(id=left[0].id))
        result.append(level)
        placed.update(change.id for change in level)
        left = [change for change in left if change.id not in placed]
    return result
