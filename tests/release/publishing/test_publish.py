"""A release gets to the hub whole, in one commit, and nothing else gets there."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from release.fake_hub import TOKEN, FakeHub, Fault
from release.fake_hub_store import Repo, Request, Stored
from release.publishing.conftest import Publish, files, refused
from release.released import CELLS, example, fill

from polyglot_assets.contracts.examples import EXAMPLES
from polyglot_assets.contracts.responses import RESPONSES
from polyglot_assets.lake.store import Lake
from polyglot_assets.release import publish as publish_
from polyglot_assets.release.manifest import read
from polyglot_assets.release.sft import Release, write
from polyglot_assets.settings import Settings

_RUN = [sys.executable, "-c", "from polyglot_assets.cli.main import run; run()", "publish", "--repo", "org/name"]


def of_release(repo: Repo, revision: str = "main") -> dict[str, bytes]:
    return {path: content for path, content in repo.files(revision).items() if path != ".gitattributes"}


def smaller(lake: Lake, settings: Settings) -> Release:
    """The next release: a cell is gone, another has a row less."""
    fill(lake, CELLS[0], [example(CELLS[0], number) for number in (1, 2)])
    for table in (EXAMPLES, RESPONSES):
        for path in (lake.root / table.name).rglob("*.parquet"):
            if "language=ja" in path.as_posix():
                path.unlink()
    return write(lake, settings)


def test_a_dry_run_shows_all_files_and_sends_nothing(hub: FakeHub, publish: Publish, released: Release) -> None:
    repo = hub.new()
    before = dict(repo.commits)
    result = publish()
    assert result.exit_code == 0, result.output
    for path, content in files(released.folder).items():
        assert f"  add     {path}  ({len(content):,} bytes)" in result.output
    assert f"tag v-{released.manifest.version}" in result.output
    assert "Nothing was sent" in result.output
    assert repo.commits == before
    assert not hub.large
    assert hub.count("^(POST|PUT|DELETE)") == 0


@pytest.mark.parametrize("chunk", [None, 1000])
def test_every_file_arrives_byte_for_byte_in_one_commit(
    hub: FakeHub, publish: Publish, released: Release, chunk: int | None
) -> None:
    hub.chunk = chunk
    result = publish("--create", "--yes")
    assert result.exit_code == 0, result.output
    repo, version = hub.repos["org/name"], released.manifest.version
    assert of_release(repo) == files(released.folder)
    assert [commit.title for commit in repo.history("main")] == [f"Release {version} (12 rows)", "initial commit"]
    assert repo.tags == {f"v-{version}": repo.branches["main"]}
    assert json.loads(repo.files()["manifest.json"])["version"] == version
    assert set(hub.large.values()) == {c for path, c in files(released.folder).items() if path.endswith(".parquet")}


def test_the_next_release_replaces_the_files_of_the_one_before_which_stays_under_its_tag(
    hub: FakeHub, publish: Publish, lake: Lake, released: Release, settings: Settings
) -> None:
    assert publish("--create", "--yes").exit_code == 0
    repo, first = hub.repos["org/name"], files(released.folder)
    sent = hub.count("^PUT")
    second = smaller(lake, settings)
    dry = publish()
    assert "  remove  data/ja/respond/train-00000-of-00001.parquet" in dry.output
    assert "  change  data/de/generate/train-00000-of-00001.parquet" in dry.output
    assert "data/de/translate" not in dry.output, "what is the same is not sent"
    result = publish("--yes")
    assert result.exit_code == 0, result.output
    assert of_release(repo) == files(second.folder)
    assert not any(path.startswith(("data/ja", "lineage/ja")) for path in repo.files())
    titles = [commit.title for commit in repo.history("main")]
    old, new = released.manifest.version, second.manifest.version
    assert titles == [f"Release {new} (6 rows), replaces {old}", f"Release {old} (12 rows)", "initial commit"]
    assert of_release(repo, f"v-{old}") == first
    changed = {path for path, content in files(second.folder).items() if first.get(path) != content}
    assert hub.count("^PUT") - sent == sum(path.endswith(".parquet") for path in changed)


def test_the_same_release_again_is_nothing_to_do(hub: FakeHub, publish: Publish, released: Release) -> None:
    assert publish("--create", "--yes").exit_code == 0
    commits, writes = len(hub.repos["org/name"].commits), hub.count("^(POST|PUT|DELETE)")
    result = publish("--yes")
    assert result.exit_code == 0
    assert "nothing to do" in result.output
    assert len(hub.repos["org/name"].commits) == commits
    assert hub.count("^(POST|PUT|DELETE)") == writes


def test_an_earlier_release_can_be_published_again(
    hub: FakeHub, publish: Publish, lake: Lake, released: Release, settings: Settings
) -> None:
    assert publish("--create", "--yes").exit_code == 0
    smaller(lake, settings)
    assert publish("--yes").exit_code == 0
    assert publish(released.manifest.version[:6], "--yes").exit_code == 0
    assert of_release(hub.repos["org/name"]) == files(released.folder)
    assert len(hub.repos["org/name"].tags) == 2


def test_files_of_no_release_stay(hub: FakeHub, publish: Publish, released: Release) -> None:
    assert publish("--create", "--yes").exit_code == 0
    repo = hub.repos["org/name"]
    extra = {"LICENSE": Stored(b"all", lfs=False), "data/old.parquet": Stored(b"rest", lfs=True)}
    repo.commit("main", "by hand", repo.commits[repo.branches["main"]].files | extra, repo.branches["main"])
    result = publish("--yes")
    assert "LICENSE is of no release and stays" in result.output
    assert repo.files()["LICENSE"] == b"all"
    assert "data/old.parquet" not in repo.files(), "the pattern data/** of the card would find it"


@pytest.mark.parametrize("manifest", [None, b"{}", b"[1]", b"not JSON", b'{"version": 5}', b'{"version": "1.0"}'])
def test_a_repository_with_something_else_is_not_overwritten(
    hub: FakeHub, publish: Publish, released: Release, manifest: bytes | None
) -> None:
    repo = hub.new()
    content = {"data/train.parquet": Stored(b"somebody's", lfs=True)}
    if manifest:
        content["manifest.json"] = Stored(manifest, lfs=False)
    repo.commit("main", "theirs", content, repo.branches["main"])
    refused(publish("--yes"), "and no release")
    assert repo.files() == {path: file.content for path, file in content.items()}
    assert hub.count("^(POST|PUT|DELETE)") == 0


def test_a_listing_of_many_pages_is_read_to_its_end(hub: FakeHub, publish: Publish, released: Release) -> None:
    hub.page = 2
    assert publish("--create", "--yes").exit_code == 0
    assert "nothing to do" in publish().output


def test_a_missing_repository_is_made_only_when_asked_for(hub: FakeHub, publish: Publish, released: Release) -> None:
    refused(publish(), "there is no dataset org/name")
    refused(publish("--yes"), "--create makes a new one")
    assert "is made anew" in publish("--create").output
    assert not hub.repos
    assert publish("--create", "--private", "--yes").exit_code == 0
    assert hub.repos["org/name"].private
    assert publish("--create", "--private", "--yes").exit_code == 0, "it is private already"


def test_a_public_repository_is_refused_where_a_private_one_was_asked_for(
    hub: FakeHub, publish: Publish, released: Release
) -> None:
    hub.new()
    refused(publish("--private", "--yes"), "org/name is public")
    assert not hub.large


def test_another_branch_leaves_main_as_it_is(hub: FakeHub, publish: Publish, released: Release) -> None:
    repo = hub.new()
    refused(publish("--revision", "next", "--yes"), "org/name has no branch next, there is main")
    assert publish("--revision", "next", "--create", "--yes").exit_code == 0
    assert of_release(repo, "next") == files(released.folder)
    assert of_release(repo, "main") == {}


def broken(folder: Path, how: str) -> Path:
    shard = next(folder.rglob("*.parquet"))
    if how == "a stray file":
        (folder / "notes.txt").write_text("x")
    elif how == "a ledger":
        (folder / "data" / "ledger.jsonl").write_text("{}")
    elif how == "a changed shard":
        shard.write_bytes(shard.read_bytes()[:-1])
    elif how == "a lost shard":
        shard.unlink()
    elif how == "a link":
        target = folder.parent / "elsewhere.parquet"
        shard.rename(target)
        shard.symlink_to(target)
    elif how == "another card":
        (folder / "README.md").write_text("# Everything is apache-2.0\n")
    elif how == "another manifest":
        (folder / "manifest.json").write_text((folder / "manifest.json").read_text().replace("12", "13"))
    return folder


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("a stray file", "files: notes.txt is not in the manifest"),
        ("a ledger", "files: data/ledger.jsonl is not in the manifest"),
        ("a changed shard", "was changed"),
        ("a lost shard", "is missing"),
        ("a link", "is a link"),
        ("another card", "README.md is not what the manifest gives"),
        ("another manifest", "was changed"),
    ],
)
def test_a_folder_that_is_not_what_its_manifest_says_is_refused(
    hub: FakeHub, publish: Publish, released: Release, tmp_path: Path, how: str, message: str
) -> None:
    folder = broken(Path(shutil.copytree(released.folder, tmp_path / "copy")), how)
    refused(publish(str(folder), "--create", "--yes"), message)
    assert not hub.requests


@pytest.mark.parametrize("folder", [".", "responses", "release", "release/sft", "examples"])
def test_a_folder_of_the_lake_is_refused(
    hub: FakeHub, publish: Publish, released: Release, lake: Lake, folder: str
) -> None:
    refused(publish(str(lake.root / folder), "--create", "--yes"), "is no release: it has no manifest.json")
    assert not hub.requests


@pytest.mark.parametrize(
    "path", ["../../responses/x.parquet", "data/../../x.parquet", "ledger.jsonl", "data/de/generate/rejected.parquet"]
)
def test_a_manifest_cannot_name_other_files(
    publish: Publish, hub: FakeHub, released: Release, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    forged = read(released.folder)
    forged.files.append({"path": path, "sha256": "0" * 64, "bytes": 1, "rows": 1, "num_bytes": 1})
    forged.write(released.folder)
    monkeypatch.setattr(publish_, "verify", lambda _: {})
    refused(publish(str(released.folder), "--create", "--yes"), "path': String should match")
    assert not hub.requests


def test_what_was_sent_before_a_kill_is_not_sent_again(hub: FakeHub, released: Release) -> None:
    repo = hub.new()
    hub.faults = [Fault("^PUT", times=2), Fault("^PUT", hang=True)]
    hub.faults[0].times = 0
    done: list[str] = []

    def after_two(request: Request) -> None:
        """Lets two files through; the others hang."""
        if request.method == "PUT":
            with hub.lock:
                hub.faults[1].times = 0 if len(done) < 2 else 99
                done.append(request.path)

    hub.before = after_two
    process = subprocess.Popen([*_RUN, "--yes"], env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert hub.hanging.wait(120), "no file was sent"
        while hub.count("^PUT") < 2:
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    there = set(hub.large)
    assert len(there) == 2
    assert len(repo.commits) == 1, "nothing is visible yet"
    hub.before, hub.faults = (lambda _: None), []
    hub.requests.clear()
    again = subprocess.run([*_RUN, "--yes"], env=dict(os.environ), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    sent = [path.rsplit("/", 1)[1] for method, path in hub.requests if method == "PUT"]
    assert len(sent) == len(set(sent)) == 4
    assert not there & set(sent)
    assert of_release(repo) == files(released.folder)
    assert len(repo.commits) == 2


def test_a_commit_whose_answer_was_lost_is_not_made_twice(hub: FakeHub, publish: Publish, released: Release) -> None:
    repo = hub.new()
    hub.faults = [Fault("POST .*/commit/", times=1, drop=True, late=True)]
    result = publish("--yes")
    assert result.exit_code == 0, result.output
    assert of_release(repo) == files(released.folder)
    assert len(repo.commits) == 2
    assert list(repo.tags) == [f"v-{released.manifest.version}"]


def test_a_commit_that_failed_is_made_again(
    hub: FakeHub, publish: Publish, released: Release, slept: list[float]
) -> None:
    repo = hub.new()
    hub.faults = [Fault("POST .*/commit/", times=2, drop=True)]
    assert publish("--yes").exit_code == 0
    assert len(repo.commits) == 2
    assert hub.count("^PUT") == 6, "the shards are sent once"
    assert len(slept) == 2


def test_a_push_of_somebody_else_meanwhile_is_not_overwritten(
    hub: FakeHub, publish: Publish, released: Release
) -> None:
    repo = hub.new()

    def interfere(request: Request) -> None:
        if "/commit/" in request.path and len(repo.commits) == 1:
            repo.commit("main", "theirs", {"README.md": Stored(b"theirs", lfs=False)}, repo.branches["main"])

    hub.before = interfere
    refused(publish("--yes"), "somebody else has changed main meanwhile; run again")
    assert repo.files() == {"README.md": b"theirs"}
    assert publish("--yes").exit_code == 0
    assert of_release(repo) == files(released.folder)


def test_a_tag_that_a_killed_run_did_not_set_is_set_by_the_next(
    hub: FakeHub, publish: Publish, released: Release
) -> None:
    repo = hub.new()
    assert publish("--yes").exit_code == 0
    repo.tags.clear()
    assert f"then: tag v-{released.manifest.version}" in publish().output
    assert publish("--yes").exit_code == 0
    assert repo.tags == {f"v-{released.manifest.version}": repo.branches["main"]}


def test_a_hub_that_leaves_a_file_out_is_noticed(hub: FakeHub, publish: Publish, released: Release) -> None:
    repo = hub.new()
    real = repo.commit

    def forgetful(branch: str, title: str, kept: dict[str, Stored], parent: str | None) -> str:
        return real(branch, title, {path: file for path, file in kept.items() if "lineage" not in path}, parent)

    repo.commit = forgetful  # type: ignore[method-assign]
    refused(publish("--yes"), "was sent the release, but does not hold it, see lineage/de/generate")


def test_load_dataset_opens_what_was_published(
    hub: FakeHub, publish: Publish, lake: Lake, released: Release, settings: Settings, tmp_path: Path
) -> None:
    assert publish("--create", "--yes").exit_code == 0
    smaller(lake, settings)
    assert publish("--yes").exit_code == 0
    code = (
        "from datasets import load_dataset\n"
        f"old = 'v-{released.manifest.version}'\n"
        "for name, revision in ((None, None), ('de', None), ('lineage', None), (None, old)):\n"
        "    print(load_dataset('org/name', name, split='train', revision=revision).num_rows)\n"
        "print(len(list(load_dataset('org/name', split='train', streaming=True))))\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["6", "6", "6", "12", "6"], done.stderr
