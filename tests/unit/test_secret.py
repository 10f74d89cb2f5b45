"""A secret never shows, whatever is done with it."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.secret import MASK, NoReadablePath, Secret, redact

PLAIN = "s3cr3t/key+with=marks"


@attrs.frozen
class Holder:
    key: Secret


@pytest.mark.parametrize(
    "show",
    [repr, str, "{}".format, "{!r}".format, lambda it: f"{it}", lambda it: repr([it]), lambda it: str({"key": it})],
)
def test_printing_masks(show: Callable[[object], str]) -> None:
    assert PLAIN not in show(Secret(PLAIN))
    assert MASK in show(Secret(PLAIN))
    assert PLAIN not in show(Holder(Secret(PLAIN)))


def test_format_with_a_width() -> None:
    assert f"{Secret(PLAIN):>12}" == f"  {MASK}"


def test_reveal_is_the_only_way_out() -> None:
    secret = Secret(PLAIN)
    assert secret.reveal() == PLAIN
    assert not hasattr(secret, "__dict__")
    assert PLAIN not in str(attrs.asdict(Holder(secret)))
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert copy.copy(secret) is secret
    assert copy.deepcopy(Holder(secret)) == Holder(secret)


def test_it_cannot_be_changed() -> None:
    secret = Secret(PLAIN)
    with pytest.raises(AttributeError):
        secret.text = "other"
    with pytest.raises(AttributeError):
        del secret._Secret__text  # type: ignore[attr-defined]
    assert secret.reveal() == PLAIN


def test_equality() -> None:
    assert Secret(PLAIN) == Secret(PLAIN)
    assert Secret(PLAIN) != Secret(PLAIN + "x")
    assert Secret(PLAIN) != PLAIN
    assert len({Secret(PLAIN), Secret(PLAIN)}) == 1
    assert Secret("clé") == Secret("clé")


@pytest.mark.parametrize("text", ["", "two\nlines", "carriage\rreturn", "nul\0", "tab\t", "\x7f"])
def test_impossible_secrets(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        Secret(text)
    assert text == "" or text not in str(caught.value)


@pytest.mark.parametrize("content", [b"key", b"key\n", b"key\r\n", b"key\n\n", b"\xef\xbb\xbfkey\n"])
def test_from_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    assert Secret.from_file(path).reveal() == "key"


def test_spaces_belong_to_the_secret(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(" pass word \n")
    assert Secret.from_file(path).reveal() == " pass word "


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"hidden\nhidden", "line break"),
        (b"hid\xff", "UTF-8"),
    ],
    ids=["empty", "blank", "two lines", "bytes"],
)
def test_unusable_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=reason) as caught:
        Secret.from_file(path)
    assert str(path) in str(caught.value)
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    # The frame of this test holds the content itself.
    trace.stack.pop(0)
    assert "hid" not in "".join(trace.format())
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", [PLAIN, "x" * 5000, "nul\0", "file/below/a/file"])
def test_what_names_no_file_may_be_the_secret_and_is_not_shown(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("key")
    with pytest.raises(NoReadablePath) as caught:
        Secret.from_file(tmp_path / name)
    assert name not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_folder_is_not_a_secret(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        Secret.from_file(tmp_path)


@pytest.mark.parametrize(
    "written",
    [PLAIN, quote(PLAIN), quote(PLAIN, safe=""), json.dumps({"key": PLAIN}), repr(PLAIN), f"a{PLAIN}b{PLAIN}c"],
)
def test_redact(written: str) -> None:
    shown = redact(f"before {written} after", [Secret(PLAIN)])
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert MASK in shown
    for form in (PLAIN, quote(PLAIN), quote(PLAIN, safe="")):
        assert form not in shown


def test_a_secret_inside_of_another_one() -> None:
    secrets = [Secret("shorter1"), Secret("longer-shorter1-tail")]
    assert redact("shorter1 longer-shorter1-tail", secrets) == f"{MASK} {MASK}"


@given(st.text(min_size=16).filter(str.isprintable), st.text(), st.text())
def test_a_long_secret_is_masked_wherever_it_stands(plain: str, before: str, after: str) -> None:
    shown = redact(f"{before}{plain}{after}", [Secret(plain)])
    assert plain not in shown or plain in MASK


BESIDE = st.sampled_from([*" \n'\",;:/?&=@()[]{}<>|#%\\-+.", r"\n", r"\t", r"\x0a", r"\u000a", "%3D", "%20"])


@given(st.text(min_size=8, max_size=15).filter(lambda text: text.isprintable() and not text.isalpha()), BESIDE, BESIDE)
def test_a_shorter_secret_is_masked_as_a_word_of_its_own(plain: str, before: str, after: str) -> None:
    shown = redact(f"word{before}{plain}{after}word", [Secret(plain)])
    assert plain not in shown or plain in f"word{before}{MASK}{after}word"


@pytest.mark.parametrize(
    ("plain", "text", "shown"),
    [
        ("postgres", "Cannot reach immich_postgres", "Cannot reach immich_postgres"),
        ("postgres", "the user postgres of immich-postgres:5432", "the user postgres of immich-postgres:5432"),
        ("postgres", "postgres://postgres:postgres@postgres/postgres", f"postgres://postgres:{MASK}@postgres/postgres"),
        ("postgres", "DB_PASSWORD=postgres", f"DB_PASSWORD={MASK}"),
        ("postgres", "password='postgres' host", f"password='{MASK}' host"),
        ("postgres", '{"password": "postgres", "host": "postgres"}', f'{{"password": "{MASK}", "host": "postgres"}}'),
        ("a", "a cat at a://a:a@a", f"a cat at a://a:{MASK}@a"),
        ("a", "https://a@host", f"https://{MASK}@host"),
        ("12345", "12345 files, key: 12345", f"12345 files, key: {MASK}"),
        ("immich2024", "immich2024 on immich2024_db", f"{MASK} on immich2024_db"),
        ("immich2024", "xyimmich2024", "xyimmich2024"),
        ("p@ss/w0rd", "x p%40ss%2Fw0rd p@ss/w0rd.", f"x {MASK} {MASK}."),
        ("immich2024", "b'immich2024' line\\nimmich2024 %3Dimmich2024", f"b'{MASK}' line\\n{MASK} %3D{MASK}"),
    ],
)
def test_only_the_secret_itself_is_masked(plain: str, text: str, shown: str) -> None:
    assert redact(text, [Secret(plain)]) == shown
