# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Deep Q-learning: action values learnt by a network, from a memory of what has happened.

DQN (Mnih et al., 2015) with double (van Hasselt et al., 2016) and duelling networks (Wang et al.,
2016) as switches, and the preprocessing of Atari games as wrappers. Letters in shapes: B samples,
O numbers in an observation, or F frames of 84 x 84 pixels; A actions, H hidden units. What stands
in brackets is a place in the paper of 2015 ("methods" is its section, "table 1" its extended data).

Run it: python dqn.py    (it begins to learn CartPole, in less than a minute)
        python dqn.py --weights dqn-CartPole-v1.zip    (as stable-baselines3 saves it)
"""

from __future__ import annotations

import argparse
import copy
import math
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

Env = gymnasium.Env[Any, Any]
Array = np.ndarray[Any, np.dtype[Any]]


# region settings
@dataclass(frozen=True)
class Config:
    """The algorithm's settings; the defaults are DQN, set for CartPole."""

    capacity: int = 100_000  # of the memory, in steps
    starts: int = 1_000  # steps before the first update
    every: int = 256  # steps between rounds of updates
    updates: int = 128  # in a round
    batch: int = 64  # B
    sync: int | None = 256  # C, steps between copies of the network; None: no second network
    tau: float = 1.0  # share of the network that is copied
    gamma: float = 0.99  # discount
    double: bool = False  # one network chooses the next action, the other judges it
    duelling: bool = False  # value and advantages have their own layers
    epsilon: float = 0.04  # chance of a random action in the end; it starts at 1
    explore: int = 8_000  # steps in which it falls there, in a straight line
    rate: float = 2.3e-3  # of Adam
    anneal: bool = True  # the rate falls to zero in a straight line
    max_norm: float | None = None  # of the gradient of all parameters together
    time_limits: bool = True  # an episode that was cut off is worth what would have followed
    hidden: int = 256  # H, for vectors


DQN = Config()
# The paper's own settings, in steps of four frames (table 1); its optimiser was RMSProp.
NATURE = Config(
    capacity=1_000_000,
    starts=50_000,
    every=4,
    updates=1,
    batch=32,
    sync=40_000,
    epsilon=0.1,
    explore=1_000_000,
    rate=2.5e-4,
    anneal=False,
    hidden=512,
)
# endregion


# region network
class QNetwork(nn.Module):
    """A body that sees, and one stream of layers that gives the value of each action, or two."""

    def __init__(self, body: nn.Module, features: int, hidden: int, a: int, duelling: bool) -> None:
        super().__init__()
        self.body, self.choices = body, a
        self.actions = stream(features, hidden, a)
        self.state = stream(features, hidden, 1) if duelling else None

    def forward(self, x: Tensor) -> Tensor:
        """Map observations, (B, O) or (B, F, 84, 84), to the value of each action, (B, A)."""
        x = self.body(x)
        q: Tensor = self.actions(x)
        if self.state is None:
            return q
        return self.state(x) + q - q.mean(dim=-1, keepdim=True)  # Wang et al., equation 9


def stream(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Return a hidden layer and an output."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def nature(frames: int, actions: int, duelling: bool = False) -> QNetwork:
    """Return the network for pictures (methods, "Model architecture")."""
    body = nn.Sequential(
        *(nn.Conv2d(frames, 32, 8, stride=4), nn.ReLU()),  # (B, 32, 20, 20)
        *(nn.Conv2d(32, 64, 4, stride=2), nn.ReLU()),  # (B, 64, 9, 9)
        *(nn.Conv2d(64, 64, 3, stride=1), nn.ReLU()),  # (B, 64, 7, 7)
        nn.Flatten(),
    )
    return QNetwork(body, 64 * 7 * 7, 512, actions, duelling)


def mlp(inputs: int, hidden: int, actions: int, duelling: bool = False) -> QNetwork:
    """Return a network for vectors, with two hidden layers."""
    body = nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU())
    return QNetwork(body, hidden, hidden, actions, duelling)


def model_for(env: Env, c: Config) -> QNetwork:
    """Return a network with the inputs and outputs that an environment needs."""
    shape, space = env.observation_space.shape or (), env.action_space
    assert isinstance(space, spaces.Discrete), "DQN chooses among actions."
    if shape[1:] == (84, 84):
        return nature(shape[0], int(space.n), c.duelling)
    return mlp(math.prod(shape), c.hidden, int(space.n), c.duelling)


