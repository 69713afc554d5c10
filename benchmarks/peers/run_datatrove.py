"""datatrove's InferenceRunner against an endpoint; with a fourth argument `checkpoints`, with its checkpoints.

What is optional is chosen in its favour: no executor around the step, no compression of the JSON lines.
"""

import sys
from collections.abc import Callable
from typing import Any

# datatrove imports the last three at their first use.
import aiofiles  # type: ignore[import-untyped]  # noqa: F401
import aiosqlite  # noqa: F401
import httpx  # noqa: F401
from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import (
    InferenceConfig,
    InferenceRunner,
)
from datatrove.pipeline.writers import JsonlWriter

from peers.contest import IN_FLIGHT, MAX_TOKENS, MODEL, TEMPERATURE, Task, compete, messages


async def rollout(document: Any, generate: Any) -> Any:
    """One request per document, as in datatrove's own example."""
    return await generate({"messages": messages(document.text), "max_tokens": MAX_TOKENS, "temperature": TEMPERATURE})


def prepare(task: Task) -> Callable[[], None]:
    """See peers.contest.compete."""
    runner = InferenceRunner(
        rollout_fn=rollout,
        config=InferenceConfig(
            server_type="endpoint",
            endpoint_url=task.url,
            model_name_or_path=MODEL,
            max_concurrent_generations=IN_FLIGHT,
        ),
        output_writer=JsonlWriter(
            str(task.folder / "output"), output_filename="${rank}_chunk_${chunk_index}.jsonl", compression=None
        ),
        checkpoints_local_dir=str(task.folder / "checkpoints") if "checkpoints" in sys.argv[4:] else None,
    )
    documents = [Document(text=question, id=str(number)) for number, question in enumerate(task.questions)]
    return lambda: runner.run(documents)


def written(task: Task) -> int:
    """Lines in its output that hold an answer."""
    files = (task.folder / "output").rglob("*.jsonl")
    return sum(b'"finish_reason":"stop"' in line for file in files for line in file.read_bytes().splitlines())


if __name__ == "__main__":
    compete(prepare, written)
