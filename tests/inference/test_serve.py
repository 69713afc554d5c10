"""`polyglot serve-teacher`: the command line and environment of the server, and one real server on the CPU."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from polyglot_assets.cli.main import main
from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference import serve
from polyglot_assets.inference.registry import REGISTRY, Teacher, read
from polyglot_assets.settings import Settings

KEY = "sk-only-for-this-test"
GEMMA = read(REGISTRY)["gemma-3-4b-it"]
OURS = {
    "model": "google/gemma-3-4b-it",
    "max_model_len": 8192,
    "disable_log_stats": True,
    "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
}


def command_line(teacher: Teacher) -> list[str]:
    return serve.command_line(teacher, OURS, "127.0.0.1", 8123)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_the_command_is_a_module_of_vllm_in_this_interpreter() -> None:
    command = command_line(GEMMA)
    assert command[0] == sys.executable
    assert command[command.index("-m") + 1] == "vllm.entrypoints.openai.api_server"
    assert {"--host=127.0.0.1", "--port=8123", "--model=google/gemma-3-4b-it", "--max-model-len=8192"} <= set(command)
    assert '--structured-outputs-config={"backend": "xgrammar", "disable_any_whitespace": true}' in command


def test_the_server_reports_its_speed_but_not_each_request() -> None:
    command = command_line(GEMMA)
    assert "--disable-uvicorn-access-log" in command
    assert "--disable-log-stats" not in command
    assert "--disable-log-stats" in command_line(replace(GEMMA, engine={"disable_log_stats": True}))


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({"enforce_eager": True}, ["--enforce-eager"]),
        ({"enable_chunked_prefill": False}, ["--no-enable-chunked-prefill"]),
        ({"tensor_parallel_size": 2}, ["--tensor-parallel-size=2"]),
        ({"gpu_memory_utilization": 0.85}, ["--gpu-memory-utilization=0.85"]),
        ({"quantization": "fp8"}, ["--quantization=fp8"]),
        ({"hf_overrides": {"rope": {"factor": 2.0}}}, ['--hf-overrides={"rope": {"factor": 2.0}}']),
        ({"cudagraph_capture_sizes": [1, 8]}, ["--cudagraph-capture-sizes", "1", "8"]),
        ({"max_model_len": 512}, ["--max-model-len=512"]),
    ],
)
def test_engine_arguments_become_command_line_arguments(argument: dict[str, Any], words: list[str]) -> None:
    command = command_line(replace(GEMMA, engine=argument))
    assert command[-len(words) :] == words or words[0] in command
    name = words[0].split("=")[0]
    assert sum(word.split("=")[0] == name for word in command) == 1


def test_the_server_answers_to_the_name_that_the_engine_asks_for() -> None:
    assert "--served-model-name=google/gemma-3-4b-it" in command_line(GEMMA)
    assert "--served-model-name=mine" in command_line(replace(GEMMA, served_as="mine"))


def test_with_an_adapter_the_name_is_the_adapters() -> None:
    command = command_line(replace(GEMMA, lora="/some/adapter"))
    assert '--lora-modules={"name": "google/gemma-3-4b-it", "path": "/some/adapter"}' in command
    assert "--served-model-name=gemma-3-4b-it-without-adapter" in command


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A copy of the environment, without what configures vLLM, in place of the real one."""
    prefixes = ("VLLM_", "OMP_", "TORCH_", "TRANSFORMERS_")
    copy = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    monkeypatch.setattr(os, "environ", copy)
    return copy


def test_the_environment_is_the_engines_with_a_visible_log(own_environment: dict[str, str]) -> None:
    found = serve.environment("")
    assert found["VLLM_LOGGING_LEVEL"] == "INFO"
    assert found["VLLM_NO_USAGE_STATS"] == "1"
    assert "VLLM_API_KEY" not in found
    assert own_environment["VLLM_LOGGING_LEVEL"] == "ERROR"  # what is imported before the server starts is quiet


def test_what_the_user_set_wins(own_environment: dict[str, str]) -> None:
    own_environment |= {"VLLM_LOGGING_LEVEL": "DEBUG", "OMP_NUM_THREADS": "7"}
    found = serve.environment(KEY)
    assert (found["VLLM_LOGGING_LEVEL"], found["OMP_NUM_THREADS"], found["VLLM_API_KEY"]) == ("DEBUG", "7", KEY)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/v1"),
        ("0.0.0.0", "http://127.0.0.1:8000/v1"),  # noqa: S104 nothing listens
        ("::", "http://[::1]:8000/v1"),
        ("::1", "http://[::1]:8000/v1"),
        ("gpu-box", "http://gpu-box:8000/v1"),
    ],
)
def test_the_url_is_one_that_can_be_asked(host: str, url: str) -> None:
    assert serve.base_url(host, 8000) == url


