"""The generated package: lazy, open to unknown values, silent about keys, complete."""

import asyncio
import copy
import datetime
import importlib
import inspect
import json
import pickle
import pkgutil
import ssl
import subprocess
import sys
import traceback
from enum import StrEnum
from io import BytesIO

import httpx
import pytest

import immich_sdk
import immich_sdk.api
import immich_sdk.models
from immich_sdk.api.albums import get_all_albums
from immich_sdk.api.assets import download_asset, upload_asset
from immich_sdk.api.search import search_assets
from immich_sdk.api.server import get_server_version
from immich_sdk.client import AuthenticatedClient, Client
from immich_sdk.errors import UnexpectedStatus, UnreadableAnswer
from immich_sdk.models import AssetCopyDto, AssetMediaCreateDto, AssetResponseDto, AssetVisibility, MetadataSearchDto
from immich_sdk.operations import BASE_VERSION, OPERATIONS
from immich_sdk.types import UNSET, File, each, first_of

KEY = "the-secret-key"


def module_names(package: object) -> list[str]:
    assert inspect.ismodule(package)
    return [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]


def loaded_after(statement: str) -> set[str]:
    """Give the modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(json.loads(output))


# Lazy


@pytest.mark.parametrize("name", module_names(immich_sdk))
def test_every_module_imports(name: str) -> None:
    importlib.import_module(name)


def test_every_model_can_be_had_by_name() -> None:
    assert len(immich_sdk.models.__all__) > 300
    for name in immich_sdk.models.__all__:
        assert inspect.isclass(getattr(immich_sdk.models, name))
    assert set(immich_sdk.models.__all__) <= set(dir(immich_sdk.models))


def test_an_unknown_model_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchModel"):
        _ = immich_sdk.models.NoSuchModel  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = immich_sdk.no_such_name  # type: ignore[attr-defined]


def test_an_endpoint_loads_only_the_models_it_needs() -> None:
    loaded = loaded_after("from immich_sdk.api.server import get_server_version")
    assert {name for name in loaded if name.startswith("immich_sdk.models.")} == {
        "immich_sdk.models.server_version_response_dto"
    }


def test_the_operation_table_is_cheap() -> None:
    loaded = loaded_after("import immich_sdk.operations")
    assert {name for name in loaded if name.startswith("immich_sdk")} == {"immich_sdk", "immich_sdk.operations"}
    assert not loaded & {"httpx", "attrs", "attr"}


# Complete


def test_every_operation_of_the_base_has_its_module() -> None:
    modules = {name.rpartition(".")[2].replace("_", "") for name in module_names(immich_sdk.api)}
    expected = {operation.id for operation in OPERATIONS.values() if BASE_VERSION in operation.permissions}
    assert len(expected) == 225
    assert {name for name in expected if name.lower() not in modules} == set()


@pytest.mark.parametrize("name", [name for name in module_names(immich_sdk.api) if name.count(".") == 3])
def test_every_endpoint_has_both_forms(name: str) -> None:
    module = importlib.import_module(name)
    assert inspect.iscoroutinefunction(module.asyncio_detailed)
    assert inspect.signature(module.sync_detailed).parameters == inspect.signature(module.asyncio_detailed).parameters
    assert hasattr(module, "sync") == hasattr(module, "asyncio")


# Open enumerations


def test_an_unknown_value_becomes_a_member_of_its_own() -> None:
    unknown = AssetVisibility("brand-new")
    assert isinstance(unknown, AssetVisibility)
    assert (unknown.value, unknown.name, str(unknown)) == ("brand-new", "brand-new", "brand-new")
    assert repr(unknown) == "<AssetVisibility.brand-new: 'brand-new'>"
    assert unknown is AssetVisibility("brand-new")
    assert unknown == "brand-new"
    assert unknown != AssetVisibility("other")
    assert len({unknown, AssetVisibility("brand-new"), AssetVisibility.TIMELINE}) == 2


def test_an_unknown_value_is_not_listed() -> None:
    AssetVisibility("brand-new")
    assert [member.value for member in AssetVisibility] == ["archive", "hidden", "locked", "timeline"]
    assert len(AssetVisibility) == 4
    assert "brand-new" not in AssetVisibility.__members__
    with pytest.raises(KeyError):
        AssetVisibility["brand-new"]
    with pytest.raises(ValueError, match="7 is not a valid"):
        AssetVisibility(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("member", [AssetVisibility.TIMELINE, AssetVisibility("brand-new")])
def test_members_survive_copies_and_pickles(member: AssetVisibility) -> None:
    assert copy.copy(member) is member
    assert copy.deepcopy(member) is member
    assert pickle.loads(pickle.dumps(member)) is member


def test_every_enumeration_is_open() -> None:
    enums = [
        value
        for value in (getattr(immich_sdk.models, name) for name in immich_sdk.models.__all__)
        if issubclass(value, StrEnum)
    ]
    assert len(enums) > 40
    assert all(enum("brand-new").value == "brand-new" for enum in enums)


# Models


def test_nothing_unasked_is_sent() -> None:
    assert MetadataSearchDto().to_dict() == {}
    assert AssetCopyDto(source_id="a", target_id="b").to_dict() == {"sourceId": "a", "targetId": "b"}
    assert get_all_albums._get_kwargs()["params"] == {}


def test_no_request_model_has_a_default() -> None:
    for name in immich_sdk.models.__all__:
        for field in getattr(getattr(immich_sdk.models, name), "__attrs_attrs__", ()):
            if field.name != "additional_properties":
                assert not field.default or field.default is UNSET, f"{name}.{field.name}"


def test_unset_survives_copies_and_pickles() -> None:
    asset = AssetResponseDto(id="a")
    for other in (copy.deepcopy(asset), pickle.loads(pickle.dumps(asset))):
        assert other == asset
        assert other.checksum is UNSET
    assert repr(UNSET) == "UNSET"
    assert not UNSET


def test_what_cannot_be_read_is_kept() -> None:
    body = {"id": "a", "fileCreatedAt": "+020000-01-01T00:00:00.000Z", "exifInfo": None, "people": [None]}
    asset = AssetResponseDto.from_dict(body)
    assert asset.file_created_at is UNSET
    assert asset["fileCreatedAt"] == "+020000-01-01T00:00:00.000Z"
    assert "exifInfo" in asset
    assert asset.to_dict() == body


def test_values_of_several_types() -> None:
    read = each(first_of((str, datetime.date.fromisoformat), (dict, AssetResponseDto.from_dict)))
    assert read(["2024-05-03", "soon", 7, {"id": "a"}]) == [
        datetime.date(2024, 5, 3),
        "soon",
        7,
        AssetResponseDto(id="a"),
    ]


# Clients


def client_for(handler: httpx.MockTransport, *, strict: bool = False) -> AuthenticatedClient:
    return AuthenticatedClient(
        base_url="http://server/api",
        token=KEY,
        headers={"x-other": KEY},
        cookies={"immich_access_token": KEY},
        httpx_args={"transport": handler, "params": {"key": KEY}},
        raise_on_unexpected_status=strict,
    )


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"major": 2, "minor": 3, "patch": 1, "seen": request.headers.get("x-api-key")})


def test_no_key_in_any_repr() -> None:
    client = client_for(httpx.MockTransport(answer))
    for value in (client, client.get_httpx_client(), client.get_async_httpx_client()):
        assert KEY not in f"{value!r} {value!s} {value}"
    assert KEY not in repr(client.get_httpx_client().auth)
    assert "password" not in repr(Client(base_url="http://user:password@server/api"))


def test_no_key_in_the_locals_of_a_traceback() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    client = AuthenticatedClient(
        base_url="http://server/api", token=KEY, httpx_args={"transport": httpx.MockTransport(fail)}
    )
    with pytest.raises(httpx.ConnectError) as caught:
        get_server_version.sync(client=client)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    frames = [line for line in shown if "immich_sdk" in line]
    assert frames
    assert KEY not in "".join(shown)


def test_the_key_is_sent() -> None:
    client = client_for(httpx.MockTransport(answer))
    version = get_server_version.sync(client=client)
    assert version is not None
    assert version["seen"] == KEY
    session = AuthenticatedClient(
        base_url="http://server", token="t", auth_header_name="Authorization", prefix="Bearer"
    )
    assert session._arguments()["auth"]._value == "Bearer t"


def test_an_undocumented_status() -> None:
    # 520 is not in http.HTTPStatus, but proxies send it.
    handler = httpx.MockTransport(lambda request: httpx.Response(520, html="<h1>no origin</h1>"))
    response = get_server_version.sync_detailed(client=client_for(handler))
    assert (response.status_code, response.parsed) == (520, None)
    with pytest.raises(UnexpectedStatus, match="520"):
        get_server_version.sync(client=client_for(handler, strict=True))


def test_clients_are_context_managers() -> None:
    with client_for(httpx.MockTransport(answer)) as client:
        assert get_server_version.sync_detailed(client=client).status_code == 200
    assert client.get_httpx_client().is_closed


def test_async_clients() -> None:
    async def run() -> object:
        async with client_for(httpx.MockTransport(answer)) as client:
            return await get_server_version.asyncio(client=client)

    version = asyncio.run(run())
    assert getattr(version, "major", None) == 2


def test_every_call_has_a_timeout_unless_told_otherwise() -> None:
    assert Client(base_url="http://server").get_httpx_client().timeout == httpx.Timeout(60.0)


def test_the_arguments_reach_httpx() -> None:
    context = ssl.create_default_context()
    client = Client(base_url="http://server/photos/api", verify_ssl=context, headers={"a": "b"}, follow_redirects=True)
    inner = client.get_httpx_client()
    assert (str(inner.base_url), inner.headers["a"], inner.follow_redirects) == ("http://server/photos/api/", "b", True)


# Requests


def test_paths_are_quoted() -> None:
    assert download_asset._get_kwargs(id="../a b")["url"] == "/assets/..%2Fa%20b/original"


def test_search_bodies() -> None:
    kwargs = search_assets._get_kwargs(body=MetadataSearchDto(page=1, visibility=AssetVisibility("brand-new")))
    assert kwargs["json"] == {"page": 1, "visibility": "brand-new"}


def test_uploads_are_read_by_immich() -> None:
    """Booleans in lower case, a file name always, and a boundary that httpx chose."""
    now = datetime.datetime(2024, 5, 3, tzinfo=datetime.UTC)
    body = AssetMediaCreateDto(File(BytesIO(b"+++")), now, now, is_favorite=True)
    kwargs = upload_asset._get_kwargs(body=body)
    request = httpx.Request(kwargs["method"], "http://server", files=kwargs["files"], headers=kwargs["headers"])
    content = request.read()
    assert b'name="assetData"; filename="file"' in content
    assert b"\r\n\r\ntrue\r\n" in content
    assert "boundary=+++" not in request.headers["Content-Type"]


def test_downloads_are_bytes() -> None:
    handler = httpx.MockTransport(lambda request: httpx.Response(200, content=b"jpeg"))
    file = download_asset.sync(client=client_for(handler), id="a")
    assert file is not None
    assert file.payload.read() == b"jpeg"


# Mistakes are said


def client_of(answer: httpx.Response, base_url: str = "http://nas/api") -> AuthenticatedClient:
    transport = httpx.MockTransport(lambda request: answer)
    return AuthenticatedClient(base_url=base_url, token=KEY, httpx_args={"transport": transport})


def test_a_date_without_a_time_zone_is_refused_before_anything_is_sent() -> None:
    naive, aware = datetime.datetime(2024, 5, 1, 8), datetime.datetime(2024, 5, 1, 8, tzinfo=datetime.UTC)  # noqa: DTZ001
    with pytest.raises(ValueError, match="2024-05-01 08:00:00 has no time zone"):
        MetadataSearchDto(taken_after=naive).to_dict()
    assert MetadataSearchDto(taken_after=aware).to_dict() == {"takenAfter": "2024-05-01T08:00:00+00:00"}
    refused = client_of(httpx.Response(500))
    with pytest.raises(ValueError, match="has no time zone"):
        search_assets.sync(client=refused, body=MetadataSearchDto(created_before=naive))


def test_a_web_page_in_place_of_an_answer_names_the_address_and_the_missing_api() -> None:
    page = httpx.Response(200, html="<html>")
    with pytest.raises(UnreadableAnswer, match=r"http://nas/albums answered with text/html.*base_url end in /api\?"):
        get_all_albums.sync(client=client_of(page, "http://nas"))
    with pytest.raises(UnreadableAnswer) as failure:
        get_all_albums.sync(client=client_of(page))
    assert "base_url" not in str(failure.value)


def test_an_undocumented_status_names_the_address_and_the_missing_api() -> None:
    answer = httpx.Response(404, json={"message": "Cannot GET /albums"})
    client = client_of(answer, "http://nas")
    client.raise_on_unexpected_status = True
    with pytest.raises(UnexpectedStatus, match=r"404 from http://nas/albums \(does .* /api\?\): .*Cannot GET /albums"):
        get_all_albums.sync(client=client)


def test_a_download_has_the_name_and_the_type_that_the_server_gives() -> None:
    cases = {
        None: None,
        "attachment": None,
        'inline; filename="IMG 1.jpg"': "IMG 1.jpg",
        "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.jpg": "Größe.jpg",
        'attachment; filename="../../etc/passwd"': "passwd",
        'attachment; filename="C:\\\\Windows\\\\x.jpg"': "x.jpg",
    }
    for header, name in cases.items():
        headers = {"content-type": "image/jpeg; q=1"} | ({} if header is None else {"content-disposition": header})
        file = download_asset.sync("a", client=client_of(httpx.Response(200, content=b"jpeg", headers=headers)))
        assert file is not None
        assert (file.payload.read(), file.file_name, file.mime_type) == (b"jpeg", name, "image/jpeg"), header


def test_a_key_with_a_line_end_works_and_one_inside_is_refused_without_being_shown() -> None:
    sent: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["x-api-key"])
        return httpx.Response(200, json=[])

    for token in (f"{KEY}\n", f" {KEY}\r\n"):
        client = AuthenticatedClient(
            base_url="http://nas/api", token=token, httpx_args={"transport": httpx.MockTransport(server)}
        )
        get_all_albums.sync(client=client)
    assert sent == [KEY, KEY]
    for token in (f"{KEY}\nmore", f"ü{KEY}", f"{KEY}\0"):
        with pytest.raises(ValueError, match="characters that no key has") as failure:
            AuthenticatedClient(base_url="http://nas/api", token=token)
        assert KEY not in "".join(traceback.format_exception(failure.value))
