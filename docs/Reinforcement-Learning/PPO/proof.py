# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How ppo.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from zooniverse.proofs.form import Equality, Link, Mutant, Pair, Proof, Row, Run, Size, Values

SEEN, ACTIONS, HIDDEN, SAMPLES = 5, 3, 7, 24  # no two are the same


# --- references ---------------------------------------------------------------------------------


class Still(gymnasium.Env[Any, Any]):
    """Spaces alone; it is never played."""

    def __init__(self, actions: spaces.Space[Any]) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (SEEN,), np.float32)
        self.action_space = actions


def space(continuous: bool) -> spaces.Space[Any]:
    """Return a space of actions."""
    if continuous:
        return spaces.Box(-9.0, 9.0, (ACTIONS,), np.float32)
    return spaces.Discrete(ACTIONS)


def policy_of(observations: int, actions: spaces.Space[Any], hidden: int) -> Any:
    """Build the policy of stable-baselines3, without its cast of observations to float32."""
    from stable_baselines3.common.policies import ActorCriticPolicy

    seen = spaces.Box(-np.inf, np.inf, (observations,), np.float32)
    with torch.device("cpu"):
        policy: Any = ActorCriticPolicy(
            seen, actions, lambda _: 1e-3, {"pi": [hidden] * 2, "vf": [hidden] * 2}
        )
    policy.extract_features = exactly
    return policy


def exactly(observations: Tensor, *_: Any) -> Tensor:
    """Return observations as they are."""
    return observations


