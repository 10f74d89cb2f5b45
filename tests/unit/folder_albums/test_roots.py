"""Where files lie below roots, and what is said of a root that holds none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.folder_albums.diagnosis import RootDiagnosis, diagnose
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.roots import Folder, Placed, Roots
from immich_tools.paths import normal_path


def test_a_file_is_placed() -> None:
    assert Roots(["/ext/lib/"]).place("/ext/lib/2020/Feb/a.jpg") == Placed(
        Folder("/ext/lib", ("2020", "Feb")), "2020/Feb/a.jpg"
    )
    assert Folder("/ext/lib", ("2020", "Feb")).path == "/ext/lib/2020/Feb"
    assert Folder("/", ("2020",)).path == "/2020"


@pytest.mark.parametrize(
    ("root", "path", "below"),
    [
        ("/", "/A/i.jpg", "A/i.jpg"),
        ("//", "/A/i.jpg", None),
        ("/ext/./lib//", "/ext/lib/A/i.jpg", "A/i.jpg"),
        ("upload/library", "upload/library/A/i.jpg", "A/i.jpg"),
        ("upload/library", "/upload/library/A/i.jpg", None),
        ("c:\\photos\\", "C:\\photos\\A\\i.jpg", "A/i.jpg"),
        ("C:", "C:\\A\\i.jpg", "A/i.jpg"),
        ("\\\\nas\\photos", "\\\\nas\\photos\\A\\i.jpg", "A/i.jpg"),
        ("//nas/photos", "\\\\nas\\photos\\A\\i.jpg", "A/i.jpg"),
        ("/photos", "/photos/A\\B/i.jpg", "A\\B/i.jpg"),
        ("/Cafe\u0301", "/Caf\u00e9/A\u0308/i.jpg", "\u00c4/i.jpg"),
        ("/photos", "i.jpg", None),
        ("/photos", "", None),
        ("/photos", "/photos", None),
    ],
)
def test_ways_to_write_a_root(root: str, path: str, below: str | None) -> None:
    placed = Roots([root]).place(path)
    assert (placed.below if isinstance(placed, Placed) else None) == below


@pytest.mark.parametrize(
    ("roots", "words"),
    [
        ([], "--root-path is missing"),
        ([""], "--root-path is empty: give a folder as the server sees it, such as /external/photos."),
        (["  "], "--root-path is empty"),
        (["/a", "."], "--root-path is empty"),
        (["/a/../b"], "--root-path '/a/../b': write the folder without '..'."),
    ],
)
def test_impossible_roots(roots: list[str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Roots(roots)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("/a/i.jpg", SkipCode.IN_ROOT, "lies directly in the root /a, not in a folder below it"),
        ("/b/i.jpg", SkipCode.OUTSIDE_ROOTS, "lies under none of the roots"),
    ],
)
def test_reasons_of_skips(path: str, code: SkipCode, reason: str) -> None:
    assert Roots(["/a"]).place(path) == Refusal(code, reason)


@given(
    st.lists(st.sampled_from(["/a", "/a/b", "/a/b/", "/b", "/a//b", "/"]), min_size=1),
    st.randoms(use_true_random=False),
)
def test_the_order_of_roots_does_not_matter(roots: list[str], chance: random.Random) -> None:
    shuffled = chance.sample(roots, len(roots))
    for path in ("/a/i", "/a/b/i", "/a/b/c/i", "/c/i", "/i"):
        assert Roots(roots).place(path) == Roots(shuffled).place(path)


@given(st.text("aC:\\/é\u0301.", max_size=12))
def test_a_normal_path_stays_as_it_is(path: str) -> None:
    assert normal_path(normal_path(path)) == normal_path(path)


LIBRARY = (
    "/usr/src/app/external/photos/2020/a.jpg",
    "/usr/src/app/external/photos/2021/b.jpg",
    "/usr/src/app/external/photos/2022/c.jpg",
    "/usr/src/app/external/photos/2022/d.jpg",
    "/usr/src/app/external/photos/2023/e.jpg",
)


@pytest.mark.parametrize(
    ("root", "paths", "suggestion"),
    [
        pytest.param("/mnt/nas/photos", LIBRARY, "/usr/src/app/external/photos", id="the host's path"),
        pytest.param("usr/src/app/external/photos", LIBRARY, "/usr/src/app/external/photos", id="no slash in front"),
        pytest.param("/USR/src/app/external/Photos/", LIBRARY, "/usr/src/app/external/photos", id="another case"),
        pytest.param("/usr/src/app/external/photos ", LIBRARY, "/usr/src/app/external/photos", id="a blank at the end"),
        pytest.param(
            "/mnt/nas/photos/2022", LIBRARY, "/usr/src/app/external/photos/2022", id="a folder of the library"
        ),
        pytest.param("/volume1/pictures", LIBRARY, "/usr/src/app/external/photos", id="no name in common"),
        pytest.param("/photos", ("C:\\Photos\\A\\i.jpg",), "C:/Photos", id="Windows"),
        pytest.param("D:\\Family\\Photos", LIBRARY, "/usr/src/app/external/photos", id="the host's path on Windows"),
        pytest.param("usr\\src\\app\\external\\photos", LIBRARY, "/usr/src/app/external/photos", id="wrong slashes"),
        pytest.param("\\\\nas\\photos\\", LIBRARY, "/usr/src/app/external/photos", id="a share on Windows"),
        pytest.param("/mnt/external/photos/2023", LIBRARY, "/usr/src/app/external/photos/2023", id="wrong mount"),
        pytest.param(
            "/mnt/photos",
            ("/x/photos/photos/i.jpg", "/x/photos/a/i.jpg", "/y/z/photos/i.jpg"),
            "/x/photos",
            id="the highest",
        ),
        pytest.param("/mnt/lib", ("/a/Lib/i.jpg", "/b/lib/i.jpg"), "/b/lib", id="spelled exactly so"),
        pytest.param("/mnt/photos", ("/a/x/i.jpg", "/b/y/i.jpg"), None, id="nothing to go by"),
        pytest.param("/mnt/photos", ("/a/x/i.jpg", "/a/x/j.jpg"), "/a", id="one folder, which is to be an album"),
        pytest.param("/mnt/photos", ("/a/i.jpg",), "/a", id="one folder with none above it"),
        pytest.param("/mnt/photos", (), None, id="no file at all"),
    ],
)
def test_the_root_that_was_probably_meant(root: str, paths: tuple[str, ...], suggestion: str | None) -> None:
    (diagnosis,) = diagnose(Roots([root]), paths)
    assert diagnosis.suggestion == suggestion


def test_import_paths_help() -> None:
    roots = Roots(["/mnt/nas/pictures"])
    assert diagnose(roots, ["/a/x/i.jpg", "/b/y/i.jpg"], ["/a/"])[0].suggestion == "/a"
    assert diagnose(roots, [], ["/external/pictures", "/b"])[0].suggestion == "/external/pictures"


def test_a_root_with_files_is_not_spoken_of() -> None:
    assert diagnose(Roots(["/usr/src/app/external/photos"]), LIBRARY) == ()


def test_an_outer_root_holds_what_an_inner_one_holds() -> None:
    assert diagnose(Roots(["/usr/src", "/usr/src/app/external/photos"]), LIBRARY) == ()


def test_a_suggestion_looks_beside_the_roots_that_are_right() -> None:
    paths = [*LIBRARY, "/usr/src/app/external/family/2020/f.jpg"]
    (diagnosis,) = diagnose(Roots(["/usr/src/app/external/photos", "/mnt/nas/videos"]), paths)
    assert diagnosis.suggestion == "/usr/src/app/external/family"
    assert diagnosis.samples == ("/usr/src/app/external/family/2020/f.jpg",)


def test_what_the_user_is_told() -> None:
    (diagnosis,) = diagnose(Roots(["/mnt/nas/photos"]), LIBRARY)
    assert diagnosis.message == (
        "No file lies under the root /mnt/nas/photos. Did you mean /usr/src/app/external/photos? "
        "A root is the folder's path as Immich sees it (inside its container), where files are called "
        "/usr/src/app/external/photos/2020/a.jpg, /usr/src/app/external/photos/2021/b.jpg, /usr/src/app/external/photos/2022/c.jpg."
    )
    assert RootDiagnosis("/photos").message == (
        "No file lies under the root /photos. The server has no file in an external library that this key may see."
    )


@given(st.permutations([*LIBRARY, "/other/photos/2020/x.jpg"]))
def test_a_diagnosis_does_not_depend_on_order(paths: list[str]) -> None:
    expected = diagnose(Roots(["/mnt/photos", "/none"]), sorted(paths))
    assert diagnose(Roots(["/none", "/mnt/photos"]), paths) == expected
