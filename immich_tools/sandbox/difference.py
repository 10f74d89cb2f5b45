"""Where two dumps of a sandbox differ, in a person's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

Dump = dict[str, Any]

_UNTOLD: Final = frozenset({"duplicateId", "stackId", "localDateTime", "city", "state", "country"})
"""What only follows from something else that is told."""


def differences(before: Dump, after: Dump) -> list[str]:
    """One line for each asset, album and tag that is not as it was; empty when the dumps say the same to a person.

    :param before, after: what `Sandbox.dump` gave.
    """
    names = {asset_id: asset["originalFileName"] for asset_id, asset in {**before["assets"], **after["assets"]}.items()}
    return [
        *(
            f"asset {names[key]}: {line}"
            for key in sorted(names, key=names.__getitem__)
            if (line := _fields(before["assets"].get(key), after["assets"].get(key)))
        ),
        *_members("album", before["albums"], after["albums"], names),
        *_members("tag", before["tags"], after["tags"], names),
        *_members("stack", before["stacks"], after["stacks"], names),
    ]


def _fields(old: Dump | None, new: Dump | None) -> str:
    if old is None or new is None:
        return "gone for good" if new is None else "new"
    flat_old, flat_new = {**old, **old["exif"]}, {**new, **new["exif"]}
    changed = [
        name for name in flat_new if flat_old.get(name) != flat_new[name] and name not in _UNTOLD and name != "exif"
    ]
    return ", ".join(_field(name, flat_old.get(name), flat_new[name]) for name in changed)


def _field(name: str, old: Any, new: Any) -> str:
    if name == "isTrashed":
        return "moved to the trash" if new else "restored from the trash"
    return f"{name} {_value(old)} → {_value(new)}"


def _value(value: Any) -> str:
    return "none" if value in (None, "") else str(value)


def _members(kind: str, old: Dump, new: Dump, names: dict[str, str]) -> Iterator[str]:
    for key in sorted({*old, *new}):
        was, is_now = (set(side.get(key, {}).get("assets", ())) for side in (old, new))
        title = (new.get(key) or old[key]).get("name") or key.rpartition(":")[2]
        signs = [
            *(f"+ {names[each]}" for each in sorted(is_now - was)),
            *(f"- {names[each]}" for each in sorted(was - is_now)),
        ]
        if signs:
            yield f"{kind} {title}: {', '.join(signs)}"
