"""Recognised people, and which assets show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import evolve, frozen

from immich_sdk.api.people import get_all_people
from immich_tools.immich.assets import FEW, Assets
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import Asset, Person, Visibility
from immich_tools.immich.searches import searches_for

PAGE: Final = 1000


@frozen
class People:
    """The people of the key's user."""

    connection: Connection
    assets: Assets

    def named(self) -> list[Person]:
        """Everybody who has a name, hidden people included, by name; only those whom an asset of the timeline shows (Immich 2.3.1)."""
        people: list[Person] = []
        page = 1
        while True:
            answer = self.connection.json(get_all_people._get_kwargs(page=page, size=PAGE, with_hidden=True))
            people += [Person(name=each["name"], id=each["id"]) for each in answer["people"] if each.get("name")]
            if not answer.get("hasNextPage") or not answer["people"]:
                return sorted(people)
            page += 1

    def count(self) -> int:
        """How many people the server knows, nameless and hidden ones included; those whom no asset shows are not counted."""
        return int(self.connection.json(get_all_people._get_kwargs(page=1, size=1, with_hidden=True))["total"])

    def of_assets(self, assets: Iterable[Asset]) -> dict[str, frozenset[Person]]:
        """The named people in some assets: asset id → people.

        Assets that already know their people cost nothing. For the others, either the library is listed with people or every asset is
        read: whichever takes fewer requests. A search for each person would miss those whom only the archive shows.
        """
        given = {asset.id: asset for asset in assets}
        found = {asset_id: _named(asset) for asset_id, asset in given.items()}
        unknown = {asset_id: asset for asset_id, asset in given.items() if asset.people is None}
        if len(unknown) > FEW and not self.named():
            # Everybody whom the timeline shows would have been among them.
            unknown = {asset_id: asset for asset_id, asset in unknown.items() if not _in_timeline(asset)}
        searches, single = searches_for(unknown.values())
        if len(unknown) <= FEW or len(unknown) <= self.assets.owned() // self.connection.page_size:
            searches, single = (), sorted(unknown)
        for criteria in searches:
            for asset in self.assets.stream(evolve(criteria, with_people=True)):
                if asset.id in unknown:
                    found[asset.id] = _named(asset)
        return found | {asset_id: _named(asset) for asset_id, asset in self.assets.read_each(single).items()}


def _in_timeline(asset: Asset) -> bool:
    return asset.visibility is Visibility.TIMELINE and not (asset.is_trashed or asset.is_offline)


def _named(asset: Asset) -> frozenset[Person]:
    return frozenset(person for person in asset.people or () if person.name)
