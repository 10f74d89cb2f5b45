"""A run killed at any moment leaves no half file under its final name, and the next run finishes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = '''
import json, os, signal, sys
from pathlib import Path
from immich_tools.disk.checksum import content_of
from immich_tools.disk.copy import Deed, clean_up, copy_file, is_proven
from immich_tools.disk.place import Place

source, root = Path(sys.argv[1]), Path(sys.argv[2])
expected = content_of(source)
deeds, left, moment = [], 0, 0

def die_at(moment):
    """Kill the process at the `moment`-th line of the package that it runs."""
    count = 0
    def trace(frame, event, argument):
        nonlocal count
        if "immich_tools" not in frame.f_code.co_filename:
            return None
        if event == "line":
            count += 1
            if count == moment:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)

while True:
    moment += 1
    place = Place(root, f"{moment}/IMG.jpg")
    child = os.fork()
    if not child:
        die_at(moment)
        copy_file(source, place, expected=expected)
        os._exit(0)
    if os.WIFEXITED(os.waitpid(child, 0)[1]):
        break
    names = os.listdir(place.path.parent) if place.path.parent.exists() else []
    assert "IMG.jpg" not in names or is_proven(place, expected), moment
    left += len(clean_up(place))
    deeds.append(copy_file(source, place, expected=expected).deed.value)
    assert os.listdir(place.path.parent) == ["IMG.jpg"], moment
print(json.dumps({"left": left, "deeds": {deed: deeds.count(deed) for deed in set(deeds)}}))
'''


def test_at_every_line_of_a_copy(tmp_path: Path) -> None:
    source, root = tmp_path / "IMG.jpg", tmp_path / "root"
    source.write_bytes(bytes(range(256)) * 100)
    root.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, source, root], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    # The runs died before, while and after the file got its name, so all of this was seen many times.
    assert told["left"] > 10
    assert told["deeds"]["copied"] > 10
    assert told["deeds"]["already-there"] > 5


IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from immich_tools.disk.copy import copy_file
from immich_tools.disk.place import Place
from immich_tools.disk.watch import Watch
blocks = iter(range(int(sys.argv[3])))
def progress(_count):
    if next(blocks, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
copy_file(Path(sys.argv[1]), Place(Path(sys.argv[2]), "b.mov"), watch=Watch(progress=progress))
"""


@pytest.mark.parametrize("blocks", [0, 1])
def test_between_the_blocks_of_a_large_file(tmp_path: Path, blocks: int) -> None:
    source, root = tmp_path / "b.mov", tmp_path / "root"
    source.write_bytes(bytes(9 << 20))
    root.mkdir()
    done = subprocess.run([sys.executable, "-c", IN_THE_MIDDLE, source, root, str(blocks)], check=False)
    assert done.returncode == -9
    (left,) = root.iterdir()
    assert left.name.startswith(".immich-toolkit-")
    assert left.stat().st_size == (blocks + 1) * (4 << 20)
