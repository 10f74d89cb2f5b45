"""Recognised people, and which assets show them."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from immich_sdk.api.people import get_all_people
from immich_tools.immich.assets import EVERYWHERE, Assets
from immich_tools.immich.connection import Connection
from immich_tools.immich.listing import AssetFilter
from immich_tools.immich.models import Asset, Person

PAGE = 1000


@frozen
class People:
    """The people of the key's user."""

    connection: Connection
    assets: Assets

    def named(self) -> list[Person]:
        """Everybody who has a name, hidden people included, by name."""
        people: list[Person] = []
        page = 1
        while True:
            answer = self.connection.json(get_all_people._get_kwargs(page=page, size=PAGE, with_hidden=True))
            people += [Person(name=each["name"], id=each["id"]) for each in answer["people"] if each.get("name")]
            if not answer.get("hasNextPage"):
                return sorted(people)
            page += 1

    def of_assets(self, assets: Iterable[Asset]) -> dict[str, frozenset[Person]]:
        """The named people in some assets: asset id → people.

        Either every person's assets are searched or every asset is read: whichever takes fewer requests.
        """
        wanted = {asset.id: asset for asset in assets}
        people = self.named()
        if not people or not wanted:
            return dict.fromkeys(wanted, frozenset())
        if len(wanted) <= len(people):
            read = self.assets.read_each(sorted(wanted))
            return {
                asset_id: frozenset(person for person in asset.people or () if person.name)
                for asset_id, asset in read.items()
            }
        visibilities = tuple(kind for kind in EVERYWHERE if any(asset.visibility is kind for asset in wanted.values()))
        found: dict[str, set[Person]] = {asset_id: set() for asset_id in wanted}

        def search(person: Person) -> list[str]:
            criteria = AssetFilter(visibility=visibilities, person_ids=(person.id,))
            return [asset.id for asset in self.assets.stream(criteria) if asset.id in wanted]

        for person, ids in zip(people, self.connection.each(people, search), strict=True):
            for asset_id in ids:
                found[asset_id].add(person)
        return {asset_id: frozenset(persons) for asset_id, persons in found.items()}
