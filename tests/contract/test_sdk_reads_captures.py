"""The SDK reads what real servers answered, writes the same JSON back, and does not mind what it does not know."""

import copy
import datetime
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

import immich_sdk.api
from immich_sdk.client import Client
from immich_sdk.operations import BASE_VERSION, OPERATIONS, Operation

CAPTURES = Path(__file__).parent / "captures"
VERSIONS = ("2.3.1", "3.1.0")


class Capture(NamedTuple):
    """A recorded success: the operation that was called and what it answered."""

    name: str
    operation: Operation
    status: int
    body: Any


@cache
def endpoint_modules() -> dict[str, str]:
    """Give the endpoint modules by their lower-case operation id."""
    return {
        module.name.rpartition(".")[2].replace("_", ""): module.name
        for module in pkgutil.walk_packages(immich_sdk.api.__path__, "immich_sdk.api.")
        if not module.ispkg
    }


def find_operation(method: str, path: str, version: str) -> Operation | None:
    """Find the operation of a recorded request; a path without placeholders goes first."""
    candidates = [
        operation
        for operation in OPERATIONS.values()
        if operation.method == method
        and version in operation.permissions
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), path)
    ]
    return min(candidates, key=lambda operation: operation.path.count("{"), default=None)


@cache
def captures(version: str) -> tuple[list[Capture], Counter[str]]:
    """Read the recorded successes with JSON bodies of one version.

    Returns:
        Those whose operation the SDK has, and how often each other operation was called.
    """
    known: list[Capture] = []
    unknown: Counter[str] = Counter()
    for path in sorted((CAPTURES / f"v{version}").glob("*.json")):
        exchange = json.loads(path.read_text(encoding="utf-8"))
        request, response = exchange["request"], exchange["response"]
        if not 200 <= response["status"] < 300 or not str(response["content_type"]).startswith("application/json"):
            continue
        url = httpx.URL("http://server" + request["path"])
        operation = find_operation(request["method"], url.path.removeprefix("/api"), version)
        assert operation is not None, f"{path.name}: no operation for {request['method']} {request['path']}"
        if BASE_VERSION in operation.permissions:
            known.append(Capture(path.stem, operation, response["status"], response["body"]))
        else:
            unknown[operation.id] += 1
    return known, unknown


def read_and_write(capture: Capture, body: Any) -> Any:
    """Parse a body with the endpoint that was called and write the result as JSON again."""
    module = import_module(endpoint_modules()[capture.operation.id.lower()])
    client = Client(base_url="http://server/api", raise_on_unexpected_status=True)
    parsed = module._parse_response(client=client, response=httpx.Response(capture.status, json=body))
    return to_json(parsed)


def to_json(value: Any) -> Any:
    """Write what the SDK read as JSON; the top may be a list or a plain value."""
    if isinstance(value, list):
        return [to_json(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


def differences(recorded: Any, written: Any, where: str = "") -> Iterator[str]:
    """Compare two JSON values exactly, but for two spellings of one instant."""
    if isinstance(recorded, dict) and isinstance(written, dict):
        if recorded.keys() != written.keys():
            yield f"{where}: keys {sorted(recorded.keys() ^ written.keys())}"
        for key in recorded.keys() & written.keys():
            yield from differences(recorded[key], written[key], f"{where}/{key}")
    elif isinstance(recorded, list) and isinstance(written, list) and len(recorded) == len(written):
        for index, (left, right) in enumerate(zip(recorded, written, strict=True)):
            yield from differences(left, right, f"{where}/{index}")
    elif (type(recorded), recorded) != (type(written), written) and not same_instant(recorded, written):
        yield f"{where}: {recorded!r} became {written!r}"


def same_instant(recorded: object, written: object) -> bool:
    """Tell whether two strings are the same point in time."""
    if not isinstance(recorded, str) or not isinstance(written, str):
        return False
    try:
        left, right = datetime.datetime.fromisoformat(recorded), datetime.datetime.fromisoformat(written)
    except ValueError:
        return False
    return (left.tzinfo is None) == (right.tzinfo is None) and left == right


Spot = tuple[str | int, ...]


def spots(body: Any, here: Spot = ()) -> Iterator[Spot]:
    """Go over the places of all values inside a JSON value."""
    children: Any = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in children:
        yield (*here, key)
        yield from spots(value, (*here, key))


def holder(body: Any, spot: Spot) -> Any:
    """Give the object or list that a place is in."""
    for key in spot[:-1]:
        body = body[key]
    return body


def parameters() -> list[Any]:
    return [
        pytest.param(capture, id=f"v{version}-{capture.name}")
        for version in VERSIONS
        for capture in captures(version)[0]
    ]


@pytest.mark.parametrize("capture", parameters())
def test_writes_back_what_it_read(capture: Capture) -> None:
    assert list(differences(capture.body, read_and_write(capture, capture.body))) == []


@pytest.mark.parametrize("capture", parameters())
def test_each_key_may_be_missing(capture: Capture) -> None:
    for spot in spots(capture.body):
        if isinstance(spot[-1], str):
            body = copy.deepcopy(capture.body)
            del holder(body, spot)[spot[-1]]
            assert list(differences(body, read_and_write(capture, body))) == [], spot


@pytest.mark.parametrize("capture", parameters())
def test_unknown_keys_are_kept(capture: Capture) -> None:
    body = copy.deepcopy(capture.body)
    objects = [body, *(holder(body, (*spot, "")) for spot in spots(body))]
    for value in objects:
        if isinstance(value, dict):
            value["brandNew"] = {"nested": ["value", 1, None]}
    assert list(differences(body, read_and_write(capture, body))) == []


@pytest.mark.parametrize("value", ["brand-new", None, 7, {"brand": "new"}], ids=["string", "null", "number", "object"])
@pytest.mark.parametrize("capture", parameters())
def test_unknown_values_are_kept(capture: Capture, value: object) -> None:
    """A string covers new members of enumerations and unreadable dates; the others are types nobody announced."""
    for spot in spots(capture.body):
        if isinstance(spot[0], int) and len(spot) == 1:
            continue  # An item of an answer that is a list: there would be no place to keep it.
        body = copy.deepcopy(capture.body)
        holder(body, spot)[spot[-1]] = copy.deepcopy(value)
        assert list(differences(body, read_and_write(capture, body))) == [], spot


def test_nothing_is_left_out_silently() -> None:
    """The recordings are fixed, so their numbers are known; an operation the SDK lacks is named here."""
    assert {version: len(captures(version)[0]) for version in VERSIONS} == {"2.3.1": 69, "3.1.0": 70}
    assert {version: dict(captures(version)[1]) for version in VERSIONS} == {
        "2.3.1": {},
        "3.1.0": {"getIntegrityReportSummary": 1, "resolveDuplicates": 1},
    }


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": [1, None]}, {"a": [1, None]}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {}, False),
        ([1], [1, 2], False),
        ("2024-05-03T08:00:00.000Z", "2024-05-03T08:00:00+00:00", True),
        ("2024-05-03T08:00:00.001Z", "2024-05-03T08:00:00+00:00", False),
        ("2024-05-03T08:00:00", "2024-05-03T08:00:00+00:00", False),
    ],
)
def test_the_comparison_sees_differences(left: object, right: object, same: bool) -> None:
    assert (list(differences(left, right)) == []) is same
