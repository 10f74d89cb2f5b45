"""Many random names on every kind of mount: no file that exists is called missing, and nearly all removed ones are.

It takes minutes, so it is not among the tests that run by default. Run it after changes of `immich_tools.disk`:

    python -m pytest tests/fuzz/names.py -s
"""

from __future__ import annotations

import errno
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.disk.findings import FileState
from immich_tools.disk.look import look
from immich_tools.disk.port import Entry, Status
from immich_tools.disk.replaced_names import name_form, odd_kinds
from immich_tools.disk.roots import Root
from immich_tools.disk.scan import by_folder
from tests.unit.disk.mounts import MOUNTS, shown_by

EXAMPLES = 20_000
LEAST_SHARE = 0.99
ROOT = "/mount"
AS_IT_IS = "as it is"
LEAVES_OUT = "leaves out"
"""A mount that leaves out each name with an odd character, as ntfs-3g does."""
Form: TypeAlias = Literal["as it is", "NFC", "NFD"]
FORMS: tuple[Form, ...] = ("as it is", "NFC", "NFD")


@frozen
class MemoryEntry:
    """A name in a folder of a `MemoryFileSystem`."""

    name: str
    is_plain: bool

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a file."""
        return self.is_plain


@frozen
class MemoryFileSystem:
    """Folders and empty files in memory.

    :ivar folders: path of each folder → its names, and whether each is a file.
    """

    folders: dict[str, dict[str, bool]] = field(factory=lambda: {ROOT: {}})

    def put(self, path: str) -> bool:
        """Make a file and the folders above it; False where a file is in the way of a folder, or a folder in that of a file."""
        names = path.split("/")
        steps = [("/".join((ROOT, *names[:depth])), name) for depth, name in enumerate(names)]
        kinds = [(folder, name, depth == len(names) - 1) for depth, (folder, name) in enumerate(steps)]
        if any(self.folders.get(folder, {}).get(name, is_file) is not is_file for folder, name, is_file in kinds):
            return False
        for folder, name, is_file in kinds:
            self.folders.setdefault(folder, {})[name] = is_file
        return True

    def entries(self, folder: str) -> Iterator[Entry]:
        """What a folder holds."""
        if folder not in self.folders:
            self.status(folder)
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
        yield from (MemoryEntry(name, is_file) for name, is_file in self.folders[folder].items())

    def status(self, path: str) -> Status:
        """What a path leads to."""
        if path in self.folders:
            return Status(1, is_file=False)
        folder, _slash, name = path.rpartition("/")
        if not self.folders.get(folder, {}).get(name, False):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return Status(1, is_file=True)


SCRIPTS = (
    "éßñÄø",
    "e\u0301u\u0308",
    "ŁşőŒ",
    "ЖщёПрага",
    "Ωλήά",
    "写真表示",
    "ひらガパ",
    "한국어각",
    "שלום",
    "سلام",
    "हिन्दी",
    "ไทย",
    "Ấệ",
    "🎉👩\u200d👧🏽",
    "→€–…’",
    "\u212a\u212b\u037e",
)
RESERVED = '\\:*?"<>|%~_- .'
LEGACY_BYTES = "\udce9\udcfc\udc83\udcff"
anything = st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
letters = st.one_of(
    st.sampled_from("abcXYZ0189_-"),
    st.sampled_from("".join(SCRIPTS)),
    st.sampled_from(RESERVED + "\ufffd\uf03a\uff1a\x7f\x01"),
    st.sampled_from(LEGACY_BYTES),
    anything,
)
one_script = st.sampled_from(SCRIPTS).flatmap(lambda script: st.text(st.sampled_from(script + "ab 1"), min_size=1))
words = st.one_of(
    st.builds("{}{:03}{}".format, st.sampled_from(["IMG_", "DSC", "", "写真"]), st.integers(0, 999), one_script),
    st.builds(
        "{}{}".format, st.text(letters, min_size=1, max_size=12), st.sampled_from(["", ".jpg", ".JPG", " ", "."])
    ),
    one_script,
).filter(lambda name: name not in (".", ".."))
paths = st.lists(words, min_size=1, max_size=3).map("/".join)


def in_form(path: str, form: Form) -> str:
    """A path in a Unicode form; as it is where that form makes ASCII of a character that a mount may replace, such as U+037E."""
    becomes_ascii = any(not each.isascii() and unicodedata.normalize("NFC", each).isascii() for each in path)
    return path if form == "as it is" or becomes_ascii else unicodedata.normalize(form, path)


def shown(path: str, mount: str) -> str | None:
    """How a mount shows a path; None where it leaves it out."""
    if mount in (AS_IT_IS, LEAVES_OUT):
        return None if mount == LEAVES_OUT and odd_kinds(path) else path
    names = [shown_by(mount, name) for name in path.split("/")]
    whole = [name for name in names if name is not None]
    return "/".join(whole) if len(whole) == len(names) else None


def known_to_server(path: str, form: Form) -> str:
    """A path as Immich reads it: bytes that are not UTF-8 are U+FFFD there."""
    return in_form(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), form)


def states(files: MemoryFileSystem, wanted: Sequence[str]) -> Mapping[str, FileState]:
    sight = look(
        Root(ROOT), by_folder(f"{ROOT}/{path}" for path in wanted), file_system=files, threads=1, patience=3600
    )
    assert sight.verdict.is_proven
    return {path[len(ROOT) + 1 :]: finding.state for path, finding in sight.findings.items()}


def test_only_removed_files_are_missing() -> None:
    counts: Counter[str] = Counter()
    doubted: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    @given(
        there=st.frozensets(paths, min_size=1, max_size=6),
        removed=st.frozensets(paths, max_size=4),
        mount=st.sampled_from([*MOUNTS, AS_IT_IS, LEAVES_OUT]),
        on_server=st.sampled_from(FORMS),
        on_disk=st.sampled_from(FORMS),
    )
    def run(there: frozenset[str], removed: frozenset[str], mount: str, on_server: Form, on_disk: Form) -> None:
        files = MemoryFileSystem()
        files.put("x.jpg")
        existing = {"x.jpg"}
        kinds_shown: set[str] = set()
        for path in sorted(there):
            stored = in_form(path, on_disk)
            listed = shown(stored, mount)
            if listed is None or files.put(listed):
                known = known_to_server(path, on_server)
                existing.add(known)
                if listed == stored:
                    kinds_shown |= odd_kinds(known).keys()
        forms = {name_form(path) for path in existing}
        removed |= {f"{folder}{slash}lost {name}" for folder, slash, name in (path.rpartition("/") for path in there)}
        gone = {known: path for path in removed if name_form(known := known_to_server(path, on_server)) not in forms}
        found = states(files, sorted(existing | gone.keys()))
        wrong = [path for path in sorted(existing) if found.get(path) is FileState.MISSING]
        assert not wrong, (mount, wrong, files.folders)
        counts["examples"] += 1
        counts["existing"] += len(existing)
        for known, path in gone.items():
            stored = in_form(path, on_disk)
            if shown(stored, mount) != stored or not odd_kinds(known).keys() <= kinds_shown:
                continue
            counts["removed"] += 1
            if found.get(known) is FileState.MISSING:
                counts["missing"] += 1
            else:
                doubted[mount] += 1

    run()
    share = counts["missing"] / counts["removed"]
    print(f"\n{dict(counts)}, share {share:.4f}, doubted by mount {dict(doubted)}")  # noqa: T201 - the figures of a run
    assert counts["examples"] >= EXAMPLES
    assert share >= LEAST_SHARE, doubted
