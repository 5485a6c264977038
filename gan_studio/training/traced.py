"""A function of tensors as a flat list of operations, for networks so small that finding these takes longest.

In every training step autograd records the operations of the forward pass anew, and finds those of the backward pass.
With two layers of 64 that takes longer than the operations themselves. Here they are found once, those of the
backward pass among them (``torch.fx.experimental.proxy_tensor.make_fx``), and then only computed: the same numbers,
bit for bit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, SimpleNamespace

import torch
from torch import nn
from torch._ops import OpOverload
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg

Tensors = tuple[torch.Tensor | None, ...]
_one_at_a_time = threading.Lock()
"""Tracing replaces methods of nn.Module for its time; two threads would not restore them. Others may call modules."""
_SAME = torch.ops.aten.alias.default, torch.ops.aten.detach.default
_TRANSPOSE = torch.ops.aten.t.default


def trace(function: Callable[..., tuple[Tensors, Tensors]], *inputs: torch.Tensor | None) -> Callable[..., Tensors]:
    """What computes ``function`` again, without autograd: its first argument is a callable, then come the inputs.

    ``function(*inputs)`` returns two tuples. Computed again, for other inputs of the same shapes, it calls that
    callable with the first one as soon as that is there, and returns the second. Beside the inputs the function may
    read parameters, which may change in place afterwards, also within that call, and tensors that never change. It
    must neither change anything itself nor draw random numbers. What it returns is new each time.
    """
    with _one_at_a_time:
        module = make_fx(function)(*inputs)
    tensors = _simplify(module)
    graph = module.graph
    first, second = _own(graph)
    places = {node: place for place, node in enumerate(graph.nodes)}
    with graph.inserting_before(next(iter(graph.nodes))):
        between = graph.placeholder("between")
    with graph.inserting_after(max((node for node in first if node is not None), key=places.get)):
        graph.call_method("__call__", (between, first))
    graph.output_node().args = (second,)
    module.recompile()
    # Of the module only its code is kept: it has cycles, for whose end large tensors would have to wait.
    return torch.no_grad()(partial(type(module).forward, SimpleNamespace(**tensors)))


def _own(graph: Graph) -> tuple[tuple[Node | None, ...], ...]:
    """The two tuples that are returned, with copies of what belongs to the graph."""

    def own(node: Node) -> Node:
        if node.op != "get_attr":
            return node
        with graph.inserting_after(node):
            return graph.call_function(torch.clone, (node,))

    return map_arg(graph.output_node().args[0], own)


def _simplify(module: GraphModule) -> dict[str, torch.Tensor]:
    """Leave out what computes nothing or always the same, and call torch's functions, which are faster than its ops.

    Returns the tensors that the graph then reads, by name.
    """
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
    tensors = {node.name: tensor for node, tensor in (parameters | constants).items()}
    vars(module).update(tensors)
    for node in parameters | constants:
        with graph.inserting_before(node):
            node.replace_all_uses_with(graph.create_node("get_attr", node.name))
    graph.eliminate_dead_code()
    return tensors


def _function(op: Callable) -> Callable:
    """torch's function of that name, where it has one written in C, which chooses among overloads by itself."""
    if not isinstance(op, OpOverload):
        return op
    found = (getattr(place, op.overloadpacket.__name__, None) for place in (torch, nn.functional))
    return next((function for function in found if isinstance(function, BuiltinFunctionType)), op)
