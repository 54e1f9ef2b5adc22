"""How the networks of both stages are optimised: AdamW with weight decay on matrices alone, gradients clipped."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import AdamW


def adamw(network: nn.Module, lr: float, weight_decay: float, betas: tuple[float, float] = (0.9, 0.999)) -> AdamW:
    """AdamW for a network; the groups keep their order, by which checkpoints know them.

    Args:
        network: What is trained.
        lr: Learning rate; its course is a callback of the trainer.
        weight_decay: Of matrices and kernels; vectors and tables of positions have none.
        betas: Decay of the averages of the gradient and of its square.
    """
    decayed = [p for name, p in network.named_parameters() if p.ndim > 1 and "positions" not in name]
    kept = {id(p) for p in decayed}
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": [p for p in network.parameters() if id(p) not in kept], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=lr, betas=betas, fused=True)


def clip_gradients(network: nn.Module, most: float | None) -> None:
    """Clip the norm of all gradients, where a largest one is given.

    Lightning's own way refuses fused optimisers, though bf16 has no gradient scaler.
    """
    if most:
        torch.nn.utils.clip_grad_norm_(network.parameters(), most)
