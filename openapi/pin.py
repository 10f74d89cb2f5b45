"""Pin the OpenAPI document of another Immich version: `python openapi/pin.py URL_OR_FILE`.

The document is cut down to the facts of the interface and written beside this file as `immich-v<version>.json`, where
generate.py finds it as one more version to stay compatible with. Immich publishes the document as
`open-api/immich-openapi-specs.json` in its repository.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

# So that this file can be run as it is, with nothing of the project installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from openapi.specification import Json, SpecificationError, check, version

FOLDER = Path(__file__).resolve().parent
TIMEOUT_SECONDS = 60

# Prose, and what tools say to each other; of the extensions only Immich's own state facts.
WORDS = frozenset({"description", "summary", "example", "examples", "externalDocs"})
EXTENSION = "x-immich-"
# Of these, only the named keys are facts.
FACTS = {
    "info": ("title", "version"),
    "tags": ("name",),
    "servers": ("url",),
    "components": ("securitySchemes", "schemas"),
    "x-immich-history": ("version", "state", "replacementId"),
}
# Under these, the keys are names of the API's own and never words about it.
NAMES = frozenset({"paths", "properties", "schemas", "securitySchemes", "responses", "content", "patternProperties"})
# Values of these are data, not parts of the document.
DATA = frozenset({"enum", "default", "const", "required", "security"})


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 done, 2 the document could not be read or is none.
    """
    parser = argparse.ArgumentParser(description="Cut an OpenAPI document of Immich down to its facts and keep it.")
    parser.add_argument("source", metavar="URL_OR_FILE", help="where the document is")
    parser.add_argument("--name", help="the file's name, without .json (default: immich-v and the document's version)")
    options = parser.parse_args(arguments)
    try:
        document = cut(check(parse(read(options.source), options.source), options.source))
    except SpecificationError as error:
        print(f"pin.py: {error}", file=sys.stderr)
        return 2
    target = FOLDER / f"{options.name or f'immich-v{version(document)}'}.json"
    target.write_text(render(document), encoding="utf-8")
    print(f"wrote {target.name}; now run openapi/generate.py")
    return 0


def read(source: str) -> bytes:
    """Read a file, or what a web server sends.

    Args:
        source: a path, or an address that begins with http:// or https://.

    Raises:
        SpecificationError: when there is nothing to read.
    """
    try:
        if source.startswith(("http://", "https://")):
            with urllib.request.urlopen(source, timeout=TIMEOUT_SECONDS) as response:
                content: bytes = response.read()
                return content
        return Path(source).read_bytes()
    except urllib.error.HTTPError as error:
        raise SpecificationError(f"{source}: the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise SpecificationError(f"{source}: {error.reason}") from error
    except OSError as error:
        raise SpecificationError(f"{source}: {error.strerror or error}") from error


def parse(content: bytes, source: str) -> Any:
    """Read JSON.

    Raises:
        SpecificationError: when it is none.
    """
    try:
        return json.loads(content)
    except ValueError as error:
        raise SpecificationError(f"{source}: not JSON: {error}") from error


def cut(document: Json) -> Json:
    """Keep the facts of a document.

    Args:
        document: as published; it is not changed.

    Returns:
        The document without prose, in the same order. Cutting twice changes nothing more.
    """
    kept: Json = _cut_object(document, "")
    for item in kept["paths"].values():
        for operation in item.values():
            # OpenAPI wants each response to have a description.
            for response in operation.get("responses", {}).values():
                response["description"] = ""
    return kept


def _cut(value: Any, key: str) -> Any:
    """Keep the facts of a value.

    Args:
        value: any part of the document.
        key: the key that it stands under.
    """
    if key in DATA:
        return value
    if isinstance(value, list):
        return [_cut(item, key) for item in value]
    if isinstance(value, dict):
        return _cut_names(value) if key in NAMES else _cut_object(value, key)
    return value


def _cut_names(value: Json) -> Json:
    """Keep all entries of an object whose keys are names, and the facts of each."""
    return {name: _cut(part, "") for name, part in value.items()}


def _cut_object(value: Json, key: str) -> Json:
    """Keep the entries of an object that state facts."""
    return {name: _cut(part, name) for name, part in value.items() if _is_fact(name, key)}


def _is_fact(name: str, key: str) -> bool:
    """Tell whether an entry states a fact.

    Args:
        name: the entry's key.
        key: the key that its object stands under.
    """
    if key in FACTS:
        return name in FACTS[key]
    if name.startswith("x-"):
        return name.startswith(EXTENSION)
    return name not in WORDS


def render(document: Json) -> str:
    """Write a document the way the pinned ones are written."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
