"""Tags, and which assets carry them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from attrs import evolve, frozen

from immich_sdk.api.tags import bulk_tag_assets, delete_tag, get_all_tags, tag_assets, untag_assets, upsert_tags
from immich_sdk.models.bulk_ids_dto import BulkIdsDto
from immich_sdk.models.tag_bulk_assets_dto import TagBulkAssetsDto
from immich_sdk.models.tag_upsert_dto import TagUpsertDto
from immich_tools.errors import RequestRefused
from immich_tools.i18n import _
from immich_tools.immich.albums import item_results
from immich_tools.immich.assets import Assets
from immich_tools.immich.connection import Connection, chunks
from immich_tools.immich.convert import tag_from_json
from immich_tools.immich.filters import SHOWN, AssetFilter
from immich_tools.immich.models import ADD_SIZE, Asset, ItemResult, Tag, Version, Visibility
from immich_tools.immich.searches import searches_for

_COUNTED: Final = (*SHOWN, Visibility.HIDDEN)
"""What an asset that carries a tag may be; the locked folder is closed to every API key."""


@frozen
class Tags:
    """The tags of the key's user."""

    connection: Connection
    version: Callable[[], Version]
    assets: Assets

    def all(self) -> list[Tag]:
        """Every tag, by its full path."""
        return sorted(map(tag_from_json, self.connection.json(get_all_tags._get_kwargs())))

    def of_assets(self, assets: Iterable[Asset]) -> dict[str, frozenset[Tag]]:
        """The tags that each of some assets carries itself: asset id → tags.

        Assets that already know their tags cost nothing. For the others, either every tag's assets are searched or every asset is read:
        whichever takes fewer requests. A search by a tag also finds the assets of the tags below it, so an asset found for a tag and for
        one below it is read singly.
        """
        given = {asset.id: asset for asset in assets}
        result = {asset.id: frozenset(asset.tags) for asset in given.values() if asset.tags is not None}
        unknown = {asset_id: asset for asset_id, asset in given.items() if asset_id not in result}
        if not unknown:
            return result
        tags = self.all()
        result |= dict.fromkeys(unknown, frozenset())
        if not tags:
            return result
        searches, single = searches_for(unknown.values())
        if len(unknown) <= len(tags) * len(searches):
            return result | self._read_each(sorted(unknown))

        def search(tag: Tag) -> frozenset[str]:
            return frozenset(
                asset.id
                for criteria in searches
                for asset in self.assets.stream(evolve(criteria, tag_ids=(tag.id,)))
                if asset.id in unknown
            )

        own, doubtful = direct_tags(dict(zip(tags, self.connection.each(tags, search), strict=True)))
        return result | own | self._read_each(sorted(doubtful.union(single)))

    def carried(self, wanted: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
        """Which of some assets outside the trash carry which of some tags themselves.

        :param wanted: tag id → ids of the assets in question.
        :returns: tag id → those of them that carry it.
        """
        tags = self.all()
        asked = {tag for tag in tags if tag.id in wanted}
        searched = sorted(asked | {tag for tag in tags if any(_is_below(tag, upper) for upper in asked)})
        assets = sorted({asset_id for ids in wanted.values() for asset_id in ids})
        if len(assets) <= len(searched):
            carried = self._read_each(assets)
        else:
            expected = {
                tag: frozenset(assets) if tag.id not in wanted else frozenset(wanted[tag.id]) for tag in searched
            }
            found = self.connection.each(searched, lambda tag: self._search_until(tag, expected[tag]))
            carried, doubtful = direct_tags(dict(zip(searched, found, strict=True)))
            carried |= self._read_each(sorted(doubtful))
        return {
            tag_id: frozenset(
                asset_id for asset_id in ids if any(tag.id == tag_id for tag in carried.get(asset_id, ()))
            )
            for tag_id, ids in wanted.items()
        }

    def _search_until(self, tag: Tag, expected: frozenset[str]) -> frozenset[str]:
        """Those of `expected` that a search by `tag` finds; the archive is only searched for what the timeline does not show."""
        found: frozenset[str] = frozenset()
        for visibility in SHOWN:
            if found >= expected:
                break
            criteria = AssetFilter(visibility=(visibility,), tag_ids=(tag.id,))
            found |= expected.intersection(asset.id for asset in self.assets.stream(criteria))
        return found

    def _read_each(self, ids: Sequence[str]) -> dict[str, frozenset[Tag]]:
        return {asset_id: frozenset(asset.tags or ()) for asset_id, asset in self.assets.read_each(ids).items()}

    def add(self, tag_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        """Put a tag on assets; one result per id, DUPLICATE for those that carry it already."""
        return self._change(tag_assets, tag_id, asset_ids)

    def add_together(self, tag_ids: Sequence[str], asset_ids: Sequence[str]) -> None:
        """Put several tags on assets in one request, so that one job of the server takes in all of them.

        Two requests for one asset right after each other lose one of the tags now and then (measured on 2.3.1 and 3.1.0). The server
        passes over assets and tags that are not the user's without a word.
        """
        for part in chunks(asset_ids, ADD_SIZE):
            body = TagBulkAssetsDto(tag_ids=list(tag_ids), asset_ids=part)
            self.connection.send(bulk_tag_assets._get_kwargs(body=body))

    def remove(self, tag_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        """Take a tag off assets; one result per id, NOT_FOUND for those that do not carry it."""
        return self._change(untag_assets, tag_id, asset_ids)

    def find_or_make(self, value: str) -> Tag:
        """The tag of that value; it and the tags above it are made where they are missing.

        Two such requests at once for tags below the same new one may end in an error, so send one after the other.

        :param value: its full path, such as ``places/france``.
        :raises RequestRefused: there can be no such tag.
        """
        answer = self.connection.json(upsert_tags._get_kwargs(body=TagUpsertDto(tags=[value])))
        for tag in map(tag_from_json, answer):
            if tag.value == value:
                return tag
        reason = _("the server made no tag '{value}'").format(value=value)
        raise RequestRefused(reason, status=HTTPStatus.BAD_REQUEST, reason=reason)

    def is_carried(self, tag_id: str) -> bool:
        """Whether any asset carries a tag or one below it, those in the trash and motion videos included."""
        return any(
            self.assets.count(AssetFilter(visibility=_COUNTED, tag_ids=(tag_id,), trashed=trashed))
            for trashed in (False, True)
        )

    def delete(self, tag_id: str) -> None:
        """Delete a tag with all tags below it, for good; assets lose them.

        :raises RequestRefused: it is not there (any more).
        """
        self.connection.send(delete_tag._get_kwargs(id=tag_id))

    def _change(self, operation: Any, tag_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        results: list[ItemResult] = []
        for part in chunks(asset_ids, ADD_SIZE):
            body = BulkIdsDto(ids=part)
            results += item_results(self.connection, operation._get_kwargs(id=tag_id, body=body))
        return results


def _is_below(tag: Tag, upper: Tag) -> bool:
    return tag.value.startswith(f"{upper.value}/")


def direct_tags(found: Mapping[Tag, frozenset[str]]) -> tuple[dict[str, frozenset[Tag]], frozenset[str]]:
    """From what searches by tag found to what each asset carries itself.

    :param found: tag → ids of assets found for it, those of tags below it included.
    :returns: asset id → tags it certainly carries itself; and the ids of assets for which a search leaves a doubt, because they were found
        for a tag and for one below it.
    """
    below: dict[str, set[str]] = {}
    by_id = {tag.id: tag for tag in found}
    for tag, asset_ids in found.items():
        parent = by_id.get(tag.parent_id or "")
        while parent is not None:
            below.setdefault(parent.id, set()).update(asset_ids)
            parent = by_id.get(parent.parent_id or "")
    carried: dict[str, set[Tag]] = {}
    doubtful: set[str] = set()
    for tag, asset_ids in found.items():
        covered = below.get(tag.id, set())
        doubtful |= asset_ids & covered
        for asset_id in asset_ids - covered:
            carried.setdefault(asset_id, set()).add(tag)
    return {asset_id: frozenset(tags) for asset_id, tags in carried.items()}, frozenset(doubtful)
