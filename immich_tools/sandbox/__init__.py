"""An Immich server in this process, for demos, tests and your own scripts.

from immich_tools.sandbox import Dialect, Sandbox
sandbox = Sandbox(Dialect.V2)
client = httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers={"x-api-key": sandbox.admin_key})
"""

from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.faults import FaultKind, Faults
from immich_tools.sandbox.jobs import JobClock, Jobs
from immich_tools.sandbox.large import LargeLibrary, large_library
from immich_tools.sandbox.sample import SampleLibrary, sample_library
from immich_tools.sandbox.sandbox import LoggedRequest, RequestLog, Sandbox

__all__ = [
    "Dialect",
    "FaultKind",
    "Faults",
    "JobClock",
    "Jobs",
    "LargeLibrary",
    "LoggedRequest",
    "RequestLog",
    "SampleLibrary",
    "Sandbox",
    "large_library",
    "sample_library",
]
