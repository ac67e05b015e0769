# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Proximal policy optimisation, with the two policy gradients that it comes from.

REINFORCE (Williams, 1992), A2C (Mnih et al., 2016) and PPO (Schulman et al., 2017) are one loop
with different settings. Letters in shapes: T steps, N environments, B = T * N samples, O numbers
in an observation, A actions. Sections, equations and tables are those of PPO, arXiv 1707.06347.

Run it: python ppo.py    (it learns CartPole in three ways, in less than a minute)
        python ppo.py --weights ppo-CartPole-v1.zip    (as stable-baselines3 saves it)
"""

from __future__ import annotations

import argparse
import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn

Env = gymnasium.Env[Any, Any]


# region settings
@dataclass(frozen=True)
class Config:
    """An algorithm and each of its details; the defaults are PPO, set for CartPole."""

    envs: int = 8  # N, played side by side
    steps: int = 64  # T, in each of them between two updates
    episodes: bool = False  # go on to the end of an episode; for one environment
    critic: bool = True  # learn values; without them, advantages are plain returns
    surrogate: bool = True  # weigh by the ratio of probabilities (eq. 6), not by their log (eq. 2)
    clip: float | None = 0.2  # epsilon of equation 7; None leaves the ratio free
    epochs: int = 6  # K, how often each sample is used
    minibatches: int = 2  # into which the samples are dealt anew in each epoch
    gamma: float = 0.98  # discount
    lam: float = 0.95  # lambda of equation 11
    normalise: bool = True  # advantages to mean 0 and deviation 1 in each minibatch
    value_clip: float | None = None  # how far a value may move from what it was
    value: float = 0.5  # c1 of equation 9
    entropy: float = 0.0  # c2 of equation 9
    rate: float = 2.5e-3  # of Adam
    anneal: bool = True  # the rate falls to zero in a straight line
    adam_epsilon: float = 1e-5  # PyTorch's own is 1e-8
    max_norm: float | None = 0.5  # of the gradient of all parameters together
    orthogonal: bool = True  # initial weights, small ones at the policy's end
    time_limits: bool = True  # an episode that was cut off is worth what would have followed
    hidden: int = 64  # units of each of two hidden layers (section 6.1)


PPO = Config()
A2C = replace(
    PPO, steps=16, surrogate=False, clip=None, epochs=1, minibatches=1, lam=1.0, normalise=False
)
REINFORCE = replace(A2C, envs=1, steps=512, episodes=True, critic=False)
# endregion


# region policies
class Categorical(NamedTuple):
    """A choice among A actions, given by logits (..., A)."""

    logits: Tensor

    def log_p(self) -> Tensor:
        """Return the log probability of each action, (..., A)."""
        return self.logits - self.logits.logsumexp(dim=-1, keepdim=True)

    def sample(self) -> Tensor:
        """Draw an action, (...): the largest of logits to which Gumbel noise was added."""
        return (self.logits - torch.empty_like(self.logits).exponential_().log()).argmax(dim=-1)

    def best(self) -> Tensor:
        """Return the most likely action."""
        return self.logits.argmax(dim=-1)

    def log_prob(self, action: Tensor) -> Tensor:
        """Return the log probability of actions (...)."""
        return self.log_p().gather(-1, action[..., None]).squeeze(-1)

    def entropy(self) -> Tensor:
        """Return the entropy in nats, (...)."""
        return -(self.log_p().exp() * self.log_p()).sum(dim=-1)


class Gaussian(NamedTuple):
    """An independent normal distribution for each of A numbers, with mean (..., A)."""

    mean: Tensor
    log_std: Tensor  # (A,): the same in every state

    def sample(self) -> Tensor:
        """Draw an action, (..., A)."""
        return self.mean + self.log_std.exp() * torch.randn_like(self.mean)

    def best(self) -> Tensor:
        """Return the most likely action."""
        return self.mean

    def log_prob(self, action: Tensor) -> Tensor:
        """Return the log density of actions (..., A), summed over their numbers."""
        z = (action - self.mean) / self.log_std.exp()
        return -(0.5 * z**2 + self.log_std + 0.5 * math.log(2 * math.pi)).sum(dim=-1)

    def entropy(self) -> Tensor:
        """Return the entropy in nats, (...)."""
        each = self.log_std + 0.5 * math.log(2 * math.pi * math.e)
        return each.sum().expand(self.mean.shape[:-1])


# endregion


# region model
def mlp(sizes: tuple[int, int, int], gain: float | None) -> nn.Sequential:
    """Return inputs, two hidden layers with tanh, and outputs with weights of this scale."""
    inputs, hidden, outputs = sizes
    layers = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)
    if gain is not None:
        for layer, scale in zip(layers, (math.sqrt(2), math.sqrt(2), gain), strict=True):
            nn.init.orthogonal_(layer.weight, scale)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


class ActorCritic(nn.Module):
    """A policy and a value function that share nothing (section 6.1)."""

    def __init__(self, observations: int, actions: int, continuous: bool, c: Config) -> None:
        super().__init__()
        self.actor = mlp((observations, c.hidden, actions), 0.01 if c.orthogonal else None)
        self.critic = mlp((observations, c.hidden, 1), 1.0 if c.orthogonal else None)
        self.log_std = nn.Parameter(torch.zeros(actions)) if continuous else None

    def policy(self, observation: Tensor) -> Categorical | Gaussian:
        """Map observations (..., O) to the distribution of actions."""
        out = self.actor(observation)
        return Categorical(out) if self.log_std is None else Gaussian(out, self.log_std)

    def value(self, observation: Tensor) -> Tensor:
        """Map observations (..., O) to the return that is expected, (...)."""
        value: Tensor = self.critic(observation).squeeze(-1)
        return value


def model_for(env: Env, c: Config) -> ActorCritic:
    """Return a model with the inputs and outputs that an environment needs."""
    inputs = math.prod(env.observation_space.shape or ())
    space = env.action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return ActorCritic(inputs, int(space.n), False, c)
    return ActorCritic(inputs, math.prod(space.shape or ()), True, c)


# endregion


# region playing
class Envs:
    """Environments side by side; one whose episode has ended begins a new one at once."""

    def __init__(self, make: Callable[[], Env], count: int, seed: int) -> None:
        self.envs = [make() for _ in range(count)]
        self.now = [env.reset(seed=1000 * seed + i)[0] for i, env in enumerate(self.envs)]

    def observations(self) -> Tensor:
        """Return what is seen now, (N, O)."""
        return torch.as_tensor(np.stack(self.now), dtype=torch.get_default_dtype())

    def step(self, actions: Tensor) -> tuple[Tensor, ...]:
        """Act; return rewards (N,), what followed (N, O), and where it terminated and ended (N,).

        What followed is of the same episode, even where the next one has begun. An episode ends
        when it terminates or when a limit of time cuts it off.
        """
        followed, outcomes = [], []
        for i, (env, action) in enumerate(zip(self.envs, actions.numpy(), strict=True)):
            if isinstance(env.action_space, gymnasium.spaces.Box):  # it may have drawn more
                action = np.clip(action, env.action_space.low, env.action_space.high)
            seen, reward, terminated, truncated, _ = env.step(action)
            ended = terminated or truncated
            followed.append(seen)
            outcomes.append((float(reward), float(terminated), float(ended)))
            self.now[i] = env.reset()[0] if ended else seen
        reward, terminal, over = torch.tensor(outcomes).unbind(dim=1)
        seen = torch.as_tensor(np.stack(followed), dtype=reward.dtype)
        return reward, seen, terminal.bool(), over.bool()


class Rollout(NamedTuple):
    """What happened in T steps of N environments."""

    observations: Tensor  # (T, N, O)
    actions: Tensor  # (T, N) or (T, N, A)
    rewards: Tensor  # (T, N)
    followed: Tensor  # (T, N, O), what was seen after the step
    terminated: Tensor  # (T, N), whether the episode came to its own end with the step
    ended: Tensor  # (T, N), or was cut off


@torch.no_grad()
def collect(envs: Envs, model: ActorCritic, c: Config) -> Rollout:
    """Let the policy act for T steps, or until the episode that is then running has ended."""
    rows: list[tuple[Tensor, ...]] = []
    while len(rows) < c.steps or (c.episodes and not rows[-1][-1].all()):
        seen = envs.observations()
        action = model.policy(seen).sample()
        rows.append((seen, action, *envs.step(action)))
    return Rollout(*(torch.stack(column) for column in zip(*rows, strict=True)))


# endregion


# region advantages
def gae(
    rewards: Tensor, values: Tensor, ahead: Tensor, ended: Tensor, gamma: float, lam: float
) -> Tensor:
    """Return generalised advantage estimates, (T, N) (equations 11 and 12).

    Args:
        rewards: Of each step, (T, N).
        values: Of the state in which it was taken, (T, N).
        ahead: Of the state that followed, (T, N); 0 where the episode terminated.
        ended: Whether the next row is of another episode, (T, N).
        gamma: Discount.
        lam: 0 looks one step ahead, 1 as far as there are rewards.
    """
    deltas = rewards + gamma * ahead - values
    kept = gamma * lam * (~ended).to(deltas.dtype)
    found = torch.empty_like(deltas)
    later = torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        later = found[t] = deltas[t] + kept[t] * later
    return found


class Batch(NamedTuple):
    """B samples, with all that was known of them before the update."""

    observations: Tensor  # (B, O)
    actions: Tensor  # (B,) or (B, A)
    log_probs: Tensor  # (B,), of the policy that acted
    values: Tensor  # (B,)
    advantages: Tensor  # (B,)
    returns: Tensor  # (B,), what values are to become


@torch.no_grad()
def batch_of(rollout: Rollout, model: ActorCritic, c: Config) -> Batch:
    """Work out advantages and returns."""
    values, ahead = torch.zeros_like(rollout.rewards), torch.zeros_like(rollout.rewards)
    if c.critic:
        values = model.value(rollout.observations)
        nothing = rollout.terminated if c.time_limits else rollout.ended
        ahead = torch.where(nothing, ahead, model.value(rollout.followed))
    advantages = gae(rollout.rewards, values, ahead, rollout.ended, c.gamma, c.lam)
    log_probs = model.policy(rollout.observations).log_prob(rollout.actions)
    columns = log_probs, values, advantages, advantages + values
    return Batch(*(x.flatten(0, 1) for x in (rollout.observations, rollout.actions, *columns)))


# endregion


# region losses
def policy_loss(log_prob: Tensor, x: Batch, c: Config) -> Tensor:
    """Return what makes good actions likelier when it falls: minus equation 2, 6 or 7."""
    advantages = x.advantages
    if c.normalise:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    if not c.surrogate:
        return -(log_prob * advantages).mean()
    ratio = (log_prob - x.log_probs).exp()
    if c.clip is None:
        return -(ratio * advantages).mean()
    clipped = ratio.clamp(1 - c.clip, 1 + c.clip)
    return -torch.minimum(ratio * advantages, clipped * advantages).mean()


def value_loss(values: Tensor, x: Batch, c: Config) -> Tensor:
    """Return the squared error, or the larger of it and that of a value kept near the old one."""
    errors = (values - x.returns) ** 2
    if c.value_clip is not None:
        near = x.values + (values - x.values).clamp(-c.value_clip, c.value_clip)
        errors = torch.maximum(errors, (near - x.returns) ** 2)
    return errors.mean()


def loss(model: ActorCritic, x: Batch, c: Config) -> Tensor:
    """Return minus equation 9."""
    policy = model.policy(x.observations)
    total = policy_loss(policy.log_prob(x.actions), x, c) - c.entropy * policy.entropy().mean()
    return total + c.value * value_loss(model.value(x.observations), x, c) if c.critic else total


# endregion


# region update
def dealt(samples: int, parts: int) -> Iterator[Tensor]:
    """Shuffle the numbers below `samples` and deal them into parts, so that each is used once."""
    yield from torch.randperm(samples).chunk(parts)


def update(model: ActorCritic, adam: torch.optim.Optimizer, x: Batch, c: Config) -> None:
    """Improve the model by all samples, K times over (algorithm 1)."""
    for _ in range(c.epochs):
        for part in dealt(len(x.returns), c.minibatches):
            adam.zero_grad()
            loss(model, Batch(*(column[part] for column in x)), c).backward()
            if c.max_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), c.max_norm)
            adam.step()


class Change(NamedTuple):
    """How far a policy has moved from the one that acted."""

    kl: float  # estimate of the divergence, in nats
    clipped: float  # share of samples whose ratio is out of bounds


@torch.no_grad()
def change(model: ActorCritic, x: Batch, c: Config) -> Change:
    """Compare the model with what it was when it acted; the estimate is never negative."""
    log_ratio = model.policy(x.observations).log_prob(x.actions) - x.log_probs
    out = (log_ratio.exp() - 1).abs() > (math.inf if c.clip is None else c.clip)
    return Change(float((log_ratio.exp() - 1 - log_ratio).mean()), float(out.double().mean()))


def rate_at(c: Config, progress: float) -> float:
    """Return Adam's rate when this share of the steps is done."""
    return c.rate * (1 - progress) if c.anneal else c.rate


