"""A piece of a network as exporters take it: a module, example inputs, names, and the sizes that may change."""

from __future__ import annotations

import copy
import io
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor, nn

_OPSET = 17


@dataclass(frozen=True, eq=False)
class NetworkPart:
    """A piece of a network.

    Attributes:
        name: Of its file, after the weights' own; empty where the network is one piece.
        module: In evaluation mode, float32, on the CPU.
        args: Example inputs.
        inputs: Their names.
        outputs: Names of what the module returns.
        axes: Sizes that may change: name of an input or output to axis to what the axis counts.
    """

    name: str
    module: nn.Module
    args: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: dict[str, dict[int, str]]

    def run(self, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What the module gives, without gradients."""
        import torch

        with torch.no_grad():
            return tuple(self.module(*args))

    def to_onnx(self, fold: bool) -> ModelProto:
        """The graph with its numbers.

        Args:
            fold: Whether what depends on parameters alone is computed now (they then lose their names).
        """
        import onnx
        import torch

        buffer = io.BytesIO()
        module = copy.deepcopy(self.module)  # folding normalisation into convolutions changes the numbers in place
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module, self.args, buffer, dynamo=False, do_constant_folding=fold, opset_version=_OPSET,  # type: ignore[arg-type]
                input_names=list(self.inputs), output_names=list(self.outputs), dynamic_axes=self.axes,
            )  # fmt: skip
        return onnx.load_model_from_string(buffer.getvalue())

    def to_weightless_onnx(self, prefix: str = "") -> bytes:
        """The graph without its numbers, whose initializers bear the names of the module's parameters.

        Args:
            prefix: Beginning of those names that is left out.
        """
        import torch

        from mathocr.data.onnx_session import strip_initializers

        module = copy.deepcopy(self.module)
        with torch.no_grad():
            for tensor in module.state_dict().values():  # the exporter makes one of tensors with equal numbers
                if tensor.is_floating_point():
                    tensor.uniform_(0.5, 1.5)
        proto = replace(self, module=module).to_onnx(fold=False)
        for tensor in proto.graph.initializer:
            tensor.name = tensor.name.removeprefix(prefix)
        for node in proto.graph.node:
            for place, name in enumerate(node.input):
                node.input[place] = name.removeprefix(prefix)
        strip_initializers(proto, {name.removeprefix(prefix) for name in module.state_dict()})
        return proto.SerializeToString()

    def dynamic_shapes(self) -> tuple[dict[int, Any], ...]:
        """The axes that may change, as ``torch.export`` wants them."""
        from torch.export import Dim

        return tuple({axis: Dim.AUTO for axis in self.axes.get(name, {})} for name in self.inputs)  # type: ignore[attr-defined]
