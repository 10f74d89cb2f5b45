"""How long planning takes: synthetic files over folders, no album there yet, then all of them there.

Run: ``python benchmarks/folder_albums_plan.py [FILES] [FOLDERS]``.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime, timedelta

from attrs import evolve

from immich_tools.folder_albums import FolderAlbumsOptions, FolderFacts, MadeAlbum, make_plan
from immich_tools.folder_albums.facts import trace
from immich_tools.immich.models import Album, AlbumRole, Asset, AssetType, Version
from immich_tools.plan.effects.album_creation import CreateAlbum
from immich_tools.plan.model import Plan

START = datetime(2010, 1, 1, 12, tzinfo=UTC)
ME = "00000000-0000-4000-8000-00000000000a"
ROOT = "/external/photos"


def synthetic_asset(number: int, folders: int) -> Asset:
    """One file in one of the folders, which lie in years."""
    folder = number % folders
    when = START + timedelta(minutes=7 * number)
    return Asset(
        id=f"{number:08x}-0000-4000-8000-000000000001",
        owner_id=ME,
        type=AssetType.IMAGE,
        original_path=f"{ROOT}/{2000 + folder % 25}/{folder:05} Holiday/IMG_{number}.jpg",
        original_file_name=f"IMG_{number}.jpg",
        file_created_at=when,
        local_date_time=when,
        library_id="library",
    )


def with_albums(facts: FolderFacts, plan: Plan, part: int, options: FolderAlbumsOptions) -> FolderFacts:
    """The facts once the plan's albums hold all but every `part`-th file."""
    albums, members, made = [], {}, {}
    for number, change in enumerate(plan.changes):
        action = change.action
        assert isinstance(action, CreateAlbum)
        album = Album(
            f"{number:08x}-album", action.name, ME, AlbumRole.OWNER, action.description, len(action.asset_ids)
        )
        albums.append(album)
        members[album.id] = frozenset(each for place, each in enumerate(action.asset_ids) if place % part)
        made[album.id] = MadeAlbum(change.group, action.name, members[album.id], options.scheme)
    return evolve(facts, albums=tuple(albums), members=members, made=made)


def one_in_ten_moved(facts: FolderFacts) -> FolderFacts:
    """The facts once one in ten folders was renamed, and the server made other assets of the files in it."""
    assets = tuple(
        evolve(asset, id=f"{asset.id[:-1]}2", original_path=asset.original_path.replace("0 Holiday/", "0 Journey/"))
        if "0 Holiday/" in asset.original_path
        else asset
        for asset in facts.assets
    )
    there = frozenset(asset.id for asset in assets)
    files = {asset.id: trace(asset.original_file_name, asset.time_taken) for asset in facts.assets}
    return evolve(
        facts,
        assets=assets,
        members={album_id: members & there for album_id, members in facts.members.items()},
        made={
            album_id: evolve(known, files=frozenset(files[each] for each in known.asset_ids))
            for album_id, known in facts.made.items()
        },
    )


def measure(what: str, facts: FolderFacts, options: FolderAlbumsOptions) -> Plan:
    """Plan three times; print the best. A run makes one plan, so each is let go before the next."""
    best = float("inf")
    plans: list[Plan] = []
    for _attempt in range(3):
        facts.arrangements.clear()  # what an attempt finds out must not help the next one
        plans.clear()
        begin = time.perf_counter()
        plans.append(make_plan(facts, options))
        best = min(best, time.perf_counter() - begin)
    (plan,) = plans
    kinds = ", ".join(f"{number} {kind}" for kind, number in plan.counts().items())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {best:.2f} s, {memory:.0f} MB at most so far; {kinds or 'nothing to do'}, {len(plan.keeps)} kept")
    return plan


def main() -> None:
    """Measure and print."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    folders = int(sys.argv[2]) if len(sys.argv) > 2 else 5_000
    facts = FolderFacts(
        user_id=ME,
        server_version=Version(3, 1, 0),
        population=files,
        assets=tuple(synthetic_asset(number, folders) for number in range(files)),
    )
    print(f"{files} files in {folders} folders")
    options = FolderAlbumsOptions(root_path=(ROOT,), album_levels="2")
    filtered = evolve(options, ignore=("Raw", "**/*.mov"))
    everything = evolve(options, find_assets_in_albums=True, sync_removals=True)
    plan = measure("all albums new", facts, options)
    measure("with filters  ", facts, filtered)
    filled, partly = with_albums(facts, plan, files, options), with_albums(facts, plan, 10, options)
    del plan
    measure("all there     ", filled, everything)
    measure("one in ten new", partly, everything)
    measure("one in ten moved", one_in_ten_moved(filled), everything)


if __name__ == "__main__":
    main()