@dataclass
class Executed:
    """What the process would have become."""

    command: list[str]
    environment: dict[str, str]


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch, own_environment: dict[str, str]) -> list[Executed]:
    """Collects instead of executing; vLLM's part is left out."""
    found: list[Executed] = []
    monkeypatch.setattr(os, "execve", lambda path, command, variables: found.append(Executed(command, variables)))
    monkeypatch.setattr(serve, "engine_arguments", lambda teacher, cache, report: OURS | {"model": teacher.model})
    monkeypatch.setattr(serve, "find_spec", lambda name: object())
    return found


def polyglot(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["serve-teacher", "--port", str(free_port()), *arguments])


def test_the_first_enabled_teacher_is_served_and_the_variable_printed(executed: list[Executed]) -> None:
    port = free_port()
    result = polyglot("--port", str(port))
    assert result.exit_code == 0, result.output
    assert f"  POLYGLOT_TEACHER_URL=http://127.0.0.1:{port}/v1 .venv/bin/polyglot materialize\n" in result.output
    assert "POLYGLOT_TEACHERS=" not in result.output
    assert "--served-model-name=HuggingFaceTB/SmolLM2-135M-Instruct" in executed[0].command
    assert "--kv-cache-memory-bytes=1073741824" in executed[0].command


def test_another_teacher_is_named_in_what_is_printed(executed: list[Executed]) -> None:
    result = polyglot("org/Some-Model")
    assert "  POLYGLOT_TEACHERS=org/Some-Model POLYGLOT_TEACHER_URL=http://" in result.output
    assert "--served-model-name=org/Some-Model" in executed[0].command


def test_the_key_is_in_the_environment_only(executed: list[Executed], own_environment: dict[str, str]) -> None:
    own_environment["POLYGLOT_TEACHER_API_KEY"] = KEY
    result = polyglot()
    assert "POLYGLOT_TEACHER_API_KEY" in result.output
    assert KEY not in result.output
    assert KEY not in " ".join(executed[0].command)
    assert executed[0].environment["VLLM_API_KEY"] == KEY


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "unknown teacher 'nobody'"),
        (["command-a"], "command-a has no weights to serve; set POLYGLOT_TEACHER_URL"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1 --port"),
        (["--host", "a..b"], "--host a..b --port"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(executed: list[Executed], arguments: list[str], message: str) -> None:
    result = polyglot(*arguments)
    assert result.exit_code == 2, result.output
    warnings = [line for line in result.output.splitlines() if "lets other machines in" in line]
    (line,) = (line for line in result.output.splitlines() if line not in warnings)
    assert message in line
    assert not executed


def test_a_taken_port_is_one_clear_line(executed: list[Executed]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = polyglot("--port", str(other.getsockname()[1]))
    assert result.exit_code == 2, result.output
    assert "Address already in use; choose another --port" in result.output
    assert not executed


def test_without_vllm_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs vLLM; run `make demo`"):
        serve.serve(Settings(), None, "127.0.0.1", free_port(), print)


@dataclass
class Server:
    """A running server and the group of its processes."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def ask(self, path: str, body: dict[str, Any] | None = None, key: str = KEY) -> Any:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {key}"})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
            return json.load(response)

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.ask("/models")
        except urllib.error.URLError:
            return False
        return True

    def is_gone(self) -> bool:
        """Whether no process of the group is left."""
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The embedded teacher, served in a session of its own."""
    port, log = free_port(), tmp_path / "server.log"
    cache = os.environ.get("POLYGLOT_CACHE") or str(Settings().cache)
    start = "from polyglot_assets.cli.main import run; run()"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", start, "serve-teacher", "--port", str(port)],
            env=os.environ | {"POLYGLOT_TEACHER_API_KEY": KEY, "POLYGLOT_CACHE": cache},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, f"http://127.0.0.1:{port}/v1", log)
    try:
        yield server
    finally:
        if not server.is_gone():
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.engine
@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_a_real_server_answers_wants_its_key_and_ends_with_ctrl_c(server: Server) -> None:
    assert wait_for(server.is_up, 600), server.log.read_text()
    assert f"POLYGLOT_TEACHER_URL={server.url} .venv/bin/polyglot materialize" in server.log.read_text()

    (model,) = server.ask("/models")["data"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        server.ask("/models", key="another")
    assert KEY.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()

    question = {"model": model["id"], "messages": [{"role": "user", "content": "Which colour is the sky?"}], "seed": 1}
    (choice,) = server.ask("/chat/completions", question | {"max_tokens": 8})["choices"]
    assert choice["message"]["content"].strip()

    schema = {
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}, "sure": {"type": "boolean"}},
        "required": ["colour", "sure"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    (choice,) = server.ask("/chat/completions", question | {"max_tokens": 100, "response_format": form})["choices"]
    text = choice["message"]["content"]
    assert text == json.dumps(json.loads(text), separators=(",", ":")), "padded"

    os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does
    assert server.process.wait(120) == 0, server.log.read_text()
    assert wait_for(server.is_gone, 60)
    assert KEY not in server.log.read_text()
