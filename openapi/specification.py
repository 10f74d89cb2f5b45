"""OpenAPI documents as plain JSON: loading, JSON pointers, references, and walking over operations and schemas."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEMAS = "/components/schemas"


class SpecificationError(Exception):
    """A document, or what is to be done to it, is not as it should be; the message is one line for the user."""


class PathOperation(NamedTuple):
    """One operation of a document, with where it stands.

    Attributes:
        path: the URL template, without the server's `/api`.
        method: in lower case, as in the document.
        content: the operation object itself, not a copy.
    """

    path: str
    method: str
    content: Json

    @property
    def id(self) -> str:
        """The operationId."""
        return str(self.content["operationId"])

    @property
    def pointer(self) -> str:
        """The JSON pointer of the operation object."""
        return f"/paths/{escape(self.path)}/{self.method}"


def load(path: Path) -> Json:
    """Read a document.

    Raises:
        SpecificationError: when the file cannot be read or is no OpenAPI document.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecificationError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SpecificationError(f"{path}: not JSON: {error}") from error
    return check(document, str(path))


def check(document: Any, source: str) -> Json:
    """Make sure that a JSON value is an OpenAPI document that names its version.

    Args:
        document: the value read.
        source: where it came from, for the message.

    Raises:
        SpecificationError: when it is not.
    """
    if not isinstance(document, dict) or not all(
        isinstance(document.get(key), dict) for key in ("paths", "info", "components")
    ):
        raise SpecificationError(f"{source}: not an OpenAPI document (paths, info or components is missing)")
    if not isinstance(document["info"].get("version"), str):
        raise SpecificationError(f"{source}: the document does not say its version (info.version)")
    return document


def version(document: Json) -> str:
    """Give the version of the API that a document describes, for example `2.3.1`."""
    return str(document["info"]["version"])


def escape(key: str) -> str:
    """Write a key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer_keys(pointer: str) -> list[str]:
    """Split a JSON pointer into its keys.

    Raises:
        SpecificationError: when it does not begin with a slash.
    """
    if not pointer.startswith("/"):
        raise SpecificationError(f"not a JSON pointer: {pointer!r}")
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer[1:].split("/")]


def child(node: Any, key: str) -> Any:
    """Go one step down a JSON value.

    Raises:
        KeyError: when there is nothing under that key or index.
    """
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        return node[int(key)]
    if isinstance(node, dict):
        return node[key]
    raise KeyError(key)


def at(document: Any, pointer: str) -> Any:
    """Give what a JSON pointer points to.

    Raises:
        KeyError: when it points to nothing.
    """
    for key in pointer_keys(pointer):
        document = child(document, key)
    return document


def reference(schema: Json) -> str | None:
    """Give the pointer that a schema consists of, `{"$ref"}` or `{"allOf": [{"$ref"}]}`, None for any other schema."""
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return reference(schema["allOf"][0])
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix("#")
    return None


def operations(document: Json) -> Iterator[PathOperation]:
    """Go over all operations, in the document's order."""
    for path, item in document["paths"].items():
        for method, content in item.items():
            if method in METHODS:
                yield PathOperation(path, method, content)


def parts(schema: Json) -> Iterator[Json]:
    """Go over the schemas directly inside a schema, not following references."""
    yield from schema.get("properties", {}).values()
    for key in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(key, [])
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield schema[key]


def nested(schema: Json) -> Iterator[Json]:
    """Go over a schema and all schemas inside it, not following references."""
    yield schema
    for part in parts(schema):
        yield from nested(part)


def request_schemas(operation: Json) -> Iterator[Json]:
    """Go over the schemas of what an operation is sent: its parameters and its body."""
    for parameter in operation.get("parameters", []):
        yield parameter["schema"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield content["schema"]


def response_schemas(operation: Json) -> Iterator[Json]:
    """Go over the schemas of what an operation answers."""
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            if "schema" in content:
                yield content["schema"]


def all_schemas(document: Json) -> Iterator[Json]:
    """Go over every schema of a document, the nested ones included."""
    for operation in operations(document):
        for schema in (*request_schemas(operation.content), *response_schemas(operation.content)):
            yield from nested(schema)
    for schema in document["components"]["schemas"].values():
        yield from nested(schema)


def reachable(document: Json, roots: Iterator[Json]) -> set[str]:
    """Give the names of the schemas that can be reached from some schemas by references."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        for schema in nested(waiting.pop()):
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
    return found
