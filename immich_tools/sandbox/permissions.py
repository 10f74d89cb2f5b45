"""What each operation demands of a key, taken from the generated operation table."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from attrs import frozen

from immich_sdk.operations import OPERATIONS
from immich_tools.sandbox.dialect import Dialect

_PARAMETER: Final = re.compile(r"\{[^}]*\}")


@frozen
class Demand:
    """The permission a key needs (None: `all`), and whether the user must be an administrator."""

    permission: str | None
    needs_admin: bool


@cache
def _demands(dialect: Dialect) -> Mapping[tuple[str, str], Demand]:
    version = str(dialect.version)
    return {
        (operation.method, _shape(operation.path)): Demand(operation.permissions[version], operation.admin)
        for operation in OPERATIONS.values()
        if version in operation.permissions
    }


def _shape(template: str) -> str:
    return _PARAMETER.sub("{}", template)


def demand_of(dialect: Dialect, method: str, template: str) -> Demand:
    """The demand of an operation; one that the version's specification does not list needs `all`."""
    return _demands(dialect).get((method, _shape(template)), Demand(None, needs_admin=False))
