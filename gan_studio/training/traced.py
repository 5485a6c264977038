"""A function of tensors as a flat list of operations, for networks so small that finding these takes longest.

In every training step autograd records the operations of the forward pass anew, and finds those of the backward pass.
With two layers of 64 that takes longer than the operations themselves. Here they are found once, those of the
backward pass among them (``torch.fx.experimental.proxy_tensor.make_fx``), and then only computed: the same numbers,
bit for bit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

import torch
from torch import nn
from torch._ops import OpOverload
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg

Tensors = tuple[torch.Tensor | None, ...]
_tracing = threading.Lock()  # it replaces methods of nn.Module for its time
_SAME = torch.ops.aten.alias.default, torch.ops.aten.detach.default
_TRANSPOSE = torch.ops.aten.t.default


def trace(
    function: Callable[..., tuple[Tensors, Tensors]], between: Callable[[Tensors], Any], *inputs: torch.Tensor | None
) -> Callable[..., Tensors]:
    """What computes ``function`` again, without autograd.

    ``function(*inputs)`` returns two tuples. Computed again, for other inputs of the same shapes, it gives the first
    one to ``between`` as soon as that is there, and returns the second. Beside the inputs the function may read
    parameters, which may change in place afterwards, also in ``between``, and tensors that never change. It must
    neither change anything itself nor draw random numbers.
    """
    with _tracing:
        module = make_fx(function)(*inputs)
    _simplify(module)
    graph = module.graph
    first, second = graph.output_node().args[0]
    places = {node: place for place, node in enumerate(graph.nodes)}
    with graph.inserting_after(max((node for node in first if node is not None), key=places.get)):
        graph.call_function(between, (first,))
    graph.output_node().args = (second,)
    module.recompile()
    return torch.no_grad()(module.forward)


def _simplify(module: GraphModule) -> None:
    """Leave out what computes nothing or always the same, and call torch's functions, which are faster than its ops."""
    graph = module.graph
    for node in graph.nodes:
        if node.target in _SAME:
            node.replace_all_uses_with(node.args[0])
        elif node.target is _TRANSPOSE and node.args[0].target is _TRANSPOSE:
            node.replace_all_uses_with(node.args[0].args[0])
    graph.eliminate_dead_code()
    parameters: dict[Node, torch.Tensor] = {}  # and their transposes, which change with them
    constants: dict[Node, torch.Tensor] = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            tensor = getattr(module, node.target)
            (parameters if isinstance(tensor, nn.Parameter) else constants)[node] = tensor.detach()
        elif node.target is _TRANSPOSE and node.args[0] in parameters:
            parameters[node] = parameters[node.args[0]].t()
        elif node.all_input_nodes and constants.keys() >= set(node.all_input_nodes) and node.op == "call_function":
            constants[node] = node.target(*map_arg(node.args, constants.get), **node.kwargs)
        elif node.op == "call_function":
            node.target = _function(node.target)
    for node, tensor in (parameters | constants).items():
        module.__dict__[node.name] = tensor  # not registered, for that would make reading it slow
        with graph.inserting_before(node):
            node.replace_all_uses_with(graph.create_node("get_attr", node.name))
    graph.eliminate_dead_code()


def _function(op: Callable) -> Callable:
    """torch's function of that name, where it has one written in C, which chooses among overloads by itself."""
    if not isinstance(op, OpOverload):
        return op
    found = (getattr(place, op.overloadpacket.__name__, None) for place in (torch, nn.functional))
    return next((function for function in found if isinstance(function, BuiltinFunctionType)), op)
