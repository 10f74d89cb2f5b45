"""What happens to the pinned documents before code is generated from them, and how documents are pinned."""

import copy
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openapi import generate, operation_table, pin
from openapi.overrides import Override, apply_overrides, load_any_key, load_overrides
from openapi.relaxations import Relaxation, find_relaxations, json_types, relax
from openapi.specification import Json, SpecificationError, at, load

OPENAPI = Path(__file__).resolve().parents[2] / "openapi"
REF = {"$ref": "#/components/schemas/Thing"}


def document(version: str = "1.0.0", *, thing: Json | None = None, extra: Json | None = None) -> Json:
    """Make a small document: one operation that answers a thing, with extra entries, and the thing's schema."""
    content: Json = {
        "operationId": "getThing",
        "tags": ["Things"],
        "parameters": [],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": dict(REF)}}}},
        "security": [{"api_key": []}],
        **(extra or {}),
    }
    return {
        "paths": {"/things/{id}": {"get": content}},
        "info": {"title": "Things", "version": version},
        "components": {"schemas": {"Thing": thing or {"type": "object", "properties": {}}}},
    }


def thing(*required: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def changes(base: Json, newer: Json) -> list[str]:
    return [str(relaxation) for relaxation in find_relaxations(base, newer)]


# Relaxations


@pytest.mark.parametrize(
    ("base", "newer", "expected"),
    [
        (thing("a", a={"type": "string"}), thing("a", a={"type": "string"}), []),
        (thing("a", a={"type": "string"}), thing(), ["Thing a: optional"]),
        (thing("a", a={"type": "string"}), thing(a={"type": "string"}), ["Thing a: optional"]),
        (thing(a={"type": "string"}), thing("a", a={"type": "string"}), []),
        (thing(a={"type": "string"}), thing(a={"type": "string", "nullable": True}), ["Thing a: nullable"]),
        (thing(a={"type": "string", "nullable": True}), thing(a={"type": "string"}), []),
        (thing(a={"type": "string"}), thing(a={"type": "integer"}), ["Thing a: union integer"]),
        (thing(a={"type": "number"}), thing(a={"type": "integer"}), []),
        (thing(a={"type": "integer"}), thing(a={"type": "number"}), ["Thing a: union number"]),
        (thing(a={"type": "string"}), thing(a={"type": "string", "format": "date-time"}), []),
        (
            thing(a={"type": "string", "format": "date-time"}),
            thing(a={"type": "string"}),
            ["Thing a: union string"],
        ),
        (thing(a={"type": "string"}), thing(a={"type": "string", "format": "uuid"}), []),
        (thing(a={"type": "string", "enum": ["x"]}), thing(a={"type": "string", "enum": ["y"]}), []),
        (thing(a={"type": "string"}), thing(a={}), ["Thing a: union any"]),
        (
            thing(a={"type": "array", "items": {"type": "string"}}),
            thing(a={"type": "array", "items": {"type": "integer", "nullable": True}}),
            ["Thing a items: nullable", "Thing a items: union integer"],
        ),
        (
            thing(a={"type": "string"}),
            thing(a={"anyOf": [{"type": "string"}, {"type": "boolean", "nullable": True}]}),
            ["Thing a: nullable", "Thing a: union boolean"],
        ),
    ],
)
def test_relaxations_of_properties(base: Json, newer: Json, expected: list[str]) -> None:
    assert changes(document(thing=base), document("2.0.0", thing=newer)) == expected


def test_a_renamed_schema_is_found_where_it_stands() -> None:
    base = document(thing=thing("a", a={"type": "string"}))
    newer = document("2.0.0", thing=thing("other"))
    newer["components"]["schemas"]["ThingV2"] = thing()
    content = newer["paths"]["/things/{id}"]["get"]["responses"]["200"]["content"]
    content["application/json"]["schema"] = {"$ref": "#/components/schemas/ThingV2"}
    assert changes(base, newer) == ["Thing a: optional"]


def test_a_schema_that_no_operation_mentions_is_found_by_name() -> None:
    base, newer = document(), document("2.0.0")
    base["components"]["schemas"]["APIKey"] = thing("a", a={"type": "string"})
    newer["components"]["schemas"]["ApiKey"] = thing()
    assert changes(base, newer) == ["APIKey a: optional"]


def test_schemas_that_contain_themselves_are_compared_once() -> None:
    base = document(thing=thing("parent", "a", parent=dict(REF), a={"type": "string"}))
    newer = document("2.0.0", thing=thing("parent", parent={"allOf": [dict(REF)], "nullable": True}))
    assert changes(base, newer) == ["Thing a: optional", "Thing parent: nullable"]


def test_relaxations_of_parameters_and_statuses() -> None:
    key = {"name": "key", "in": "query", "required": True, "schema": {"type": "string"}}
    size = {"name": "size", "in": "query", "required": True, "schema": {"type": "integer"}}
    base = document(extra={"parameters": [key, size]})
    newer = document("2.0.0", extra={"parameters": [{**size, "required": False, "schema": {"type": "string"}}]})
    responses = newer["paths"]["/things/{id}"]["get"]["responses"]
    responses["201"] = responses["200"]
    found = find_relaxations(base, newer)
    assert {(relaxation.change, relaxation.addition) for relaxation in found} == {
        ("optional", ()),
        ("union", ("string",)),
        ("status", ("200",)),
    }
    relax(base, found)
    operation = base["paths"]["/things/{id}"]["get"]
    assert [parameter["required"] for parameter in operation["parameters"]] == [False, False]
    assert json_types(base, operation["parameters"][1]["schema"]) == {"integer", "string"}
    assert operation["responses"]["201"] == operation["responses"]["200"]


def test_relaxed_documents_need_no_more_relaxing() -> None:
    base = document(
        thing=thing("a", "b", "c", a={"type": "string"}, b=dict(REF), c={"type": "string", "nullable": True})
    )
    newer = document("2.0.0", thing=thing("c", b={**REF, "nullable": True}, c={"type": "array", "items": {}}))
    newest = document("3.0.0", thing=thing("b", b={"allOf": [REF], "nullable": True}, c={"type": "boolean"}))
    relax(base, find_relaxations(base, newer) + find_relaxations(base, newest))
    assert find_relaxations(base, newer) == find_relaxations(base, newest) == []
    assert json_types(base, base["components"]["schemas"]["Thing"]["properties"]["c"]) == {"array", "boolean", "string"}


def test_the_pinned_documents() -> None:
    base, *newer = generate.pinned_documents()
    found = [relaxation for other in newer for relaxation in find_relaxations(base, other)]
    schema = "/components/schemas/AssetResponseDto/properties"
    assert Relaxation(f"{schema}/duration", "union", ("integer",), "3.1.0") in found
    assert Relaxation(f"{schema}/duration", "nullable", (), "3.1.0") in found
    assert Relaxation(f"{schema}/deviceId", "optional", (), "3.1.0") in found
    relax(base, found)
    assert [relaxation for other in newer for relaxation in find_relaxations(base, other)] == []


# Preparing


def test_prepare() -> None:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}, "required": True}
    base = document(
        thing=thing("default", default={"type": "string", "default": "x", "format": "uuid"}),
        extra={"requestBody": body},
    )
    base["components"]["schemas"]["Wish"] = thing("size", size={"type": "integer", "default": 5})
    generate.prepare(base)
    schemas = base["components"]["schemas"]
    assert schemas["Thing"] == {"type": "object", "properties": {"default": {"type": "string"}}}
    assert schemas["Wish"] == thing("size", size={"type": "integer"})


