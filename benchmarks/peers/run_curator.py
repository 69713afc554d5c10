"""bespokelabs-curator, online, against an OpenAI-compatible server.

What is optional is chosen in its favour: no telemetry, no viewer, no rich display, a model that has no price.
"""

import os
import sys
import types
from collections.abc import Callable
from typing import Any

from peers.contest import IN_FLIGHT, MAX_TOKENS, MODEL, SYSTEM, TEMPERATURE, Task, compete

os.environ |= {
    "TELEMETRY_ENABLED": "false",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HF_HUB_OFFLINE": "1",
    "HOME": sys.argv[3],  # it and its libraries keep files below ~/.cache
}


class Encoding:
    """A tokenizer that costs nothing: curator only estimates with it how much of a rate limit a request will use."""

    def encode(self, text: str, **_: object) -> range:
        """As many tokens as English text would have."""
        return range(len(text) // 4)


# curator gets its tokenizer from tiktoken, which loads the vocabulary from the internet when it is first used; there
# is no setting for a machine that has none. So it meets this module instead.
tiktoken: Any = types.ModuleType("tiktoken")
tiktoken.Encoding = Encoding
tiktoken.get_encoding = tiktoken.encoding_for_model = lambda _: Encoding()
sys.modules["tiktoken"] = tiktoken

from bespokelabs import curator  # noqa: E402


def prepare(task: Task) -> Callable[[], None]:
    """See peers.contest.compete."""
    llm = curator.LLM(
        model_name=MODEL,
        backend="openai",
        system_prompt=SYSTEM,
        generation_params={"max_tokens": MAX_TOKENS, "temperature": TEMPERATURE},
        backend_params={
            "base_url": f"{task.url}/v1",
            "api_key": "none",
            "max_concurrent_requests": IN_FLIGHT,
            "max_requests_per_minute": 10_000_000,
            "max_tokens_per_minute": 100_000_000_000,
        },
    )
    return lambda: llm(task.questions, working_dir=str(task.folder))


def written(task: Task) -> int:
    """Lines of its response files that hold an answer."""
    files = task.folder.rglob("responses_*.jsonl")
    return sum(b'"finish_reason": "stop"' in line for file in files for line in file.read_bytes().splitlines())


if __name__ == "__main__":
    compete(prepare, written)
