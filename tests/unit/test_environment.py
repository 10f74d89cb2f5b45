"""No test reads what the caller's environment says of a server, a database or a proxy."""

from __future__ import annotations

import os
from pathlib import Path

from immich_tools.cli import toolkit_app
from immich_tools.folders import default_configuration_folder, default_state_folder
from tests.environment import cleared, kept


def test_every_variable_that_a_command_reads_is_cleared() -> None:
    app = toolkit_app()
    read = {
        name
        for command in app
        if not command.startswith("-")
        for argument in app[command].assemble_argument_collection(default_parameter=app.default_parameter)
        for name in argument.parameter.env_var or ()
    }
    proxies = {
        "HTTP_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
    }
    older = {"API_KEY", "API_KEYS", "API_URL", "DRY_RUN", "DB_PASSWORD_FILE", "IGNORE_REGEX1", "TZ", "HOME"}
    environment = dict.fromkeys(read | proxies | older, "canary")
    assert len(read) > 150 and kept(environment) == {}


def test_what_was_cleared_comes_back(tmp_path: Path) -> None:
    environment = {"PATH": "/bin", "DB_HOSTNAME": "mine", "HOME": "/home/me"}
    with cleared(environment, tmp_path):
        assert environment == {"PATH": "/bin", "HOME": str(tmp_path)}
    assert environment == {"PATH": "/bin", "DB_HOSTNAME": "mine", "HOME": "/home/me"}


def test_tests_have_a_home_folder_of_their_own() -> None:
    home = Path(os.environ["HOME"])
    assert home.name.startswith("pytest-home-")
    assert default_state_folder().is_relative_to(home)
    configuration = default_configuration_folder()
    assert configuration is not None and configuration.is_relative_to(home)
