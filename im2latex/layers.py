"""Layers of the recogniser network: attention with a cache, feed-forward, and place along an axis."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _split_heads(x: Tensor, heads: int) -> Tensor:
    """``(B, T, D)`` to ``(B, heads, T, D / heads)``."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _merge_heads(x: Tensor) -> Tensor:
    """``(B, heads, T, D / heads)`` to ``(B, T, D)``."""
    return x.transpose(1, 2).flatten(2)


def attention_bias(seen: Tensor, like: Tensor) -> Tensor:
    """What attention adds to its scores so that it looks at what is seen alone, in the numbers of another tensor."""
    return torch.zeros(seen.shape, dtype=like.dtype, device=like.device).masked_fill(~seen, -torch.inf)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, causal: bool = False) -> Tensor:
    """Scaled dot-product attention, ``(B, heads, L, E)``.

    On a CPU in bfloat16, PyTorch's fused kernel takes three times as long backward as the plain products (60 tokens).

    Args:
        q: Queries ``(B, heads, L, E)``.
        k: Keys ``(B, heads, T, E)``.
        v: Values ``(B, heads, T, E)``.
        bias: Added to the scores, as ``attention_bias`` gives it; None with ``causal``.
        causal: A query sees the keys up to its own place; L is T then.
    """
    if not (torch.is_grad_enabled() and q.dtype == torch.bfloat16 and q.device.type == "cpu"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=causal)
    scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
    if causal:
        bias = attention_bias(torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril(), q)
    return (scores if bias is None else scores + bias).softmax(-1) @ v


class FeedForward(nn.Sequential):
    """Pre-norm feed-forward branch, ``(*, D)`` to ``(*, D)``."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
            nn.Dropout(dropout),
        )


class EncoderLayer(nn.Module):
    """Pre-norm self-attention over the memory. It begins as identity, so that a trained network can be given more."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.feed_forward = FeedForward(width, dropout)
        for last in (self.out, self.feed_forward[3]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, S, D)`` to ``(B, S, D)``."""
        q, k, v = (_split_heads(part, self.heads) for part in self.qkv(self.norm(x)).chunk(3, dim=-1))
        x = x + self.drop(self.out(_merge_heads(attend(q, k, v))))
        return x + self.feed_forward(x)


class DecoderLayer(nn.Module):
    """Pre-norm causal self-attention, cross-attention and feed-forward."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.self_norm = nn.LayerNorm(width)
        self.self_qkv = nn.Linear(width, 3 * width)
        self.self_out = nn.Linear(width, width)
        self.cross_norm = nn.LayerNorm(width)
        self.cross_q = nn.Linear(width, width)
        self.cross_kv = nn.Linear(width, 2 * width)
        self.cross_out = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.feed_forward = FeedForward(width, dropout)

    def memory_keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-attention keys and values of a memory ``(B, S, D)``: each ``(B, heads, S, D / heads)``."""
        keys, values = self.cross_kv(memory).chunk(2, dim=-1)
        return _split_heads(keys, self.heads), _split_heads(values, self.heads)

    def forward(
        self,
        x: Tensor,
        memory: tuple[Tensor, Tensor],
        past: tuple[Tensor, Tensor] | None,
        bias: Tensor | None = None,
        place: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One layer over new tokens.

        Args:
            x: New tokens ``(B, L, D)``.
            memory: Keys and values of the memory, each ``(B, heads, S, D / heads)``.
            past: Keys and values of earlier tokens, each ``(B, heads, T, D / heads)``, or None in training.
            bias: Added to the scores of all tokens so far, ``(B or 1, 1, L, T + L)``: 0, and ``-inf`` for those that a
                token must not see. None in training, where a token sees those before it.
            place: Number of earlier tokens, int64 ``(1,)``, where ``past`` has room for T of them: the new keys and
                values are written there, in place, and ``bias`` is over T. None where the result holds L more.

        Returns:
            ``(B, L, D)``, and keys and values of all tokens so far, each ``(B, heads, T + L, D / heads)``, or ``past``.
        """
        q, k, v = (_split_heads(part, self.heads) for part in self.self_qkv(self.self_norm(x)).chunk(3, dim=-1))
        if past is not None and place is not None:
            k, v = past[0].index_copy_(2, place, k), past[1].index_copy_(2, place, v)
        elif past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        attended = attend(q, k, v, bias, causal=past is None)
        x = x + self.drop(self.self_out(_merge_heads(attended)))
        q = _split_heads(self.cross_q(self.cross_norm(x)), self.heads)
        x = x + self.drop(self.cross_out(_merge_heads(attend(q, *memory))))
        return x + self.feed_forward(x), (k, v)


class AxisEncoding(nn.Module):
    """Place along one axis of the memory as a vector: a linear map of sinusoids.

    What training learns of the columns that most crops have holds for the rare columns of the widest crops too, which
    a table with one vector per column leaves near their first values.

    Args:
        count: Places.
        width: D of the vectors.
    """

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        periods = torch.logspace(math.log10(2.5), math.log10(2000), width // 4, dtype=torch.float64)
        angles = 2 * math.pi * torch.arange(count)[:, None] / periods
        waves = torch.cat((angles.sin(), angles.cos()), dim=1) / math.sqrt(len(periods))  # (count, D / 2), norm 1
        self.register_buffer("waves", waves.float(), persistent=False)
        self.project = nn.Linear(waves.shape[1], width, bias=False)

    def forward(self, count: int) -> Tensor:
        """Vectors of the first places: ``(count, D)``."""
        return self.project(self.waves[:count])
