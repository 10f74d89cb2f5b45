"""What is left alone, dismissed, stacked or protected, and what the options make of it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from immich_tools.errors import ExitCode
from tests.tools import pictures
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.holiday import LISBON, PORTO
from tests.tools.server import COPY, ORIGINAL, TAKEN, Server
from tests.tools.snapshot import snapshot


def skipped(shell: CommandLine, *arguments: str) -> dict[str, int]:
    """How many groups a dry run leaves alone: reason → count."""
    counts: dict[str, int] = shell.duplicates("--json", *arguments).lines()[-2]["skipped"]
    return counts


@pytest.fixture
def pair(server: Server) -> Server:
    """The server with one pair, and two other pictures."""
    server.photo("best.jpg", size=ORIGINAL)
    server.photo("copy.jpg")
    server.photo("one.jpg")
    server.photo("two.jpg")
    server.group("pair", "best.jpg", "copy.jpg")
    return server


class TestDismissing:
    def test_keeps_every_copy_and_dissolves_the_groups(self, holiday: Server, shell: CommandLine) -> None:
        before = snapshot(holiday)

        result = shell.duplicates("--dismiss", "--apply")

        assert result.code == ExitCode.DONE, result.err + result.out
        after = snapshot(holiday)
        assert after.duplicates() == {}
        for asset in before.assets.values():
            asset["group"] = None
        assert after == before

    def test_undo_brings_the_groups_back(self, holiday: Server, shell: CommandLine) -> None:
        before = snapshot(holiday)
        shell.duplicates("--dismiss", "--apply")

        result = shell.toolkit("undo", "last", "--yes")

        assert result.code == ExitCode.DONE, result.err + result.out
        assert snapshot(holiday) == before

    def test_and_deleting_for_good_contradict_each_other(self, holiday: Server, shell: CommandLine) -> None:
        before = snapshot(holiday)
        assert shell.duplicates("--dismiss", "--permanent", "--apply", typed="y\n").code == ExitCode.USAGE
        assert snapshot(holiday) == before


class TestScope:
    def test_only_pairs(self, holiday: Server, shell: CommandLine) -> None:
        assert shell.duplicates("--only-pairs", "--apply").code == ExitCode.DONE
        after = snapshot(holiday)
        assert after.trashed() == {"old.jpg", "dog-copy.jpg", "cake-copy.jpg"}
        assert after.duplicates()["beach"] == {"beach.jpg", "beach-copy.jpg", "beach-mail.jpg"}
        assert after.assets["beach.jpg"]["tags"] == []

    def test_large_groups_are_left_alone(self, holiday: Server, shell: CommandLine) -> None:
        assert skipped(shell, "--max-group-size", "2") == {"large-group": 1}

    def test_images_or_videos_only(self, pair: Server, shell: CommandLine) -> None:
        pair.video("clip.mov")
        pair.video("clip-copy.mov")
        pair.group("clip", "clip.mov", "clip-copy.mov")
        assert skipped(shell, "--media", "images") == {"media": 1}
        assert skipped(shell, "--media", "videos") == {"media": 1}

    def test_copies_of_very_different_size_are_left_alone(self, server: Server, shell: CommandLine) -> None:
        server.photo("large.jpg", size=(400, 300))
        server.photo("thumbnail.jpg", size=(64, 48))
        server.photo("alone.jpg")
        server.group("pair", "large.jpg", "thumbnail.jpg")
        assert skipped(shell) == {"resolutions-differ": 1}
        assert skipped(shell, "--allow-different-resolutions") == {}

    def test_a_protected_folder_is_never_touched(self, holiday: Server, shell: CommandLine) -> None:
        path = holiday.api.get(f"/assets/{holiday.ids['dog-copy.jpg']}")["originalPath"]
        folder = path.rpartition("/")[0]

        assert shell.duplicates("--protected-paths", folder, "--apply").code == ExitCode.DONE

        trashed = snapshot(holiday).trashed()
        assert "dog-copy.jpg" not in trashed
        assert "dog.jpg" in trashed, "the copy that is not protected goes, although it is the better one"

    def test_a_protected_folder_in_another_unicode_form(
        self, pair: Server, shell: CommandLine, folders: Folders
    ) -> None:
        """What people type is composed; the disk of a Mac has decomposed names."""
        kept = f"{unicodedata.normalize('NFD', 'Größe')}/kept.jpg"
        folders.file(kept, taken=TAKEN + timedelta(days=9))
        folders.files("other.jpg")
        pair.group("external", kept, "other.jpg")
        protected = f"{folders.root}/{unicodedata.normalize('NFC', 'Größe')}/"
        result = shell.duplicates("--protected-paths", protected, "--apply")
        assert result.code == ExitCode.DONE, result.err
        assert snapshot(pair).trashed() == {"copy.jpg", "other.jpg"}

    def test_a_library_that_is_protected_as_a_whole(self, holiday: Server, shell: CommandLine) -> None:
        before = snapshot(holiday)
        result = shell.duplicates("--protected-libraries", "upload", "--apply")
        assert result.code == ExitCode.DONE
        assert skipped(shell, "--protected-libraries", "upload") == {"all-protected": 3}
        assert snapshot(holiday) == before

    def test_an_upload_and_an_identical_file_of_the_archive(
        self, pair: Server, shell: CommandLine, folders: Folders
    ) -> None:
        """No preference, so nothing goes: the lower id would decide whether a file of the archive is deleted."""
        folders.path.mkdir()
        content = pictures.photo("one.jpg", width=COPY[0], height=COPY[1], taken=TAKEN)
        (folders.path / "archive.jpg").write_bytes(content)
        folders.scan()
        pair.group("mixed", "one.jpg", "archive.jpg")
        assert skipped(shell) == {"upload-or-external": 1}
        result = shell.duplicates("--preferred-libraries", "external", "--apply")
        assert result.code == ExitCode.DONE, result.err
        assert snapshot(pair).trashed() == {"copy.jpg", "one.jpg"}

    def test_shots_of_a_burst_and_edits_stay(self, pair: Server, shell: CommandLine) -> None:
        cover, shot = "00001IMG_00001_BURST20240503120000_COVER.jpg", "00000IMG_00000_BURST20240503120000.jpg"
        pair.photo(cover)
        pair.photo(shot, size=ORIGINAL)
        pair.photo("IMG_1234.jpg", size=ORIGINAL)
        pair.photo("IMG_1234-bearbeitet.jpg")
        pair.group("burst", cover, shot)
        pair.group("edit", "IMG_1234.jpg", "IMG_1234-bearbeitet.jpg")
        assert skipped(shell) == {"burst": 1, "edit": 1}
        result = shell.duplicates("--bursts", "stack", "--edits", "stack", "--apply")
        assert result.code == ExitCode.DONE, result.err
        after = snapshot(pair)
        assert after.trashed() == {"copy.jpg"}
        assert after.stacks == [[cover, shot], ["IMG_1234-bearbeitet.jpg", "IMG_1234.jpg"]]

    def test_links_that_only_show_a_copy_that_goes_are_reported(self, pair: Server, shell: CommandLine) -> None:
        for name, members in (("For Anna", ("copy.jpg", "one.jpg")), ("For Ben", ("copy.jpg", "best.jpg"))):
            ids = [pair.ids[member] for member in members]
            pair.api.post("/shared-links", {"type": "INDIVIDUAL", "assetIds": ids, "description": name})
        result = shell.duplicates()
        assert "In 1 group a shared link shows only a copy that goes" in result.out
        assert "'For Anna'" in result.out and "'For Ben'" not in result.out

    def test_a_placeholder_is_no_date(self, server: Server, shell: CommandLine) -> None:
        server.photo("scan.jpg", taken=datetime(1970, 1, 1, tzinfo=UTC))
        server.photo("camera.jpg")
        server.photo("large.jpg", size=ORIGINAL, taken=datetime(1980, 1, 1, tzinfo=UTC))
        server.photo("small.jpg")
        server.group("first", "scan.jpg", "camera.jpg")
        server.group("second", "large.jpg", "small.jpg")
        assert shell.duplicates("--apply").code == ExitCode.DONE
        assert snapshot(server).trashed() == {"scan.jpg", "large.jpg"}

    def test_a_placeholder_gives_way_to_a_date(self, pair: Server, shell: CommandLine) -> None:
        pair.photo("large.jpg", size=ORIGINAL, taken=datetime(1980, 1, 1, tzinfo=UTC))
        pair.photo("small.jpg")
        pair.group("dated", "large.jpg", "small.jpg")
        assert shell.duplicates("--rank", "size", "--apply").code == ExitCode.DONE
        pair.settle()
        kept = pair.api.get(f"/assets/{pair.ids['large.jpg']}")
        assert datetime.fromisoformat(kept["exifInfo"]["dateTimeOriginal"]) == TAKEN

    def test_assets_of_a_partner_are_not_touched(self, holiday: Server, shell: CommandLine) -> None:
        partner = holiday.host.new_user("Partner")
        partner.photo("partner.jpg", size=ORIGINAL)
        partner.photo("partner-copy.jpg")
        partner.group("theirs", "partner.jpg", "partner-copy.jpg")
        partner.show_library_to(holiday)
        theirs = snapshot(partner)

        assert shell.duplicates("--apply").code == ExitCode.DONE

        assert snapshot(partner) == theirs
        assert len(snapshot(holiday).trashed()) == 5


class TestRawFiles:
    @pytest.fixture
    def raw(self, server: Server) -> Server:
        """A RAW file with the picture that was developed from it."""
        server.photo("IMG_1.dng", size=ORIGINAL)
        server.photo("IMG_1.jpg")
        server.photo("alone.jpg")
        server.group("raw", "IMG_1.dng", "IMG_1.jpg")
        return server

    def test_are_left_alone_unless_told(self, raw: Server, shell: CommandLine) -> None:
        assert skipped(shell) == {"raw-pair": 1}

    def test_can_be_stacked_under_the_picture(self, raw: Server, shell: CommandLine) -> None:
        before = snapshot(raw)

        result = shell.duplicates("--raw", "stack", "--apply")

        assert result.code == ExitCode.DONE, result.err + result.out
        after = snapshot(raw)
        assert after.stacks == [["IMG_1.jpg", "IMG_1.dng"]]
        assert not after.trashed()
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert snapshot(raw) == before

    def test_can_be_treated_as_duplicates(self, raw: Server, shell: CommandLine) -> None:
        assert shell.duplicates("--raw", "duplicates", "--apply").code == ExitCode.DONE
        assert snapshot(raw).trashed() == {"IMG_1.jpg"}


class TestLivePhotos:
    @pytest.fixture
    def live(self, server: Server) -> Server:
        """A live photo whose still copy would win."""
        server.video("live.mov")
        server.photo("live.jpg", live_video="live.mov")
        server.photo("still.jpg", size=ORIGINAL)
        server.photo("alone.jpg")
        server.photo("another.jpg")
        server.group("live", "live.jpg", "still.jpg")
        return server

    def test_the_motion_video_would_be_lost_with_its_still(self, live: Server, shell: CommandLine) -> None:
        before = snapshot(live)
        assert before.assets["live.jpg"]["motion video"] == "live.mov"
        assert skipped(shell) == {"motion-video": 1}
        assert shell.duplicates("--apply").code == ExitCode.DONE
        assert snapshot(live) == before

    def test_the_loss_can_be_allowed_and_undone(self, live: Server, shell: CommandLine) -> None:
        before = snapshot(live)
        assert shell.duplicates("--allow-motion-video-loss", "--apply").code == ExitCode.DONE
        after = snapshot(live)
        assert after.trashed() == {"live.jpg"}
        assert after.assets["live.mov"] == before.assets["live.mov"], "the hidden video waits for its still"
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert snapshot(live) == before

    def test_a_live_photo_can_be_preferred(self, live: Server, shell: CommandLine) -> None:
        assert shell.duplicates("--rank", "motion-video,size", "--apply").code == ExitCode.DONE
        after = snapshot(live)
        assert after.trashed() == {"still.jpg"}
        assert after.assets["live.jpg"]["motion video"] == "live.mov"


class TestSharedAlbums:
    """Albums of somebody else, where the user put the copy that goes."""

    @pytest.fixture
    def friend(self, pair: Server) -> Server:
        """Who owns the album; the user may edit it."""
        friend = pair.host.new_user("Friend")
        friend.photo("theirs.jpg")
        friend.album("Shared", "theirs.jpg")
        friend.share_album("Shared", pair, "editor")
        pair.add_to_album("Shared", "copy.jpg")
        return friend

    def test_an_editor_puts_the_keeper_in(self, pair: Server, friend: Server, shell: CommandLine) -> None:
        before = snapshot(pair)

        result = shell.duplicates("--apply")

        assert result.code == ExitCode.DONE, result.err + result.out
        theirs = friend.ids["theirs.jpg"]
        assert snapshot(pair).albums["Shared"] == sorted(["best.jpg", theirs])
        assert snapshot(friend).albums["Shared"] == sorted(["theirs.jpg", pair.ids["best.jpg"]])
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert snapshot(pair) == before

    def test_where_the_user_may_only_look_the_group_is_left_alone(
        self, pair: Server, friend: Server, shell: CommandLine
    ) -> None:
        friend.share_album("Shared", pair, "viewer")
        before = snapshot(pair)

        result = shell.duplicates("--apply")

        assert result.code == ExitCode.DONE
        assert "Shared" in result.out
        assert skipped(shell) == {"viewer-album": 1}
        assert snapshot(pair) == before

    def test_unless_that_is_allowed(self, pair: Server, friend: Server, shell: CommandLine) -> None:
        friend.share_album("Shared", pair, "viewer")

        result = shell.duplicates("--allow-viewer-albums", "--apply")

        assert result.code == ExitCode.DONE, result.err + result.out
        after = snapshot(pair)
        assert after.trashed() == {"copy.jpg"}
        assert "best.jpg" not in after.albums["Shared"]


class TestMetadata:
    @pytest.fixture
    def described(self, pair: Server) -> Server:
        """Both copies have something of their own, and something in common."""
        pair.album("Of the best", "best.jpg")
        pair.album("Of the copy", "copy.jpg")
        pair.album("Of both", "best.jpg", "copy.jpg")
        pair.tag("best", "best.jpg")
        pair.tag("copy", "copy.jpg")
        pair.tag("both", "best.jpg", "copy.jpg")
        pair.update("best.jpg", description="best", rating=2, latitude=PORTO[0], longitude=PORTO[1])
        pair.update("copy.jpg", description="copy", rating=4, latitude=LISBON[0], longitude=LISBON[1])
        return pair

    def test_is_only_added_to(self, described: Server, shell: CommandLine) -> None:
        assert shell.duplicates("--apply").code == ExitCode.DONE
        after = snapshot(described)
        best = after.assets["best.jpg"]
        assert (best["description"], best["rating"], best["place"]) == ("best", 2, PORTO)
        assert best["tags"] == ["best", "both", "copy"]
        assert all(members == ["best.jpg"] for members in after.albums.values())

    def test_of_the_keeper_can_be_replaced(self, described: Server, shell: CommandLine) -> None:
        """KEEP_METADATA=false of the original tool, without losing what both have."""
        before = snapshot(described)

        result = shell.duplicates("--no-keep-metadata", "--apply")

        assert result.code == ExitCode.DONE, result.err + result.out
        after = snapshot(described)
        best = after.assets["best.jpg"]
        assert (best["description"], best["rating"], best["place"]) == ("copy", 4, LISBON)
        assert best["tags"] == ["both", "copy"]
        assert after.albums == {"Of both": ["best.jpg"], "Of the copy": ["best.jpg"], "Of the best": []}
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert snapshot(described) == before

    def test_can_be_left_where_it_is(self, described: Server, shell: CommandLine) -> None:
        before = snapshot(described)
        assert shell.duplicates("--no-transfer-metadata", "--apply").code == ExitCode.DONE
        after = snapshot(described)
        assert after.trashed() == {"copy.jpg"}
        assert after.assets["best.jpg"] == {**before.assets["best.jpg"], "group": after.assets["best.jpg"]["group"]}

    def test_replacing_with_nothing_is_refused(self, described: Server, shell: CommandLine) -> None:
        assert shell.duplicates("--no-keep-metadata", "--no-transfer-metadata").code == ExitCode.USAGE

    def test_an_archived_keeper_shows_in_the_timeline_again(self, pair: Server, shell: CommandLine) -> None:
        pair.update("best.jpg", visibility="archive")
        before = snapshot(pair)
        assert shell.duplicates("--apply").code == ExitCode.DONE
        assert snapshot(pair).assets["best.jpg"]["visibility"] == "timeline"
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert snapshot(pair) == before

    def test_an_archived_copy_does_not_archive_the_keeper(self, pair: Server, shell: CommandLine) -> None:
        pair.update("copy.jpg", visibility="archive")
        assert shell.duplicates("--apply").code == ExitCode.DONE
        after = snapshot(pair)
        assert after.assets["best.jpg"]["visibility"] == "timeline"
        assert after.trashed() == {"copy.jpg"}

    def test_half_a_place_is_never_taken(self, pair: Server, shell: CommandLine) -> None:
        """Latitude and longitude come from one copy."""
        pair.photo("third.jpg", size=(72, 54))
        (group,) = pair.groups
        pair.settle()
        pair.api.put("/assets", {"ids": [pair.ids["third.jpg"]], "duplicateId": group})
        pair.update("third.jpg", latitude=-33.9, longitude=18.4)
        assert COPY[0] * COPY[1] > 72 * 54
        assert shell.duplicates("--apply").code == ExitCode.DONE
        assert snapshot(pair).assets["best.jpg"]["place"] == (-33.9, 18.4)