def answers(policy: Any, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the likeliest actions of their policy, and the values."""
    for_actor, for_critic = policy.mlp_extractor(seen)
    best = policy._get_action_dist_from_latent(for_actor).mode()
    return best, policy.value_net(for_critic)[:, 0]


def links(continuous: bool) -> Iterator[Link]:
    """Say which of our parameters is which of theirs."""
    for kind in ("weight", "bias"):
        for layer in (0, 2):
            for ours, theirs in (("actor", "policy_net"), ("critic", "value_net")):
                yield Link(f"{ours}.{layer}.{kind}", f"mlp_extractor.{theirs}.{layer}.{kind}")
        yield Link(f"actor.4.{kind}", f"action_net.{kind}")
        yield Link(f"critic.4.{kind}", f"value_net.{kind}")
    if continuous:
        yield Link("log_std", "log_std")


def filled(model: Any, continuous: bool) -> Any:
    """Build a small model with weights of unit scale."""
    ours = model.ActorCritic(SEEN, ACTIONS, continuous, replace(model.PPO, hidden=HIDDEN))
    with torch.no_grad():
        for weights in ours.parameters():
            weights.normal_(std=weights.shape[-1] ** -0.5 if weights.dim() > 1 else 0.5)
    return ours


def copied(ours: Any, policy: Any, continuous: bool) -> None:
    """Give their policy our weights."""
    mine, theirs = ours.state_dict(), policy.state_dict()
    policy.load_state_dict(
        {**theirs, **{link.reference: mine[link.ours] for link in links(continuous)}}
    )


def sampled(model: Any, ours: Any, continuous: bool) -> Any:
    """Return random samples, as if another policy than ours had drawn them."""
    seen = torch.randn(SAMPLES, SEEN)
    actions = torch.randint(ACTIONS, (SAMPLES,))
    if continuous:
        actions = torch.randn(SAMPLES, ACTIONS).float().double()  # theirs are kept in float32
    with torch.no_grad():
        old = ours.policy(seen).log_prob(actions) + 0.3 * torch.randn(SAMPLES)
        values = ours.value(seen) + 0.5 * torch.randn(SAMPLES)
    advantages = torch.randn(SAMPLES)
    return model.Batch(seen, actions, old, values, advantages, advantages + values)


# --- equalities ---------------------------------------------------------------------------------


def choices(model: Any) -> Pair:
    """The policy that chooses among actions."""
    return pair(model, continuous=False)


def numbers(model: Any) -> Pair:
    """The policy whose actions are numbers."""
    return pair(model, continuous=True)


def pair(model: Any, continuous: bool) -> Pair:
    """Values, log probabilities and entropy of random observations and actions."""
    ours, theirs = filled(model, continuous), policy_of(SEEN, space(continuous), HIDDEN)
    x = sampled(model, ours, continuous)
    weights = torch.randn(3, SAMPLES)

    def results(value: Tensor, log_prob: Tensor, entropy: Tensor, best: Tensor) -> dict[str, Any]:
        loss = (weights * torch.stack([value, log_prob, entropy])).sum()
        return {"v": value, "log p": log_prob, "entropy": entropy, "best": best, "loss": loss}

    def run_ours() -> dict[str, Tensor]:
        policy = ours.policy(x.observations)
        log_prob = policy.log_prob(x.actions)
        return results(ours.value(x.observations), log_prob, policy.entropy(), policy.best())

    def run_theirs() -> dict[str, Tensor]:
        value, log_prob, entropy = theirs.evaluate_actions(x.observations, x.actions)
        best, _ = answers(theirs, x.observations)
        return results(value.flatten(), log_prob, entropy, best)

    return Pair(ours, theirs, run_ours, run_theirs, tuple(links(continuous)))


def advantages(model: Any) -> Values:
    """Estimates over several episodes, some of them cut off, against the buffer and the sum."""
    from stable_baselines3.common.buffers import RolloutBuffer

    steps, envs = 12, 4
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for gamma, lam in product((0.9, 1.0), (0.0, 0.7, 1.0)):
        rewards, values, ahead = torch.randn(3, steps, envs)
        ended = torch.rand(steps, envs) < 0.25
        terminated = ended & (torch.rand(steps, envs) < 0.5)
        ahead[:-1] = torch.where(ended[:-1], ahead[:-1], values[1:])  # else the next row's value
        ahead = ahead * ~terminated
        buffer: Any = RolloutBuffer(
            steps, Still(space(False)).observation_space, space(False), "cpu", lam, gamma, envs
        )
        # As stable-baselines3 does: what would have followed is added to the last reward.
        buffer.rewards = (rewards + gamma * ahead * ended).numpy()
        buffer.values = values.numpy()
        buffer.advantages = np.zeros((steps, envs))
        buffer.episode_starts = np.zeros((steps, envs))
        buffer.episode_starts[1:] = ended[:-1].numpy()
        buffer.compute_returns_and_advantage(ahead[-1], ended[-1].numpy())
        deltas = rewards + gamma * ahead - values
        total = torch.zeros(steps, envs)
        for t, n in product(range(steps), range(envs)):
            for k in range(t, steps):
                total[t, n] += (gamma * lam) ** (k - t) * deltas[k, n]
                if ended[k, n]:
                    break
        name = f"discount {gamma}, lambda {lam}"
        found = model.gae(rewards, values, ahead, ended, gamma, lam)
        ours |= {name: found, f"{name}, as a sum": found}
        reference |= {name: torch.from_numpy(buffer.advantages), f"{name}, as a sum": total}
    return Values(ours, reference)


def updates(model: Any) -> Values:
    """Weights after an update by stable-baselines3's own PPO and A2C."""
    import stable_baselines3 as sb3
    from stable_baselines3.common.logger import Logger

    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    common = {"learning_rate": 0.01, "ent_coef": 0.02, "vf_coef": 0.4, "max_grad_norm": 0.3}
    settings = {"rate": 0.01, "entropy": 0.02, "value": 0.4, "max_norm": 0.3, "minibatches": 1}
    for method, continuous in product(("PPO", "A2C"), (False, True)):
        one = filled(model, continuous)
        x = sampled(model, one, continuous)
        special: dict[str, Any] = {"use_rms_prop": False, "n_steps": SAMPLES}
        if method == "PPO":
            special = {"n_epochs": 3, "batch_size": SAMPLES, "n_steps": SAMPLES}
        net = {"net_arch": {"pi": [HIDDEN] * 2, "vf": [HIDDEN] * 2}}
        theirs: Any = getattr(sb3, method)(
            "MlpPolicy", Still(space(continuous)), policy_kwargs=net, **common, **special
        )
        theirs.set_logger(Logger(None, []))
        theirs.policy.extract_features = exactly
        copied(one, theirs.policy, continuous)
        buffer = theirs.rollout_buffer
        for name, column in x._asdict().items():
            shape = (SAMPLES, 1, -1) if name in ("observations", "actions") else (SAMPLES, 1)
            setattr(buffer, name, column.double().reshape(shape).numpy())
        buffer.full = True
        theirs.train()
        c = replace(model.PPO if method == "PPO" else model.A2C, epochs=3, **settings)
        if method == "A2C":
            c = replace(c, epochs=model.A2C.epochs)
        adam = torch.optim.Adam(one.parameters(), lr=0.01, eps=c.adam_epsilon)
        if method == "PPO":
            model.update(one, adam, x, replace(c, epochs=2))
            moved = model.change(one, x, c)
            name = f"PPO, {'numbers' if continuous else 'choices'}: divergence"
            ours[name] = torch.tensor(moved.kl)
            kl = theirs.logger.name_to_value["train/approx_kl"]
            reference[name] = torch.tensor(float(kl))
            model.update(one, adam, x, replace(c, epochs=1))
        else:
            model.update(one, adam, x, c)
        mine, other = one.state_dict(), theirs.policy.state_dict()
        name = f"{method}, {'numbers' if continuous else 'choices'}"
        ours[name] = torch.cat([mine[k.ours].flatten() for k in links(continuous)])
        reference[name] = torch.cat([other[k.reference].flatten() for k in links(continuous)])
    return Values(ours, reference)


def policy_gradient(model: Any) -> Values:
    """The expected gradient of REINFORCE over all episodes, and that of the exact return.

    Two states, two actions, three steps: 64 episodes for each start, all with their chance. The
    return is computed backwards in time. With values as a baseline, the expectation is the same.
    """
    logits = torch.randn(2, 2, requires_grad=True)
    chance, reward = torch.rand(2, 2, 2).softmax(dim=2), torch.randn(2, 2, 2)
    value: Tensor = torch.zeros(2)
    for _ in range(3):
        q = (chance * (reward + value)).sum(dim=2)
        value = (logits.softmax(dim=1) * q).sum(dim=1)
    exact = torch.autograd.grad(value[0], logits)[0]
    ended = torch.tensor([False, False, True])[:, None]
    baseline = torch.randn(3, 2)
    found = {"returns": torch.zeros(2, 2), "less a baseline": torch.zeros(2, 2)}
    for actions in product((0, 1), repeat=3):
        for after in product((0, 1), repeat=3):
            states = torch.tensor((0, *after[:-1]))
            took, came = torch.tensor(actions), torch.tensor(after)
            log_p = model.Categorical(logits[states]).log_prob(took)
            weight = log_p.sum().exp().detach() * chance[states, took, came].prod()
            for name in found:
                v = torch.zeros(3) if name == "returns" else baseline[torch.arange(3), states]
                ahead = torch.cat([v[1:], torch.zeros(1)])
                a = model.gae(
                    reward[states, took, came][:, None],
                    v[:, None],
                    ahead[:, None],
                    ended,
                    1.0,
                    model.REINFORCE.lam,
                )[:, 0]
                x = model.Batch(states, took, log_p.detach(), v, a, a + v)
                loss = 3 * model.policy_loss(log_p, x, model.REINFORCE)
                found[name] -= weight * torch.autograd.grad(loss, logits, retain_graph=True)[0]
    return Values(found, dict.fromkeys(found, exact))


def saved(model: Any) -> Values:
    """A checkpoint with random weights, as stable-baselines3 saves it."""
    import stable_baselines3 as sb3

    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for continuous in (False, True):
        one = filled(model, continuous)
        net = {"net_arch": {"pi": [HIDDEN] * 2, "vf": [HIDDEN] * 2}}
        theirs: Any = sb3.PPO(
            "MlpPolicy", Still(space(continuous)), policy_kwargs=net, n_steps=8, batch_size=8
        )
        with torch.no_grad():
            for weights in theirs.policy.parameters():
                weights.normal_()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "saved.zip")
            theirs.save(path)
            model.load(one, path)
        seen = torch.randn(9, SEEN)
        name = "numbers" if continuous else "choices"
        ours[f"{name}: best"] = one.policy(seen).best()
        ours[f"{name}: value"] = one.value(seen)
        best, value = answers(theirs.policy, seen)
        reference |= {f"{name}: best": best, f"{name}: value": value}
        if continuous:
            ours["spread"], reference["spread"] = one.log_std, theirs.policy.log_std
    return Values(ours, reference)


