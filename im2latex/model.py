"""The recogniser network: convolutional encoder, transformer decoder with a key-value cache."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mathocr.data.backbone import create_backbone
from mathocr.im2latex.layers import AxisEncoding, DecoderLayer, EncoderLayer, attention_bias
from mathocr.im2latex.prepare import MAX_HEIGHT, MAX_WIDTH

STRIDE = 16  # of the memory; the glyph map is twice as fine
GLYPH_CLASSES = 499  # code points are taken modulo this prime: usual ones rarely share a class


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
        max_length: Longest token sequence that is fed, the begin included.
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
        max_height: int = MAX_HEIGHT,
        max_width: int = MAX_WIDTH,
        glyph_classes: int = GLYPH_CLASSES,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.backbone = create_backbone(backbone, (8, 16))
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
        bias = attention_bias((torch.arange(past.keys.shape[3], device=ids.device) <= place)[None, None, None], x)
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
        bias = attention_bias(torch.cat((seen[:, None].expand(-1, ids.shape[1], -1), own), dim=2)[:, None], x)
        keys, values = [], []
        for number, layer in enumerate(self.decoder):
            own_past = past.keys[number], past.values[number]
            x, (k, v) = layer(x, (memory.keys[number], memory.values[number]), own_past, bias)
            keys.append(k)
            values.append(v)
        return self._logits(x), Cache(torch.stack(keys), torch.stack(values))
