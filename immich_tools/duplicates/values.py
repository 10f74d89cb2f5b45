"""Reading the values of options from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from cyclopts import Token

from immich_tools.duplicates.choices import Rule
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.settings.values import split_list

_RULE_NAMES: Final = {rule.value: rule for rule in Rule}


def read_rule(name: str) -> Rule:
    """The rule of that name.

    :raises UsageError: there is none; names the nearest.
    """
    rule = _RULE_NAMES.get(name.strip())
    if rule is not None:
        return rule
    near = get_close_matches(name.strip().lower().replace("_", "-"), _RULE_NAMES, n=1, cutoff=0.4)
    if near:
        raise UsageError(
            _("--rank: there is no rule '{name}'; did you mean '{nearest}'?").format(name=name, nearest=near[0])
        )
    raise UsageError(
        _("--rank: there is no rule '{name}'; the rules are {rules}.").format(name=name, rules=", ".join(_RULE_NAMES))
    )


def read_rules(_annotation: object, tokens: Sequence[Token]) -> tuple[Rule, ...]:
    """Rules as they stand on a command line: ``--rank format,size`` or ``--rank format --rank size``."""
    return tuple(map(read_rule, _separated(tokens)))


def read_names(_annotation: object, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Names as they stand on a command line, separated by commas or one by one."""
    return tuple(_separated(tokens))


def _separated(tokens: Sequence[Token]) -> list[str]:
    # Where a list is written as such, each of its texts is one: a folder may have a comma in its name.
    return [part for token in tokens for part in (split_list(token.value) if token.source == "cli" else [token.value])]