def as_input(seen: Array) -> Tensor:
    """Return observations as the network takes them: grey levels of 0 to 255 become 0 to 1."""
    x = torch.as_tensor(seen, dtype=torch.get_default_dtype())
    return x / 255 if seen.dtype == np.uint8 else x


# endregion


# region replay
class Batch(NamedTuple):
    """B steps, each of its own episode and time."""

    observations: Tensor  # (B, ...)
    actions: Tensor  # (B,)
    rewards: Tensor  # (B,)
    followed: Tensor  # (B, ...), what was seen after the step, in the same episode
    terminated: Tensor  # (B,), whether the episode came to its own end with the step


class Replay:
    """The last steps that were taken; a new one takes the place of the oldest."""

    def __init__(self, capacity: int, space: spaces.Space[Any]) -> None:
        self.observations = np.zeros((capacity, *(space.shape or ())), space.dtype)
        self.followed = np.zeros_like(self.observations)
        self.actions = np.zeros(capacity, np.int64)
        self.rewards = np.zeros(capacity, np.float32)
        self.terminated = np.zeros(capacity, np.bool_)
        self.added = 0

    def __len__(self) -> int:
        return min(self.added, len(self.rewards))

    def add(self, seen: Array, action: int, reward: float, after: Array, terminated: bool) -> None:
        """Keep a step."""
        i = self.added % len(self.rewards)
        self.observations[i], self.followed[i] = seen, after
        self.actions[i], self.rewards[i], self.terminated[i] = action, reward, terminated
        self.added += 1

    def at(self, i: Array) -> Batch:
        """Return the steps at these places, (B,)."""
        return Batch(
            as_input(self.observations[i]),
            torch.as_tensor(self.actions[i]),
            torch.as_tensor(self.rewards[i], dtype=torch.get_default_dtype()),
            as_input(self.followed[i]),
            torch.as_tensor(self.terminated[i]),
        )

    def sample(self, count: int) -> Batch:
        """Draw steps, each with the same chance."""
        return self.at(torch.randint(len(self), (count,)).numpy())


# endregion


# region loss
@torch.no_grad()
def targets(online: QNetwork, target: QNetwork, x: Batch, c: Config) -> Tensor:
    """Return what the values of the actions taken are to become, (B,) (algorithm 1)."""
    ahead = target(x.followed)
    chooser = online(x.followed) if c.double else ahead
    best = ahead.gather(-1, chooser.argmax(dim=-1, keepdim=True)).squeeze(-1)
    return x.rewards + c.gamma * torch.where(x.terminated, torch.zeros_like(best), best)


def huber(error: Tensor) -> Tensor:
    """Return half the square of an error, and beyond 1 a straight line.

    Its derivative is the error, cut to the range from -1 to 1: what the paper does to the error
    itself (methods, "Training algorithm for deep Q-networks").
    """
    cut = error.clamp(-1, 1)
    return cut * (error - cut / 2)


def loss(online: QNetwork, target: QNetwork, x: Batch, c: Config) -> Tensor:
    """Return the mean error of the actions that were taken."""
    q = online(x.observations).gather(-1, x.actions[:, None]).squeeze(-1)
    return huber(q - targets(online, target, x, c)).mean()


# endregion


# region update
def update(
    online: QNetwork, target: QNetwork, adam: torch.optim.Optimizer, x: Batch, c: Config
) -> float:
    """Take one step down the gradient; return the loss before it."""
    adam.zero_grad()
    now = loss(online, target, x, c)
    now.backward()
    if c.max_norm is not None:
        nn.utils.clip_grad_norm_(online.parameters(), c.max_norm)
    adam.step()
    return float(now.detach())


@torch.no_grad()
def sync(online: QNetwork, target: QNetwork, tau: float) -> None:
    """Move the target network towards the other one; with tau = 1 it becomes a copy."""
    for old, new in zip(target.parameters(), online.parameters(), strict=True):
        old.lerp_(new, tau)


def epsilon_at(c: Config, step: int) -> float:
    """Return the chance of a random action in this step."""
    return 1 + (c.epsilon - 1) * min(1.0, step / c.explore)


def rate_at(c: Config, progress: float) -> float:
    """Return Adam's rate when this share of the steps is done."""
    return c.rate * (1 - progress) if c.anneal else c.rate


