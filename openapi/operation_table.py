"""The table of all operations of all pinned documents, written as immich_sdk/operations.py."""

import json
from typing import NamedTuple

from openapi.specification import Json, PathOperation, SpecificationError, operations, version


class Row(NamedTuple):
    """One operation: what the first document that has it says, and the permissions of all documents."""

    operation: PathOperation
    permissions: dict[str, str | None]


def permission(operation: PathOperation, any_key: frozenset[str]) -> str | None:
    """Give the permission that an API key needs for an operation.

    Args:
        operation: of one document.
        any_key: the ids of the operations that any key may call.

    Returns:
        "all" when the operation wants a user but names no permission (only a key with all permissions may then), None
        when it wants nobody or any key will do.

    Raises:
        SpecificationError: when an operation for any key says itself what it needs.
    """
    stated = operation.content.get("x-immich-permission")
    secured = bool(operation.content.get("security"))
    if operation.id in any_key:
        if stated or not secured:
            raise SpecificationError(f"any_key {operation.id}: the document says itself what is needed")
        return None
    return str(stated or "all") if secured else None


def rows(documents: list[Json], any_key: frozenset[str]) -> list[Row]:
    """Collect the operations of several documents, sorted by id.

    Raises:
        SpecificationError: when an operation for any key does not exist or says itself what it needs.
    """
    table: dict[str, Row] = {}
    for document in documents:
        for operation in operations(document):
            row = table.setdefault(operation.id, Row(operation, {}))
            row.permissions[version(document)] = permission(operation, any_key)
    for missing in sorted(any_key - table.keys()):
        raise SpecificationError(f"any_key {missing}: no document has this operation")
    return [table[key] for key in sorted(table)]


HEAD = '''"""All operations of the supported Immich versions: where they are, and which permission an API key needs for them.

Importing this module imports neither the models nor httpx.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Operation(NamedTuple):
    """One operation of the API.

    Attributes:
        id: the operationId.
        method: in upper case.
        path: the URL template, without `/api`.
        tag: the group it belongs to.
        admin: whether it is for administrators only.
        permissions: for each version that has the operation, the permission an API key needs: "all" when it needs a
            key with all permissions, None when any key will do or none is needed.
    """

    id: str
    method: str
    path: str
    tag: str
    admin: bool
    permissions: Mapping[str, str | None]

'''

TAIL = '''
OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.id: operation for operation in _TABLE})
"""The operations by their id."""
'''


def render(documents: list[Json], any_key: frozenset[str]) -> str:
    """Write the module.

    Args:
        documents: the base first, then the newer ones.
        any_key: the ids of the operations that any key may call.

    Raises:
        SpecificationError: when an operation for any key does not exist or says itself what it needs.
    """
    versions = tuple(version(document) for document in documents)
    lines = [
        HEAD,
        f"SPEC_VERSIONS: tuple[str, ...] = {versions!r}",
        '"""The versions whose documents were compared, the base first."""',
        "",
        f"BASE_VERSION = {versions[0]!r}",
        '"""The version that the generated code follows."""',
        "",
        "# fmt: off",
        "_TABLE = (",
        *(_render_row(row) for row in rows(documents, any_key)),
        ")",
        "# fmt: on",
        TAIL,
    ]
    return "\n".join(lines)


def _render_row(row: Row) -> str:
    path, method, content = row.operation
    admin = bool(content.get("x-immich-admin-only"))
    fields = (row.operation.id, method.upper(), path, content["tags"][0], admin, row.permissions)
    return f"    Operation({', '.join(map(_literal, fields))}),"


def _literal(value: object) -> str:
    """Write a constant as Python code, with the double quotes of the formatter."""
    if isinstance(value, dict):
        return f"MappingProxyType({{{', '.join(f'{_literal(key)}: {_literal(item)}' for key, item in value.items())}}})"
    return json.dumps(value) if isinstance(value, str) else repr(value)
