"""Training losses of the recogniser: next token, which glyph is where, and what a teacher would say."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from mathocr.im2latex.vocabulary import PAD


def token_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of the next token, mean over tokens that are not padding.

    Args:
        logits: ``(B, L, V)``, float.
        targets: Ids, int64, ``(B, L)``; ``PAD`` is not counted.
        smoothing: Label smoothing in [0, 1).

    Returns:
        Scalar, nats per token.
    """
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=PAD, label_smoothing=smoothing)


def glyph_loss(glyph_logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of the glyph centred in each labelled cell, mean over glyphs.

    Two glyphs in one cell are two rows, so that the best answer there gives each one half.

    Args:
        glyph_logits: ``(N, G)``, float.
        classes: int64, ``(N,)``; N may be 0.

    Returns:
        Scalar, nats per glyph; 0 where there is no glyph.
    """
    if not len(classes):
        return glyph_logits.sum() * 0.0
    return F.cross_entropy(glyph_logits.float(), classes)


def distillation_loss(logits: Tensor, teacher_logits: Tensor, targets: Tensor, temperature: float = 1.0) -> Tensor:
    """How far the student's next token is from the teacher's, mean over tokens that are not padding.

        T^2 KL(softmax(teacher / T) || softmax(student / T))

    Args:
        logits: Of the student, ``(B, L, V)``, float.
        teacher_logits: As ``logits``; no gradient reaches them.
        targets: Ids, int64, ``(B, L)``; ``PAD`` is not counted.
        temperature: T, above 0; the larger, the more the unlikely tokens count.

    Returns:
        Scalar, nats per token, 0 where both agree.

    Source:
        Hinton, Vinyals and Dean, arXiv:1503.02531.
    """
    counted = targets != PAD
    student = F.log_softmax(logits[counted].float() / temperature, dim=-1)
    teacher = F.log_softmax(teacher_logits[counted].detach().float() / temperature, dim=-1)
    return temperature**2 * F.kl_div(student, teacher, reduction="batchmean", log_target=True)
