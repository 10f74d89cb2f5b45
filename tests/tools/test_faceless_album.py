"""One album holds the files in which nobody is recognised, and what somebody does with it by hand stays so."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from attrs import define, field

from immich_tools import faceless_album
from immich_tools.errors import ExitCode, Stopped
from tests.tools.command_line import CommandLine, Result
from tests.tools.host import Host
from tests.tools.server import Server
from tests.tools.snapshot import snapshot

NAMES = ("tree.jpg", "house.jpg", "anna.jpg", "ben.jpg")


@pytest.fixture(autouse=True)
def looking_for_faces(host: Host) -> Iterator[None]:
    with host.facial_recognition(is_on=True):
        yield


@pytest.fixture
def family(server: Server) -> Server:
    """Two pictures with somebody, two with nobody."""
    for name in NAMES:
        server.photo(name)
    server.settle()
    server.face("Anna", "anna.jpg")
    server.face("", "ben.jpg")
    return server


def keep(shell: CommandLine, *arguments: str, code: int = ExitCode.DONE) -> Result:
    """Run the tool for files of any age."""
    result = shell.toolkit("faceless-album", "--minimum-age", "0", *arguments)
    assert result.code == code, result.err + result.out
    return result


def members(server: Server, name: str = "Faceless") -> set[str]:
    return set(snapshot(server).albums[name])


def learn(server: Server, name: str = "Faceless") -> None:
    """Note the id of an album that the tool made."""
    (server.albums[name],) = [each["id"] for each in server.api.get("/albums") if each["albumName"] == name]


def test_a_dry_run_shows_the_album_and_changes_nothing(family: Server, shell: CommandLine) -> None:
    before, writes = snapshot(family), family.host.writes()
    result = keep(shell)
    assert "make album 'Faceless'" in result.out and "Dry run" in result.err
    assert family.host.writes() == writes and snapshot(family) == before
    keep(shell, "--exit-code", code=ExitCode.WORK_FOUND)


def test_the_album_is_made_kept_and_a_second_run_is_silent(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply")
    learn(family)
    assert members(family) == {"tree.jpg", "house.jpg"}

    writes = family.host.writes()
    assert "Nothing to do" in keep(shell, "--apply").err
    assert family.host.writes() == writes

    family.photo("car.jpg")
    family.settle()
    family.face("Cara", "house.jpg")
    keep(shell, "--apply")
    assert members(family) == {"tree.jpg", "car.jpg"}


def test_a_run_is_undone(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply")
    learn(family)
    family.face("Dora", "tree.jpg")
    family.photo("car.jpg")
    family.settle()
    before = snapshot(family)
    keep(shell, "--apply")
    assert members(family) == {"house.jpg", "car.jpg"}
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert snapshot(family) == before


def test_what_was_done_by_hand_stays(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply")
    learn(family)
    album = family.albums["Faceless"]
    family.add_to_album("Faceless", "anna.jpg")
    family.api.delete(f"/albums/{album}/assets", {"ids": [family.ids["tree.jpg"]]})
    assert "Nothing to do" in keep(shell, "--apply").err
    assert members(family) == {"anna.jpg", "house.jpg"}
    keep(shell, "--apply", "--no-respect-manual")
    assert members(family) == {"tree.jpg", "house.jpg"}


def test_an_album_made_by_hand_is_not_touched(family: Server, shell: CommandLine) -> None:
    family.album("Faceless", "anna.jpg")
    before = snapshot(family)
    result = keep(shell, "--apply", code=ExitCode.USAGE)
    assert "--adopt" in result.err and snapshot(family) == before

    keep(shell, "--apply", "--adopt")
    assert members(family) == {"anna.jpg", "tree.jpg", "house.jpg"}
    keep(shell)

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert snapshot(family) == before
    keep(shell, "--apply", code=ExitCode.USAGE)
    assert snapshot(family) == before, "what is undone is no longer taken over"


def test_an_album_that_is_sorted_out_when_it_is_taken_over(family: Server, shell: CommandLine) -> None:
    """How somebody comes from the older script, whose album has no mark."""
    family.album("Faceless", "anna.jpg", "tree.jpg")
    keep(shell, "--apply", "--adopt", "--no-respect-manual")
    assert members(family) == {"tree.jpg", "house.jpg"}
    family.face("Dora", "tree.jpg")
    keep(shell, "--apply")
    assert members(family) == {"house.jpg"}


def test_what_an_undo_brought_back_was_still_put_there_by_hand(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply")
    learn(family)
    family.add_to_album("Faceless", "anna.jpg")
    keep(shell, "--apply", "--no-respect-manual")
    assert members(family) == {"tree.jpg", "house.jpg"}
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert "Nothing to do" in keep(shell, "--apply").err
    assert members(family) == {"anna.jpg", "tree.jpg", "house.jpg"}


def test_an_undo_of_another_run_tells_nothing_of_this_album(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply", "--rule", "unnamed-person", "--album-name", "Who")
    learn(family, "Who")
    family.face("", "house.jpg")
    keep(shell, "--apply", "--rule", "unnamed-person", "--album-name", "Who")
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    keep(shell, "--apply")
    learn(family)
    assert (members(family, "Who"), members(family)) == ({"ben.jpg"}, {"tree.jpg"})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--rule", "unnamed-person"), {"ben.jpg"}),
        (("--no-face",), {"tree.jpg", "house.jpg"}),
        (("--rule", "no-gps"), {"tree.jpg", "house.jpg", "anna.jpg", "ben.jpg"}),
        (("--rule", "not-in-album"), {"tree.jpg", "house.jpg", "ben.jpg"}),
        (("--taken-after", "2022-01-01"), None),
        (("--kind", "videos"), None),
        (("--shown", "archive", "--allow-nobody"), None),
    ],
)
def test_rules_and_limits(
    family: Server, shell: CommandLine, arguments: tuple[str, ...], expected: set[str] | None
) -> None:
    family.album("Anna", "anna.jpg")
    keep(shell, "--apply", "--album-name", "Mine", *arguments)
    if expected is None:
        assert not [each for each in family.api.get("/albums") if each["albumName"] == "Mine"]
    else:
        learn(family, "Mine")
        assert members(family, "Mine") == expected
        writes = family.host.writes()
        keep(shell, "--apply", "--album-name", "Mine", *arguments)
        assert family.host.writes() == writes, "its own album does not count"


def test_filters_that_let_no_file_through_end_the_run(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply", "--rule", "no-gps")
    before = snapshot(family)
    result = keep(shell, "--apply", "--rule", "no-gps", "--path-filter", "**/*.png", code=ExitCode.USAGE)
    assert "--path-filter" in result.err and len(result.err.strip().splitlines()) == 1
    assert snapshot(family) == before


def test_files_of_others_and_hidden_videos_never_come_in(host: Host, family: Server, shell: CommandLine) -> None:
    partner = host.new_user("Partner")
    partner.photo("partner.jpg")
    partner.settle()
    partner.show_library_to(family)
    family.video("clip.mov")
    family.photo("live.jpg", live_video="clip.mov")
    family.settle()
    keep(shell, "--apply")
    learn(family)
    assert members(family) == {"tree.jpg", "house.jpg", "live.jpg"}


def test_fresh_files_wait(family: Server, shell: CommandLine) -> None:
    result = shell.toolkit("faceless-album", "--minimum-age", "24")
    assert result.code == ExitCode.DONE
    assert "Nothing to do" in result.err or "make album" in result.out
    limited = family.new_key(
        {"asset.read", "asset.statistics", "user.read", "album.read", "face.read", "album.create", "albumAsset.create"}
    )
    result = shell.with_key(limited).toolkit("faceless-album", "--minimum-age", "24")
    assert "Nothing to do" in result.err, "without a look at the jobs, two files a minute old are too young"


def test_too_many_leaving_stop_the_run(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply")
    learn(family)
    family.face("Dora", "tree.jpg")
    before = snapshot(family)
    result = keep(shell, "--apply", "--max-leaving", "0", code=ExitCode.STOPPED)
    assert "--max-leaving" in result.err and snapshot(family) == before


def test_too_many_joining_stop_the_run_once_the_album_was_filled(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply", "--max-joining", "0")
    learn(family)
    family.photo("car.jpg")
    family.settle()
    before = snapshot(family)
    result = keep(shell, "--apply", "--max-joining", "0", code=ExitCode.STOPPED)
    assert "--max-joining" in result.err and snapshot(family) == before
    keep(shell, "--apply", "--max-joining", "1")
    assert members(family) == {"tree.jpg", "house.jpg", "car.jpg"}


def test_files_without_a_date_are_found_by_the_time_of_their_file(family: Server, shell: CommandLine) -> None:
    family.plain("scan.jpg")
    family.settle()
    keep(shell, "--apply", "--rule", "no-date", "--album-name", "Undated")
    learn(family, "Undated")
    assert members(family, "Undated") == {"scan.jpg"}
    family.update("scan.jpg", dateTimeOriginal="2012-01-02T03:04:05.000Z")
    family.settle()
    keep(shell, "--apply", "--rule", "no-date", "--album-name", "Undated")
    assert members(family, "Undated") == set()


def test_a_saved_plan_is_guarded_and_applied(family: Server, shell: CommandLine) -> None:
    keep(shell, "--save-plan", "plan.json")
    family.face("Dora", "tree.jpg")
    result = shell.toolkit("apply", "plan.json")
    assert result.code == ExitCode.DONE, result.err
    assert [each["albumName"] for each in family.api.get("/albums")] in ([], ["Faceless"])


def test_a_saved_plan_is_guarded_by_what_leaves_the_album(family: Server, shell: CommandLine) -> None:
    keep(shell, "--apply")
    learn(family)
    family.face("Dora", "tree.jpg")
    keep(shell, "--save-plan", "plan.json", "--max-leaving", "1")
    family.face("Emil", "house.jpg")
    before = snapshot(family)
    result = shell.toolkit("apply", "plan.json", "--yes")
    assert result.code == ExitCode.STOPPED and "--max-leaving" in result.err
    assert snapshot(family) == before


@define
class Forgetful(httpx.BaseTransport):
    """Drops people from the answers of searches, as a change of the server might."""

    inner: httpx.BaseTransport = field(factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        response.read()
        if request.url.path.endswith("/search/metadata"):
            answer = json.loads(response.content)
            for item in answer["assets"]["items"]:
                item.pop("people", None)
            return httpx.Response(response.status_code, json=answer)
        return response

    def close(self) -> None:
        self.inner.close()


def test_an_answer_without_people_is_an_error_and_not_a_faceless_library(family: Server) -> None:
    immich = family.connect(read_only=True, transport=Forgetful())
    facts = faceless_album.gather(immich)
    with pytest.raises(Stopped, match="told nothing about people for 4 of 4 files"):
        faceless_album.make_plan(facts, faceless_album.FacelessAlbumOptions())


def test_without_facial_recognition_nothing_is_decided(host: Host, family: Server, shell: CommandLine) -> None:
    with host.facial_recognition(is_on=False):
        result = keep(shell, "--apply", code=ExitCode.STOPPED)
        assert "switched off" in result.err
        keep(shell, "--apply", "--allow-nobody")
    learn(family)
    assert members(family) == {"tree.jpg", "house.jpg"}


def test_a_library_without_people_needs_a_word(server: Server, shell: CommandLine) -> None:
    server.photo("tree.jpg")
    server.settle()
    result = keep(shell, "--apply", code=ExitCode.STOPPED)
    assert "--allow-nobody" in result.err
    keep(shell, "--apply", "--allow-nobody")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--album-name", " "), "--album-name is empty"),
        (("--rule", "no-faces"), "no-face"),
        (("--no-face", "--no-person"), "contradict"),
        (("--rule", "no-gps", "--no-face"), "contradicts"),
        (("--taken-after", "yesterday"), "--taken-after"),
        (("--taken-after", "2022-01-02", "--taken-before", "2022-01-01"), "no file can be meant"),
        (("--minimum-age", "-1"), "--minimum-age"),
        (("--max-leaving-ratio", "2"), "--max-leaving-ratio"),
        (("--max-leaving", "-1"), "--max-leaving"),
        (("--max-joining-ratio", "-0.1"), "--max-joining-ratio"),
        (("--max-joining", "-1"), "--max-joining"),
        (("--path-filter", "[b-a]"), "--path-filter"),
        (("--kind", "pictures"), "--kind"),
        (("--email",), "EMAIL_SMTP_SERVER"),
    ],
)
def test_bad_input_is_one_line_and_reads_nothing(
    server: Server, shell: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    result = shell.toolkit("faceless-album", "--apply", *arguments)
    assert result.code == ExitCode.USAGE
    assert message in result.err and len(result.err.strip().splitlines()) == 1, result.err


def test_the_variables_of_the_older_script(family: Server, shell: CommandLine) -> None:
    older = {
        "IMMICH_URL": shell.url + "/",
        "API_KEY": shell.key,
        "ALBUM_NAME": "Things",
        "LOG_FILE_PATH": "faceless.log",
        "ENABLE_EMAIL_ON_ERROR": "off",
        "EMAIL_SMTP_PORT": "465",
    }
    result = keep(shell.with_environment(older), "--apply")
    learn(family, "Things")
    assert members(family, "Things") == {"tree.jpg", "house.jpg"}, result.err
    log = (shell.folder / "faceless.log").read_text()
    assert "Things" in log and shell.key not in log
