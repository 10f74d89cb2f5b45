"""Where the facts about trash and faces come from, and that a fact nobody tells is unknown and never off."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import ServerUnreachable, ToolkitError
from immich_tools.immich.models import TrashPolicy

FEATURES, CONFIG, SUCCESSOR = "/api/server/features", "/api/server/config", "/api/config"
NEW = {
    "trash": {"enabled": True, "days": 7},
    "machineLearning": {"enabled": True, "facialRecognition": {"enabled": True, "minFaces": 3}},
}
GONE = {"message": "Cannot GET /api/…", "error": "Not Found", "statusCode": 404}
DENIED = {"message": "Missing required permission: userConfig.read", "statusCode": 403}


def server(answers: dict[str, Any]) -> Immich:
    """A server that answers some addresses; a number is a refusal with that status, the others are not there."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/server/version":
            return httpx.Response(200, json={"major": 3, "minor": 4, "patch": 0})
        given = answers.get(request.url.path, 404)
        if given == 404:
            return httpx.Response(404, json=GONE)
        if isinstance(given, int):
            return httpx.Response(given, json=DENIED if given == 403 else {"message": "oops"})
        return httpx.Response(200, json=given)

    return Immich.connect("http://nas", "key", transport=httpx.MockTransport(answer), retry_wait=0)


def test_the_trash_is_known_as_long_as_one_address_tells() -> None:
    old = {FEATURES: {"trash": True}, CONFIG: {"trashDays": 30}}
    cases: list[tuple[dict[str, Any], TrashPolicy]] = [
        (old, TrashPolicy(enabled=True, days=30)),
        (old | {FEATURES: {"trash": False}}, TrashPolicy(enabled=False, days=30)),
        (old | {SUCCESSOR: NEW}, TrashPolicy(enabled=True, days=30)),
        ({FEATURES: {"trash": True}, SUCCESSOR: NEW}, TrashPolicy(enabled=True, days=7)),
        ({CONFIG: {"trashDays": 30}, SUCCESSOR: NEW}, TrashPolicy(enabled=True, days=7)),
        ({FEATURES: {}, CONFIG: {}, SUCCESSOR: NEW}, TrashPolicy(enabled=True, days=7)),
        ({SUCCESSOR: NEW}, TrashPolicy(enabled=True, days=7)),
        ({SUCCESSOR: {"trash": {"enabled": False, "days": 7}}}, TrashPolicy(enabled=False, days=7)),
    ]
    for answers, expected in cases:
        policy = server(answers).trash_policy
        assert (policy, policy.is_known) == (expected, True), answers


def test_a_trash_that_nobody_tells_about_is_unknown_and_no_safety_net() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "404"),
        ({SUCCESSOR: 403}, "userConfig.read"),
        ({SUCCESSOR: {}}, "does not tell"),
        ({SUCCESSOR: {"trash": None}}, "does not tell"),
        ({SUCCESSOR: {"trash": {"enabled": True}}}, "does not tell"),
        ({SUCCESSOR: {"trash": {"enabled": "yes", "days": 30}}}, "does not tell"),
        ({FEATURES: {"trash": True}, CONFIG: {"trashDays": "30"}}, "404"),
    ]
    for answers, reason in cases:
        policy = server(answers).trash_policy
        assert (policy.enabled, policy.days, policy.is_known, policy.is_safety_net) == (None, None, False, False), (
            answers
        )
        assert reason in policy.reason


def test_whether_faces_are_looked_for() -> None:
    cases: list[tuple[dict[str, Any], bool | None]] = [
        ({FEATURES: {"facialRecognition": True}}, True),
        ({FEATURES: {"facialRecognition": False}, SUCCESSOR: NEW}, False),
        ({SUCCESSOR: NEW}, True),
        ({SUCCESSOR: {"machineLearning": {"enabled": False, "facialRecognition": {"enabled": True}}}}, False),
        ({SUCCESSOR: {"machineLearning": {"enabled": True, "facialRecognition": {"enabled": False}}}}, False),
        ({SUCCESSOR: {"machineLearning": {"enabled": True}}}, None),
        ({SUCCESSOR: {"machineLearning": True}}, None),
        ({SUCCESSOR: 403}, None),
        ({}, None),
    ]
    for answers, expected in cases:
        recognition = server(answers | {"/api/jobs": 403}).faces.recognition()
        assert recognition.is_on is expected, answers
        assert not recognition.is_finished


def test_a_server_that_fails_is_an_error_and_not_an_unknown_trash() -> None:
    for answers in ({FEATURES: 500}, {FEATURES: {"trash": True}, CONFIG: 500}, {SUCCESSOR: 500}):
        with pytest.raises(ToolkitError, match="oops"):
            _ = server(answers).trash_policy


def test_another_program_is_not_taken_for_immich() -> None:
    cases: tuple[dict[str, Any], ...] = ({FEATURES: []}, {FEATURES: {"trash": True}, CONFIG: "config"})
    for answers in cases:
        with pytest.raises(ServerUnreachable, match="not Immich's JSON"):
            _ = server(answers).trash_policy
