"""One OpenAI-compatible server over HTTP: a body out, a body or a `TryError` back.

Here: everything that depends on `aiohttp`, and the headers that carry the key. Not here: what the bodies mean
(chat_api.py), and which server is asked when (dispatch.py).
"""

import base64
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import getproxies_environment, proxy_bypass

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference.refusals import Kind, TryError, describe, read_refusal

if TYPE_CHECKING:
    from aiohttp import ClientError, ClientResponse, ClientSession
    from yarl import URL

LARGEST_BODY = 16 * 2**20
"""Bytes. More than any answer of a model; whoever sends more sends something else."""
_CONNECT_SECONDS = 10.0


async def open_session(timeout_seconds: float) -> "ClientSession":
    """A session for all servers of an engine.

    Args:
        timeout_seconds: the time for one answer; connecting gets no more than this either.
    """
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

    connect = min(_CONNECT_SECONDS, timeout_seconds)
    return ClientSession(
        # How many requests are under way is decided elsewhere; a second limit here would only make them wait unseen.
        connector=TCPConnector(limit=0),
        # An answer's time is limited elsewhere for all of them at once; a timer for each would cost more.
        timeout=ClientTimeout(total=None, connect=connect, sock_connect=connect),
        cookie_jar=DummyCookieJar(),
        # Proxies are looked up per server, below; no ~/.netrc: the key is the one that the user gave.
        trust_env=False,
    )


class ChatServer:
    """A server.

    Args:
        url: base URL, usually ending in /v1. A user and password in it are sent instead of the key.
        key: may be empty.

    Attributes:
        name: the URL without user and password.
        secrets: what no message may repeat.
        proxy: the URL of the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY say it is reached by, or None. A server on
            this machine is reached by none.

    Raises:
        ValueError: the URL is none.
        UserError: it is reached by a proxy that speaks no HTTP.
    """

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or not url.isprintable():
            raise ValueError("not a URL")
        if parts.query or parts.fragment:
            raise ValueError("a base URL has no query")
        self.name = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self.secrets = {key} - {""}
        self.proxy = _proxy(parts)
        if self.proxy is not None:
            user = urlsplit(self.proxy)
            self.secrets |= {user.password or "", unquote(user.password or "")} - {""}
        self._chat, self._models = _url(self.name, "/chat/completions"), _url(self.name, "/models")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if parts.username is not None:
            password = unquote(parts.password or "")
            token = base64.b64encode(f"{unquote(parts.username)}:{password}".encode()).decode()
            self.secrets |= {token, password} - {""}
            self._headers["Authorization"] = f"Basic {token}"
        elif key:
            self._headers["Authorization"] = f"Bearer {key}"

    async def complete(self, session: "ClientSession", body: bytes) -> bytes:
        """The body of the answer to a chat request.

        Raises:
            TryError: there was none.
        """
        return await self._exchange(session, "POST", self._chat, body)

    async def models(self, session: "ClientSession") -> bytes:
        """The server's list of models.

        Raises:
            TryError: there was none.
        """
        return await self._exchange(session, "GET", self._models, None)

    async def _exchange(self, session: "ClientSession", method: str, url: "URL", body: bytes | None) -> bytes:
        # `except` looks at its expression only if something was raised, so importing costs nothing before.
        try:
            response = await session.request(
                method, url, data=body, headers=self._headers, allow_redirects=False, proxy=self.proxy
            )
        except _client_error() as error:
            raise _no_response(error, self.proxy) from None
        try:
            content = _in_utf8(await _read(response), response.charset)
        except _client_error() as error:
            raise TryError(Kind.FAILED, describe(error)) from None
        if not (200 <= response.status < 300 and (content or response.status == 200)):  # gateways send 201, too
            raise read_refusal(response.status, response.headers, content)
        return content


def _in_utf8(content: bytes, charset: str | None) -> bytes:
    """A body as JSON has to be, where its server says that it is something else."""
    if charset is None or charset.lower() in ("utf-8", "utf8"):
        return content
    try:
        return content.decode(charset).encode()
    except (LookupError, UnicodeError):
        return content


async def _read(response: "ClientResponse") -> bytes:
    """The whole body; by hand, because the library would read one of any size (a small one may unpack to gigabytes)."""
    stream = response.content
    try:
        content = await stream.readany()
        parts, size = [content], len(content)
        while not stream.at_eof() and size <= LARGEST_BODY:
            parts.append(await stream.readany())
            size += len(parts[-1])
    except BaseException:
        response.close()
        raise
    if size > LARGEST_BODY:
        response.close()  # else the rest of it would have to be read before the connection can be used again
        raise TryError(Kind.FINAL, f"AnswerError: more than {LARGEST_BODY} bytes")
    return content if len(parts) == 1 else b"".join(parts)


def _url(base: str, path: str) -> "URL":
    from yarl import URL

    return URL(base.rstrip("/") + path)


def _client_error() -> "type[ClientError]":
    from aiohttp import ClientError

    return ClientError


def _proxy(server: SplitResult) -> str | None:
    """The proxy for a server, by the environment variables that curl and Python know."""
    host = server.hostname or ""
    with suppress(ValueError):
        if ip_address(host).is_loopback:
            return None
    if host == "localhost" or proxy_bypass(server.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies_environment()
    proxy = proxies.get(server.scheme) or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise UserError(
            f"POLYGLOT_TEACHER_URL: {host} would be asked by a {urlsplit(proxy).scheme} proxy, and only HTTP proxies "
            "can be used; change HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY"
        )
    return proxy


def _no_response(error: "ClientError", proxy: str | None) -> TryError:
    """What an error before the first line of a response means."""
    trouble = _trouble(error)
    if proxy is None:
        return trouble
    host = urlsplit(proxy).netloc.rpartition("@")[2]
    return TryError(trouble.kind, f"{trouble.text} (asked by the proxy {host})")


def _trouble(error: "ClientError") -> TryError:
    from aiohttp import ClientConnectorError, ClientOSError, ConnectionTimeoutError, ServerDisconnectedError

    # In this order: what fails to connect is a ClientOSError too.
    if isinstance(error, ClientConnectorError | ConnectionTimeoutError):
        return TryError(Kind.GONE, describe(error))
    if isinstance(error, ServerDisconnectedError | ClientOSError):
        return TryError(Kind.LOST, describe(error))
    return TryError(Kind.FAILED, describe(error))  # what came is no HTTP
