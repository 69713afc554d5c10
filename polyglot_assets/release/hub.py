"""A session with the hub: its token, bounds on waiting, and errors of one line that never hold the token.

Here: how the hub is spoken to. Not here: what is said (publish.py, squash.py).

`huggingface_hub` waits without end for a server that hangs, obeys any Retry-After, retries some requests and others
not, takes a token from files and services, and repeats what a server says in messages and logs. For the time of a
session all of that is different.
"""

import logging
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from polyglot_assets.domain.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TIMEOUT = 120.0
"""Seconds without a byte from the hub or to it."""
LONGEST_WAIT = 300
"""Seconds that the hub may ask to wait before a request is repeated."""
TRIES = 5
_TOKENS = "https://huggingface.co/settings/tokens"
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True)
class Hub:
    """A session about one dataset repository.

    Attributes:
        api: with the token and the endpoint.
        repo: organization/name.
        endpoint: the hub's address.
        token: from HF_TOKEN; None where there is none.
    """

    api: "HfApi"
    repo: str
    endpoint: str
    token: str | None

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"{self.endpoint}/datasets/{self.repo}"

    def ask(self, doing: str, call: Callable[[], T], tries: int = TRIES) -> T:
        """Calls the hub, again and again where that may help.

        Args:
            doing: what for, as in "reading org/name".
            call: what asks the hub. It must be such that doing it twice is as good as once.
            tries: 1 for calls that huggingface_hub repeats by itself.

        Raises:
            UserError: it did not work, and why.
        """
        for attempt in range(1, tries + 1):
            try:
                return call()
            except failures() as error:
                if attempt == tries or not may_pass(error):
                    raise self.told(error, doing) from None
                pause(attempt, error)
        raise AssertionError

    def told(self, error: BaseException, doing: str) -> UserError:
        """The error as a user is told it."""
        from httpx2 import TimeoutException, TransportError
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        cause = _cause(error)
        if isinstance(cause, UserError):
            return cause
        if isinstance(cause, HfHubHTTPError):
            return UserError(f"{doing}: {self._refused(cause)}")
        if isinstance(cause, OfflineModeIsEnabled):
            return UserError(f"{doing}: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set")
        if isinstance(cause, TimeoutException):
            return UserError(f"{doing}: {self.endpoint} did not answer within {TIMEOUT:g} seconds; run again later")
        if isinstance(cause, TransportError) or _is_closed(cause):
            return UserError(f"{doing}: no connection to {self.endpoint}; run again later")
        return UserError(f"{doing}: {self.endpoint} answered what is not understood: {self.scrubbed(str(cause))}")

    def _refused(self, error: Any) -> str:
        """What a status code means here."""
        status, code = error.response.status_code, error.response.headers.get("X-Error-Code")
        if code == "RepoNotFound" or (status == 404 and code is None):
            hidden = "the token in HF_TOKEN may not see it" if self.token else "it is private, and HF_TOKEN is not set"
            return f"there is no dataset {self.repo} on {self.endpoint}, or {hidden}; --create makes a new one"
        wants = f"it needs the permission to write to the repositories of {self.repo.split('/')[0]}, see {_TOKENS}"
        meaning = {
            401: "the token in HF_TOKEN is not valid"
            if self.token
            else f"a token is needed in HF_TOKEN, see {_TOKENS}",
            403: f"the token in HF_TOKEN may not do this to {self.repo}; {wants}",
            409: "somebody else is changing the repository; run again",
            412: "somebody else has changed the repository meanwhile; run again",
            413: "too large for the hub",
            429: "the hub gets too many requests; run again later",
        }.get(status, "the hub is out of order; run again later" if status >= 500 else "the hub refused")
        said = self.scrubbed(error.server_message or "")
        return f"{meaning} (HTTP {status}{f': {said}' if said else ''})"

    def scrubbed(self, text: str) -> str:
        """What a server said, in one line and without the token.

        Also without any other long word: a token in an address, or encoded in some way, is one.
        """
        while (plain := unquote(text)) != text:
            text = plain
        for secret in {self.token, quote(self.token, safe="")} if self.token else ():
            text = text.replace(secret, "…")
        words = re.sub(r"[^\s\"'`<>()]{20,}", "…", text).split()
        return " ".join("".join(char for char in word if char.isprintable()) for word in words)[:200]