# --- invariants ---------------------------------------------------------------------------------


def one_sample(model: Any, ratio: float, advantage: float, c: Any) -> tuple[float, float]:
    """Return the loss of one sample and its derivative by the log probability."""
    log_prob = torch.tensor([math.log(ratio)], requires_grad=True)
    zero = torch.zeros(1)
    x = model.Batch(zero, zero, zero, zero, torch.tensor([advantage]), zero)
    loss = model.policy_loss(log_prob, x, replace(c, normalise=False))
    loss.backward()
    assert log_prob.grad is not None
    return float(loss.detach()), float(log_prob.grad)


def clipping_stops_the_gradient(model: Any) -> None:
    """Where the ratio is out of bounds on the side of its advantage the gradient is exactly zero.

    Everywhere else it is that of the free objective, which the clipped one never exceeds.
    """
    free = replace(model.PPO, clip=None)
    for ratio, advantage in product((0.5, 0.79, 0.81, 1.0, 1.19, 1.21, 3.0), (-2.0, 2.0)):
        loss, slope = one_sample(model, ratio, advantage, model.PPO)
        plain, free_slope = one_sample(model, ratio, advantage, free)
        assert abs(plain + ratio * advantage) < 1e-12
        assert abs(free_slope + ratio * advantage) < 1e-12
        stopped = ratio > 1.2 if advantage > 0 else ratio < 0.8
        assert loss >= plain - 1e-12, (ratio, advantage)
        assert abs(slope - (0.0 if stopped else free_slope)) < 1e-12, (ratio, advantage)


