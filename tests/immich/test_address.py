"""What people write for their server, and where requests go then."""

import pytest

from immich_tools.errors import UsageError
from immich_tools.immich.address import api_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("http://nas:2283", "http://nas:2283/api"),
        ("http://nas:2283/", "http://nas:2283/api"),
        ("http://nas:2283/api", "http://nas:2283/api"),
        ("http://nas:2283/api/", "http://nas:2283/api"),
        ("http://nas:2283/api//", "http://nas:2283/api"),
        ("  http://nas:2283\n", "http://nas:2283/api"),
        ("nas:2283", "http://nas:2283/api"),
        ("192.168.1.10:2283", "http://192.168.1.10:2283/api"),
        ("localhost", "http://localhost/api"),
        ("https://home.example", "https://home.example/api"),
        ("HTTPS://Home.Example", "https://home.example/api"),
        ("https://home.example:443", "https://home.example/api"),
        ("https://home.example/photos", "https://home.example/photos/api"),
        ("https://home.example/photos/api/", "https://home.example/photos/api"),
        ("https://home.example//photos//", "https://home.example/photos/api"),
        ("https://home.example/my%20photos", "https://home.example/my%20photos/api"),
        ("http://[::1]:2283", "http://[::1]:2283/api"),
        ("[fe80::1]:2283", "http://[fe80::1]:2283/api"),
        ("http://bücher.example", "http://xn--bcher-kva.example/api"),
    ],
)
def test_is_understood(written: str, address: str) -> None:
    assert api_address(written) == address
    assert api_address(address) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "http://",
        "//nas",
        "http:/nas",
        "http:nas",
        "ftp://nas",
        "file:///etc/passwd",
        "http://nas:0",
        "http://nas:99999",
        "http://nas:port",
        "::1",
        "http://my nas",
        "http://nas\x00",
        "http://nas/?page=1",
        "http://nas/#photos",
    ],
)
def test_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        api_address(written)


@pytest.mark.parametrize(
    "written",
    [
        "http://me:s3cret@nas:2283",
        "me:s3cret@nas",
        "ftp://me:s3cret@nas",
        "http://me:s3cret@na s",
        "http://me:s3cret@nas:99999",
        "http://nas/?apiKey=s3cret",
        "http://nas/#s3cret",
        "s3cretkeys3cretkeys3cretkeys3cretkeys3cretkey",
    ],
)
def test_a_secret_in_it_is_not_repeated(written: str) -> None:
    with pytest.raises(UsageError) as error:
        api_address(written)
    assert "s3cret" not in str(error.value)
