"""What an asset is to hold once the server's jobs have run: what it held before, with what a run has written. Pure.

The server's jobs read the sidecar again after every write, and what the sidecar does not have is gone: also tags and fields that no change
has named. So the whole state is compared, not only what was written.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field, frozen

from immich_tools.immich.models import Asset
from immich_tools.plan.fields import AssetField, FieldValue, field_value, same_value


@frozen
class Deviation:
    """Where an asset differs from what it is to hold.

    :ivar missing_tags: ids of tags that it lost.
    :ivar returned_tags: ids of tags that were taken off and are back.
    :ivar fields: field → what it is to hold.
    """

    missing_tags: frozenset[str] = frozenset()
    returned_tags: frozenset[str] = frozenset()
    fields: tuple[tuple[AssetField, FieldValue], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it is as it is to be."""
        return not (self.missing_tags or self.returned_tags or self.fields)


@define
class Expected:
    """What one asset is to hold.

    :ivar fields: every field's value.
    :ivar tags: ids of the tags.
    :ivar written: the fields that the run wrote; the others it only protects.
    :ivar removed: ids of the tags that the run took off.
    :ivar removed_values: the same tags' values, as far as they are known: a tag that was deleted comes back under another id.
    """

    fields: dict[AssetField, FieldValue]
    tags: set[str]
    written: set[AssetField] = field(factory=set)
    removed: set[str] = field(factory=set)
    removed_values: set[str] = field(factory=set)

    @classmethod
    def of(cls, asset: Asset) -> Expected:
        """What it holds now; its tags must have been read."""
        return cls({each: field_value(asset, each) for each in AssetField}, {tag.id for tag in asset.tags or ()})

    def write(self, name: AssetField, value: FieldValue) -> None:
        """A field gets a value."""
        self.fields[name] = value
        self.written.add(name)

    def tag(self, tag_id: str) -> None:
        """It gets a tag."""
        self.tags.add(tag_id)
        self.removed.discard(tag_id)

    def untag(self, tag_id: str | None, value: str = "") -> None:
        """It loses a tag.

        :param tag_id: None for a tag that is deleted.
        :param value: the tag's; empty when it is not known.
        """
        if tag_id is not None:
            self.tags.discard(tag_id)
            self.removed.add(tag_id)
        if value:
            self.removed_values.add(value)

    def deviation(self, asset: Asset) -> Deviation:
        """How an asset differs as it was read, with its tags.

        What somebody else gave it meanwhile is none: another tag, or another value of a field that the run did not write.
        """
        held = {tag.id: tag.value for tag in asset.tags or ()}
        returned = {
            tag_id
            for tag_id, value in held.items()
            if tag_id in self.removed or (value in self.removed_values and tag_id not in self.tags)
        }
        return Deviation(frozenset(self.tags - held.keys()), frozenset(returned), tuple(self._fields(asset)))

    def _fields(self, asset: Asset) -> Iterator[tuple[AssetField, FieldValue]]:
        for name, wanted in self.fields.items():
            now = field_value(asset, name)
            if same_value(name, now, wanted):
                continue
            # A place gives the photo a time zone, and with it another moment.
            follows_place = name is AssetField.DATE and AssetField.PLACE in self.written
            if name in self.written or (now in (None, "") and not follows_place):
                yield name, wanted