def first_step_is_that_of_a2c(model: Any) -> None:
    """Before the policy has moved, PPO's gradient is that of A2C, clipped or not."""
    ours = filled(model, continuous=False)
    x = sampled(model, ours, continuous=False)
    with torch.no_grad():
        x = x._replace(log_probs=ours.policy(x.observations).log_prob(x.actions))
    found = []
    for c in (model.PPO, replace(model.PPO, clip=None), model.A2C):
        ours.zero_grad()
        model.loss(ours, x, replace(c, normalise=False)).backward()
        found.append(torch.cat([p.grad.flatten() for p in ours.parameters()]))
    assert (found[0] - found[2]).abs().max() < 1e-12
    assert (found[1] - found[2]).abs().max() < 1e-12


def values_are_clipped_to_the_worse(model: Any) -> None:
    """Value clipping takes the larger of two errors, and is off by default.

    A value that has moved far enough towards its return has no gradient any more.
    """
    c = replace(model.PPO, value_clip=0.2)
    for value, old, goal in product((-1.0, 0.0, 0.15, 0.9, 2.0), (0.0, 1.0), (-3.0, 0.3, 3.0)):
        v = torch.tensor([value], requires_grad=True)
        zero = torch.zeros(1)
        x = model.Batch(zero, zero, zero, torch.tensor([old]), zero, torch.tensor([goal]))
        near = old + max(-0.2, min(0.2, value - old))
        assert abs(float(model.value_loss(v, x, model.PPO).detach()) - (value - goal) ** 2) < 1e-12
        loss = model.value_loss(v, x, c)
        assert abs(float(loss.detach()) - max((value - goal) ** 2, (near - goal) ** 2)) < 1e-12
        loss.backward()
        if abs(value - old) > 0.2 and (near - goal) ** 2 > (value - goal) ** 2:
            assert v.grad is not None and float(v.grad) == 0, (value, goal)


