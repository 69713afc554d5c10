"""One OpenAI-compatible server over HTTP: a body out, a body or a `TryError` back.

Here: everything that depends on `aiohttp`, and the headers that carry the key. Not here: what the bodies mean
(chat_api.py), and which server is asked when (dispatch.py).
"""

import base64
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from polyglot_assets.teachers.chat_api import Kind, TryError, describe, read_refusal

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
        # Neither HTTP_PROXY nor ~/.netrc: prompts and key go to the URLs that the user gave and nowhere else.
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

    Raises:
        ValueError: the URL is none.
    """

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or not url.isprintable():
            raise ValueError("not a URL")
        if parts.query or parts.fragment:
            raise ValueError("a base URL has no query")
        self.name = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self.secrets = {key} - {""}
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
            response = await session.request(method, url, data=body, headers=self._headers, allow_redirects=False)
        except _client_error() as error:
            raise _no_response(error) from None
        try:
            content = await _read(response)
        except _client_error() as error:
            raise TryError(Kind.FAILED, describe(error)) from None
        if response.status != 200:
            raise read_refusal(response.status, response.headers, content)
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


def _no_response(error: "ClientError") -> TryError:
    """What an error before the first line of a response means."""
    from aiohttp import ClientConnectorError, ClientOSError, ConnectionTimeoutError, ServerDisconnectedError

    # In this order: what fails to connect is a ClientOSError too.
    if isinstance(error, ClientConnectorError | ConnectionTimeoutError):
        return TryError(Kind.GONE, describe(error))
    if isinstance(error, ServerDisconnectedError | ClientOSError):
        return TryError(Kind.LOST, describe(error))
    return TryError(Kind.FAILED, describe(error))  # what came is no HTTP