@torch.no_grad()
def act(model: QNetwork, seen: Array, epsilon: float = 0.0) -> int:
    """Return the action of the highest value, or now and then a random one."""
    if float(torch.rand(())) < epsilon:
        return int(torch.randint(model.choices, ()))
    return int(model(as_input(seen[None])).argmax())


# endregion


# region training
def take(env: Env, replay: Replay, seen: Array, action: int, c: Config) -> Array:
    """Act and keep the step; return what is seen next, perhaps in a new episode."""
    after, reward, terminated, truncated, _ = env.step(action)
    ends = terminated or (truncated and not c.time_limits)
    replay.add(seen, action, float(reward), after, ends)
    return env.reset()[0] if terminated or truncated else after


class Signs(NamedTuple):
    """What tells a healthy agent from a broken one, of the last batch."""

    loss: float
    value: float  # of the best action, on average


@torch.no_grad()
def signs(online: QNetwork, target: QNetwork, x: Batch, c: Config) -> Signs:
    """Look at a batch."""
    best = online(x.observations).max(dim=-1).values
    return Signs(float(loss(online, target, x, c)), float(best.mean()))


def train(
    make: Callable[[], Env], c: Config, seed: int, steps: int, every: int
) -> Iterator[tuple[int, QNetwork, Signs]]:
    """Learn a task (algorithm 1); yields steps taken, the network, and its signs."""
    torch.manual_seed(seed)
    env = make()
    online = model_for(env, c)
    target = online if c.sync is None else copy.deepcopy(online)
    adam = torch.optim.Adam(online.parameters(), lr=c.rate, fused=True)
    replay = Replay(min(c.capacity, steps), env.observation_space)
    seen, _ = env.reset(seed=1000 * seed)
    for step in range(1, steps + 1):
        action = act(online, seen, epsilon_at(c, step))
        seen = take(env, replay, seen, action, c)
        if step >= c.starts and step % c.every == 0:
            adam.param_groups[0]["lr"] = rate_at(c, step / steps)
            for _ in range(c.updates):
                update(online, target, adam, replay.sample(c.batch), c)
        if c.sync is not None and step % c.sync == 0:
            sync(online, target, c.tau)
        if step % every == 0:
            yield step, online, signs(online, target, replay.sample(c.batch), c)


def judge(model: QNetwork, make: Callable[[], Env], episodes: int = 5) -> float:
    """Return the mean return of this many episodes, taking the best action each time."""
    total = 0.0
    for episode in range(episodes):
        env = make()
        seen, _ = env.reset(seed=10**9 + episode)
        over = False
        while not over:
            seen, reward, terminated, truncated, _ = env.step(act(model, seen))
            total += float(reward)
            over = terminated or truncated
    return total / episodes


def task(name: str) -> Callable[[], Env]:
    """Return what makes the environment of this name."""
    return lambda: gymnasium.make(name, disable_env_checker=True)


# endregion


