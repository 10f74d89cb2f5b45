"""/jobs, /queues and /admin/integrity."""

import csv
import io
from typing import Final

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.integrity import KINDS, missing_files, untracked_files
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import ONLY_V3, boolean, choice, integer, string

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
    call.body({"name": string(required=True)})
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
    counts = {"untracked_file": len(untracked_files(call.server)), "missing_file": len(missing_files(call.server))}
    return json_response({**counts, "checksum_mismatch": 0})


@ROUTES.add("GET", "/admin/integrity/report", dialects=ONLY_V3)
def integrity_report(call: Call) -> Response:
    """Files that are missing or unknown, one page; only originals with a real file are looked at."""
    fields = {"type": choice(*KINDS, required=True), "limit": integer(lowest=1), "cursor": string()}
    query = call.query(fields)
    items = _report_items(call, query["type"])
    start = next((i + 1 for i, item in enumerate(items) if item["id"] == query.get("cursor")), 0)
    limit = query.get("limit", 500)
    page = items[start : start + limit]
    body: dict[str, object] = {"items": [{key: item[key] for key in ("id", "type", "path")} for item in page]}
    if len(items) > start + limit:
        body["nextCursor"] = page[-1]["id"]
    return json_response(body)


def _report_items(call: Call, kind: str) -> list[dict[str, object]]:
    finders = {"missing_file": missing_files, "untracked_file": untracked_files}
    return finders[kind](call.server) if kind in finders else []


@ROUTES.add("GET", "/admin/integrity/report/{type}/csv", dialects=ONLY_V3, plain=["type"])
def integrity_report_as_csv(call: Call) -> Response:
    """The whole report as a table, with the asset of each entry."""
    kind = str(call.body_of_path("type", choice(*KINDS)))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_CSV_COLUMNS)
    for item in _report_items(call, kind):
        table.writerow([item.get(column, "") for column in _CSV_COLUMNS])
    return Response(200, {"content-type": "text/csv; charset=utf-8"}, out.getvalue().encode())
