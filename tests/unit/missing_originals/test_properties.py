"""What must hold for every plan, whatever the server and the disk say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.disk.findings import MISSING, FileState, Finding
from immich_tools.immich.models import Album, AlbumRole, Tag, Version, Visibility
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.memory import Memory, Trashed
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.places import Places
from immich_tools.missing_originals.plan import make_plan, stopped_by
from immich_tools.missing_originals.records import AssetRecord, RecordSource
from immich_tools.plan.claims import FilesMissing
from immich_tools.plan.effects.assets import RestoreAssets, TrashAssets
from immich_tools.plan.model import Plan
from immich_tools.plan.storage import plan_from_json, plan_to_json
from immich_tools.settings.documents import from_document
from tests.unit.missing_originals.build import (
    ME,
    OTHER,
    RENAMED,
    TODAY,
    UNKNOWN,
    asset,
    asset_id,
    changed,
    record,
    reported,
)

ROOTS = ("/data/upload", "/data/library", "/ext")
ALBUMS = (Album("al-1", "One", ME, AlbumRole.OWNER), Album("al-2", "Two", OTHER, AlbumRole.VIEWER))
TAGS = (Tag("a", "t-1"), Tag("b", "t-2"))


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value in most draws, so that most units get past the checks."""
    return st.sampled_from([usual] * (6 * len(others)) + list(others))


@st.composite
def records(draw: st.DrawFn, number: int) -> AssetRecord:
    root = draw(st.sampled_from(ROOTS))
    return record(
        number,
        f"{root}/{number}.jpg",
        owner_id=draw(mostly(ME, OTHER)),
        library_id="lib" if root == "/ext" else None,
        visibility=draw(mostly(Visibility.TIMELINE, *Visibility)),
        is_trashed=draw(mostly(False, True)),
        video=draw(mostly(None, number + 1)),
        stack=draw(mostly(None, 501)),
        sidecar_path=draw(mostly(None, f"{root}/{number}.xmp")),
    )


@st.composite
def many_facts(draw: st.DrawFn) -> MissingFacts:
    everything = [draw(records(number)) for number in range(draw(st.integers(0, 12)))]
    selected = [each for each in everything if draw(mostly(True, False))]
    siblings = [each for each in everything if each not in selected or draw(mostly(False, True))]
    earlier = [changed(draw(records(number)), is_trashed=True) for number in range(30, draw(st.integers(30, 33)))]
    findings: dict[str, Finding] = {each.path: MISSING for each in earlier if draw(st.booleans())}
    for each in everything:
        for path in (each.path, f"{each.folder}{each.name[:-4]}.xmp", f"{each.path}.xmp"):
            state = draw(mostly(MISSING, None, UNKNOWN, RENAMED))
            if state is not None:
                findings[path] = state
    targets = {each.id: asset_id(600 + number) for number, each in enumerate(everything)}
    moved = {key: value for key, value in targets.items() if draw(st.booleans())}
    if moved and draw(mostly(False, True)):
        moved[min(moved)] = draw(st.sampled_from([*targets.keys(), *targets.values()]))
    details = {each.id: asset(int(each.id[-4:]), each.path, library_id=each.library_id) for each in everything}
    details |= {
        target: asset(int(target[-4:]), f"/ext/{target}.jpg", library_id="lib", owner_id=draw(mostly(ME, OTHER)))
        for target in targets.values()
    }
    known = sorted(details)
    some = st.frozensets(st.sampled_from(known), max_size=4) if known else st.just(frozenset[str]())
    return MissingFacts(
        user_id=ME,
        server_version=Version(3, 1, 0),
        population=1000,
        day=TODAY,
        source=draw(st.sampled_from(RecordSource)),
        records=tuple(selected),
        siblings=tuple(siblings),
        trashed=(*earlier, *(each for each in everything if draw(mostly(False, True)))),
        findings=findings,
        places=Places(("/data",), ("/ext",)),
        proven=frozenset(root for root in ROOTS if draw(mostly(True, False))),
        witnesses={root: (f"{root}/witness.jpg",) for root in ROOTS if draw(mostly(True, False))},
        accounts=draw(st.sampled_from([frozenset({ME}), frozenset({ME, OTHER})])),
        memory=Memory(
            {
                asset_id(number): Trashed(TODAY, f"{ROOTS[0]}/{number}.jpg")
                for number in draw(st.frozensets(st.integers(0, 20), max_size=3))
            },
            {each.id: draw(st.integers(1, 3)) for each in everything if draw(st.booleans())},
        ),
        report=draw(mostly(None, reported(*(each.path for each in everything[::2])))),
        moved=moved,
        details=details,
        albums=ALBUMS,
        members={album.id: draw(some) for album in ALBUMS},
        tags={each: draw(st.frozensets(st.sampled_from(TAGS))) for each in known},
    )