# Overrides


def override(pointer: str, operation: Any, value: Any = None) -> Override:
    return Override(pointer, operation, value, "a reason")


def test_overrides_do_what_they_say() -> None:
    base = document()
    operation = "/paths/~1things~1{id}/get"
    apply_overrides(
        base,
        [
            override("/components/schemas/Thing/nullable", "add", True),
            override("/components/schemas/Thing/properties", "replace", {"a": {}}),
            override(f"{operation}/security", "remove"),
            override(f"{operation}/tags/-", "add", "More"),
            override(f"{operation}/tags/0", "replace", "Others"),
        ],
    )
    assert base["components"]["schemas"]["Thing"] == {"type": "object", "properties": {"a": {}}, "nullable": True}
    assert at(base, f"{operation}/tags") == ["Others", "More"]
    assert "security" not in at(base, operation)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (override("/components/schemas/Nothing/type", "replace", "x"), "there is no 'Nothing' on the way"),
        (override("/components/schemas/Thing/nothing", "replace", "x"), "does not exist"),
        (override("/components/schemas/Thing/nothing", "remove"), "does not exist"),
        (override("/components/schemas/Thing/type", "replace", "object"), "already has this value"),
        (override("/components/schemas/Thing/type", "add", "x"), "there is something already"),
        (override("/paths/~1things~1{id}/get/tags/-", "add", "Things"), "already has this value"),
        (override("/paths/~1things~1{id}/get/tags/7", "replace", "x"), "does not exist"),
        (override("components", "remove"), "not a JSON pointer"),
    ],
)
def test_overrides_that_do_nothing_are_errors(bad: Override, message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        apply_overrides(document(), [bad])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[override]", "not TOML"),
        ("[[overide]]", "unknown table 'overide'"),
        ("[[override]]\npointer='/a'\noperation='remove'", "reason is missing"),
        ("[[override]]\npointer='/a'\noperation='remove'\nreason=' '", "reason is missing"),
        ("[[override]]\npointer='/a'\noperation='move'\nreason='r'", "operation is 'move'"),
        ("[[override]]\npointer='/a'\noperation='add'\nreason='r'", "a value belongs"),
        ("[[override]]\npointer='/a'\noperation='remove'\nvalue=1\nreason='r'", "a value belongs"),
        ("[[override]]\npointer='/a'\noperation='remove'\nreason='r'\nwhy='x'", "unknown key 'why'"),
    ],
)
def test_a_wrong_overrides_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecificationError, match=message):
        load_overrides(path)


