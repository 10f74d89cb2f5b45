"""Who may import whom. Arrows point one way: commands → tool → plan, immich → immich_sdk; a planner sees facts and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "immich_tools"

ROOMS = {
    "immich": {"clock", "errors", "i18n", "immich", "secret", "settings"},
    "plan": {"codec", "disk", "errors", "folders", "i18n", "immich", "paths", "placeholder_dates", "plan", "report"},
    "report": {"errors", "i18n", "immich", "plan", "report", "secret", "settings"},
    "duplicates": {
        *(
            "duplicates",
            "errors",
            "i18n",
            "immich",
            "paths",
            "placeholder_dates",
            "plan",
            "service",
            "session",
            "settings",
        ),
    },
    "folder_albums": {
        "errors",
        "folder_albums",
        "folders",
        "i18n",
        "immich",
        "paths",
        "plan",
        "secret",
        "service",
        "session",
        "settings",
    },
    "faceless_album": {
        *("errors", "faceless_album", "folders", "i18n", "immich", "paths", "plan", "service", "session", "settings"),
    },
    "album_backup": {
        *(
            "album_backup",
            "codec",
            "disk",
            "errors",
            "folders",
            "i18n",
            "immich",
            "paths",
            "plan",
            "report",
            "service",
            "session",
        ),
        "settings",
    },
    "disk": {"disk", "errors", "i18n", "paths"},
    "missing_originals": {
        *(
            "codec",
            "disk",
            "errors",
            "folders",
            "i18n",
            "immich",
            "missing_originals",
            "paths",
            "plan",
            "report",
            "secret",
        ),
        *("service", "session", "settings"),
    },
    "paths": {"errors", "i18n", "paths"},
    "service": {"codec", "disk", "errors", "i18n", "secret", "service", "settings"},
    "settings": {"codec", "errors", "folders", "i18n", "secret", "settings"},
    "sandbox": {"sandbox", "immich"},
}
"""Which rooms of the package each room may import."""

FOLDER_ALBUMS = (
    *(
        "album_settings",
        "albumprops",
        "arrange",
        "choices",
        "cleanup",
        "diagnosis",
        "facts",
        "leaving",
        "levels",
        "matching",
    ),
    *(
        "notes",
        "plan",
        "properties",
        "refusals",
        "renaming",
        "roots",
        "scheme",
        "settle",
        "sharing",
        "tagging",
        "thumbnails",
    ),
)
MISSING_ORIGINALS = (
    *("choices", "facts", "listing", "memory", "moves", "patterns", "places", "plan", "promises", "ratio", "records"),
    *("selection", "units"),
)
ALBUM_BACKUP = (
    *(
        "carry",
        "choices",
        "facts",
        "finish",
        "homes",
        "layout",
        "names",
        "plan",
        "regions",
        "selection",
        "shown",
        "sidecar",
        "units",
        "xmp",
    ),
)
DUPLICATES = ("edits", "facts", "formats", "live_photos", "notes", "plan", "rank", "scope", "series", "transfer")
EFFECTS = ("album_creation", "albums", "assets", "base", "duplicates", "libraries", "stacks", "tags")
PURE = [
    *(f"folder_albums/{name}.py" for name in FOLDER_ALBUMS),
    *(f"paths/{name}.py" for name in ("filters", "globs", "mapping", "names")),
    *(f"duplicates/{name}.py" for name in DUPLICATES),
    *(f"faceless_album/{name}.py" for name in ("album", "choices", "facts", "plan", "rules")),
    *(f"service/{name}.py" for name in ("cron", "message")),
    *(f"album_backup/{name}.py" for name in ALBUM_BACKUP),
    "disk/content.py",
    "disk/findings.py",
    *(f"missing_originals/{name}.py" for name in MISSING_ORIGINALS),
    *(f"plan/{name}.py" for name in ("batching", "claims", "confirm", "expected", "fields", "fingerprint", "transfer")),
    *(f"plan/effects/{name}.py" for name in EFFECTS),
]
FORBIDDEN_TO_PLANNERS = {
    *(
        "httpx",
        "immich_sdk",
        "os",
        "pathlib",
        "psycopg",
        "random",
        "secrets",
        "shutil",
        "socket",
        "subprocess",
        "time",
        "uuid",
    ),
}


def imported(path: Path) -> set[str]:
    """Full names of the modules a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def sources(room: str) -> list[Path]:
    """The Python files of a room."""
    return sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    assert sources(room)
    for path in sources(room):
        rooms = {name.split(".")[1] for name in imported(path) if name.startswith("immich_tools.")}
        assert rooms <= ROOMS[room], path


def test_only_the_server_layer_knows_httpx_and_the_sdk() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).as_posix()
        if inside.startswith(("immich/", "sandbox/")):
            continue
        outsiders = {name.split(".")[0] for name in imported(path)} & {"httpx", "httpx_retries", "immich_sdk"}
        assert not outsiders, inside


def test_only_one_module_knows_the_database_library() -> None:
    users = {path for path in PACKAGE.rglob("*.py") if any(name.split(".")[0] == "psycopg" for name in imported(path))}
    assert users == {PACKAGE / "missing_originals" / "database.py"}


def test_the_sandbox_touches_httpx_in_one_file() -> None:
    users = [path.name for path in sources("sandbox") if any(name.split(".")[0] == "httpx" for name in imported(path))]
    assert users == ["transport.py"]


@pytest.mark.parametrize("inside", PURE)
def test_a_planner_imports_no_input_output_clock_or_chance(inside: str) -> None:
    tops = {name.split(".")[0] for name in imported(PACKAGE / inside)}
    assert not tops & FORBIDDEN_TO_PLANNERS


@pytest.mark.parametrize("inside", PURE)
def test_a_planner_does_not_ask_what_time_it_is(inside: str) -> None:
    tree = ast.parse((PACKAGE / inside).read_text(encoding="utf-8"))
    clocks = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("now", "today", "utcnow")
    }
    assert not clocks


def test_nothing_of_the_sdk_is_loaded_by_help(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from immich_tools.settings import make_app, run\n"
        "sys.argv = ['immich-toolkit', '--help']\n"
        "import immich_tools.cli\n"
        "try:\n    immich_tools.cli.main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('immich_sdk', 'httpx.', 'immich_tools.duplicates')\n"
        "print(sorted(name for name in sys.modules if name.startswith(heavy)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr.strip() == "[]"
