"""What the base document promises and a newer server does not keep: computed by comparing the pinned documents.

A field that the base requires but a newer document has not, has nullable or has of another type becomes optional,
nullable or a union. Schemas are compared by the place where they stand (the same operation's body, parameter or
answer, the same property), because newer documents rename some of them; schemas that no operation of both documents
mentions are compared by name, in which case does not count.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from openapi.specification import (
    SCHEMAS,
    Json,
    PathOperation,
    at,
    escape,
    operations,
    pointer_keys,
    reference,
    version,
)

Change: TypeAlias = Literal["optional", "nullable", "union", "status"]


class Relaxation(NamedTuple):
    """One promise of the base document that is taken back.

    Attributes:
        pointer: JSON pointer into the base: a property, a parameter, a parameter's schema or a missing response.
        change: what is done there.
        addition: the types a "union" adds (as in JSON Schema, with `:format` where it matters), the documented status
            whose content a new "status" has; empty for the other changes.
        version: of the newer document that asks for it.
    """

    pointer: str
    change: Change
    addition: tuple[str, ...]
    version: str

    def __str__(self) -> str:
        keys = [key for key in pointer_keys(self.pointer) if key not in ("components", "schemas", "properties")]
        return f"{' '.join(keys)}: {self.change} {' or '.join(self.addition)}".rstrip()


def find_relaxations(base: Json, newer: Json) -> list[Relaxation]:
    """Compare two documents.

    Args:
        base: the document that code is generated from.
        newer: a document that the code must stay compatible with.

    Returns:
        The relaxations, each once, sorted.
    """
    comparison = _Comparison(base, newer)
    comparison.run()
    return sorted(comparison.found)


class _Comparison:
    """One comparison of two documents: what was found, and which pairs of schemas were compared already."""

    def __init__(self, base: Json, newer: Json) -> None:
        self.base = base
        self.newer = newer
        self.found: set[Relaxation] = set()
        self.compared: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Compare the operations of both documents, then the schemas that this did not reach."""
        newer_operations = {operation.id: operation for operation in operations(self.newer)}
        for operation in operations(self.base):
            if operation.id in newer_operations:
                self._operation(operation, newer_operations[operation.id])
        newer_names = {name.lower(): name for name in self.newer["components"]["schemas"]}
        reached = {pointer for pointer, _ in self.compared}
        for name in self.base["components"]["schemas"]:
            pointer = f"{SCHEMAS}/{escape(name)}"
            if pointer not in reached and name.lower() in newer_names:
                self._schema(pointer, f"{SCHEMAS}/{escape(newer_names[name.lower()])}")

    def _add(self, pointer: str, change: Change, *addition: str) -> None:
        self.found.add(Relaxation(pointer, change, addition, version(self.newer)))

    def _operation(self, base: PathOperation, newer: PathOperation) -> None:
        """Compare two operations: parameters, body and answers."""
        newer_parameters = {
            (parameter["name"], parameter["in"]): (index, parameter)
            for index, parameter in enumerate(newer.content["parameters"])
        }
        for index, parameter in enumerate(base.content["parameters"]):
            pointer = f"{base.pointer}/parameters/{index}"
            newer_index, counterpart = newer_parameters.get((parameter["name"], parameter["in"]), (0, None))
            if parameter.get("required") and not (counterpart and counterpart.get("required")):
                self._add(pointer, "optional")
            if counterpart:
                self._schema(f"{pointer}/schema", f"{newer.pointer}/parameters/{newer_index}/schema")
        self._contents(f"{base.pointer}/requestBody", f"{newer.pointer}/requestBody")
        for status in base.content["responses"]:
            self._contents(f"{base.pointer}/responses/{status}", f"{newer.pointer}/responses/{status}")
        self._statuses(base, newer)

    def _contents(self, pointer: str, newer_pointer: str) -> None:
        """Compare two bodies or two answers, for each content type that both have."""
        for content_type in _contents_at(self.base, pointer) & _contents_at(self.newer, newer_pointer):
            tail = f"/content/{escape(content_type)}/schema"
            self._schema(pointer + tail, newer_pointer + tail)

    def _statuses(self, base: PathOperation, newer: PathOperation) -> None:
        """Look for a new success status that answers the same as one the base has."""
        base_responses, newer_responses = base.content["responses"], newer.content["responses"]
        for status in sorted(newer_responses.keys() - base_responses.keys()):
            same = [
                known
                for known in base_responses
                if known in newer_responses
                and newer_responses[known].get("content") == newer_responses[status].get("content")
            ]
            if status.startswith("2") and same:
                self._add(f"{base.pointer}/responses/{status}", "status", same[0])

    def _schema(self, pointer: str, newer_pointer: str) -> None:
        """Compare two schemas, following references on both sides."""
        schema, newer = at(self.base, pointer), at(self.newer, newer_pointer)
        if is_nullable(self.newer, newer) and not is_nullable(self.base, schema):
            self._add(pointer, "nullable")
        known, added = json_types(self.base, schema), json_types(self.newer, newer)
        missing = sorted(kind for kind in added if not _covered(kind, known))
        if missing:
            self._add(pointer, "union", *missing)
        pointer, newer_pointer = resolve(self.base, pointer), resolve(self.newer, newer_pointer)
        if (pointer, newer_pointer) not in self.compared:
            self.compared.add((pointer, newer_pointer))
            self._inside(pointer, newer_pointer)

    def _inside(self, pointer: str, newer_pointer: str) -> None:
        """Compare what two schemas consist of: properties, items, values."""
        schema, newer = at(self.base, pointer), at(self.newer, newer_pointer)
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict) and isinstance(newer.get(key), dict):
                self._schema(f"{pointer}/{key}", f"{newer_pointer}/{key}")
        if "properties" not in newer:
            return
        for name in schema.get("properties", {}):
            tail = f"/properties/{escape(name)}"
            if name in schema.get("required", []) and name not in newer.get("required", []):
                self._add(pointer + tail, "optional")
            if name in newer["properties"]:
                self._schema(pointer + tail, newer_pointer + tail)


