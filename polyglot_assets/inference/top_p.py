"""Top-p sampling without sorting the vocabulary, for vLLM on a CPU.

Here: a logits processor, which vLLM loads by its name in its worker. Not here: which requests are handed over to it
(vllm_engine.py).

vLLM sorts all logits of each step to find the most likely tokens whose probabilities sum to `top_p`. For 42 requests of
49,152 tokens the sorting alone takes two cores 0.22 s, finding the largest 1,024 and their sum 0.02. Mostly the tokens
are among those; only requests whose tokens are not are sorted. The choice is vLLM's own, but for the rounding of a sum
at its edge.
"""

import torch  # noqa: TID253 vLLM alone imports this module
from vllm.v1.sample.logits_processor import (  # noqa: TID253
    BatchUpdate,
    LogitsProcessor,
    MoveDirectionality,
)

_LARGEST = 1024
"""So many logits are looked at first. More take longer for all requests, fewer send more requests to be sorted."""


class TopP(LogitsProcessor):  # type: ignore[misc]  # vLLM says nothing of its types
    """Keeps of each request the tokens that its `top_p` keeps, as vLLM does after temperature and penalties."""

    def __init__(self, *_: object) -> None:
        """Takes what vLLM gives: its settings, the device, and whether memory is pinned."""
        self._by_index: dict[int, float] = {}

    def is_argmax_invariant(self) -> bool:
        """The most likely token is always kept, so vLLM asks this after temperature, and not for greedy requests."""
        return True

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follows the requests through the places of the batch."""
        if batch_update is None:
            return
        for index in batch_update.removed:
            self._by_index.pop(index, None)
        for index, params, _, _ in batch_update.added:
            self._put(index, (params.extra_args or {}).get("top_p"))
        for first, second, direction in batch_update.moved:
            of_first, of_second = self._by_index.pop(first, None), self._by_index.pop(second, None)
            self._put(second, of_first)
            if direction == MoveDirectionality.SWAP:
                self._put(first, of_second)

    def _put(self, index: int, top_p: float | None) -> None:
        self._by_index.pop(index, None)
        if top_p is not None:
            self._by_index[index] = top_p

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Sets the logits of tokens that are not kept to minus infinity, in place; shape (requests, vocabulary)."""
        if not self._by_index:
            return logits
        top_p = torch.tensor([self._by_index.get(index, 1.0) for index in range(len(logits))])
        return keep_top_p(logits, top_p, min(_LARGEST, logits.shape[1]))


def keep_top_p(logits: torch.Tensor, top_p: torch.Tensor, largest: int) -> torch.Tensor:
    """Sets the logits of all but the fewest most likely tokens that sum to `top_p` to minus infinity, in place.

    Args:
        logits: shape (requests, vocabulary).
        top_p: of each request; 1 keeps all tokens.
        largest: how many logits are looked at before a request's are sorted.
    """
    values = logits.topk(largest, dim=-1).values
    probabilities = (values - logits.logsumexp(-1, keepdim=True)).exp()
    kept = (probabilities.cumsum(-1) - probabilities < top_p[:, None]).sum(-1)
    least = values.gather(1, (kept - 1).clamp(min=0)[:, None])
    for row in torch.nonzero((kept == largest) & (top_p < 1)).flatten().tolist():
        ordered = logits[row].sort(descending=True).values
        probabilities = ordered.softmax(-1)
        least[row] = ordered[(probabilities.cumsum(-1) - probabilities < top_p[row]).sum() - 1]
    least[top_p >= 1] = -torch.inf
    return logits.masked_fill_(logits < least, -torch.inf)
