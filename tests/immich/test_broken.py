"""Assets on which the server fails: found and named, or skipped and remembered, on both versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools import Immich
from immich_tools.errors import IncompleteListing
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Visibility
from immich_tools.sandbox import Dialect, Sandbox, large_library
from tests.immich.breaking import breaking
from tests.immich.test_listing import moments

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
EVERYWHERE = (Visibility.TIMELINE, Visibility.ARCHIVE, Visibility.HIDDEN)


def listed(immich: Immich, wanted: AssetFilter | None = None) -> list[str]:
    return sorted(asset.id for asset in immich.assets.stream(wanted))


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=60, deadline=None)
@given(moments=moments, data=st.data(), page_size=st.integers(1, 12), concurrency=st.integers(1, 3))
def test_all_but_the_broken_assets_are_listed_and_these_are_counted(
    dialect: Dialect, moments: list[datetime], data: st.DataObject, page_size: int, concurrency: int
) -> None:
    sandbox = Sandbox(dialect)
    taken = {sandbox.add_asset(file_created_at=at): at for at in moments}
    ids = sorted(taken)
    broken = set(data.draw(st.lists(st.sampled_from(ids), max_size=4))) if ids else set[str]()
    immich, _transport = breaking(sandbox, broken, page_size=page_size, concurrency=concurrency, skip_broken=True)
    found = listed(immich)
    assert len(found) == len(set(found))
    # What shares its millisecond with a broken asset may be taken for one, never the other way round.
    assert not broken & set(found)
    assert sum(each.count for each in immich.broken_assets) == len(ids) - len(found)
    for asset_id in set(ids) - set(found):
        assert any(each.after <= taken[asset_id] <= each.before for each in immich.broken_assets)
    for each in immich.broken_assets:
        assert set(each.asset_ids) <= set(ids) - set(found)
        assert each.correlation_id == "cid-1"


def test_one_broken_asset_costs_a_bounded_number_of_requests(sandbox: Sandbox) -> None:
    large_library(sandbox, 5000)
    asset_id = sorted(sandbox.state.assets)[1234]
    immich, transport = breaking(sandbox, {asset_id}, skip_broken=True)
    assert len(listed(immich)) == 4999
    (broken,) = immich.broken_assets
    assert (broken.count, broken.asset_ids) == (1, (asset_id,))
    assert broken.before - broken.after <= timedelta(milliseconds=2)
    assert transport.searches < 120


def test_a_listing_stops_at_a_broken_asset_and_says_what_to_do(sandbox: Sandbox) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(9)]
    for page_size in (2, 1000):
        immich, _transport = breaking(sandbox, {ids[4]}, page_size=page_size)
        with pytest.raises(IncompleteListing) as failure:
            listed(immich)
        message = str(failure.value)
        for words in (
            "fails on 1 asset taken at 2024-01-05T00:00:00.000Z",
            f"{sandbox.url.removesuffix('/api')}/photos/{ids[4]}",
            "Internal server error (cid-1)",
            "--skip-broken",
        ):
            assert words in message
        assert immich.broken_assets == ()


def test_a_broken_asset_that_the_timeline_does_not_name_is_skipped_all_the_same(sandbox: Sandbox) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(5)]
    immich, _transport = breaking(sandbox, {ids[2]}, skip_broken=True, has_timeline=False)
    assert listed(immich) == sorted(set(ids) - {ids[2]})
    (broken,) = immich.broken_assets
    assert (broken.count, broken.asset_ids) == (1, ())


def test_a_server_that_fails_only_for_a_while_loses_nothing(sandbox: Sandbox) -> None:
    for number in range(40):
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number))
    ids = sorted(sandbox.state.assets)
    for page_size in (10, 1000):
        for failures in range(1, 12):
            immich, _transport = breaking(sandbox, ids, page_size=page_size, failures=failures, skip_broken=True)
            assert listed(immich) == ids, (page_size, failures)
            assert immich.broken_assets == ()


def test_each_visibility_and_the_trash_are_told_apart(sandbox: Sandbox) -> None:
    shown = sandbox.add_asset(file_created_at=NEW_YEAR)
    archived = sandbox.add_asset(file_created_at=NEW_YEAR, visibility="archive")
    trashed = sandbox.add_asset(file_created_at=NEW_YEAR, is_trashed=True)
    for number in range(3):
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number + 1))
    immich, _transport = breaking(sandbox, {shown, archived, trashed}, skip_broken=True, page_size=2)
    assert len(listed(immich, AssetFilter(visibility=EVERYWHERE))) == 3
    assert listed(immich, AssetFilter(visibility=EVERYWHERE, trashed=True)) == []
    kinds = {each.asset_ids: each.visibility for each in immich.broken_assets}
    assert kinds == {
        (shown,): Visibility.TIMELINE,
        (archived,): Visibility.ARCHIVE,
        (trashed,): Visibility.TIMELINE,
    }


def test_reading_some_assets_again_takes_broken_ones_for_unknown(sandbox: Sandbox) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(8)]
    immich, _transport = breaking(sandbox, {ids[0]}, skip_broken=True)
    assert sorted(immich.assets.read(ids[1:])) == sorted(ids[1:])
    assert ids[0] not in immich.assets.read(ids)


def test_a_server_that_fails_on_an_asset_everywhere_is_listed_without_it(sandbox: Sandbox) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(9)]
    sandbox.break_asset(ids[3])
    for page_size in (2, 1000):
        immich = Immich.connect(
            sandbox.url,
            sandbox.admin_key,
            transport=sandbox.transport(),
            retry_wait=0,
            page_size=page_size,
            skip_broken=True,
        )
        assert listed(immich) == sorted(set(ids) - {ids[3]})
        assert [each.count for each in immich.broken_assets] == [1]