class Counting(gymnasium.Env[Any, Any]):
    """Sees how many steps were taken in which episode; ends or is cut off after some."""

    def __init__(self, terminates: int = 99, cut: int = 99, box: bool = False) -> None:
        self.observation_space = spaces.Box(0, 99, (2,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32) if box else spaces.Discrete(2)
        self.terminates, self.cut = terminates, cut
        self.episode, self.taken, self.given = -1, 0, []  # type: tuple[int, int, list[Any]]

    def seen(self) -> Any:
        return np.array([self.taken, self.episode], dtype=np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        self.episode, self.taken = self.episode + 1, 0
        return self.seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.given.append(action)
        self.taken += 1
        over = self.taken >= self.terminates, self.taken >= self.cut
        return self.seen(), 1.0 if self.taken == 1 else 10.0 * self.taken, *over, {}


def played(model: Any, c: Any, **kind: Any) -> tuple[Any, Any, Any]:
    """Let a model play Counting; returns rollout, samples and model."""
    envs = model.Envs(lambda: Counting(**kind), c.envs, 0)
    ours = model.model_for(envs.envs[0], c)
    with torch.no_grad():
        for weights in ours.parameters():
            weights.normal_(std=0.3)
    rollout = model.collect(envs, ours, c)
    return rollout, model.batch_of(rollout, ours, c), ours


def rollouts_keep_their_episodes_apart(model: Any) -> None:
    """What followed a step is of the same episode; the next row begins where the last one ended."""
    c = replace(model.PPO, envs=2, steps=7)
    rollout, x, ours = played(model, c, terminates=3)
    taken = torch.tensor([0.0, 1, 2, 0, 1, 2, 0])
    for n in range(2):
        assert torch.equal(rollout.observations[:, n, 0], taken)
        assert torch.equal(rollout.followed[:, n, 0], taken + 1)
        assert torch.equal(rollout.observations[:, n, 1], rollout.followed[:, n, 1])
        assert torch.equal(rollout.ended[:, n], taken == 2)
    policy = ours.policy(x.observations)
    assert (policy.log_prob(x.actions) - x.log_probs).abs().max() < 1e-12
    assert (x.returns - x.values - x.advantages).abs().max() < 1e-12


def only_what_was_cut_off_has_a_future(model: Any) -> None:
    """After an episode's own end nothing is expected; after a limit of time, the value there.

    A switch takes the limit for an end, as openai/baselines did.
    """
    c = replace(model.PPO, envs=1, steps=6, lam=0.0, gamma=0.5)
    for kind, limits in product(({"terminates": 3}, {"cut": 3}), (True, False)):
        rollout, x, ours = played(model, replace(c, time_limits=limits), **kind)
        ahead = ours.value(rollout.followed)[:, 0].detach()
        if "terminates" in kind or not limits:
            ahead = torch.where(rollout.ended[:, 0], 0.0, ahead)
        expected = rollout.rewards[:, 0] + 0.5 * ahead
        assert (x.returns - expected).abs().max() < 1e-12, (kind, limits)


def reinforce_plays_to_the_end(model: Any) -> None:
    """REINFORCE learns from whole episodes and from the returns that followed, without values."""
    c = replace(model.REINFORCE, steps=4, gamma=0.5)
    rollout, x, ours = played(model, c, terminates=3)
    assert rollout.ended[:, 0].tolist() == [False, False, True] * 2
    followed = torch.tensor([1 + 0.5 * 20 + 0.25 * 30, 20 + 0.5 * 30, 30.0] * 2)
    assert torch.equal(x.advantages, followed) and not x.values.any()
    model.loss(ours, x, c).backward()
    assert all(p.grad is None for p in ours.critic.parameters())
    assert not model.REINFORCE.critic and model.REINFORCE.envs == model.REINFORCE.epochs == 1
    assert model.A2C.epochs == 1 and model.A2C.critic and not model.A2C.surrogate


def each_sample_is_used_once(model: Any) -> None:
    """Minibatches part the shuffled samples, and an update makes one step for each."""
    parts = list(model.dealt(12, 4))
    order = torch.cat(parts)
    assert [len(part) for part in parts] == [3] * 4
    assert sorted(order.tolist()) == list(range(12)) and order.tolist() != list(range(12))
    ours = filled(model, continuous=False)
    adam = torch.optim.Adam(ours.parameters())
    model.update(
        ours, adam, sampled(model, ours, False), replace(model.PPO, epochs=3, minibatches=4)
    )
    assert {int(s["step"]) for s in adam.state.values()} == {12}


def begins_without_preference(model: Any) -> None:
    """Orthogonal weights of gain sqrt(2), biases of zero, and a policy that starts almost even."""
    ours = model.ActorCritic(SEEN, ACTIONS, False, model.PPO)
    for net, last in ((ours.actor, 0.01), (ours.critic, 1.0)):
        for layer, gain in zip(net[::2], (math.sqrt(2), math.sqrt(2), last), strict=True):
            w = layer.weight if layer.weight.shape[0] <= layer.weight.shape[1] else layer.weight.T
            assert (w @ w.T - gain**2 * torch.eye(len(w))).abs().max() < 1e-12
            assert not layer.bias.any()
    p = ours.policy(torch.randn(9, SEEN)).log_p().exp()
    assert (p - 1 / ACTIONS).abs().max() < 0.02, p
    plain = model.ActorCritic(SEEN, ACTIONS, False, replace(model.PPO, orthogonal=False))
    assert plain.actor[0].bias.any()


def samples_follow_the_policy(model: Any) -> None:
    """Drawn actions have the frequencies, or the mean and the deviation, of their policy."""
    logits = torch.tensor([0.0, 1.0, -1.0])
    drawn = model.Categorical(logits.expand(40_000, 3)).sample()
    share = torch.bincount(drawn, minlength=3) / len(drawn)
    assert (share - logits.softmax(dim=0)).abs().max() < 0.01, share
    mean, std = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 2.0])
    drawn = model.Gaussian(mean.expand(40_000, 2), std.log()).sample()
    assert (drawn.mean(dim=0) - mean).abs().max() < 0.05
    assert (drawn.std(dim=0) / std - 1).abs().max() < 0.02


def actions_stay_within_bounds(model: Any) -> None:
    """The environment is given numbers within its bounds; the samples keep what was drawn."""
    c = replace(model.PPO, envs=1, steps=50)
    envs = model.Envs(lambda: Counting(box=True), 1, 0)
    ours = model.model_for(envs.envs[0], c)
    rollout = model.collect(envs, ours, c)
    assert rollout.actions.shape == (50, 1, 1)
    assert rollout.actions.abs().max() > 1
    given = torch.tensor(np.array(envs.envs[0].given))
    assert (given - rollout.actions[:, 0].clamp(-1, 1)).abs().max() < 1e-12


def judged_by_whole_episodes(model: Any) -> None:
    """A judge counts one episode of each environment, and the rate of learning falls to zero."""
    ours = model.model_for(Counting(), model.PPO)
    lengths = iter((2, 3))
    assert model.judge(ours, lambda: Counting(terminates=next(lengths)), 2) == 36
    rates = [model.rate_at(model.PPO, share) for share in (0.0, 0.5, 1.0)]
    assert rates == [model.PPO.rate, model.PPO.rate / 2, 0.0], rates
    assert model.rate_at(replace(model.PPO, anneal=False), 0.5) == model.PPO.rate


