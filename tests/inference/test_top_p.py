"""Top-p without sorting keeps the tokens that vLLM's own keeps."""

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot_assets.inference.engine import Request
from polyglot_assets.inference.vllm_engine import sampling_params

if TYPE_CHECKING:
    from polyglot_assets.inference.top_p import TopP

pytestmark = pytest.mark.engine

SHARES = st.floats(0.01, 1.0).map(lambda share: round(share, 2))


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    spread=st.sampled_from([0.1, 1.0, 3.0, 12.0]),
    shares=st.lists(SHARES, min_size=1, max_size=5),
    largest=st.integers(1, 90),
)
def test_the_tokens_that_are_kept_are_those_of_vllm(
    seed: int, spread: float, shares: list[float], largest: int
) -> None:
    import torch
    from vllm.v1.sample.ops.topk_topp_sampler import apply_top_k_top_p_pytorch

    from polyglot_assets.inference.top_p import keep_top_p

    torch.manual_seed(seed)
    logits = torch.randn(len(shares), 90) * spread
    logits[:, ::7] = -torch.inf  # what a grammar forbids
    top_p = torch.tensor(shares)
    expected = apply_top_k_top_p_pytorch(logits.clone(), None, top_p)
    kept = keep_top_p(logits.clone(), top_p, largest)
    differ = torch.isinf(expected) != torch.isinf(kept)
    assert torch.equal(kept[~differ], expected[~differ])
    for row in differ.any(-1).nonzero().flatten().tolist():
        (token,) = differ[row].nonzero().flatten().tolist()
        below = logits[row].softmax(-1)[logits[row] > logits[row, token]].sum()
        assert float(below) == pytest.approx(shares[row], abs=1e-5), "only at the edge, by rounding"


def processor() -> "TopP":
    from polyglot_assets.inference.top_p import TopP

    return TopP()


def added(index: int, top_p: float | None) -> tuple[int, Any, None, list[int]]:
    from vllm import SamplingParams

    return index, SamplingParams(extra_args=None if top_p is None else {"top_p": top_p}), None, []


def kept_by(processor: "TopP", requests: int) -> list[int]:
    """How many of four tokens with .4, .3, .2 and .1 each request keeps."""
    import torch

    logits = torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log().repeat(requests, 1)
    return [int(row.isfinite().sum()) for row in processor.apply(logits)]


def test_requests_keep_their_own_share_wherever_they_are_in_the_batch() -> None:
    from vllm.v1.sample.logits_processor import BatchUpdate, MoveDirectionality

    top_p = processor()
    assert kept_by(top_p, 2) == [4, 4]
    top_p.update_state(BatchUpdate(3, removed=[], added=[added(0, 0.35), added(1, None), added(2, 0.65)], moved=[]))
    assert kept_by(top_p, 3) == [1, 4, 2]
    top_p.update_state(None)
    top_p.update_state(BatchUpdate(3, removed=[], added=[], moved=[(0, 2, MoveDirectionality.SWAP)]))
    assert kept_by(top_p, 3) == [2, 4, 1]
    top_p.update_state(BatchUpdate(2, removed=[1], added=[], moved=[(2, 1, MoveDirectionality.UNIDIRECTIONAL)]))
    assert kept_by(top_p, 2) == [2, 1]
    top_p.update_state(BatchUpdate(2, removed=[], added=[added(1, 0.85), added(0, 0.35)], moved=[]))
    assert kept_by(top_p, 2) == [1, 3]


@pytest.mark.parametrize(
    ("sampling", "own", "apart"),
    [
        ({"top_p": 0.9}, 1.0, {"top_p": 0.9}),
        ({"top_p": 0.9, "top_k": 20}, 0.9, None),
        ({"top_p": 0.9, "top_k": -1}, 1.0, {"top_p": 0.9}),
        ({"temperature": 0.5}, 1.0, None),
    ],
)
def test_which_requests_are_handed_over(sampling: dict[str, float], own: float, apart: dict[str, float] | None) -> None:
    request = Request("id", (), sampling)
    made = sampling_params(request, top_p_apart=True)
    assert (made.top_p, made.extra_args) == (own, apart)
    assert sampling_params(request).top_p == sampling.get("top_p", 1.0)
    assert "extra_args" not in sampling
