"""The hub refuses, stumbles, hangs and tells secrets: the command ends in one line, and the token stays unsaid."""

import base64
import logging
import os
import socket
import subprocess
import sys
import warnings
from urllib.parse import quote

import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.utils import _http
from hypothesis import given
from hypothesis import strategies as st
from release.fake_hub import READER, TOKEN, FakeHub, Fault
from release.fake_hub_store import Reply, failure
from release.publishing.conftest import DECOY, Publish, refused

from polyglot_assets.release import hub as hub_
from polyglot_assets.release import publish as publish_
from polyglot_assets.release.hub import Hub, session
from polyglot_assets.release.sft import Release

FORMS = {
    "plain": TOKEN,
    "quoted": quote(TOKEN, safe=""),
    "quoted twice": quote(quote(TOKEN, safe=""), safe=""),
    "in an address": f"https://user:{quote(TOKEN, safe='')}@hub.example/path?token={TOKEN}&x=1",
    "as a header": f"Authorization: Bearer {TOKEN}",
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "in JSON": f'{{"authorization": "Bearer {TOKEN}"}}',
    "over lines": f"first\n{TOKEN}\nlast",
}
SECRETS = (TOKEN, quote(TOKEN, safe=""), FORMS["base64"], TOKEN[:16], TOKEN[-16:], FORMS["base64"][:16])