def train(
    make: Callable[[], Env], c: Config, seed: int, steps: int, every: int
) -> Iterator[tuple[int, ActorCritic, Change]]:
    """Learn a task; yields steps in all environments, the model, and how it changed last."""
    torch.manual_seed(seed)
    envs = Envs(make, c.envs, seed)
    model = model_for(envs.envs[0], c)
    adam = torch.optim.Adam(model.parameters(), eps=c.adam_epsilon)
    done, due = 0, every
    while due <= steps:
        adam.param_groups[0]["lr"] = rate_at(c, min(1.0, done / steps))
        x = batch_of(collect(envs, model, c), model, c)
        update(model, adam, x, c)
        done += len(x.returns)
        while due <= min(done, steps):
            yield due, model, change(model, x, c)
            due += every


@torch.no_grad()
def judge(model: ActorCritic, make: Callable[[], Env], episodes: int = 5) -> float:
    """Return the mean return of this many episodes, taking the likeliest action each time."""
    envs = Envs(make, episodes, seed=10**6)
    total = torch.zeros(episodes)
    going = torch.ones(episodes, dtype=torch.bool)
    while going.any():
        reward, _, _, ended = envs.step(model.policy(envs.observations()).best())
        total += reward * going
        going &= ~ended
    return float(total.mean())


