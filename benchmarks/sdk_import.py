"""What lazy models save: importing six endpoints as they are, against importing all models with them.

Run with `python benchmarks/sdk_import.py`. Trust the ratios, not the milliseconds.
"""

import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 7
ENDPOINTS = """
from immich_sdk.api.albums import get_all_albums
from immich_sdk.api.assets import delete_assets
from immich_sdk.api.duplicates import get_asset_duplicates
from immich_sdk.api.search import search_assets
from immich_sdk.api.server import get_server_version
from immich_sdk.api.tags import get_all_tags
"""
# What `models/__init__` does in the generator's own form: every model, whichever is asked for.
ALL_MODELS = """
import immich_sdk.models
for name in immich_sdk.models.__all__:
    getattr(immich_sdk.models, name)
"""
MEASURE = """
import sys, time
started = time.perf_counter()
{statements}
seconds = time.perf_counter() - started
print(seconds, sum(name.startswith("immich_sdk.models.") for name in sys.modules), len(sys.modules))
"""


def measure(statements: str) -> tuple[float, int, int]:
    """Run statements in fresh interpreters.

    Args:
        statements: Python code.

    Returns:
        Median seconds, model modules loaded, modules loaded in all.
    """
    command = [sys.executable, "-c", MEASURE.format(statements=statements)]
    folder = Path(__file__).resolve().parents[1]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)  # Writes the bytecode.
    outputs = [
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(RUNS)
    ]
    return statistics.median(float(output[0]) for output in outputs), int(outputs[0][1]), int(outputs[0][2])


def main() -> None:
    """Print the table."""
    print(f"{'six endpoints':<16}{'median ms':>10}{'models':>8}{'modules':>9}   ({RUNS} runs)")
    lines = {"lazy": ENDPOINTS, "eager": ENDPOINTS + ALL_MODELS, "httpx alone": "import httpx, attrs"}
    results = {name: measure(statements) for name, statements in lines.items()}
    for name, (seconds, models, modules) in results.items():
        print(f"{name:<16}{seconds * 1000:>10.0f}{models:>8}{modules:>9}")
    (lazy, few, _), (eager, many, _) = results["lazy"], results["eager"]
    print(f"eager / lazy: {eager / lazy:.1f} times the time, {many / few:.1f} times the model modules")
    alone = results["httpx alone"][0]
    print(f"without httpx and attrs: {(eager - alone) / max(lazy - alone, 0.001):.1f} times the time")


if __name__ == "__main__":
    main()
