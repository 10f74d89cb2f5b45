"""Configuration of all commands: flags > environment > ``.env`` > ``immich-toolkit.toml`` > defaults, strictly read."""

from immich_tools.settings.application import load, make_app, run
from immich_tools.settings.files import read_configuration_file
from immich_tools.settings.options import (
    ApplyOptions,
    ConnectionOptions,
    ExecutionOptions,
    OutputOptions,
    SourceOptions,
)
from immich_tools.settings.sources import Sources, secret_flag
from immich_tools.settings.surroundings import Invocation, Surroundings, current_invocation, protect
from immich_tools.settings.values import Legacy, negate, read_boolean

__all__ = [
    "ApplyOptions",
    "ConnectionOptions",
    "ExecutionOptions",
    "Invocation",
    "Legacy",
    "OutputOptions",
    "SourceOptions",
    "Sources",
    "Surroundings",
    "current_invocation",
    "load",
    "make_app",
    "negate",
    "protect",
    "read_boolean",
    "read_configuration_file",
    "run",
    "secret_flag",
]
