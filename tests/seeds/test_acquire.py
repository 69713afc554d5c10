"""Finding a source's files in the samples and in a local copy; on the hub: test_acquire_hub.py."""

import os
import re

import pytest

from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import Cell
from polyglot_assets.seeds import cidar, gsm8k, oasst2
from polyglot_assets.seeds.acquire import find, origin_of
from polyglot_assets.seeds.fill import fill
from polyglot_assets.seeds.sources import SOURCES
from polyglot_assets.settings import Settings

ROW = [{"question": "How many?", "answer": "#### 5"}]


class TestSamples:
    @pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
    def test_every_source_has_exactly_its_training_file(self, source):
        files = find(source, Settings())
        [path] = files.paths
        assert path.is_relative_to(files.root)
        assert any(path.relative_to(files.root).match(pattern) for pattern in source.files)
        assert re.fullmatch(r"files-[0-9a-f]{32}", files.revision)


class TestFolder:
    @pytest.fixture
    def settings(self, tmp_path):
        return Settings(seeds=str(tmp_path / "native"))

    def test_native_names_win_over_everything_else_in_the_folder(self, settings, write_native):
        train = write_native(gsm8k.SOURCE, ROW, "main/train-00000-of-00001.parquet")
        write_native(gsm8k.SOURCE, ROW, "main/test-00000-of-00001.parquet")
        write_native(gsm8k.SOURCE, ROW, "socratic/train-00000-of-00001.parquet")
        write_native(gsm8k.SOURCE, ROW, "train.jsonl")
        assert find(gsm8k.SOURCE, settings).paths == (train,)

    def test_all_parts_of_a_training_set_in_the_order_of_their_names(self, settings, write_native):
        rows = [{"instruction": "a", "output": "b", "index": 1}]
        parts = [write_native(cidar.SOURCE, rows, f"data/train-{part:05d}-of-00003.parquet") for part in (2, 0, 1)]
        assert find(cidar.SOURCE, settings).paths == tuple(sorted(parts))

    @pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.jsonl.gz", "a.json", "a.json.gz"])
    def test_other_names_count_where_they_lie_directly_in_the_folder(self, settings, write_native, name):
        path = write_native(gsm8k.SOURCE, ROW, name)
        write_native(gsm8k.SOURCE, b"see above", "README.md")
        write_native(gsm8k.SOURCE, ROW, "elsewhere/b.parquet")
        assert find(gsm8k.SOURCE, settings).paths == (path,)

    def test_exported_trees_of_oasst(self, settings, write_native):
        trees = write_native(oasst2.SOURCE, [], "2023-11-05_oasst2_ready.trees.jsonl.gz")
        write_native(oasst2.SOURCE, [], "2023-11-05_oasst2_ready.messages.jsonl.gz")
        assert find(oasst2.SOURCE, settings).paths == (trees,)

    def test_a_home_folder_may_be_written_with_a_tilde(self, write_native, tmp_path, monkeypatch):
        path = write_native(gsm8k.SOURCE, ROW, "a.jsonl")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert find(gsm8k.SOURCE, Settings(seeds="~/native")).paths == (path,)

    def test_an_absent_folder_is_an_error_that_says_what_to_write(self, settings, tmp_path):
        with pytest.raises(UserError) as error:
            find(gsm8k.SOURCE, settings)
        expected = f"POLYGLOT_SEEDS: {tmp_path / 'native'} is not a folder; write samples, hub or an existing folder"
        assert str(error.value) == expected

    def test_a_folder_without_the_source_is_no_error(self, settings, write_native):
        write_native(cidar.SOURCE, [], "a.jsonl")
        assert find(gsm8k.SOURCE, settings) is None

    def test_a_source_folder_without_a_readable_file_is_an_error(self, settings, write_native):
        write_native(gsm8k.SOURCE, b"a,b", "train.csv")
        with pytest.raises(UserError) as error:
            find(gsm8k.SOURCE, settings)
        message = str(error.value)
        assert "openai__gsm8k: no file matches main/train-*.parquet" in message
        assert ".jsonl.gz" in message

    def test_the_revision_is_the_content(self, settings, write_native):
        path = write_native(gsm8k.SOURCE, ROW, "a.jsonl")
        first = find(gsm8k.SOURCE, settings).revision
        os.utime(path, (1, 1))
        assert find(gsm8k.SOURCE, settings).revision == first
        path.write_bytes(path.read_bytes().replace(b"5", b"6"))
        assert find(gsm8k.SOURCE, settings).revision != first

    def test_the_revision_is_about_the_files_that_are_read_and_no_others(self, settings, write_native):
        write_native(gsm8k.SOURCE, ROW, "main/train-0.parquet")
        first = find(gsm8k.SOURCE, settings).revision
        write_native(gsm8k.SOURCE, b"changed", "README.md")
        assert find(gsm8k.SOURCE, settings).revision == first
        write_native(gsm8k.SOURCE, ROW, "main/train-1.parquet")
        assert find(gsm8k.SOURCE, settings).revision != first

    def test_the_revision_does_not_depend_on_where_the_folder_lies(self, settings, write_native, tmp_path):
        write_native(gsm8k.SOURCE, ROW, "a.jsonl")
        first = find(gsm8k.SOURCE, settings).revision
        (tmp_path / "native").rename(tmp_path / "moved")
        assert find(gsm8k.SOURCE, Settings(seeds=str(tmp_path / "moved"))).revision == first

    def test_a_file_that_cannot_be_read_is_one_line(self, settings, tmp_path):
        path = tmp_path / "native" / gsm8k.SOURCE.folder / "a.jsonl"
        path.parent.mkdir(parents=True)
        path.symlink_to("/proc/self/mem")  # a file whose first byte nobody may read, not even root
        with pytest.raises(UserError, match=re.escape(f"{path.parent}: cannot be read (Input/output error)")):
            find(gsm8k.SOURCE, settings)

    def test_a_name_that_is_no_unicode(self, settings, write_native):
        path = write_native(gsm8k.SOURCE, ROW, os.fsdecode(b"a\xff.jsonl"))
        assert find(gsm8k.SOURCE, settings).paths == (path,)

    def test_seeds_carry_the_revision(self, settings, write_native):
        write_native(gsm8k.SOURCE, ROW, "a.jsonl")
        files, cell = find(gsm8k.SOURCE, settings), Cell("de", "translate")
        [row] = fill(gsm8k.SOURCE, files, [cell], settings)[cell].rows
        assert row["source_revision"] == files.revision

    def test_a_folder_or_user_that_cannot_be(self):
        for value in ("x" * 5000, "~nobody-has-this-name/seeds"):
            with pytest.raises(UserError) as error:
                find(cidar.SOURCE, Settings(seeds=value))
            assert str(error.value).startswith("POLYGLOT_SEEDS")


def test_each_source_comes_from_one_of_several_places(tmp_path):
    (tmp_path / "openai__gsm8k").mkdir()
    mixed = Settings(seeds=f"{tmp_path},samples")
    assert [origin_of(module.SOURCE, mixed) for module in (gsm8k, cidar)] == ["folder", "samples"]
    assert origin_of(cidar.SOURCE, Settings(seeds=str(tmp_path))) == "nowhere"
    assert origin_of(cidar.SOURCE, Settings(seeds=f"{tmp_path},hub")) == "hub"