@contextmanager
def session(repo: str, *, writes: bool, xet: bool = False) -> Iterator[Hub]:
    """A session with the hub of HF_ENDPOINT, with the token of HF_TOKEN.

    Args:
        repo: organization/name.
        writes: whether something will be changed, for which there must be a token.
        xet: transfer in chunks by hf_xet instead of whole files over HTTP.

    Raises:
        UserError: an unusable name, address or token.
    """
    if not _REPO.fullmatch(repo) or ".." in repo or "--" in repo:
        raise UserError(f"--repo {repo}: expected organization/name")
    endpoint, token = _endpoint(), _token()
    if writes and not token:
        raise UserError(f"publishing needs a token that may write to {repo}: put it in HF_TOKEN, see {_TOKENS}")
    from huggingface_hub import HfApi

    with _quiet(), _patched(xet=xet), _bounded():
        # False and not None: no other token than that of HF_TOKEN.
        yield Hub(HfApi(endpoint, token or False, "polyglot-assets"), repo, endpoint, token)


def failures() -> tuple[type[Exception], ...]:
    """What a call to the hub may raise: `huggingface_hub` has no exception of its own for a malformed answer."""
    from httpx2 import HTTPError, InvalidURL

    return HTTPError, InvalidURL, OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError


def may_pass(error: BaseException) -> bool:
    """Whether the same call may work in a moment."""
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError

    cause = _cause(error)
    if isinstance(cause, HfHubHTTPError):
        return cause.response.status_code in (408, 429) or cause.response.status_code >= 500
    return isinstance(cause, TransportError) or _is_closed(cause)


def pause(attempt: int, error: BaseException | None = None) -> None:
    """Waits before the next try, as long as the hub asks for."""
    response = getattr(_cause(error), "response", None) if error else None
    time.sleep(max(min(2.0**attempt, 30), _asked_to_wait(response) if response is not None else 0))


def _cause(error: BaseException | None) -> BaseException | None:
    """The error below those that huggingface_hub wraps around it."""
    while isinstance(error, RuntimeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _is_closed(error: BaseException | None) -> bool:
    """Whether a thread was without connection because another one had none: huggingface_hub then closes that of all."""
    return isinstance(error, RuntimeError) and "client has been closed" in str(error)


def _endpoint() -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or "https://huggingface.co"
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise UserError("HF_ENDPOINT: expected an address such as https://huggingface.co")
    if parts.username or parts.password:
        raise UserError("HF_ENDPOINT: an address without name and password is expected; the token goes into HF_TOKEN")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UserError(f"HF_ENDPOINT: {endpoint} is not encrypted, everyone on the way could read the token")
    return endpoint


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token() -> str | None:
    token = os.environ.get("HF_TOKEN", "").strip()
    if not re.fullmatch(r"[!-~]*", token):
        raise UserError("HF_TOKEN: holds characters that no token has")
    return token or None


@contextmanager
def _quiet() -> Iterator[None]:
    """No logs, warnings and progress bars of the libraries: addresses and answers of a server could hold the token."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _patched(*, xet: bool) -> Iterator[None]:
    """Switches of huggingface_hub that it reads from the environment when it is imported."""
    from huggingface_hub import constants
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    wanted = {"HF_HUB_DISABLE_XET": not xet, "HF_HUB_DISABLE_TELEMETRY": True, "HF_HUB_DISABLE_IMPLICIT_TOKEN": True}
    before = {name: getattr(constants, name) for name in wanted}
    bars = not are_progress_bars_disabled()
    disable_progress_bars()
    for name, value in wanted.items():
        setattr(constants, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(constants, name, value)
        if bars:
            enable_progress_bars()


@contextmanager
def _bounded() -> Iterator[None]:
    """Bounds on every request: how long nothing may happen, and how long the hub may ask to wait."""
    from httpx2 import Client, Request, Response, Timeout
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    def bound(request: Request) -> None:
        # Here and not as the client's default, which the library overrules for some requests.
        request.extensions = {**request.extensions, "timeout": Timeout(TIMEOUT).as_dict()}

    def refuse_long_waits(response: Response) -> None:
        wait = _asked_to_wait(response)
        if wait > LONGEST_WAIT:
            raise UserError(f"the hub asks to wait {wait} seconds (HTTP {response.status_code}); run again then")

    def client() -> Client:
        made = default_client_factory()
        made.event_hooks = {"request": [*made.event_hooks["request"], bound], "response": [refuse_long_waits]}
        return made

    set_client_factory(client)
    try:
        yield
    finally:
        set_client_factory(default_client_factory)


def _asked_to_wait(response: Any) -> int:
    """Seconds that an answer asks to wait before the request is repeated; 0 for none."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

    if response.status_code < 400:
        return 0
    after = response.headers.get("Retry-After", "").strip()
    limit = parse_ratelimit_headers(response.headers) if response.status_code == 429 else None
    spent = limit.reset_in_seconds if limit and limit.remaining == 0 else 0
    return max(int(after) if after.isdigit() else 0, spent)