many_options = st.builds(
    MissingOriginalsOptions,
    include_external=st.booleans(),
    include_partial=st.booleans(),
    restore=st.booleans(),
    max_missing_ratio=st.sampled_from([1.0, 1.0, 1.0, 0.6, 0.2]),
    max_missing=mostly(None, 3),
    window=st.sampled_from([0, 30]),
    grace_runs=mostly(1, 3),
)
every_plan = given(facts=many_facts(), options=many_options)
examples = settings(max_examples=60, deadline=None)


def removed(plan: Plan) -> list[str]:
    return [
        each for change in plan.changes if isinstance(change.action, TrashAssets) for each in change.action.trashed_ids
    ]


def restored(plan: Plan) -> list[str]:
    return [
        each
        for change in plan.changes
        if isinstance(change.action, RestoreAssets)
        for each in change.action.restored_ids
    ]


@examples
@every_plan
def test_every_path_is_accounted_for_exactly_once(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    plan = make_plan(facts, options)
    told = [each_id for skip in plan.skips for each_id in skip.asset_ids] + removed(plan) + restored(plan)
    in_trash = {each.id for each in facts.trashed if each.is_trashed}
    present = [
        each
        for each in facts.records
        if each.id not in in_trash and not each.is_trashed and each.path not in facts.findings
    ]
    assert sorted(told) == sorted({each.id for each in facts.records} - {each.id for each in present} | in_trash)
    by_root = Counter(facts.places.place(each.path).folder for each in present)
    for root, count in by_root.items():
        assert any(note.startswith(f"{root}: {count} of ") for note in plan.notes)


@examples
@every_plan
def test_only_what_is_missing_for_sure_goes(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    by_id = {each.id: each for each in facts.records}
    for each_id in removed(make_plan(facts, options)):
        each = by_id[each_id]
        assert facts.findings[each.path].state is FileState.MISSING
        assert facts.places.place(each.path).folder in facts.proven
        assert each.owner_id == ME and not each.is_trashed
        assert each.visibility not in (Visibility.LOCKED, Visibility.UNKNOWN)
        assert each.library_id is None or options.include_external
        assert facts.reported is None or each.path in facts.reported
        assert facts.memory.runs_missing(each_id) >= options.grace_runs


@examples
@every_plan
def test_whatever_goes_is_looked_for_again_right_before(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    by_id = {each.id: each for each in facts.records}
    for change in make_plan(facts, options).changes:
        action = change.action
        if isinstance(action, RestoreAssets):
            (action,) = action.inverse()
            assert isinstance(action, TrashAssets) and action.claims
        elif isinstance(action, TrashAssets):
            claims = [claim for claim in action.claims if isinstance(claim, FilesMissing)]
            claimed = {path for claim in claims for path in claim.paths}
            assert claimed <= {path for path in facts.findings if facts.state(path) is FileState.MISSING}
            assert claimed >= {by_id[each].path for each in action.trashed_ids}
            assert all(set(claim.root.witnesses).isdisjoint(claimed) for claim in claims)


@examples
@every_plan
def test_only_what_is_back_is_restored(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    trashed = {each.id: each for each in facts.trashed if each.is_trashed}
    back = restored(make_plan(facts, options))
    assert not back or options.restore
    for each_id in back:
        assert trashed[each_id].path not in facts.findings
        assert trashed[each_id].owner_id == ME


@examples
@every_plan
def test_what_is_there_or_may_be_keeps_what_belongs_to_it(
    facts: MissingFacts, options: MissingOriginalsOptions
) -> None:
    gone = set(removed(make_plan(facts, options)))
    everything = {each.id: each for each in (*facts.siblings, *facts.records)}
    stacks = {everything[each].stack_id for each in gone} - {None}
    videos = {everything[each].live_photo_video_id for each in gone} - {None}
    for each in everything.values():
        if each.id in videos or each.live_photo_video_id in gone or each.stack_id in stacks:
            state = facts.state(each.path)
            assert state is FileState.MISSING or (options.include_partial and state is not FileState.UNKNOWN)
    assert videos <= everything.keys()
    for each_id in gone:
        for path in facts.sidecars_of(everything[each_id]):
            state = facts.state(path)
            # What a sidecar of a moved original says was carried over.
            assert (
                state is FileState.MISSING
                or each_id in facts.moved
                or (options.include_partial and state is not FileState.UNKNOWN)
            )


@examples
@every_plan
def test_the_guards_hold(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    plan = make_plan(facts, options)
    gone = removed(plan)
    if stopped_by(plan) is not None:
        assert not gone
    roots = {each.id: facts.places.place(each.path).folder for each in facts.records}
    selected = {each.id for each in facts.records if not each.is_trashed}
    lost = Counter(facts.places.place(path).folder for path in facts.memory.lost(TODAY, options.window, selected))
    for root in {roots[each] for each in gone}:
        population = sum(roots[each] == root for each in selected) + lost[root]
        assert sum(roots[each] == root for each in gone) + lost[root] <= options.max_missing_ratio * population
    if gone:
        population = len(selected) + sum(lost.values())
        assert len(gone) + sum(lost.values()) <= options.max_missing_ratio * population
        assert options.max_missing is None or len(gone) + sum(lost.values()) <= options.max_missing


@examples
@every_plan
def test_what_was_moved_goes_only_after_its_transfers(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    plan = make_plan(facts, options)
    for change in plan.changes:
        if not isinstance(change.action, TrashAssets):
            continue
        others = {each.id: each for each in plan.changes if each.group == change.group and each is not change}
        assert set(change.requires) == others.keys()
        targets = {facts.moved[each] for each in change.action.trashed_ids if each in facts.moved}
        assert {each for other in others.values() for each in other.action.assets} <= targets
        assert set(change.action.kept_ids) <= targets
        for each_id in change.action.trashed_ids:
            if each_id in facts.moved:
                given = {each.action for each in others.values()}
                for album_id, members in facts.members.items():
                    new = facts.moved[each_id]
                    assert (
                        each_id not in members
                        or new in members
                        or any(
                            getattr(action, "album_id", None) == album_id and action.assets == (new,)
                            for action in given
                        )
                    )


@examples
@given(facts=many_facts(), options=many_options, random=st.randoms(use_true_random=False))
def test_the_order_of_what_was_read_does_not_matter(
    facts: MissingFacts, options: MissingOriginalsOptions, random: Random
) -> None:
    def shuffled(items: Iterable[Any]) -> tuple[Any, ...]:
        items = list(items)
        random.shuffle(items)
        return tuple(items)

    values: dict[str, Any] = {
        name: shuffled(getattr(facts, name)) for name in ("records", "siblings", "trashed", "albums")
    }
    values |= {
        name: dict(shuffled(getattr(facts, name).items()))
        for name in ("findings", "moved", "details", "members", "tags")
    }
    other = evolve(facts, **values)
    assert plan_to_json(make_plan(other, options)) == plan_to_json(make_plan(facts, options))


@examples
@every_plan
def test_plans_survive_being_saved(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    plan = make_plan(facts, options)
    read = plan_from_json(plan_to_json(plan))
    assert read == plan
    assert make_plan(facts, from_document(MissingOriginalsOptions, read.options)) == plan


@examples
@every_plan
def test_after_applying_there_is_nothing_left_to_trash(facts: MissingFacts, options: MissingOriginalsOptions) -> None:
    plan = make_plan(facts, options)
    gone, back = set(removed(plan)), set(restored(plan))

    def later(each: AssetRecord) -> AssetRecord:
        return changed(each, is_trashed=(each.is_trashed or each.id in gone) and each.id not in back)

    other = evolve(
        facts,
        records=tuple(map(later, facts.records)),
        siblings=tuple(map(later, facts.siblings)),
        trashed=tuple(later(each) for each in facts.trashed)
        + tuple(later(each) for each in facts.records if each.id in gone),
    )
    again = make_plan(other, options)
    assert not gone.intersection(removed(again))
    assert not restored(again)