def _contents_at(document: Json, pointer: str) -> set[str]:
    """Give the content types of a body or an answer, none when there is no such thing."""
    try:
        contents: Json = at(document, pointer).get("content", {})
    except KeyError:
        return set()
    return {content_type for content_type, content in contents.items() if "schema" in content}


def resolve(document: Json, pointer: str) -> str:
    """Follow references until something else stands there, and give its pointer."""
    target = reference(at(document, pointer))
    return pointer if target is None else resolve(document, target)


def is_nullable(document: Json, schema: Json) -> bool:
    """Tell whether a schema allows null."""
    target = reference(schema)
    return (
        bool(schema.get("nullable"))
        or any(is_nullable(document, option) for option in _options(schema))
        or (target is not None and is_nullable(document, at(document, target)))
    )


def json_types(document: Json, schema: Json) -> frozenset[str]:
    """Give the types that a schema allows, null aside: `string:date-time`, `number`, `any` when it does not say.

    Formats other than those of dates are left out: code reads such a value like any other of its type.
    """
    target = reference(schema)
    if target is not None:
        return json_types(document, at(document, target))
    options = _options(schema)
    if options:
        return frozenset().union(*(json_types(document, option) for option in options))
    kind = schema.get("type", "object" if "properties" in schema else "any")
    return frozenset({f"{kind}:{schema['format']}" if schema.get("format") in ("date", "date-time") else kind})


def _options(schema: Json) -> list[Json]:
    """Give the alternatives that a schema consists of."""
    return [*schema.get("anyOf", []), *schema.get("oneOf", [])]


def _covered(kind: str, known: frozenset[str]) -> bool:
    """Tell whether a type is one of some types or a special case of one."""
    general = {"integer": "number"}.get(kind, kind.partition(":")[0])
    return bool(known & {kind, general, "any"})


def relax(document: Json, relaxations: list[Relaxation]) -> None:
    """Carry out relaxations in the base document.

    Args:
        document: the base, changed in place.
        relaxations: of one or several newer documents; the same one twice does no harm.
    """
    for pointer, change, additions in sorted(_merged(relaxations)):
        if change == "status":
            where, _, status = pointer.rpartition("/")
            responses = at(document, where)
            responses[status] = responses[additions[0]]
        elif change == "optional":
            _make_optional(document, pointer)
        else:
            schema = at(document, pointer)
            changed = _nullable(schema) if change == "nullable" else _union(schema, additions)
            schema.clear()
            schema.update(changed)


def _merged(relaxations: list[Relaxation]) -> Iterator[tuple[str, Change, tuple[str, ...]]]:
    """Put together what several newer documents ask for at the same place."""
    additions: dict[tuple[str, Change], set[str]] = {}
    for relaxation in relaxations:
        additions.setdefault((relaxation.pointer, relaxation.change), set()).update(relaxation.addition)
    for (pointer, change), values in additions.items():
        yield pointer, change, tuple(sorted(values))


def _make_optional(document: Json, pointer: str) -> None:
    """Take a property out of its schema's required ones, or the mark from a parameter."""
    target = at(document, pointer)
    if "in" in target and "schema" in target:
        target["required"] = False
        return
    *owner, _, name = pointer_keys(pointer)
    schema = at(document, "".join(f"/{escape(key)}" for key in owner))
    schema["required"] = [required for required in schema["required"] if required != name]


def _nullable(schema: Json) -> Json:
    """Give a schema that allows null too; beside a `$ref` the mark would be ignored."""
    if "$ref" in schema:
        return {"allOf": [dict(schema)], "nullable": True}
    return {**schema, "nullable": True}


def _union(schema: Json, kinds: tuple[str, ...]) -> Json:
    """Give a schema that allows more types."""
    if "any" in kinds:
        return {}
    own = {key: value for key, value in schema.items() if key != "nullable"}
    union: Json = {"oneOf": [own, *(_of_type(kind) for kind in kinds)]}
    return {**union, "nullable": True} if schema.get("nullable") else union


def _of_type(kind: str) -> Json:
    """Write a type of `json_types` as a schema."""
    name, _, form = kind.partition(":")
    if name == "array":
        return {"type": "array", "items": {}}
    return {"type": name, "format": form} if form else {"type": name}