def test_every_override_still_applies() -> None:
    base, *newer = generate.pinned_documents()
    relax(base, [relaxation for other in newer for relaxation in find_relaxations(base, other)])
    overrides = load_overrides(OPENAPI / "overrides.toml")
    assert overrides
    apply_overrides(base, overrides)


# The table of operations


def test_permissions() -> None:
    base = document(extra={"x-immich-permission": "thing.read"})
    newer = document("2.0.0")
    free = document("3.0.0", extra={"security": []})
    [row] = operation_table.rows([base, newer, free], frozenset())
    assert row.permissions == {"1.0.0": "thing.read", "2.0.0": "all", "3.0.0": None}
    [row] = operation_table.rows([newer], frozenset({"getThing"}))
    assert row.permissions == {"2.0.0": None}
    with pytest.raises(SpecificationError, match="no document has"):
        operation_table.rows([newer], frozenset({"getNothing"}))
    with pytest.raises(SpecificationError, match="says itself"):
        operation_table.rows([base], frozenset({"getThing"}))


def test_operations_for_any_key_have_reasons(tmp_path: Path) -> None:
    assert "getMyApiKey" in load_any_key(OPENAPI / "overrides.toml")
    path = tmp_path / "overrides.toml"
    path.write_text("[[any_key]]\noperation='getThing'", encoding="utf-8")
    with pytest.raises(SpecificationError, match="reason"):
        load_any_key(path)


def test_the_committed_table_is_what_is_generated() -> None:
    """Without the generator and the formatter: all rows, in the same order."""
    rendered = operation_table.render(generate.pinned_documents(), load_any_key(OPENAPI / "overrides.toml"))
    committed = (OPENAPI.parent / "immich_sdk" / "operations.py").read_text(encoding="utf-8")
    assert [line for line in rendered.splitlines() if line.startswith("    Operation(")] == [
        line for line in committed.splitlines() if line.startswith("    Operation(")
    ]


# Comparing the output


def test_differences(tmp_path: Path) -> None:
    committed, fresh = tmp_path / "committed", tmp_path / "fresh"
    for folder, names in ((committed, "abc"), (fresh, "bcd")):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / folder.name).write_text("", encoding="utf-8")
        for name in names:
            (folder / name).write_text(folder.name if name == "c" else name, encoding="utf-8")
    assert generate.differences(committed, fresh) == ["superfluous: a", "different: c", "missing: d"]
    assert generate.differences(fresh, fresh) == []


def test_every_generated_file_says_so() -> None:
    for path in generate.PACKAGE.rglob("*.py"):
        assert path.read_text(encoding="utf-8").startswith(generate.HEADER), path


# Pinning


@pytest.mark.parametrize("path", sorted(OPENAPI.glob("immich-v*.json")), ids=lambda path: str(path.name))
def test_pinning_a_pinned_document_changes_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin, "FOLDER", tmp_path)
    assert pin.main([str(path)]) == 0
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_words_are_cut_and_names_are_kept() -> None:
    published = document(
        thing={
            **thing("description", description={"type": "string", "description": "words", "example": "e"}),
            "description": "words",
        },
        extra={
            "summary": "words",
            "description": "words",
            "x-nestjs_zod-parent-metadata": {"description": "words"},
            "x-immich-history": [{"version": "v1", "state": "Added", "description": "words"}],
            "x-immich-permission": "thing.read",
        },
    )
    published["info"]["contact"] = {}
    published["tags"] = [{"name": "Things", "description": "words"}]
    published["servers"] = [{"url": "/api", "description": "words"}]
    published["paths"]["/things/{id}"]["get"]["responses"]["200"]["description"] = "words"
    before = copy.deepcopy(published)
    cut = pin.cut(published)
    assert published == before
    assert "words" not in json.dumps(cut)
    assert cut == {
        **document(
            thing=thing("description", description={"type": "string"}),
            extra={"x-immich-history": [{"version": "v1", "state": "Added"}], "x-immich-permission": "thing.read"},
        ),
        "tags": [{"name": "Things"}],
        "servers": [{"url": "/api"}],
    }


@pytest.fixture
def web_server(tmp_path: Path) -> Iterator[str]:
    """Serve one document on this machine."""
    content = json.dumps(document("9.8.7")).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/spec.json" else 404)
            self.end_headers()
            if self.path == "/spec.json":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_pinning_from_the_web(
    web_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pin, "FOLDER", tmp_path)
    assert pin.main([f"{web_server}/spec.json"]) == 0
    assert pin.main([f"{web_server}/spec.json", "--name", "mine"]) == 0
    assert load(tmp_path / "immich-v9.8.7.json") == load(tmp_path / "mine.json") == document("9.8.7")
    assert pin.main([f"{web_server}/missing.json"]) == 2
    assert capsys.readouterr().err.endswith("missing.json: the server answered 404 Not Found\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[]", "not an OpenAPI document"),
        (b'{"paths": {}, "components": {}, "info": {}}', "does not say its version"),
    ],
)
def test_what_cannot_be_pinned(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spec.json"
    if content is not None:
        path.write_bytes(content)
    assert pin.main([str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert pin.main(["http://127.0.0.1:9/spec.json"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
