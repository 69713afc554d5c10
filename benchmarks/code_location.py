"""Promise: the code location loads in at most 2.5 s of CPU; Dagster alone is most of it.

Each process is measured whole, and the ratio is to a process that only imports Dagster in the same run.
"""

import resource
import subprocess
import sys

from promises import promise

RUNS = 5
PROGRAMS = {
    "import dagster": "import dagster",
    "code location": "from polyglot_assets.definitions import build_defs; build_defs().resolve_asset_graph()",
    "polyglot sql --help": "import sys; sys.argv = ['polyglot', 'sql', '--help']; "
    "from polyglot_assets.cli.main import run; run()",
}


def cpu_seconds(program: str) -> float:
    """User and system seconds of one Python process that runs `program`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the median CPU seconds of each program and its ratio to importing Dagster."""
    medians = {}
    for name, program in PROGRAMS.items():
        cpu_seconds(program)  # compiled files and page cache
        medians[name] = sorted(cpu_seconds(program) for _ in range(RUNS))[RUNS // 2]
        print(
            f"{name:22} {medians[name]:5.2f} s CPU, {medians[name] / medians['import dagster']:5.2f} × import dagster"
        )
    found = f"{medians['code location']:.2f} s, importing Dagster alone {medians['import dagster']:.2f} s"
    promise("loading the code location", "≤ 2.5 s of CPU", found)


if __name__ == "__main__":
    main()