# endregion


# region example
def load(model: ActorCritic, path: str) -> None:
    """Fill a model with the weights in a file that stable-baselines3 has saved."""
    with zipfile.ZipFile(path) as saved, saved.open("policy.pth") as file:
        theirs = torch.load(file, map_location="cpu", weights_only=True)
    names: dict[str, str] = {}
    for ours, body, head in (("actor", "policy_net", "action_net"), ("critic", "value_net", "")):
        names |= {f"{ours}.{i}": f"mlp_extractor.{body}.{i}" for i in (0, 2)}
        names[f"{ours}.4"] = head or body
    weights = {
        f"{a}.{kind}": theirs[f"{b}.{kind}"]
        for a, b in names.items()
        for kind in ("weight", "bias")
    }
    if model.log_std is not None:
        weights["log_std"] = theirs["log_std"]
    model.load_state_dict(weights)


def task(name: str) -> Callable[[], Env]:
    """Return what makes the environment of this name."""
    return lambda: gymnasium.make(name, disable_env_checker=True)


def main() -> None:
    """Count, and learn CartPole in three ways; or judge saved weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", help="a zip file, as stable-baselines3 saves it")
    parser.add_argument("--env", default="CartPole-v1")
    arguments = parser.parse_args()
    make = task(arguments.env)
    model = model_for(make(), PPO)
    print(f"{arguments.env}: {sum(p.numel() for p in model.parameters()):,} parameters")
    if arguments.weights:
        load(model, arguments.weights)
        print(f"mean return of 100 episodes: {judge(model, make, 100):.1f}")
        return
    for name, c in (("REINFORCE", REINFORCE), ("A2C", A2C), ("PPO", PPO)):
        print(f"{name}\n   steps  return      KL  clipped")
        for step, model, moved in train(make, c, seed=0, steps=32_000, every=8_000):
            print(f"  {step:6}  {judge(model, make):6.1f}  {moved.kl:.4f}  {moved.clipped:7.3f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion
