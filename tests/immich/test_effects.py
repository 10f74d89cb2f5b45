"""What each operation does to the server: which are let through in a dry run, and which are sent again.

Every POST of every supported version is named here, so that a new one cannot slip in unclassified.
"""

import httpx
import pytest

from immich_sdk.operations import OPERATIONS, Operation
from immich_tools.errors import WriteRefused
from immich_tools.immich.transport import Effect, Gate, effect_of
from immich_tools.secret import Secret

READING_POSTS = {
    "checkBulkUpload",
    "checkExistingAssets",
    "downloadArchive",
    "getDownloadInfo",
    "searchAssetStatistics",
    "searchAssets",
    "searchLargeAssets",
    "searchRandom",
    "searchSmart",
}
REPEATABLE_POSTS = {"restoreAssets"}
# Some of these only read as well; no tool needs them, so nothing is taken on trust.
OTHER_POSTS = {
    "acceptClusterGroupRequest",
    "changePassword",
    "clusterGroupRegeneratePeople",
    "createActivity",
    "createAlbum",
    "createApiKey",
    "createFace",
    "createJob",
    "createLibrary",
    "createMemory",
    "createNotification",
    "createPartner",
    "createPartnerDeprecated",
    "createPerson",
    "createProfileImage",
    "createSession",
    "createSharedLink",
    "createStack",
    "createTag",
    "createUserAdmin",
    "createWorkflow",
    "emptyTrash",
    "finishOAuth",
    "getDeltaSync",
    "getFullSyncForUser",
    "getNotificationTemplateAdmin",
    "getSyncStream",
    "leaveClusterGroup",
    "linkOAuthAccount",
    "lockAuthSession",
    "lockSession",
    "login",
    "logout",
    "logoutOAuth",
    "maintenanceLogin",
    "mergePeople",
    "mergePerson",
    "mergePersonLegacy",
    "resolveDuplicates",
    "restoreTrash",
    "restoreUserAdmin",
    "rotateApiKey",
    "runAssetJobs",
    "scanLibrary",
    "sendSyncAck",
    "sendTestEmailAdmin",
    "setMaintenanceMode",
    "setupPinCode",
    "sharedLinkLogin",
    "signUpAdmin",
    "startDatabaseRestoreFlow",
    "startOAuth",
    "unlinkAllOAuthAccountsAdmin",
    "unlinkOAuthAccount",
    "unlockAuthSession",
    "updateAdminOnboarding",
    "uploadAsset",
    "uploadDatabaseBackup",
    "validate",
    "validateAccessToken",
}


def expected_effect(operation: Operation) -> Effect:
    """What this file says about an operation."""
    if operation.method == "GET" or operation.id in READING_POSTS:
        return Effect.READ
    if operation.method in ("PUT", "PATCH", "DELETE") or operation.id in REPEATABLE_POSTS:
        return Effect.REPEATABLE_WRITE
    return Effect.CREATE


def path_of(operation: Operation) -> str:
    """The path with an id in each place."""
    return operation.path.replace("{", "id-of-").replace("}", "")


def test_every_post_is_classified() -> None:
    posts = {operation.id for operation in OPERATIONS.values() if operation.method == "POST"}
    assert posts == READING_POSTS | REPEATABLE_POSTS | OTHER_POSTS


def test_there_are_no_other_methods() -> None:
    assert {operation.method for operation in OPERATIONS.values()} <= {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_effect_of_each_operation(operation: Operation) -> None:
    assert effect_of(operation.method, path_of(operation)) is expected_effect(operation)
    assert effect_of(operation.method.lower(), f"{path_of(operation)}/") is expected_effect(operation)


@pytest.mark.parametrize("base_path", ["/api", "/photos/api"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_a_dry_run_sends_reads_only(operation: Operation, base_path: str) -> None:
    sent: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    gate = Gate(httpx.MockTransport(server), base_path=base_path, api_key=Secret("key"), read_only=True)
    with httpx.Client(base_url=f"http://nas{base_path}", transport=gate) as client:
        if expected_effect(operation) is Effect.READ:
            client.request(operation.method, path_of(operation))
            assert len(sent) == 1
        else:
            with pytest.raises(WriteRefused, match=operation.method):
                client.request(operation.method, path_of(operation), json={})
            assert sent == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/albums/search/metadata"),
        ("POST", "/search/metadata"),
        ("POST", "/other/api/search/metadata"),
        ("POST", "/api/search/metadata/more"),
        ("POST", "/apisearch/metadata"),
        ("GET", "/admin"),
        ("TRACE", "/api/assets"),
        ("MADEUP", "/api/assets"),
    ],
)
def test_what_is_not_known_is_not_sent_in_a_dry_run(method: str, path: str) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        raise AssertionError("it was sent")

    gate = Gate(httpx.MockTransport(server), base_path="/api", api_key=Secret("key"), read_only=True)
    with httpx.Client(base_url="http://nas", transport=gate) as client, pytest.raises(WriteRefused):
        client.request(method, path)


def test_an_update_that_adds_up_is_not_repeatable() -> None:
    assert effect_of("PUT", "/assets", b'{"ids":[],"dateTimeRelative":60}') is Effect.CREATE
    assert effect_of("PUT", "/assets", b'{"ids":[],"rating":5}') is Effect.REPEATABLE_WRITE
