"""How long planning takes: synthetic groups of three over 50 albums and 50 tags. Run: ``python benchmarks/duplicates_plan.py [GROUPS]``."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

from immich_tools.duplicates import DuplicateFacts, make_plan
from immich_tools.immich.models import (
    Album,
    AlbumRole,
    Asset,
    AssetType,
    DuplicateGroup,
    Exif,
    Person,
    Place,
    Tag,
    Version,
)
from immich_tools.settings.application import patient_collector

ALBUMS = 50
TAGS = 50
COPIES = 3
START = datetime(2020, 1, 1, 12, tzinfo=UTC)
ME = "00000000-0000-4000-8000-00000000000a"


def copy_of(group: int, copy: int) -> Asset:
    """One copy: the original, a larger re-encoded one, a small one sent by a messenger."""
    number = group * COPIES + copy
    when = START + timedelta(minutes=7 * group, milliseconds=313 * copy)
    return Asset(
        id=f"{number:08x}-0000-4000-8000-000000000001",
        owner_id=ME,
        type=AssetType.IMAGE,
        original_path=f"/photos/{group % 97}/IMG_{number}.{('HEIC', 'jpg', 'jpg')[copy]}",
        original_file_name=f"IMG_{number}.{('HEIC', 'jpg', 'jpg')[copy]}",
        file_created_at=when,
        local_date_time=when + timedelta(hours=2),
        is_favorite=number % 200 == 1,
        exif=Exif(
            file_size=(3_000_000, 5_000_000, 400_000)[copy] + number,
            width=(4032, 4032, 1600)[copy],
            height=(3024, 3024, 1200)[copy],
            date_time_original=when,
            place=Place(52.5, 13.4) if number % 100 else None,
            filled=(18, 15, 6)[copy],
        ),
    )


def synthetic_facts(count: int) -> DuplicateFacts:
    """Facts of `count` groups."""
    groups = tuple(
        DuplicateGroup(
            f"{number:08x}-0000-4000-8000-000000000002", tuple(copy_of(number, copy) for copy in range(COPIES))
        )
        for number in range(count)
    )
    ids = [asset.id for group in groups for asset in group.assets]
    albums = tuple(Album(f"album-{number:02}", f"Album {number}", ME, AlbumRole.OWNER) for number in range(ALBUMS))
    tags = [Tag(f"topic/{number}", f"tag-{number:02}") for number in range(TAGS)]
    anna = Person("Anna", "person-1")
    return DuplicateFacts(
        user_id=ME,
        server_version=Version(3, 1, 0),
        population=20 * len(ids),
        groups=groups,
        albums=albums,
        members={album.id: frozenset(ids[place :: 2 * ALBUMS]) for place, album in enumerate(albums)},
        tags={asset_id: frozenset({tags[place % TAGS]} if place % 2 else ()) for place, asset_id in enumerate(ids)},
        people={asset_id: frozenset({anna} if place % 5 == 0 else ()) for place, asset_id in enumerate(ids)},
        can_resolve=True,
    )


def main() -> None:
    """Measure and print the best of three."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    facts = synthetic_facts(count)
    best = float("inf")
    for _attempt in range(3):
        with patient_collector():  # as in every command
            begin = time.perf_counter()
            plan = make_plan(facts)
            best = min(best, time.perf_counter() - begin)
    kinds = ", ".join(f"{number} {kind}" for kind, number in plan.counts().items())
    print(f"{count} groups of {COPIES}: {best:.2f} s, {count / best:,.0f} groups/s; {kinds}")


if __name__ == "__main__":
    main()
