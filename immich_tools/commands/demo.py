"""``immich-toolkit demo``: a duplicates clean-up from plan to undo, on a pretended server."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from cyclopts import Parameter

from immich_tools.commands.extras import need_sandbox
from immich_tools.errors import ExitCode
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.execute import apply
from immich_tools.plan.guards import Guards
from immich_tools.plan.journal import find_run
from immich_tools.plan.undo import undo_plan
from immich_tools.report.output import Output
from immich_tools.settings import OutputOptions


def demo(
    *,
    dialect: Annotated[Literal["v2", "v3"], Parameter(help=_("Pretend to be Immich 2.3.1 or 3.1.0."))] = "v3",
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
) -> int:
    """Plan, apply and undo a clean-up of duplicates on a pretended server with a sample library. Touches nothing real."""
    need_sandbox()
    from immich_tools import duplicates
    from immich_tools.sandbox import Dialect, Sandbox, sample_library
    from immich_tools.sandbox.difference import differences

    sandbox = Sandbox(dialect=Dialect(dialect))
    sample_library(sandbox)
    with (
        Output(output) as out,
        TemporaryDirectory() as folder,
        Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport(), clock=sandbox.clock) as immich,
    ):
        journals = Path(folder)
        before = sandbox.dump()
        facts = duplicates.gather(immich)
        _heading(
            out,
            _("1. A pretended Immich {version}: {assets} assets, {groups} groups of duplicates. The plan:").format(
                version=immich.version, assets=facts.population, groups=len(facts.groups)
            ),
        )
        plan = duplicates.make_plan(facts)
        out.plan(plan)

        _heading(out, _("2. Carrying it out"))
        outcome = apply(plan, immich, guards=Guards(), journal_folder=journals)
        out.outcome(outcome, hint=False)

        _heading(out, _("3. What changed"))
        after = sandbox.dump()
        for line in differences(before, after):
            out.text(f"  {line}")

        _heading(out, _("4. Undoing it"))
        undoing = undo_plan(find_run(journals, "last"), immich)
        undone = apply(undoing, immich, guards=Guards(max_ratio=1), journal_folder=journals, undoes=outcome.run_id)
        out.outcome(undone, hint=False)

        same = sandbox.dump() == before
        _heading(
            out, _("The library is exactly as it was.") if same else _("The library is NOT as it was; this is a bug.")
        )
    return ExitCode.DONE if same and before != after and not outcome.failures else ExitCode.UNEXPECTED


def _heading(out: Output, text: str) -> None:
    out.out.print()
    out.out.print(text, markup=False, style="bold")