@pytest.fixture(autouse=True)
def verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder holds: these tests are about the hub."""
    monkeypatch.setattr(publish_, "verify", lambda _: {})


def silent(*texts: str) -> None:
    for text in texts:
        for secret in (*SECRETS, DECOY, READER):
            assert secret not in text


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            Fault("GET", failure(401, "Invalid credentials in Authorization header")),
            "the token in HF_TOKEN is not valid",
        ),
        (Fault("preupload", failure(403, "no")), "it needs the permission to write to the repositories of org"),
        (Fault("/commit/", failure(403, "no")), "it needs the permission to write to the repositories of org"),
        (Fault("/tag/", failure(403, "no")), "tagging v-"),
        (Fault("GET", failure(404, "gone", "RepoNotFound")), "there is no dataset org/name"),
        (Fault("preupload", failure(404, "gone", "RevisionNotFound")), "the hub refused (HTTP 404: gone)"),
        (Fault("/commit/", failure(409, "busy")), "somebody else is changing the repository"),
        (Fault("/commit/", failure(413, "big")), "too large for the hub (HTTP 413: big)"),
        (Fault("/commit/", failure(400, "A reason")), "the hub refused (HTTP 400: A reason)"),
        (Fault("validate-yaml", failure(400, "bad card")), "publishing on org/name"),
        (Fault("GET", failure(429, "slow down")), "the hub gets too many requests"),
        (Fault("^PUT", failure(429, "slow down")), "the hub gets too many requests"),
        (Fault("GET", failure(500, "oops")), "the hub is out of order; run again later (HTTP 500: oops)"),
        (Fault("/tree/", failure(502, "oops")), "the hub is out of order; run again later (HTTP 502: oops)"),
        (Fault("^PUT", failure(503, "oops")), "the hub is out of order; run again later (HTTP 503: oops)"),
        (Fault("/commit/", failure(500, "oops")), "the hub is out of order; run again later (HTTP 500: oops)"),
        (Fault("^PUT", failure(507, "full")), "the hub is out of order; run again later (HTTP 507: full)"),
        (Fault("GET", drop=True), "no connection to http://127.0.0.1"),
        (Fault("^PUT", drop=True), "no connection to http://127.0.0.1"),
        (Fault("/commit/", drop=True), "no connection to http://127.0.0.1"),
        (Fault("/refs", Reply(b"<html>log in</html>")), "answered what is not understood"),
        (Fault("/refs", Reply({})), "answered what is not understood"),
        (Fault("/tree/", Reply([{"type": "file"}])), "answered what is not understood"),
        (Fault("preupload", Reply({"files": [{"path": 3}]})), "answered what is not understood"),
        (Fault("objects/batch", Reply({"objects": "none"})), "answered what is not understood"),
        (Fault("GET .*/name$", Reply([])), "answered what is not understood"),
    ],
)
def test_every_failure_is_one_line(
    hub: FakeHub, publish: Publish, released: Release, fault: Fault, message: str, slept: list[float]
) -> None:
    repo = hub.new()
    hub.faults = [fault]
    result = publish("--yes")
    refused(result, message)
    silent(result.output)
    assert len(repo.commits) <= 2
    assert sum(slept) < 600, "waiting has an end"
    hub.faults = []
    assert publish("--yes").exit_code == 0, "and it can be run again"
    assert len(repo.commits) == 2


@pytest.mark.parametrize("pattern", ["GET .*/name$", "/refs", "/tree/", "resolve", "preupload", "batch", "^PUT",
                                     "/verify", "/commit/", "/tag/", "create"])  # fmt: skip
@pytest.mark.parametrize("fault", [{"reply": failure(503, "busy")}, {"drop": True}])
def test_what_passes_is_tried_again(
    hub: FakeHub, publish: Publish, released: Release, pattern: str, fault: dict[str, object], slept: list[float]
) -> None:
    hub.faults = [Fault(pattern, times=2, **fault)]  # type: ignore[arg-type]
    result = publish("--create", "--yes")
    assert result.exit_code == 0, result.output
    assert hub.faults[0].times == 0
    assert len(slept) >= 1
    assert len(hub.repos["org/name"].commits) == 2


@pytest.mark.parametrize("pattern", ["/refs", "/tree/", "resolve", "^PUT", "/commit/"])
def test_a_hub_that_hangs_is_not_waited_for(
    hub: FakeHub, publish: Publish, released: Release, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_, "TIMEOUT", 0.2)
    monkeypatch.setattr(hub_, "TRIES", 2)
    hub.new()
    hub.faults = [Fault(pattern, hang=True)]
    result = publish("--yes")
    if pattern == "resolve":  # the commit is made before the hub's manifest is read
        hub.faults = []
        result = publish("--yes")
        assert result.exit_code == 0
    else:
        refused(result, "did not answer within 0.2 seconds")


@pytest.mark.parametrize("where", ["/refs", "^PUT", "preupload", "/commit/"])
@pytest.mark.parametrize("headers", [{"Retry-After": "100000"}, {"RateLimit": '"api";r=0;t=100000'}])
def test_a_hub_that_asks_for_hours_is_not_waited_for(
    hub: FakeHub, publish: Publish, released: Release, slept: list[float], where: str, headers: dict[str, str]
) -> None:
    hub.new()
    hub.faults = [Fault(where, failure(429, "later", **headers))]
    refused(publish("--yes"), "the hub asks to wait 100000 seconds (HTTP 429); run again then")
    assert sum(slept) < 100


@pytest.mark.parametrize("where", ["/refs", "^PUT", "/commit/"])
def test_a_hub_that_asks_for_a_moment_is_given_it(
    hub: FakeHub, publish: Publish, released: Release, slept: list[float], where: str
) -> None:
    hub.new()
    hub.faults = [Fault(where, failure(429, "later", **{"Retry-After": "77"}), times=1)]
    assert publish("--yes").exit_code == 0
    assert max(slept) >= 77


def test_nothing_listens(hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        refused(publish("--yes"), "no connection to http://127.0.0.1:")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused(publish("--yes"), "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set")


@pytest.mark.parametrize(
    ("form", "status"),
    [*((form, 403) for form in FORMS), *(("in an address", s) for s in (400, 401, 404, 409, 412, 422, 429, 500))],
)
def test_a_server_that_repeats_the_token_does_not_make_it_known(
    hub: FakeHub,
    publish: Publish,
    released: Release,
    caplog: pytest.LogCaptureFixture,
    form: str,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.new()
    said = FORMS[form].replace("\n", " ")
    headers = {"X-Error-Message": said, "X-Request-Id": said, "X-HF-Warning": f"topic {status} {form}; {said}"}
    for where in ("/refs", "/commit/"):
        hub.faults = [Fault(where, Reply({"error": FORMS[form], "errors": [{"message": said}]}, status, headers))]
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            result = publish("--yes")
        assert result.exit_code == 2
        silent(result.output, caplog.text, str([str(entry.message) for entry in warned]))
        assert result.exc_info
        assert result.exc_info[1].__context__ is None or "hf_" not in str(result.exc_info[1].__context__)


def test_a_token_in_the_address_for_a_file_is_not_made_known(
    hub: FakeHub, publish: Publish, released: Release, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.new()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        href = f"http://user:{quote(TOKEN, safe='')}@127.0.0.1:{taken.getsockname()[1]}/{TOKEN}"
        oids = [line["sha256"] for line in released.manifest.files]
        objects = [{"oid": oid, "size": 1, "actions": {"upload": {"href": href}}} for oid in oids]
        hub.faults = [Fault("objects/batch", Reply({"objects": objects}))]
        result = publish("--yes")
    refused(result, "no connection to")
    silent(result.output, caplog.text)


def test_a_warning_about_the_card_does_not_make_it_known(
    hub: FakeHub, publish: Publish, released: Release, recwarn: pytest.WarningsRecorder
) -> None:
    hub.new()
    hub.faults = [Fault("validate-yaml", Reply({"warnings": [{"message": f"so is {TOKEN}"}]}))]
    result = publish("--yes")
    assert result.exit_code == 0
    silent(result.output, *(str(entry.message) for entry in recwarn))


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_process_prints_no_token(hub: FakeHub, released: Release, debug: str) -> None:
    hub.new()
    hub.faults = [Fault("/commit/", failure(403, FORMS["in an address"]))]
    code = "import logging; logging.basicConfig(level=logging.DEBUG); from polyglot_assets.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "publish", "--repo", "org/name", "--yes"],
        env={**os.environ, "HF_DEBUG": debug},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "it needs the permission to write" in done.stderr
    silent(done.stdout, done.stderr)


@given(before=st.text(max_size=30), after=st.text(max_size=30), form=st.sampled_from(sorted(FORMS)))
def test_no_text_around_it_brings_the_token_through(before: str, after: str, form: str) -> None:
    scrubbed = Hub(HfApi(), "org/name", "https://hub.example", TOKEN).scrubbed(before + FORMS[form] + after)
    silent(scrubbed)
    assert len(scrubbed) <= 200
    assert "\n" not in scrubbed


@given(token=st.from_regex(r"[!-~]{4,40}", fullmatch=True), before=st.text(max_size=9), after=st.text(max_size=9))
def test_a_token_of_any_form_is_scrubbed(token: str, before: str, after: str) -> None:
    scrubbed = Hub(HfApi(), "org/name", "https://hub.example", token).scrubbed(f"{before} {quote(token)} {after}")
    assert token not in scrubbed or token in f"{before} {after}"


def test_the_token_comes_from_its_variable_only(
    hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.new()
    assert publish("--yes").exit_code == 0
    assert hub.authorizations <= {f"Bearer {TOKEN}", ""}
    hub.authorizations.clear()
    monkeypatch.delenv("HF_TOKEN")
    assert publish().exit_code == 0
    assert hub.authorizations == {""}, "a dry run on a public repository needs none"
    hub.requests.clear()
    refused(publish("--yes"), "publishing needs a token that may write to org/name: put it in HF_TOKEN")
    assert not hub.requests
    hub.new(private=True)
    refused(publish(), "HF_TOKEN is not set")


@pytest.mark.parametrize("value", [" \n", ""])
def test_an_empty_token_is_none(
    hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", value)
    refused(publish("--yes"), "put it in HF_TOKEN")


@pytest.mark.parametrize("value", ["hf_ä", "hf_a b", "hf_a\nX-Header: b"])
def test_a_token_that_cannot_be_one_is_not_repeated(
    hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", value)
    result = publish("--yes")
    refused(result, "HF_TOKEN: holds characters that no token has")
    assert "hf_" not in result.output
    assert not hub.requests


def test_a_token_may_end_in_a_line_break(
    hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.new()
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}\n")
    assert publish("--yes").exit_code == 0


def test_a_token_that_may_only_read_is_told_what_it_lacks(
    hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.new()
    monkeypatch.setenv("HF_TOKEN", READER)
    assert publish().exit_code == 0
    result = publish("--yes")
    refused(result, "may not do this to org/name; it needs the permission to write to the repositories of org")
    silent(result.output)
    refused(publish("--create", "--yes", repo="org/other"), "creating org/other: the token in HF_TOKEN may not")
    monkeypatch.setenv("HF_TOKEN", "hf_unknown")
    refused(publish(), "the token in HF_TOKEN is not valid")


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("hub.example", "expected an address"),
        ("ftp://hub.example", "expected an address"),
        ("https://", "expected an address"),
        ("https://hub.example:port", "expected an address"),
        ("https://hub.example?x=1", "expected an address"),
        (f"https://user:{DECOY}@hub.example", "without name and password"),
        ("http://hub.example", "is not encrypted"),
    ],
)
def test_an_address_that_would_not_do_is_refused(
    hub: FakeHub, publish: Publish, released: Release, monkeypatch: pytest.MonkeyPatch, endpoint: str, message: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    result = publish("--yes")
    refused(result, message)
    silent(result.output)


@pytest.mark.parametrize("name", ["name", "a/b/c", "https://hub.example/org/name", "org/", "../name", "org/na--me"])
def test_a_name_that_is_none_is_refused(hub: FakeHub, publish: Publish, released: Release, name: str) -> None:
    refused(publish(repo=name), "expected organization/name")
    assert not hub.requests


def test_a_session_leaves_everything_as_it_was(hub: FakeHub, slept: list[float]) -> None:
    before = (constants.HF_HUB_DISABLE_XET, constants.HF_HUB_DISABLE_TELEMETRY, logging.root.manager.disable)
    with session("org/name", writes=False):
        assert constants.HF_HUB_DISABLE_XET
    after = (constants.HF_HUB_DISABLE_XET, constants.HF_HUB_DISABLE_TELEMETRY, logging.root.manager.disable)
    assert after == before
    assert _http._GLOBAL_CLIENT_FACTORY is _http.default_client_factory


def test_xet_is_used_only_when_asked_for(hub: FakeHub, publish: Publish, released: Release) -> None:
    repo = hub.new()
    result = publish("--yes", "--xet")
    refused(result, "sending files to org/name")
    assert hub.count("xet-write-token") > 0
    assert len(repo.commits) == 1
    silent(result.output)
    hub.requests.clear()
    assert publish("--yes").exit_code == 0
    assert hub.count("xet") == 0
