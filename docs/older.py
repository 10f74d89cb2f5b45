"""What is known of the older tools: their variables and flags, and what each means to the commands here.

The facts are in docs/migration/*.toml, a file for each tool; the pages are made of them (`docs.migration_pages`), and the tests hold them
against the commands themselves.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import Factory, frozen

FOLDER: Final = Path(__file__).with_name("migration")


@frozen(kw_only=True)
class Setting:
    """A variable of an older tool, or a flag of it that had none.

    :ivar name: of the variable; a row of numbered ones stands under the first.
    :ivar flags: of the older command line, with the same meaning; an argument without a name by that of the parameter.
    :ivar meant: what it did.
    :ivar before: its default there; empty where there was none.
    :ivar command: the command that reads it here, where that is not the tool's own.
    :ivar means: value → the flags here that say the same.
    :ivar refuses: values that are refused here.
    :ivar differs: what is different here.
    :ivar instead: for one that nothing reads here: what takes its place, or why nothing does.
    :raises ValueError: it is said to be read here and not to be, or neither.
    """

    name: str
    meant: str
    flags: tuple[str, ...] = ()
    before: str = ""
    command: str | None = None
    means: Mapping[str, str] = Factory(dict)
    refuses: tuple[str, ...] = ()
    differs: str = ""
    instead: str = ""

    def __attrs_post_init__(self) -> None:
        if bool(self.instead) == bool(self.is_flag or self.means):
            raise ValueError(f"{self.name}: say either what it means here, or what takes its place")

    @property
    def is_flag(self) -> bool:
        """Whether it was only on the command line."""
        return self.name.startswith("-")


@frozen(kw_only=True)
class OlderTool:
    """An older tool.

    :ivar name: as its author calls it.
    :ivar command: the one that does its work here.
    :ivar about: what somebody who used it should know, in Markdown.
    :ivar surroundings: variables to set besides, so that each setting can be read on its own.
    :ivar files: name → text of files that examples name.
    """

    name: str
    command: str
    about: str
    settings: tuple[Setting, ...]
    surroundings: Mapping[str, str] = Factory(dict)
    files: Mapping[str, str] = Factory(dict)

    @property
    def page(self) -> Path:
        """Where its page is."""
        return FOLDER / f"{self.command}.md"


def read(path: Path) -> OlderTool:
    """The tool that a file describes."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    settings = tuple(_setting(entry) for entry in values.pop("setting"))
    return OlderTool(command=path.stem, settings=settings, **values)


def _setting(values: dict[str, Any]) -> Setting:
    return Setting(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def older_tools() -> Iterator[OlderTool]:
    """All of them, by the names of their commands."""
    for path in sorted(FOLDER.glob("*.toml")):
        yield read(path)