def learns_the_same_from_the_same_seed(model: Any) -> None:
    """The same seed gives the same weights, another seed others, reported when they are due."""

    def run(seed: int) -> tuple[list[int], Tensor]:
        c = replace(model.PPO, envs=2, steps=8, epochs=2)
        due = []
        for step, reached, _ in model.train(lambda: Counting(terminates=5), c, seed, 60, 20):
            due.append(step)
            ours = reached
        return due, torch.cat([p.detach().flatten() for p in ours.parameters()])

    due, weights = run(0)
    assert due == [20, 40, 60], due
    assert torch.equal(weights, run(0)[1]) and not torch.equal(weights, run(1)[1])


# --- sizes and runs -----------------------------------------------------------------------------


def size(name: str, observations: int, actions: int, continuous: bool = False) -> Size:
    """Return the networks of a task; stable-baselines3's default ones are the same."""
    box = spaces.Box(-1.0, 1.0, (actions,), np.float32) if continuous else spaces.Discrete(actions)
    symbols = {"O": observations, "H": 64, "A": actions, "c": int(continuous)}
    return Size(
        name,
        lambda model: model.ActorCritic(observations, actions, continuous, model.PPO),
        symbols,
        reference=lambda: policy_of(observations, box, 64),
    )


def speed(model: Any) -> Pair:
    """One pass over samples at a width at which most of the time is arithmetic."""
    ours = model.ActorCritic(17, 6, True, replace(model.PPO, hidden=512))
    theirs = policy_of(17, spaces.Box(-1.0, 1.0, (6,), np.float32), 512)
    seen, actions = torch.randn(512, 17), torch.randn(512, 6)

    def run_ours() -> dict[str, Tensor]:
        log_prob = ours.policy(seen).log_prob(actions)
        return {"loss": (log_prob + ours.value(seen)).mean()}

    def run_theirs() -> dict[str, Tensor]:
        value, log_prob, _ = theirs.evaluate_actions(seen, actions)
        return {"loss": (log_prob + value.flatten()).mean()}

    return Pair(ours, theirs, run_ours, run_theirs, tuple(links(True)))


CHOICES, NUMBERS, GAE = "policy of choices", "policy of numbers", "advantages"
UPDATES, THEOREM, SAVED = "updates", "policy gradient", "saved weights"

EPISODES = 20  # by which a judge judges
# What an algorithm is given for each task, its steps, and how often it is judged. Those of Acrobot
# and Pendulum follow the settings of rl-baselines3-zoo, with fewer steps.
TASKS: dict[str, tuple[dict[str, Any], int, int]] = {
    "CartPole-v1": ({}, 32_000, 8_000),
    "Acrobot-v1": (
        {
            "envs": 16,
            "steps": 128,
            "epochs": 4,
            "minibatches": 8,
            "gamma": 0.99,
            "lam": 0.94,
            "rate": 1e-3,
        },
        64_000,
        16_000,
    ),
    "Pendulum-v1": (
        {
            "envs": 4,
            "steps": 512,
            "epochs": 10,
            "minibatches": 16,
            "gamma": 0.9,
            "rate": 1e-3,
        },
        96_000,
        16_000,
    ),
}
DETAILS: dict[str, dict[str, Any]] = {
    "no clipping": {"clip": None},
    "each sample used once": {"epochs": 1},
    "λ = 1": {"lam": 1.0},
    "advantages as they are": {"normalise": False},
    "values clipped at 0.2": {"value_clip": 0.2},
    "gradient of any length": {"max_norm": None},
    "rate never falls": {"anneal": False},
    "PyTorch's initial weights": {"orthogonal": False},
    "Adam's epsilon 0.00000001": {"adam_epsilon": 1e-8},
    "entropy bonus of 0.01": {"entropy": 0.01},
    "a limit of time is an end": {"time_limits": False},
}


