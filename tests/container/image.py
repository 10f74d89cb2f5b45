"""Reads the Dockerfile, as far as the tests walk it: stages of instructions, with what goes on in the next line."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
from pathlib import Path

from attrs import define, field

ROOT = Path(__file__).parents[2]


@define
class Stage:
    """What is done on top of one base image.

    :ivar steps: instructions and their arguments, in order.
    """

    base: str
    name: str
    steps: list[tuple[str, str]] = field(factory=list)

    def all(self, instruction: str) -> list[str]:
        """Arguments of all instructions of a kind."""
        return [arguments for kind, arguments in self.steps if kind == instruction]

    def words(self, instruction: str) -> list[str]:
        """The words of the one instruction of a kind that is written as a JSON list, options left out."""
        (arguments,) = self.all(instruction)
        words: list[str] = json.loads(arguments[arguments.index("[") :])
        return words

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are set."""
        return dict(pair.split("=", 1) for arguments in self.all("ENV") for pair in arguments.split())


def stages() -> list[Stage]:
    """The stages of the Dockerfile."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        kind, _blank, arguments = line.partition(" ")
        if kind == "FROM":
            base, _as, name = arguments.partition(" AS ")
            found.append(Stage(base, name))
        elif kind and found:
            found[-1].steps.append((kind, arguments))
    return found


def allowed() -> list[str]:
    """What `.dockerignore` lets in: everything is left out but these."""
    first, *others = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert first == "*"
    return [line[1:] for line in others if line.startswith("!")]


def copy(words: str, folder: Path) -> None:
    """Do what ``COPY`` does with files of the clone."""
    *names, target = words.split()
    for name in names:
        assert any(fnmatch.fnmatch(name, each) for each in allowed()), f"{name} is kept out by .dockerignore"
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / target)
