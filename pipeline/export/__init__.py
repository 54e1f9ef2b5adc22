"""Export of trained models to other runtimes and precisions, each checked against PyTorch."""

from typing import Literal, get_args

Precision = Literal["fp32", "fp16", "int8", "int8-static"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
