"""Names that every file system takes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from immich_tools.album_backup.names import LONGEST, collision_key, safe_name, split_extension

ODD = st.text(st.one_of(st.characters(), st.sampled_from("./\\ :*?\0\u0301\u202e\ud800aéA+1")), max_size=400)
DEVICES = ("CON", "prn", "Aux", "nul", "COM1", "lpt9", "com¹")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("Été à Paris", "Été à Paris"),
        ("E\u0301te\u0301", "Été"),
        ("../..", "_._"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("   ", "_"),
        ("a/b", "a_b"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x", "C__x"),
        ('a<b>c:"d|e?f*', "a_b_c__d_e_f_"),
        ("tab\there\nnext", "tab_here_next"),
        ("half \ud83d emoji", "half _ emoji"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ("dots...", "dots"),
        ("blank . .", "blank"),
        ("  around  ", "around"),
        (".hidden", "_hidden"),
        ("...x", "_..x"),
        ("NUL", "NUL_"),
        ("nul.tar.gz", "nul_.tar.gz"),
        ("aux .txt", "aux_ .txt"),
        ("Console", "Console"),
        ("@eaDir", "@eaDir_"),
        ("#recycle", "#recycle_"),
        ("👨‍👩‍👧 Family", "👨‍👩‍👧 Family"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("é" * 200 + ".jpg", "é" * 125 + ".jpg"),
        ("x" * 254 + ". rest", "x" * 254),
        ("Mr. Smith and everybody else we met", "Mr. Smith and everybody else we met"),
    ],
)
def test_table(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize(
    ("name", "stem", "extension"),
    [
        ("a.jpg", "a", ".jpg"),
        ("a.tar.gz", "a.tar", ".gz"),
        ("a", "a", ""),
        ("a.", "a.", ""),
        (".a", ".a", ""),
        ("Mr. Smith", "Mr. Smith", ""),
        ("a.averylongword", "a.averylongword", ""),
    ],
)
def test_extension(name: str, stem: str, extension: str) -> None:
    assert split_extension(name) == (stem, extension)


@given(ODD, st.integers(32, LONGEST))
@example("\u2260<\u0338/..", 32)
@example("NUL" + "\u3000" * 40 + ".jpg", 32)
def test_one_plain_visible_name(text: str, room: int) -> None:
    name = safe_name(text, room=room)
    assert name not in ("", ".", "..")
    assert not set(name) & set('/\\:*?"<>|\0')
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name)
    assert len(name.encode()) <= room
    assert not name.startswith(".")
    assert name == name.strip().rstrip(".")
    assert unicodedata.is_normalized("NFC", name)


@given(ODD, st.integers(32, LONGEST))
def test_a_safe_name_stays(text: str, room: int) -> None:
    name = safe_name(text, room=room)
    assert safe_name(name, room=room) == name


@given(st.sampled_from(DEVICES), st.sampled_from(["", " ", ".txt", ".tar.gz", " .x", "."]))
def test_no_name_is_a_device(device: str, rest: str) -> None:
    name = safe_name(device + rest)
    assert name.partition(".")[0].rstrip().lower() not in {each.lower() for each in DEVICES}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a/IMG.JPG", "A/img.jpg", True),
        ("é", "e\u0301", True),
        ("É", "e\u0301", True),
        ("STRASSE", "straße", True),
        ("ﬁ", "FI", True),
        ("ıI", "Iı", True),
        ("a\u200db", "ab", True),
        ("a", "b", False),
        ("a/b", "ab", False),
        ("e", "é", False),
    ],
)
def test_what_some_file_system_takes_for_the_same(one: str, other: str, *, same: bool) -> None:
    assert (collision_key(one) == collision_key(other)) is same
