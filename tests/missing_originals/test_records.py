"""Records: a path comes back to the letter, an id as the server spells it, and equal facts are equal."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from immich_tools.immich.models import Visibility
from immich_tools.missing_originals.records import AssetRecord, RecordSource, Standing, split_path


@given(st.text())
def test_a_path_comes_back_to_the_letter(path: str) -> None:
    folder, name = split_path(path)
    assert "/" not in name
    assert folder == "" or folder.endswith("/")
    assert AssetRecord(id=str(UUID(int=1)), owner_id="anna", folder=folder, name=name).path == path


SIDECARS = st.none() | st.sampled_from(["/folder/a.jpg.xmp", "/folder/a.xmp", ".xmp", "/elsewhere/a.jpg.xmp"])


@given(st.uuids(), st.none() | st.uuids(), st.none() | st.uuids(), SIDECARS)
def test_the_same_from_text_and_from_bytes(
    own: UUID, video: UUID | None, stack: UUID | None, sidecar: str | None
) -> None:
    spelled = AssetRecord(
        id=str(own),
        owner_id="anna",
        folder="/folder/",
        name="a.jpg",
        is_trashed=True,
        live_photo_video_id=None if video is None else str(video),
        stack_id=None if stack is None else str(stack),
        sidecar_path=sidecar,
    )
    packed = AssetRecord.packed(
        own.bytes,
        Standing("anna", is_trashed=True),
        folder="/folder/",
        name="a.jpg",
        video=None if video is None else video.bytes,
        stack=None if stack is None else stack.bytes,
        sidecar_path=sidecar,
    )
    assert spelled == packed
    assert hash(spelled) == hash(packed)
    assert str(own) in repr(packed)
    assert packed.id == str(own)
    assert packed.live_photo_video_id == (None if video is None else str(video))
    assert packed.stack_id == (None if stack is None else str(stack))
    assert packed.sidecar_path == sidecar


def test_what_assets_have_in_common() -> None:
    record = AssetRecord(
        id=str(UUID(int=1)),
        owner_id="anna",
        folder="/",
        name="a.jpg",
        library_id="holidays",
        visibility=Visibility.ARCHIVE,
        is_trashed=True,
        is_offline=True,
    )
    assert record.standing == Standing("anna", "holidays", Visibility.ARCHIVE, is_trashed=True, is_offline=True)
    assert (record.owner_id, record.library_id, record.visibility) == ("anna", "holidays", Visibility.ARCHIVE)
    assert record.is_trashed
    assert record.is_offline
    other = AssetRecord(id=str(UUID(int=2)), owner_id="anna", folder="/", name="b.jpg")
    assert not other.is_trashed
    assert not other.is_offline
    assert other.library_id is None


def test_only_the_database_tells_that_there_is_no_sidecar() -> None:
    assert RecordSource.DATABASE.tells_sidecars
    assert not RecordSource.API.tells_sidecars
