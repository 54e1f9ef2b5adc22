"""The recogniser network: convolutional encoder, transformer decoder with a key-value cache."""

from __future__ import annotations

import math
from typing import NamedTuple

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 16  # of the memory; the glyph map is twice as fine


class Output(NamedTuple):
    """What the network gives in training.

    Attributes:
        logits: Next-token logits, ``(B, L, V)``.
        glyph_logits: Which glyph is centred in each of the 8-pixel cells asked for, ``(N, G)``.
    """

    logits: Tensor
    glyph_logits: Tensor


class Cache(NamedTuple):
    """Keys and values of one kind of attention, all layers: each ``(layers, B, heads, T, D / heads)``."""

    keys: Tensor
    values: Tensor


def _split_heads(x: Tensor, heads: int) -> Tensor:
    """``(B, T, D)`` to ``(B, heads, T, D / heads)``."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _merge_heads(x: Tensor) -> Tensor:
    """``(B, heads, T, D / heads)`` to ``(B, T, D)``."""
    return x.transpose(1, 2).flatten(2)


def _bias(seen: Tensor, like: Tensor) -> Tensor:
    """What attention adds to its scores so that it looks at what is seen alone, in the numbers of another tensor."""
    return torch.zeros(seen.shape, dtype=like.dtype, device=like.device).masked_fill(~seen, -torch.inf)


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
    """Pre-norm self-attention over the memory."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.feed_forward = FeedForward(width, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, S, D)`` to ``(B, S, D)``."""
        q, k, v = (_split_heads(part, self.heads) for part in self.qkv(self.norm(x)).chunk(3, dim=-1))
        x = x + self.drop(self.out(_merge_heads(F.scaled_dot_product_attention(q, k, v))))
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
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=past is None)
        x = x + self.drop(self.self_out(_merge_heads(attended)))
        q = _split_heads(self.cross_q(self.cross_norm(x)), self.heads)
        x = x + self.drop(self.cross_out(_merge_heads(F.scaled_dot_product_attention(q, *memory))))
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


