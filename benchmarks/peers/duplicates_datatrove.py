"""Near duplicates with datatrove: its four MinHash stages, one task, no verification.

Texts are given as one word per token (Japanese by character), so that its tokenizer finds the same tokens as the
others do; making them is not counted. The stages run per corpus, not per language.
"""

import json
import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter

from peers.duplicates_text import WIDTH, Stages, pairs, words

BUCKETS, DEPTH = 25, 5


def run(folder: Path, name: str, *steps: object, tasks: int = 1) -> None:
    """One stage in this process."""
    LocalPipelineExecutor(list(steps), tasks=tasks, workers=1, logging_dir=str(folder / "logs" / name)).run()


def main() -> None:
    """Writes the ids that are removed to a file."""
    folder = Path(sys.argv[2]).with_suffix("")
    texts = folder / "texts"
    texts.mkdir(parents=True)
    with (texts / "rows.jsonl").open("w", encoding="utf-8") as handle:
        for language, identifier, prompt, response in pairs(Path(sys.argv[1])):
            text = " ".join(words(language, f"{prompt} {response}"))
            handle.write(json.dumps({"id": identifier, "text": text}) + "\n")
    config = MinhashConfig(n_grams=WIDTH, num_buckets=BUCKETS, hashes_per_bucket=DEPTH)
    signatures, buckets, removed, out = (str(folder / name) for name in ("signatures", "buckets", "removed", "out"))
    stages = Stages()
    run(folder, "1", JsonlReader(str(texts)), MinhashDedupSignature(signatures, config=config, language="eng"))
    stages.done("signatures")
    run(folder, "2", MinhashDedupBuckets(signatures, buckets, config=config), tasks=BUCKETS)
    stages.done("buckets")
    run(folder, "3", MinhashDedupCluster(buckets, removed, config=config))
    run(
        folder,
        "4",
        JsonlReader(str(texts)),
        MinhashDedupFilter(removed, exclusion_writer=JsonlWriter(out, compression=None)),
    )
    stages.done("clusters and filter")
    lines = [line for path in Path(out).rglob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    flagged = {json.loads(line)["id"]: None for line in lines}
    Path(sys.argv[2]).write_text(json.dumps(flagged), encoding="utf-8")
    stages.report(left_out=len(flagged))


if __name__ == "__main__":
    main()