def learns(env: str, method: str, **changes: Any) -> Any:
    """Return what learns a task and yields what a judge finds."""
    settings, _, every = TASKS[env]

    def train(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
        c, make = replace(getattr(model, method), **{**settings, **changes}), model.task(env)
        for step, ours, _ in model.train(make, c, seed, steps, every=min(every, steps)):
            yield step, model.judge(ours, make, EPISODES)

    return train


def run(env: str, best: str, reach: float, method: str = "PPO", low: float | None = None) -> Run:
    """Return the run of an algorithm, which is made in the tests where its threshold is given."""
    return Run(
        f"{method} on {env.partition('-')[0]}",
        learns(env, method),
        f"mean return of {EPISODES} episodes with the likeliest actions; {best}",
        steps=TASKS[env][1],
        reach=reach,
        short=None if low is None else (TASKS[env][2], low),
        seeds=(0, 1, 2, 3, 4),
    )


def ablation(whole: Run, env: str) -> Iterator[Run]:
    """Yield PPO's run, and for each detail one that changes it alone."""
    yield whole
    for name, changes in DETAILS.items():
        yield replace(
            whole,
            name=name,
            train=learns(env, "PPO", **changes),
            reach=None,
            short=None,
            beside=whole.name,
        )


CARTPOLE = "500 is the most there is"
ACROBOT = "each step costs 1, and after 500 the episode is cut off"
PENDULUM = "0 is the most there is"


PROOF = Proof(
    code="ppo.py",
    sizes=(
        size("CartPole", 4, 2),
        size("HalfCheetah", 17, 6, continuous=True),
        size("Hopper", 11, 3, continuous=True),
        size("Swimmer", 8, 2, continuous=True),
        size("Acrobot", 6, 3),
        size("Pendulum", 3, 1, continuous=True),
    ),
    ledger=(
        Row("Policy: two hidden layers", r"actor\.[02]\..*", "O * H + H + H * H + H"),
        Row("Policy: logits, or means", r"actor\.4\..*", "H * A + A"),
        Row("Policy: deviations, if c = 1", r"log_std", "c * A"),
        Row("Value: two hidden layers", r"critic\.[02]\..*", "O * H + H + H * H + H"),
        Row("Value: output", r"critic\.4\..*", "H + 1"),
    ),
    equalities=(
        Equality(
            CHOICES,
            choices,
            "stable_baselines3 ActorCriticPolicy, observations not cast to float32",
            "stable-baselines3",
        ),
        Equality(
            NUMBERS,
            numbers,
            "stable_baselines3 ActorCriticPolicy, observations not cast to float32",
            "stable-baselines3",
        ),
        Equality(
            GAE,
            advantages,
            "RolloutBuffer.compute_returns_and_advantage with arrays in float64, and the sum",
            "stable-baselines3",
        ),
        Equality(
            UPDATES,
            updates,
            "stable_baselines3 PPO.train and A2C.train, observations not cast to float32",
            "stable-baselines3",
        ),
        Equality(
            THEOREM,
            policy_gradient,
            "the exact return of a process of two states, differentiated",
        ),
        Equality(SAVED, saved, "stable_baselines3 PPO.save", "stable-baselines3"),
    ),
    invariants=(
        clipping_stops_the_gradient,
        first_step_is_that_of_a2c,
        values_are_clipped_to_the_worse,
        rollouts_keep_their_episodes_apart,
        only_what_was_cut_off_has_a_future,
        reinforce_plays_to_the_end,
        each_sample_is_used_once,
        begins_without_preference,
        samples_follow_the_policy,
        actions_stay_within_bounds,
        judged_by_whole_episodes,
        learns_the_same_from_the_same_seed,
    ),
    mutants=(
        Mutant(
            "log probabilities not normalised",
            "self.logits - self.logits.logsumexp(dim=-1, keepdim=True)",
            "self.logits",
            (CHOICES, UPDATES, THEOREM),
        ),
        Mutant(
            "noise with the wrong sign",
            "(self.logits - torch.empty_like",
            "(self.logits + torch.empty_like",
            ("samples_follow_the_policy",),
        ),
        Mutant(
            "entropy with the wrong sign",
            "return -(self.log_p().exp()",
            "return (self.log_p().exp()",
            (CHOICES, UPDATES),
        ),
        Mutant(
            "variance for deviation",
            "self.mean + self.log_std.exp() *",
            "self.mean + (2 * self.log_std).exp() *",
            ("samples_follow_the_policy",),
        ),
        Mutant(
            "constant of the density left out",
            "+ self.log_std + 0.5 * math.log(2 * math.pi)).sum",
            "+ self.log_std).sum",
            (NUMBERS,),
        ),
        Mutant(
            "another activation",
            "nn.Sequential(layers[0], nn.Tanh()",
            "nn.Sequential(layers[0], nn.ReLU()",
            (CHOICES, NUMBERS, UPDATES, SAVED),
        ),
        Mutant(
            "policy begins with opinions",
            "actions), 0.01 if",
            "actions), 1.0 if",
            ("begins_without_preference",),
        ),
        Mutant(
            "what followed is the next episode's",
            "followed.append(seen)\n            outcomes.append((float(reward), float(terminated), "
            "float(ended)))\n            self.now[i] = env.reset()[0] if ended else seen",
            "self.now[i] = env.reset()[0] if ended else seen\n            "
            "followed.append(self.now[i])\n            "
            "outcomes.append((float(reward), float(terminated), float(ended)))",
            ("rollouts_keep_their_episodes_apart",),
        ),
        Mutant(
            "a limit of time taken for an end",
            "rollout.terminated if c.time_limits else rollout.ended",
            "rollout.ended",
            ("only_what_was_cut_off_has_a_future",),
        ),
        Mutant(
            "no bounds for actions",
            "action = np.clip(action, env.action_space.low, env.action_space.high)",
            "pass",
            ("actions_stay_within_bounds",),
        ),
        Mutant(
            "stops in the middle of an episode",
            "or (c.episodes and not rows[-1][-1].all())",
            "",
            ("reinforce_plays_to_the_end",),
        ),
        Mutant(
            "episodes run together",
            "gamma * lam * (~ended)",
            "gamma * lam * torch.ones_like(ended)",
            (GAE, "reinforce_plays_to_the_end"),
        ),
        Mutant("lambda left out", "kept = gamma * lam *", "kept = gamma *", (GAE,)),
        Mutant(
            "discount left out of the error",
            "rewards + gamma * ahead -",
            "rewards + ahead -",
            (GAE,),
        ),
        Mutant(
            "forwards in time",
            "for t in reversed(range(len(deltas))):",
            "for t in range(len(deltas)):",
            (GAE, THEOREM, "reinforce_plays_to_the_end"),
        ),
        Mutant(
            "advantages taken for returns",
            "advantages, advantages + values",
            "advantages, advantages",
            ("rollouts_keep_their_episodes_apart", "only_what_was_cut_off_has_a_future"),
        ),
        Mutant(
            "advantages not centred",
            "(advantages - advantages.mean()) /",
            "advantages /",
            (UPDATES,),
        ),
        Mutant(
            "gradient the wrong way",
            "return -(log_prob * advantages).mean()",
            "return (log_prob * advantages).mean()",
            (UPDATES, THEOREM, "first_step_is_that_of_a2c"),
        ),
        Mutant(
            "ratio upside down",
            "(log_prob - x.log_probs).exp()\n    if",
            "(x.log_probs - log_prob).exp()\n    if",
            (UPDATES, "clipping_stops_the_gradient", "first_step_is_that_of_a2c"),
        ),
        Mutant(
            "clipped above alone",
            "ratio.clamp(1 - c.clip, 1 + c.clip)",
            "ratio.clamp(max=1 + c.clip)",
            (UPDATES, "clipping_stops_the_gradient"),
        ),
        Mutant(
            "the better of the two objectives",
            "torch.minimum(ratio",
            "torch.maximum(ratio",
            (UPDATES, "clipping_stops_the_gradient"),
        ),
        Mutant(
            "clipped without the minimum",
            "torch.minimum(ratio * advantages, clipped * advantages)",
            "(clipped * advantages)",
            (UPDATES, "clipping_stops_the_gradient"),
        ),
        Mutant(
            "the better of two values",
            "torch.maximum(errors",
            "torch.minimum(errors",
            ("values_are_clipped_to_the_worse",),
        ),
        Mutant(
            "values clipped around zero",
            "near = x.values + (values",
            "near = (values",
            ("values_are_clipped_to_the_worse",),
        ),
        Mutant(
            "entropy punished",
            "x, c) - c.entropy *",
            "x, c) + c.entropy *",
            (UPDATES,),
        ),
        Mutant(
            "samples drawn with replacement",
            "torch.randperm(samples).chunk",
            "torch.randint(samples, (samples,)).chunk",
            ("each_sample_is_used_once",),
        ),
        Mutant(
            "gradients pile up",
            "            adam.zero_grad()\n",
            "",
            (UPDATES,),
        ),
        Mutant(
            "gradient of any length",
            "if c.max_norm is not None:",
            "if False:",
            (UPDATES,),
        ),
        Mutant(
            "divergence without its square",
            "(log_ratio.exp() - 1 - log_ratio).mean()",
            "log_ratio.mean()",
            (UPDATES,),
        ),
        Mutant(
            "rate never falls",
            "c.rate * (1 - progress) if c.anneal",
            "c.rate if c.anneal",
            ("judged_by_whole_episodes",),
        ),
        Mutant(
            "judged by several episodes",
            "total += reward * going",
            "total += reward",
            ("judged_by_whole_episodes",),
        ),
        Mutant(
            "without a seed",
            "torch.manual_seed(seed)",
            "torch.manual_seed(0)",
            ("learns_the_same_from_the_same_seed",),
        ),
        Mutant(
            "policy and value exchanged in the file",
            '("actor", "policy_net", "action_net"), ("critic", "value_net", "")',
            '("actor", "policy_net", "action_net"), ("critic", "policy_net", "value_net")',
            (SAVED,),
        ),
    ),
    runs=(
        *ablation(run("CartPole-v1", CARTPOLE, 400.0, low=100.0), "CartPole-v1"),
        run("CartPole-v1", CARTPOLE, 100.0, "A2C"),
        run("CartPole-v1", CARTPOLE, 50.0, "REINFORCE"),
        *ablation(run("Acrobot-v1", ACROBOT, -120.0), "Acrobot-v1"),
        run("Pendulum-v1", PENDULUM, -400.0),
    ),
    speed=speed,
)
