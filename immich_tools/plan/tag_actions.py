"""Tagging many assets with one tag, which is made where it is missing, and taking that back."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import ClassVar, Final

from attrs import frozen

from immich_tools.i18n import _
from immich_tools.plan.actions import Action

LONGEST: Final = 2500
"""Bytes of a tag's whole value: PostgreSQL refuses an entry of an index over 2,704, and Immich has one over the tag with its owner."""


def with_upper(value: str) -> tuple[str, ...]:
    """A tag and the tags above it, the deepest first: ``A/B`` gives ``A/B`` and ``A``."""
    names = value.split("/")
    return tuple("/".join(names[:depth]) for depth in range(len(names), 0, -1))


def value_objection(value: str) -> str | None:
    """Why there can be no tag of that value; None when there can.

    Immich keeps tags in sidecar files too, as XML, from which it reads them again: what that cannot hold would be lost.
    """
    if any(not name.strip() for name in value.split("/")):
        return _("a name in it is empty")
    if any(name != name.strip() for name in value.split("/")):
        return _("a name in it begins or ends with a blank")
    # Control characters, line ends among them, and what the server could not decode.
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        return _("it holds a character that cannot be written")
    if len(value.encode()) > LONGEST:
        return _("it is longer than {count} bytes").format(count=LONGEST)
    return None


@frozen
class _ManyTagged(Action):
    """One tag and many assets.

    :ivar value: the tag's full path. It is what tells a user's tags apart: there are no two of one value, and none is ever renamed.
    :raises ValueError: there can be no such tag, or an asset is named twice.
    """

    value: str
    asset_ids: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        objection = value_objection(self.value)
        if objection is not None:
            raise ValueError(_("'{value}' is no tag: {reason}").format(value=self.value[:80], reason=objection))
        if len(set(self.asset_ids)) != len(self.asset_ids):
            raise ValueError(_("tag '{name}' names an asset twice").format(name=self.value))

    @property
    def assets(self) -> tuple[str, ...]:
        return self.asset_ids

    def decides(self) -> tuple[str, ...]:
        return ("tag as a whole", self.value)


@frozen
class TagAssets(_ManyTagged):
    """Put a tag on assets; the tag and those above it are made where they are missing.

    Which were missing, and which assets carried it before, is only known when it is carried out: see `undoing`.
    """

    kind: ClassVar[str] = "tag-assets"

    def inverse(self) -> tuple[Action, ...]:
        return (self.undoing((), ()),)

    def undoing(self, made: Collection[str], carried: Collection[str]) -> UntagAssets:
        """What takes it back.

        :param made: values of the tags that the run made.
        :param carried: ids of the assets that carried the tag before.
        """
        return UntagAssets(
            self.value,
            tuple(asset_id for asset_id in self.asset_ids if asset_id not in carried),
            tuple(value for value in with_upper(self.value) if value in made),
        )


@frozen
class UntagAssets(_ManyTagged):
    """Take a tag off assets, and delete those tags that nothing needs then.

    :ivar made: which may be deleted: this tag, or tags above it. One that an asset carries, or that has tags below it, stays.
    """

    kind: ClassVar[str] = "untag-assets"
    made: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not set(self.made).issubset(with_upper(self.value)):
            raise ValueError(_("field '{name}' does not fit the tag").format(name="made"))

    def inverse(self) -> tuple[Action, ...]:
        return (TagAssets(self.value, self.asset_ids),)

    def undoing(self, carried: Collection[str]) -> TagAssets:
        """What takes it back.

        :param carried: ids of the assets that carried the tag before.
        """
        return TagAssets(self.value, tuple(asset_id for asset_id in self.asset_ids if asset_id in carried))


TAG_KINDS: Final = (TagAssets, UntagAssets)
