"""/jobs, /queues and /admin/integrity."""

import csv
import io
from typing import Final

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.integrity import JOBS, KINDS, PAGE, findings, queue_check
from immich_tools.sandbox.refusals import Refused
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import ONLY_V3, boolean, choice, string

ROUTES = RouteTable()
_STATES: Final = ("active", "completed", "failed", "delayed", "waiting", "paused")
_CSV_COLUMNS: Final = ("id", "type", "assetId", "fileAssetId", "path")
_QUEUES_V2: Final = (
    "thumbnailGeneration",
    "metadataExtraction",
    "videoConversion",
    "smartSearch",
    "storageTemplateMigration",
    "migration",
    "backgroundTask",
    "search",
    "duplicateDetection",
    "faceDetection",
    "facialRecognition",
    "sidecar",
    "library",
    "notifications",
    "backupDatabase",
    "ocr",
    "workflow",
)
_QUEUES_V3: Final = (*_QUEUES_V2, "integrityCheck", "editor")


def _queues(call: Call) -> tuple[str, ...]:
    return _QUEUES_V3 if call.is_v3 else _QUEUES_V2


def _job_json(call: Call, name: str) -> dict[str, object]:
    counts = _counts(call, name)
    is_paused = name in call.state.paused_queues
    return {"jobCounts": counts, "queueStatus": {"isActive": counts["active"] > 0, "isPaused": is_paused}}


def _counts(call: Call, name: str) -> dict[str, int]:
    """What waits in a paused queue is counted as paused (both versions)."""
    is_paused = name in call.state.paused_queues
    active, waiting = call.server.queues.counts(name, is_paused=is_paused)
    return {**dict.fromkeys(_STATES, 0), "active": active, "paused" if is_paused else "waiting": waiting}


@ROUTES.add("GET", "/jobs")
def list_jobs(call: Call) -> Response:
    return json_response({name: _job_json(call, name) for name in _queues(call)})


@ROUTES.add("POST", "/jobs")
def create_job(call: Call) -> Response:
    """The integrity checks of Immich 3 are queued; the other jobs have nothing to do here."""
    name = call.body({"name": string(required=True)})["name"]
    if call.is_v3 and name in JOBS:
        queue_check(call.server)
    return NO_CONTENT


def _queue_name(call: Call) -> str:
    return str(call.body_of_path("name", choice(*_queues(call))))


@ROUTES.add("PUT", "/jobs/{name}", plain=["name"])
def run_queue(call: Call) -> Response:
    """`start` finds nothing to do: work comes to the queues from elsewhere."""
    name = _queue_name(call)
    commands = ("start", "pause", "resume", "empty", "clear-failed")
    body = call.body({"command": choice(*commands, required=True), "force": boolean()})
    if body["command"] == "pause":
        call.state.paused_queues.add(name)
    elif body["command"] == "resume":
        call.state.paused_queues.discard(name)
    elif body["command"] == "empty":
        call.server.queues.empty(name)
    return json_response(_job_json(call, name))


def _queue_json(call: Call, name: str) -> dict[str, object]:
    return {"name": name, "isPaused": name in call.state.paused_queues, "statistics": _counts(call, name)}


@ROUTES.add("GET", "/queues", dialects=ONLY_V3)
def list_queues(call: Call) -> Response:
    return json_response([_queue_json(call, name) for name in _queues(call)])


@ROUTES.add("GET", "/queues/{name}", dialects=ONLY_V3, plain=["name"])
def get_queue(call: Call) -> Response:
    return json_response(_queue_json(call, _queue_name(call)))


@ROUTES.add("PUT", "/queues/{name}", dialects=ONLY_V3, plain=["name"])
def update_queue(call: Call) -> Response:
    name = _queue_name(call)
    is_paused = call.body({"isPaused": boolean()}).get("isPaused")
    if is_paused is True:
        call.state.paused_queues.add(name)
    elif is_paused is False:
        call.state.paused_queues.discard(name)
    return json_response(_queue_json(call, name))


@ROUTES.add("GET", "/queues/{name}/jobs", dialects=ONLY_V3, plain=["name"])
def list_queue_jobs(call: Call) -> Response:
    _queue_name(call)
    return json_response([])


@ROUTES.add("DELETE", "/queues/{name}/jobs", dialects=ONLY_V3, plain=["name"])
def empty_queue(call: Call) -> Response:
    call.server.queues.empty(_queue_name(call))
    return NO_CONTENT


@ROUTES.add("GET", "/admin/integrity/summary", dialects=ONLY_V3)
def integrity_summary(call: Call) -> Response:
    return json_response({kind: len(findings(call.server, kind)) for kind in KINDS})


@ROUTES.add("GET", "/admin/integrity/report", dialects=ONLY_V3)
def integrity_report(call: Call) -> Response:
    """What the last check found, 500 a page; the cursor is the first id of the next page. Immich 3.1.0 refuses every limit."""
    if "limit" in call.request.query:
        issue = {"expected": "number", "code": "invalid_type", "path": ["limit"]}
        issue["message"] = "Invalid input: expected number, received string"
        raise Refused(400, "Validation failed", issues=[issue])
    query = call.query({"type": choice(*KINDS, required=True), "cursor": string()})
    items = findings(call.server, query["type"])
    if "cursor" in query:
        items = [item for item in items if str(item["id"]) <= query["cursor"]]
    body: dict[str, object] = {"items": items[:PAGE]}
    if len(items) > PAGE:
        body["nextCursor"] = items[PAGE]["id"]
    return json_response(body)


@ROUTES.add("GET", "/admin/integrity/report/{type}/csv", dialects=ONLY_V3, plain=["type"])
def integrity_report_as_csv(call: Call) -> Response:
    """The whole report as a table, with the asset of each entry."""
    kind = str(call.body_of_path("type", choice(*KINDS)))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_CSV_COLUMNS)
    for item in findings(call.server, kind):
        table.writerow([item[column] or "" for column in _CSV_COLUMNS])
    return Response(200, {"content-type": "text/csv; charset=utf-8"}, out.getvalue().encode())
