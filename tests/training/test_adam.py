"""Adam without torch's bookkeeping: the same numbers, bit for bit."""

import copy

import pytest
import torch
from torch import nn
from torch.optim import Adam, AdamW

from gan_studio.training.adam import DirectAdam, DirectAdamW

KINDS = [(DirectAdam, Adam), (DirectAdamW, AdamW)]


def networks():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 16, 5)).to(memory_format=torch.channels_last)
    return made, copy.deepcopy(made)


def descend(network, optimizer, seed, without=()):
    optimizer.zero_grad()
    torch.manual_seed(seed)
    network(torch.randn(4, 3, 6, 6)).square().mean().backward()
    for name, parameter in network.named_parameters():
        if name in without:
            parameter.grad = None
    optimizer.step()


def flat(optimizer):
    return [tensor for entry in optimizer.state_dict()["state"].values() for _, tensor in sorted(entry.items())]


def assert_same(one, other):
    pairs = list(zip(one, other, strict=True))
    assert pairs and all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("direct", "plain"), KINDS)
def test_every_step_is_torchs(direct, plain):
    ours, theirs = networks()
    mine, its = direct(ours.parameters(), fused=True), plain(theirs.parameters(), fused=True)
    for step in range(9):
        for optimizer in (mine, its):  # live fields
            optimizer.param_groups[0].update(
                lr=0.01 / (1 + step), betas=(0.1 * (step % 3), 0.9), weight_decay=0.1 * step
            )
        without = ("0.bias",) if step in (0, 5) else ()  # in the first step it has no state yet
        for network, optimizer in ((ours, mine), (theirs, its)):
            descend(network, optimizer, step, without)
        assert_same(ours.parameters(), theirs.parameters())
        assert_same(flat(mine), flat(its))


@pytest.mark.parametrize(("direct", "plain"), KINDS)
def test_a_loaded_state_goes_on(direct, plain):
    ours, theirs = networks()
    mine, its = direct(ours.parameters(), lr=0.01, fused=True), plain(theirs.parameters(), lr=0.01, fused=True)
    for step in range(4):
        descend(ours, mine, step)
        descend(theirs, its, step)
    other = direct(ours.parameters(), lr=0.01, fused=True)
    descend(ours, other, 99)  # it has gathered something of its own
    ours.load_state_dict(theirs.state_dict())
    other.load_state_dict(copy.deepcopy(its.state_dict()))
    for step in range(4, 7):
        descend(ours, other, step)
        descend(theirs, its, step)
    assert_same(ours.parameters(), theirs.parameters())
    assert_same(flat(other), flat(its))