class FormulaNet(nn.Module):
    """Image of one formula to logits of canonical LaTeX tokens.

    A timm backbone gives maps at stride 8 and 16, which are fused at stride 8. A linear head on the fused map says
    which glyph is centred in each cell: it only serves training (the typeset PDF knows where its glyphs are), where
    it teaches the encoder to read symbols long before the decoder has learned to align tokens with ink. Each 2x2
    block of the fused map becomes one memory vector (stride 16).

    Args:
        vocabulary_size: V, special tokens included.
        backbone: timm model with features at stride 8 and 16.
        width: D of memory and decoder.
        heads: Attention heads.
        encoder_layers: Transformer layers over the memory.
        decoder_layers: Transformer layers of the decoder.
        max_length: Longest token sequence, begin and end included.
        max_height: Highest image in pixels.
        max_width: Widest image in pixels.
        glyph_classes: G of the glyph head.
        dropout: Of the residual branches.
    """

    def __init__(
        self,
        vocabulary_size: int,
        backbone: str = "hgnetv2_b0",
        width: int = 256,
        heads: int = 4,
        encoder_layers: int = 0,
        decoder_layers: int = 4,
        max_length: int = 512,
        max_height: int = 512,
        max_width: int = 1536,
        glyph_classes: int = 499,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.backbone = timm.create_model(backbone, features_only=True, in_chans=1, pretrained=False)
        reductions = self.backbone.feature_info.reduction()
        if 8 not in reductions or 16 not in reductions:
            raise ValueError(f"backbone {backbone!r} must have features at stride 8 and 16, it has {reductions}")
        self._fine, coarse = reductions.index(8), reductions.index(16)
        self.backbone = timm.create_model(
            backbone, features_only=True, in_chans=1, pretrained=False, out_indices=(self._fine, coarse)
        )
        channels = self.backbone.feature_info.channels()
        fused = 3 * width // 4
        self.lateral = nn.Conv2d(channels[0], fused, 1)
        self.top = nn.Conv2d(channels[1], fused, 1)
        self.fuse = nn.Sequential(
            nn.BatchNorm2d(fused), nn.ReLU(), nn.Conv2d(fused, fused, 3, padding=1), nn.BatchNorm2d(fused), nn.ReLU()
        )
        self.glyph_head = nn.Linear(fused, glyph_classes)
        self.fold = nn.Conv2d(fused, width, 2, stride=2)
        self.memory_norm = nn.LayerNorm(width)
        self.rows = AxisEncoding(max_height // STRIDE, width)
        self.columns = AxisEncoding(max_width // STRIDE, width)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads, dropout) for _ in range(encoder_layers))
        self.tokens = nn.Embedding(vocabulary_size, width)
        self.positions = nn.Parameter(torch.empty(max_length, width))
        self.decoder = nn.ModuleList(DecoderLayer(width, heads, dropout) for _ in range(decoder_layers))
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        for table in (self.tokens.weight, self.positions):
            nn.init.normal_(table, std=0.02)  # PyTorch's default of 1 would drown the image

    def _encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(B, 1, H, W)`` to memory ``(B, S, D)`` and fused map ``(B, C, H / 8, W / 8)``."""
        fine, coarse = self.backbone(images)
        up = F.interpolate(self.top(coarse), size=fine.shape[-2:], mode="nearest")
        fused = self.fuse(self.lateral(fine) + up)  # (B, C, H / 8, W / 8)
        grid = self.memory_norm(self.fold(fused).permute(0, 2, 3, 1))  # (B, H / 16, W / 16, D)
        memory = (grid + self.rows(grid.shape[1])[:, None] + self.columns(grid.shape[2])).flatten(1, 2)
        for layer in self.encoder:
            memory = layer(memory)
        return memory, fused

    def _logits(self, x: Tensor) -> Tensor:
        """Hidden states ``(B, L, D)`` to float32 logits ``(B, L, V)``; the output table is the embedding table."""
        return F.linear(self.norm(x).float(), self.tokens.weight.float(), self.bias.float())

    def forward(self, images: Tensor, ids: Tensor, cells: Tensor) -> Output:
        """Teacher-forced logits.

        Args:
            images: Ink in [0, 1] (1 is ink), float, ``(B, 1, H, W)``, H and W multiples of 16.
            ids: Input tokens that begin with ``BOS``, int64, ``(B, L)``.
            cells: Cells to name the glyph of, as ``(image, row, column)`` of the map at stride 8, int64, ``(N, 3)``.

        Returns:
            Logits of the token after each input token, and of the glyph in each cell.
        """
        memory, fused = self._encode(images)
        x = self.tokens(ids) + self.positions[: ids.shape[1]]
        for layer in self.decoder:
            x, _ = layer(x, layer.memory_keys_values(memory), None)
        image, row, column = cells.unbind(1)
        return Output(self._logits(x), self.glyph_head(fused[image, :, row, column]))

    def encode(self, images: Tensor) -> Cache:
        """Cross-attention keys and values of all decoder layers for images as in ``forward``."""
        memory, _ = self._encode(images)
        pairs = [layer.memory_keys_values(memory) for layer in self.decoder]
        return Cache(torch.stack([k for k, _ in pairs]), torch.stack([v for _, v in pairs]))

    def empty_cache(self, batch: int) -> Cache:
        """Self-attention cache before the first token, for ``batch`` images."""
        width = self.tokens.embedding_dim
        empty = self.positions.new_zeros(len(self.decoder), batch, self.heads, 0, width // self.heads)
        return Cache(empty, empty)

    def static_cache(self, batch: int, length: int) -> Cache:
        """Self-attention cache with room for ``length`` tokens, for ``static_step``."""
        width = self.tokens.embedding_dim
        shape = (len(self.decoder), batch, self.heads, length, width // self.heads)
        return Cache(self.positions.new_zeros(shape), self.positions.new_zeros(shape))

    def static_step(self, ids: Tensor, place: Tensor, past: Cache, memory: Cache) -> Tensor:
        """``step`` without a shape that changes, as recorded graphs and compilers want it.

        Args:
            ids: The latest token, int64, ``(B, 1)``.
            place: Number of earlier tokens, int64, ``(1,)``, less than the room of ``past``.
            past: From ``static_cache``; what belongs to the token is written into it.
            memory: As in ``step``.

        Returns:
            Logits of the next token ``(B, V)``.
        """
        x = self.tokens(ids) + self.positions.index_select(0, place)
        bias = _bias((torch.arange(past.keys.shape[3], device=ids.device) <= place)[None, None, None], x)
        for number, layer in enumerate(self.decoder):
            own = past.keys[number], past.values[number]
            x, _ = layer(x, (memory.keys[number], memory.values[number]), own, bias, place)
        return self._logits(x)[:, 0]

    def step(self, ids: Tensor, places: Tensor, seen: Tensor, past: Cache, memory: Cache) -> tuple[Tensor, Cache]:
        """One decoding step, over the latest token or over more, such as a draft of what follows.

        Args:
            ids: Tokens in order, int64, ``(B, L)``.
            places: Place of each in its sequence, int64, ``(B, L)``.
            seen: Which of the T tokens of ``past`` belong to the sequence, bool, ``(B, T)``.
            past: Cache over T tokens that were fed before.
            memory: What ``encode`` gave for the same B images.

        Returns:
            Logits of the token after each ``(B, L, V)``, and the cache over T + L tokens.
        """
        x = self.tokens(ids) + self.positions[places]
        order = torch.arange(ids.shape[1], device=ids.device)
        own = (order[:, None] >= order).expand(ids.shape[0], -1, -1)
        bias = _bias(torch.cat((seen[:, None].expand(-1, ids.shape[1], -1), own), dim=2)[:, None], x)
        keys, values = [], []
        for number, layer in enumerate(self.decoder):
            own_past = past.keys[number], past.values[number]
            x, (k, v) = layer(x, (memory.keys[number], memory.values[number]), own_past, bias)
            keys.append(k)
            values.append(v)
        return self._logits(x), Cache(torch.stack(keys), torch.stack(values))