# region atari
class NoOps(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Begins an episode with up to 30 steps of doing nothing, so that no two are the same."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begin."""
        seen, info = self.env.reset(**options)
        for _ in range(self.unwrapped.np_random.integers(1, 31)):
            seen, _, terminated, truncated, info = self.env.step(0)
            if terminated or truncated:
                seen, info = self.env.reset(**options)
        return seen, info


class Repeat(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Takes each action four times; shows the brighter of the last two frames, pixel by pixel.

    Consoles drew some objects in every second frame only.
    """

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Act, and add up the rewards."""
        frames: deque[Array] = deque(maxlen=2)
        total = 0.0
        for _ in range(4):
            seen, reward, terminated, truncated, info = self.env.step(action)
            frames.append(np.array(seen))
            total += float(reward)
            if terminated or truncated:
                break
        return np.maximum(frames[0], frames[-1]), total, terminated, truncated, info


class Lives(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Ends an episode when a life is lost, while the game goes on in the next one."""

    lives, over = 0, True

    def count(self) -> int:
        """Return how many lives are left."""
        return int(self.unwrapped.ale.lives())  # type: ignore[attr-defined]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Act."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        self.over = terminated or truncated
        lost = 0 < self.count() < self.lives
        self.lives = self.count()
        return seen, float(reward), terminated or lost, truncated, info

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begin a game, or go on with the one that is running."""
        if not self.over:
            seen, _, terminated, truncated, info = self.env.step(0)
            self.over = terminated or truncated
        if self.over:
            seen, info = self.env.reset(**options)
        self.lives = self.count()
        return seen, info


def luminance(frame: Array) -> Array:
    """Return grey levels (h, w) of colours (h, w, 3), all of 0 to 255; ITU-R BT.601."""
    parts = np.array([9798, 19235, 3735])  # 0.299, 0.587 and 0.114, of 2**15
    return ((frame @ parts + 2**14) >> 15).astype(np.uint8)  # rounded


def overlaps(pixels: int, fields: int) -> Array:
    """Return how far each pixel reaches into each field, (fields, pixels); fields are larger."""
    p, f = np.arange(pixels)[None], np.arange(fields)[:, None]
    begin, end = np.maximum(p * fields, f * pixels), np.minimum((p + 1) * fields, (f + 1) * pixels)
    return (end - begin).clip(0).astype(np.float64)


class Picture(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Shows grey levels of 84 x 84 fields, each the mean of the area that it covers."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.observation_space = spaces.Box(0, 255, (84, 84), np.uint8)

    def observation(self, observation: Array) -> Array:
        """Return a picture (84, 84) of a frame in colours (h, w, 3)."""
        grey = luminance(observation)
        sums = overlaps(grey.shape[0], 84) @ grey @ overlaps(grey.shape[1], 84).T
        return np.rint(sums / grey.size).astype(np.uint8)


class Clip(gymnasium.RewardWrapper[Any, Any]):
    """Tells whether there was a reward, or its opposite, but not how large."""

    def reward(self, reward: Any) -> float:
        """Return 1, 0 or -1."""
        return float(np.sign(reward))


class Stack(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Shows the last four pictures; before the first there are copies of it."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.pictures: deque[Array] = deque(maxlen=4)
        self.observation_space = spaces.Box(0, 255, (4, 84, 84), np.uint8)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begin, (4, 84, 84)."""
        seen, info = self.env.reset(**options)
        self.pictures.extend([seen] * 4)
        return np.stack(self.pictures), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Act."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        self.pictures.append(seen)
        return np.stack(self.pictures), float(reward), terminated, truncated, info


def atari(env: Env) -> Env:
    """Wrap a game that shows each frame in colours (h, w, 3), as for training (methods)."""
    return Stack(Clip(Picture(Lives(Repeat(NoOps(env))))))


# endregion


# region example
def load(path: str) -> QNetwork:
    """Return the network in a file that stable-baselines3 has saved."""
    with zipfile.ZipFile(path) as saved, saved.open("policy.pth") as file:
        theirs = torch.load(file, map_location="cpu", weights_only=True)
    names = {"body.1": "q_net.0", "actions.0": "q_net.2", "actions.2": "q_net.4"}
    if "q_net.q_net.2.weight" not in theirs:
        names = {f"body.{i}": f"features_extractor.cnn.{i}" for i in (0, 2, 4)}
        names |= {"actions.0": "features_extractor.linear.0", "actions.2": "q_net.0"}
    weights = {
        f"{a}.{kind}": theirs[f"q_net.{b}.{kind}"]
        for a, b in names.items()
        for kind in ("weight", "bias")
    }
    inputs, actions = weights[next(iter(weights))].shape[1], len(weights["actions.2.bias"])
    hidden = len(weights["actions.0.bias"])
    pictures = "body.0.weight" in weights
    model = nature(inputs, actions) if pictures else mlp(inputs, hidden, actions)
    model.load_state_dict(weights)
    return model


def main() -> None:
    """Count, and learn CartPole; or judge saved weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", help="a zip file, as stable-baselines3 saves it")
    parser.add_argument("--env", default="CartPole-v1")
    arguments = parser.parse_args()
    make = task(arguments.env)
    if arguments.weights:
        model = load(arguments.weights)
        print(f"mean return of 100 episodes: {judge(model, make, 100):.1f}")
        return
    for name, model in (
        ("84 x 84 x 4, 18 actions", nature(4, 18)),
        (arguments.env, model_for(make(), DQN)),
    ):
        print(f"{name}: {sum(p.numel() for p in model.parameters()):,} parameters")
    print("steps  return  value    loss")
    for step, model, now in train(make, DQN, seed=0, steps=16_000, every=4_000):
        print(f"{step:5}  {judge(model, make):6.1f}  {now.value:5.1f}  {now.loss:.4f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion
