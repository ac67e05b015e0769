# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How dqn.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from zooniverse.proofs.form import Equality, Link, Mutant, Pair, Proof, Row, Run, Size, Values

SEEN, ACTIONS, HIDDEN, SAMPLES = 5, 3, 7, 24  # no two are the same
VECTORS = spaces.Box(-np.inf, np.inf, (SEEN,), np.float32)
PICTURES = spaces.Box(0, 255, (4, 84, 84), np.uint8)


# --- references ---------------------------------------------------------------------------------


class Still(gymnasium.Env[Any, Any]):
    """Spaces alone; it is never played."""

    def __init__(self, seen: spaces.Space[Any] = VECTORS, actions: int = ACTIONS) -> None:
        self.observation_space, self.action_space = seen, spaces.Discrete(actions)


@contextmanager
def single() -> Iterator[None]:
    """Build in float32, as a part of stable-baselines3 takes for granted."""
    kind = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(kind)


def exactly(observations: Tensor, extractor: Any) -> Tensor:
    """Extract features without a cast of the observations to float32."""
    return cast(Tensor, extractor(observations))


def reference(seen: spaces.Space[Any], actions: int, hidden: int = HIDDEN) -> Any:
    """Build the Q network of stable-baselines3's CnnPolicy or MlpPolicy."""
    from stable_baselines3.dqn.policies import CnnPolicy, MlpPolicy

    with single(), torch.device("cpu"):
        if seen.dtype == np.uint8:
            policy: Any = CnnPolicy(seen, spaces.Discrete(actions), lambda _: 1e-3)
        else:
            policy = MlpPolicy(seen, spaces.Discrete(actions), lambda _: 1e-3, [hidden] * 2)
    policy.q_net.extract_features = exactly
    return policy.q_net.to(torch.get_default_dtype())


def links(pictures: bool) -> tuple[Link, ...]:
    """Say which of our parameters is which of theirs."""
    names = {"body.1": "q_net.0", "actions.0": "q_net.2", "actions.2": "q_net.4"}
    if pictures:
        names = {f"body.{i}": f"features_extractor.cnn.{i}" for i in (0, 2, 4)}
        names |= {"actions.0": "features_extractor.linear.0", "actions.2": "q_net.0"}
    return tuple(
        Link(f"{a}.{kind}", f"{b}.{kind}") for a, b in names.items() for kind in ("weight", "bias")
    )


def filled(model: Any, duelling: bool = False) -> Any:
    """Build a small network with weights of unit scale."""
    ours = model.mlp(SEEN, HIDDEN, ACTIONS, duelling)
    with torch.no_grad():
        for weights in ours.parameters():
            weights.normal_(std=weights.shape[-1] ** -0.5 if weights.dim() > 1 else 0.5)
    return ours


def copied(ours: Any, theirs: Any) -> None:
    """Give their network our weights."""
    mine = ours.state_dict()
    theirs.load_state_dict({link.reference: mine[link.ours] for link in links(pictures=False)})


def sampled(model: Any) -> Any:
    """Return random steps, some of which end an episode."""
    return model.Batch(
        torch.randn(SAMPLES, SEEN),
        torch.randint(ACTIONS, (SAMPLES,)),
        2 * torch.randn(SAMPLES),
        torch.randn(SAMPLES, SEEN),
        torch.rand(SAMPLES) < 0.3,
    )


# --- equalities: networks and learning ----------------------------------------------------------


def vectors(model: Any) -> Pair:
    """Action values of random vectors."""
    seen, weights = torch.randn(SAMPLES, SEEN), torch.randn(SAMPLES, ACTIONS)
    return pair(model.mlp(SEEN, HIDDEN, ACTIONS), VECTORS, (seen, seen), weights)


def pictures(model: Any) -> Pair:
    """Action values of random grey levels, which both divide by 255."""
    grey = np.random.default_rng(0).integers(0, 256, (2, 4, 84, 84), np.uint8)
    seen = model.as_input(grey), torch.as_tensor(grey).double() / 255
    return pair(model.nature(4, ACTIONS), PICTURES, seen, torch.randn(2, ACTIONS))


def pair(ours: Any, space: spaces.Box, seen: tuple[Tensor, Tensor], weights: Tensor) -> Pair:
    """Run our network and theirs."""
    theirs = reference(space, ACTIONS)

    def run(net: Any, x: Tensor) -> dict[str, Tensor]:
        q = net(x)
        return {"q": q, "best": q.argmax(dim=-1), "loss": (weights * q).sum()}

    return Pair(
        ours,
        theirs,
        lambda: run(ours, seen[0]),
        lambda: run(theirs, seen[1]),
        links(space.dtype == np.uint8),
    )


class Fixed:
    """A memory that always gives the same sample."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def sample(self, *_: Any, **__: Any) -> Any:
        """Return it as stable-baselines3 does."""
        from stable_baselines3.common.type_aliases import ReplayBufferSamples

        x, column = self.x, (SAMPLES, 1)
        return ReplayBufferSamples(
            x.observations,
            x.actions.reshape(column),
            x.followed,
            x.terminated.double().reshape(column),
            x.rewards.reshape(column),
        )


def updates(model: Any) -> Values:
    """Targets, losses, and weights after three steps of stable-baselines3's own DQN.train."""
    import stable_baselines3 as sb3
    from stable_baselines3.common.logger import Logger

    ours: dict[str, Tensor] = {}
    theirs: dict[str, Tensor] = {}
    for name, limit in (("gradient cut to 0.2", 0.2), ("gradient cut to 10", 10.0)):
        online, target, x = filled(model), filled(model), sampled(model)
        c = replace(model.DQN, gamma=0.9, max_norm=limit)
        method: Any = sb3.DQN(
            "MlpPolicy",
            Still(),
            learning_rate=0.01,
            gamma=0.9,
            max_grad_norm=limit,
            policy_kwargs={"net_arch": [HIDDEN] * 2},
            buffer_size=1,
        )
        method.set_logger(Logger(None, []))
        method.replay_buffer = Fixed(x)
        for mine, other in ((online, method.q_net), (target, method.q_net_target)):
            copied(mine, other)
            other.extract_features = exactly
        ours[f"{name}: targets"] = model.targets(online, target, x, c)
        with torch.no_grad():
            best = method.q_net_target(x.followed).max(dim=1).values
        theirs[f"{name}: targets"] = x.rewards + 0.9 * best * (1 - x.terminated.double())
        adam = torch.optim.Adam(online.parameters(), lr=0.01)
        losses = [model.update(online, target, adam, x, c) for _ in range(3)]
        method.train(gradient_steps=3, batch_size=SAMPLES)
        ours[f"{name}: loss"] = torch.tensor(losses).mean()
        theirs[f"{name}: loss"] = torch.tensor(method.logger.name_to_value["train/loss"])
        for which, mine, other in (
            ("weights", online, method.q_net),
            ("target's weights", target, method.q_net_target),
        ):
            here, there = mine.state_dict(), other.state_dict()
            pairs = links(pictures=False)
            ours[f"{name}: {which}"] = torch.cat([here[k.ours].flatten() for k in pairs])
            theirs[f"{name}: {which}"] = torch.cat([there[k.reference].flatten() for k in pairs])
    return Values(ours, theirs)


def schedules(model: Any) -> Values:
    """The chance of a random action, and the target network moved in part and as a whole."""
    from stable_baselines3.common.utils import LinearSchedule, polyak_update

    c, total = replace(model.DQN, epsilon=0.07, explore=30), 100
    theirs_at = LinearSchedule(1.0, 0.07, 30 / total)
    ours = {"epsilon": torch.tensor([model.epsilon_at(c, step) for step in range(total)])}
    theirs = {"epsilon": torch.tensor([theirs_at(1 - step / total) for step in range(total)])}
    for tau in (0.3, 1.0):
        online, target = filled(model), filled(model)
        other = copy.deepcopy(target)
        model.sync(online, target, tau)
        polyak_update(online.parameters(), other.parameters(), tau)
        for name, net, found in (("target", target, ours), ("target", other, theirs)):
            found[f"{name}, {tau}"] = torch.cat([p.detach().flatten() for p in net.parameters()])
    return Values(ours, theirs)


class Counting(gymnasium.Env[Any, Any]):
    """Sees how many steps were taken in which episode; each ends or is cut off in its turn."""

    def __init__(self, *lengths: tuple[int, int]) -> None:
        self.observation_space = spaces.Box(0, 99, (2,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.lengths = lengths or ((99, 99),)  # until the end, and until it is cut off
        self.episode, self.taken, self.given = -1, 0, []  # type: tuple[int, int, list[int]]

    def seen(self) -> Any:
        return np.array([self.taken, self.episode], dtype=np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        self.episode, self.taken = self.episode + 1, 0
        return self.seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.given.append(int(action))
        self.taken += 1
        ends, cut = self.lengths[self.episode % len(self.lengths)]
        return self.seen(), 10.0 * self.taken, self.taken >= ends, self.taken >= cut, {}


LENGTHS = (3, 99), (99, 2), (2, 2), (99, 4)  # ends, cut off, both at once, cut off


def memory(model: Any) -> Values:
    """What both remember of the same episodes, more of them than there is room for."""
    import stable_baselines3 as sb3

    with single():
        method: Any = sb3.DQN("MlpPolicy", Counting(*LENGTHS), buffer_size=9, learning_starts=99)
        method.learn(14)
        env = method.env.envs[0].unwrapped
        buffer = method.replay_buffer._get_samples(np.arange(9))
    again = Counting(*LENGTHS)
    replay = model.Replay(9, again.observation_space)
    seen, _ = again.reset()
    for action in env.given:
        seen = model.take(again, replay, seen, action, model.DQN)
    ours = {name: column.double() for name, column in replay.at(np.arange(9))._asdict().items()}
    names = ("observations", "actions", "rewards", "followed", "terminated")
    columns = (
        buffer.observations,
        buffer.actions.flatten(),
        buffer.rewards.flatten(),
        buffer.next_observations,
        buffer.dones.flatten(),
    )
    theirs = {name: column.double() for name, column in zip(names, columns, strict=True)}
    ours["steps kept"], theirs["steps kept"] = torch.tensor(len(replay)), torch.tensor(9)
    return Values(ours, theirs)


def variants(model: Any) -> Values:
    """Targets with and without double, from networks with and without duelling, one by one."""
    ours: dict[str, Tensor] = {}
    theirs: dict[str, Tensor] = {}
    for double, duelling in product((False, True), (False, True)):
        online, target = filled(model, duelling), filled(model, duelling)
        x, name = sampled(model), f"double {double}, duelling {duelling}"
        c = replace(model.DQN, gamma=0.8, double=double, duelling=duelling)
        ours[name] = model.targets(online, target, x, c)
        found = []
        for n in range(SAMPLES):
            chooser, judge = (values(net, x.followed[n]) for net in (online, target))
            best = max(range(ACTIONS), key=(chooser if double else judge).__getitem__)
            ahead = 0.0 if x.terminated[n] else 0.8 * judge[best]
            found.append(float(x.rewards[n]) + ahead)
        theirs[name] = torch.tensor(found)
    return Values(ours, theirs)


@torch.no_grad()
def values(net: Any, seen: Tensor) -> list[float]:
    """Return the value of each action, worked out from the weights by hand."""
    weights = {name: w.numpy() for name, w in net.state_dict().items()}

    def layer(name: str, x: Any) -> Any:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    def stream(name: str, x: Any) -> list[float]:
        return [float(v) for v in layer(f"{name}.2", np.maximum(layer(f"{name}.0", x), 0))]

    body = np.maximum(layer("body.1", seen.numpy()), 0)
    advantages = stream("actions", body)
    if "state.0.weight" not in weights:
        return advantages
    state = stream("state", body)[0]
    return [state + a - sum(advantages) / len(advantages) for a in advantages]


def saved(model: Any) -> Values:
    """Checkpoints with random weights, as stable-baselines3 saves them."""
    import stable_baselines3 as sb3

    ours: dict[str, Tensor] = {}
    theirs: dict[str, Tensor] = {}
    grey = np.random.default_rng(0).integers(0, 256, (2, 4, 84, 84), np.uint8)
    for policy, space, net, seen in (
        ("MlpPolicy", VECTORS, {"net_arch": [HIDDEN] * 2}, torch.randn(9, SEEN)),
        ("CnnPolicy", PICTURES, {}, model.as_input(grey)),
    ):
        with single():
            method: Any = sb3.DQN(policy, Still(space), policy_kwargs=net, buffer_size=1)
        with torch.no_grad():
            for weights in method.q_net.parameters():
                weights.normal_(std=weights[0].numel() ** -0.5 if weights.dim() > 1 else 0.5)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "saved.zip")
            method.save(path)
            ours[policy] = model.load(path)(seen)
        method.q_net.extract_features = exactly
        theirs[policy] = method.q_net.double()(seen)
    return Values(ours, theirs)


# --- equalities: Atari --------------------------------------------------------------------------


class Game(gymnasium.Env[Any, Any]):
    """Looks like an Atari game: random frames and rewards, lives that are lost at random."""

    _frameskip = 1

    def __init__(
        self, height: int, width: int, colours: bool = True, chance: float = 0.012
    ) -> None:
        self.observation_space = spaces.Box(0, 255, (height, width, 3), np.uint8)
        self.action_space = spaces.Discrete(3)
        self.colours, self.chance = colours, chance
        self.random = np.random.default_rng(5)  # its own, whatever else is drawn
        self.left, self.frames, self.given = 0, 0, []  # type: tuple[int, int, list[int]]

    @property
    def ale(self) -> Game:
        """Stand for the emulator, too."""
        return self

    def get_action_meanings(self) -> list[str]:
        return ["NOOP", "RIGHT", "LEFT"]

    def lives(self) -> int:
        return self.left

    def getScreenGrayscale(self, out: Any) -> None:  # noqa: N802
        out[:] = self.screen[:, :, 0]

    def draw(self) -> Any:
        shape = self.observation_space.shape or ()
        self.screen = self.random.integers(0, 256, shape, np.uint8)
        if not self.colours:
            self.screen[:] = self.screen[:, :, :1]
        return self.screen.copy()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.left, self.frames = 3, 0
        return self.draw(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.given.append(int(action))
        self.frames += 1
        self.left -= int(self.random.random() < self.chance)
        reward = float(self.random.choice([-300, -1, 0, 0, 0, 1, 50]))
        return self.draw(), reward, self.left == 0, self.frames == 200, {}


def played(env: Any, steps: int, seed: int = 3) -> dict[str, Tensor]:
    """Play; return all that is seen and told, but what is seen when a game is over.

    That picture is of no use at a true end, and the references then show an older frame.
    """
    choose = random.Random(1)
    game = env.unwrapped
    seen, _ = env.reset(seed=seed)
    rows: list[tuple[Any, ...]] = [(seen, 0.0, False, False)]
    for _ in range(steps):
        seen, reward, terminated, truncated, _ = env.step(choose.randrange(3))
        over = game.left == 0 or game.frames == 200
        rows.append((seen * (not over), reward, terminated, truncated))
        if terminated or truncated:
            rows.append((env.reset()[0], 0.0, False, False))
    names = ("pictures", "rewards", "terminated", "truncated")
    found = {
        name: torch.as_tensor(np.array(column, dtype=np.float64)).squeeze(-1)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
    found["pictures"] = found["pictures"].flatten(1)
    return {**found, "actions": torch.tensor(game.given)}


def games(model: Any) -> Values:
    """All that is seen and told in games with lives, and what the game was told to do.

    Frames have 84 x 84 pixels, so that resizing has nothing to do.
    """
    from gymnasium.wrappers import FrameStackObservation
    from stable_baselines3.common.atari_wrappers import AtariWrapper

    theirs = FrameStackObservation(AtariWrapper(Game(84, 84)), 4)
    reference = played(theirs, 150)
    assert reference["terminated"].any() and reference["truncated"].any()
    return Values(played(model.atari(Game(84, 84)), 150), reference)


def frames(model: Any) -> Values:
    """The same without lives and clipping, in grey."""
    from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

    game = Game(84, 84, colours=False)
    theirs = FrameStackObservation(AtariPreprocessing(copy.deepcopy(game)), 4)
    ours = model.Stack(model.Picture(model.Repeat(model.NoOps(game))))
    return Values(played(ours, 150), played(theirs, 150))


def resized(model: Any) -> Values:
    """Random frames of an Atari screen, made grey and small."""
    import cv2

    ours: dict[str, Tensor] = {}
    theirs: dict[str, Tensor] = {}
    elsewhere = 0
    game = Game(210, 160)
    for n in range(3):
        frame = game.draw()
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        small = cv2.resize(grey, (84, 84), interpolation=cv2.INTER_AREA)
        mine = model.Picture(game).observation(frame)
        exact = model.overlaps(210, 84) @ grey @ model.overlaps(160, 84).T / grey.size
        tie = np.abs(exact % 1 - 0.5) < 1e-9
        elsewhere += int((~tie & (mine != small)).sum())
        ours[f"frame {n}: luminance"] = torch.as_tensor(model.luminance(frame).astype(float))
        theirs[f"frame {n}: luminance"] = torch.as_tensor(grey.astype(float))
        ours[f"frame {n}: 84 x 84"] = torch.as_tensor(mine.astype(float))
        theirs[f"frame {n}: 84 x 84"] = torch.as_tensor(small.astype(float))
    ours["pixels apart, halves aside"] = torch.tensor(float(elsewhere))
    theirs["pixels apart, halves aside"] = torch.tensor(0.0)
    return Values(ours, theirs)


# --- invariants ---------------------------------------------------------------------------------


def gradient_is_the_clipped_error(model: Any) -> None:
    """The loss has the clipped error for its gradient, and the slope of a line beyond 1.

    Within 1 it is half the square.
    """
    error = torch.linspace(-3, 3, 61, requires_grad=True)
    loss = model.huber(error)
    loss.sum().backward()
    assert error.grad is not None
    assert (error.grad - error.detach().clamp(-1, 1)).abs().max() < 1e-12
    with torch.no_grad():
        expected = torch.where(error.abs() < 1, error**2 / 2, error.abs() - 0.5)
    assert (loss.detach() - expected).abs().max() < 1e-12


def only_the_action_taken_is_moved(model: Any) -> None:
    """The gradient reaches the value of the action taken, and neither targets nor their network."""
    online, target, x = filled(model), filled(model), sampled(model)
    c = replace(model.DQN, double=True)
    kept: list[Tensor] = []
    handle = online.register_forward_hook(lambda *args: kept.append(args[2]))
    model.loss(online, target, x, c).backward()
    handle.remove()
    with_graph = [q for q in kept if q.requires_grad]
    assert len(with_graph) == 1
    assert all(p.grad is None for p in target.parameters())
    online.zero_grad()
    q = online(x.observations).detach().requires_grad_()
    stand_in = copy.copy(x)._replace(observations=q, followed=q.detach())
    model.loss(lambda seen: seen, lambda seen: seen, stand_in, c).backward()
    assert q.grad is not None
    others = torch.ones(SAMPLES, ACTIONS).scatter(1, x.actions[:, None], 0.0)
    assert not (q.grad * others).any() and q.grad.any()


def nothing_follows_an_end(model: Any) -> None:
    """After an episode's own end the target is the reward; after a limit of time, there is more.

    A switch takes the limit for an end.
    """
    for lengths, limits in product(((2, 99), (99, 2), (2, 2)), (True, False)):
        env, c = Counting(lengths), replace(model.DQN, gamma=0.5, time_limits=limits)
        replay = model.Replay(2, env.observation_space)
        seen, _ = env.reset()
        for _ in range(2):
            seen = model.take(env, replay, seen, 0, c)
        assert seen.tolist() == [0.0, 1.0]  # the next episode has begun
        x = replay.at(np.arange(2))
        assert x.followed[1].tolist() == [2.0, 0.0]
        target = model.mlp(2, HIDDEN, 2)
        ahead = target(x.followed).max(dim=-1).values.detach()
        ends = lengths[0] == 2 or not limits
        expected = x.rewards + 0.5 * ahead * torch.tensor([1.0, 0.0 if ends else 1.0])
        assert (model.targets(target, target, x, c) - expected).abs().max() < 1e-12


def memory_is_a_ring(model: Any) -> None:
    """The memory keeps the last steps, draws from those that there are, and each equally often."""
    space = spaces.Box(0, 99, (1,), np.float32)
    replay = model.Replay(10, space)
    for n in range(23):
        replay.add(np.array([n]), n + 1, float(n), np.array([n + 1]), False)
        drawn = set(replay.sample(300).actions.tolist())
        assert drawn == set(range(max(1, n - 8), n + 2)), n
    share = torch.bincount(replay.sample(40_000).actions, minlength=24)[14:] / 40_000
    assert (share - 0.1).abs().max() < 0.01, share


def pictures_are_kept_as_bytes(model: Any) -> None:
    """A step in the memory takes its two observations, in bytes, and 13 bytes more."""
    replay = model.Replay(10, PICTURES)
    arrays = [a for a in vars(replay).values() if isinstance(a, np.ndarray)]
    assert sum(a.nbytes for a in arrays) == 10 * (2 * 4 * 84 * 84 + 8 + 4 + 1)
    grey = np.arange(256, dtype=np.uint8)
    assert torch.equal(model.as_input(grey), torch.arange(256) / 255)
    assert torch.equal(model.as_input(grey.astype(np.float32)), torch.arange(256) * 1.0)


def double_is_never_higher(model: Any) -> None:
    """Double targets are never above the plain ones, and equal them if the networks are equal."""
    online, target, x = filled(model), filled(model), sampled(model)
    x = x._replace(followed=4 * x.followed)
    plain, double = model.DQN, replace(model.DQN, double=True)
    gap = model.targets(online, target, x, plain) - model.targets(online, target, x, double)
    assert gap.min() >= 0 and bool(gap.any())
    same = model.targets(target, target, x, plain), model.targets(target, target, x, double)
    assert torch.equal(*same)


def advantages_have_no_mean(model: Any) -> None:
    """With duelling the mean over actions is the state's value, whatever is added to advantages."""
    ours, seen = filled(model, duelling=True), torch.randn(SAMPLES, SEEN)
    q = ours(seen).detach()
    state = ours.state(ours.body(seen)).squeeze(-1).detach()
    assert (q.mean(dim=-1) - state).abs().max() < 1e-12
    with torch.no_grad():
        ours.actions[-1].bias += 5
    assert (ours(seen).detach() - q).abs().max() < 1e-12
    assert model.model_for(Still(), replace(model.DQN, duelling=True)).state is not None


def explores_then_settles(model: Any) -> None:
    """A random action comes as often as it should, evenly; all others are the best."""
    ours, seen = filled(model), np.ones(SEEN, np.float32)
    best = int(ours(torch.ones(1, SEEN)).argmax())
    assert {model.act(ours, seen) for _ in range(50)} == {best}
    for epsilon in (0.3, 1.0):
        drawn = torch.tensor([model.act(ours, seen, epsilon) for _ in range(1000)])
        share = torch.bincount(drawn, minlength=ACTIONS) / 1000
        expected = torch.full((ACTIONS,), epsilon / ACTIONS)
        expected[best] += 1 - epsilon
        assert (share - expected).abs().max() < 0.07, share


def keeps_its_hours(model: Any) -> None:
    """Updates and copies of the network come when they are due, and none comes before.

    Without a second network the first gives the targets itself.
    """
    c = replace(model.DQN, starts=20, every=10, updates=3, batch=4, sync=25, explore=10)
    log: list[Any] = []
    update, sync, rates = model.update, model.sync, []

    def spied(online: Any, target: Any, adam: Any, x: Any, c: Any) -> float:
        log.append("update" if target is not online else "update alone")
        rates.append(adam.param_groups[0]["lr"])
        assert len(x.rewards) == 4
        return float(update(online, target, adam, x, c))

    def copying(online: Any, target: Any, tau: float) -> None:
        log.append("copy")
        sync(online, target, tau)
        both = zip(online.parameters(), target.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in both)

    model.update, model.sync = spied, copying
    try:
        list(model.train(lambda: Counting((5, 99)), c, 0, 50, 50))
        assert log == ["update"] * 3 + ["copy"] + ["update"] * 9 + ["copy"], log
        falling = c.rate * (1 - torch.tensor([2, 3, 4, 5]) / 5).repeat_interleave(3)
        assert (torch.tensor(rates) - falling).abs().max() < 1e-12
        log.clear()
        list(model.train(lambda: Counting((5, 99)), replace(c, sync=None), 0, 50, 50))
        assert log == ["update alone"] * 12, log
    finally:
        model.update, model.sync = update, sync
    assert model.rate_at(replace(c, anneal=False), 0.5) == c.rate


def areas_are_means(model: Any) -> None:
    """Resizing takes the mean of the area below each field, as if each pixel were many."""
    small = np.random.default_rng(1).random((15, 10))
    fields = model.overlaps(15, 6) @ small @ model.overlaps(10, 4).T / small.size
    fine = small.repeat(6, axis=0).repeat(4, axis=1)  # 90 x 40
    means = fine.reshape(6, 15, 4, 10).mean(axis=(1, 3))
    assert np.abs(fields - means).max() < 1e-12


def games_end_at_once(model: Any) -> None:
    """When a game ends between two decisions, nothing more is done, and the last frames count."""
    game = Game(84, 84, chance=0.0)
    env = model.Repeat(game)
    env.reset(seed=0)
    game.frames = 197  # it is cut off after 200
    before = len(game.given)
    other = copy.deepcopy(game)
    seen, reward, terminated, truncated, _ = env.step(1)
    rows = [other.step(1) for _ in range(3)]
    assert len(game.given) - before == 3 and truncated and not terminated
    assert np.array_equal(seen, np.maximum(rows[1][0], rows[2][0]))
    assert reward == sum(row[1] for row in rows)


def judged_by_whole_episodes(model: Any) -> None:
    """A judge counts the rewards of whole episodes and takes their mean."""
    ours = model.mlp(2, HIDDEN, 2)
    lengths = iter(((2, 99), (99, 3), (1, 99)))
    # 10 + 20, 10 + 20 + 30, and 10
    assert abs(model.judge(ours, lambda: Counting(next(lengths)), 3) - 100 / 3) < 1e-9


def learns_the_same_from_the_same_seed(model: Any) -> None:
    """The same seed gives the same weights, another seed others, reported when they are due."""
    c = replace(model.DQN, starts=20, every=10, updates=2, batch=4, sync=20, explore=30)

    def run(seed: int) -> tuple[list[int], Tensor]:
        due = []
        for step, reached, _ in model.train(lambda: Counting((5, 99)), c, seed, 60, 20):
            due.append(step)
            ours = reached
        return due, torch.cat([p.detach().flatten() for p in ours.parameters()])

    due, weights = run(0)
    assert due == [20, 40, 60], due
    assert torch.equal(weights, run(0)[1]) and not torch.equal(weights, run(1)[1])


# --- sizes and runs -----------------------------------------------------------------------------


def size(name: str, actions: int, duelling: bool = False) -> Size:
    """Return the network for pictures; stable-baselines3's CnnPolicy has the same."""
    return Size(
        name,
        lambda model: model.nature(4, actions, duelling),
        {"A": actions, "D": int(duelling)},
        reference=None if duelling else lambda: reference(PICTURES, actions),
    )


def speed(model: Any) -> Pair:
    """One pass over a batch of pictures."""
    ours, theirs = model.nature(4, 18), reference(PICTURES, 18)
    x = torch.rand(32, 4, 84, 84)
    return Pair(
        ours,
        theirs,
        lambda: {"loss": ours(x).square().mean()},
        lambda: {"loss": theirs(x.to(theirs.q_net[0].weight.dtype)).square().mean()},
        links(pictures=True),
    )


VECTOR, PICTURE, SAVED = "network for vectors", "network for pictures", "saved weights"
UPDATES, SCHEDULES, MEMORY = "updates", "schedule and copies", "memory"
VARIANTS, GAMES, FRAMES, RESIZED = "double and duelling", "games", "frames in grey", "resizing"

STEPS, EVERY = 50_000, 5_000


def learns(**changes: Any) -> Any:
    """Return what learns CartPole and yields what a judge finds."""

    def train(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
        c, make = replace(model.DQN, **changes), model.task("CartPole-v1")
        for step, ours, _ in model.train(make, c, seed, steps, every=min(EVERY, steps)):
            yield step, model.judge(ours, make)

    return train


PROOF = Proof(
    code="dqn.py",
    sizes=(
        *(size(f"{actions} actions", actions) for actions in range(4, 19)),
        size("18 actions, duelling", 18, duelling=True),
    ),
    ledger=(
        Row("Convolution 1: 32 of 8 × 8", r"body\.0\..*", "4 * 8 * 8 * 32 + 32"),
        Row("Convolution 2: 64 of 4 × 4", r"body\.2\..*", "32 * 4 * 4 * 64 + 64"),
        Row("Convolution 3: 64 of 3 × 3", r"body\.4\..*", "64 * 3 * 3 * 64 + 64"),
        Row("Hidden layer: 512", r"actions\.0\..*", "64 * 7 * 7 * 512 + 512"),
        Row("Value of each action", r"actions\.2\..*", "512 * A + A"),
        Row(
            "Value of the state, if D = 1",
            r"state\..*",
            "D * (64 * 7 * 7 * 512 + 512 + 512 + 1)",
        ),
    ),
    equalities=(
        Equality(
            VECTOR,
            vectors,
            "stable_baselines3 MlpPolicy's QNetwork, observations not cast to float32",
            "stable-baselines3",
        ),
        Equality(
            PICTURE,
            pictures,
            "stable_baselines3 CnnPolicy's QNetwork, observations not cast to float32",
            "stable-baselines3",
        ),
        Equality(
            UPDATES,
            updates,
            "stable_baselines3 DQN.train on a fixed sample, observations not cast to float32",
            "stable-baselines3",
        ),
        Equality(
            SCHEDULES,
            schedules,
            "stable_baselines3 LinearSchedule and polyak_update",
            "stable-baselines3",
        ),
        Equality(
            MEMORY,
            memory,
            "stable_baselines3 ReplayBuffer, filled by DQN.learn",
            "stable-baselines3",
        ),
        Equality(VARIANTS, variants, "targets worked out one by one, from the weights"),
        Equality(SAVED, saved, "stable_baselines3 DQN.save", "stable-baselines3"),
        Equality(
            GAMES,
            games,
            "stable_baselines3 AtariWrapper, and gymnasium FrameStackObservation",
            "stable-baselines3",
        ),
        Equality(
            FRAMES,
            frames,
            "gymnasium AtariPreprocessing and FrameStackObservation",
            "gymnasium",
        ),
        Equality(
            RESIZED,
            resized,
            "cv2.cvtColor, and cv2.resize with INTER_AREA",
            "opencv-python-headless",
            limit=1 / 180,
            why_limit=(
                "One grey level: OpenCV sums in float32, so that a mean that lies just between "
                "two levels may be rounded the other way. All other pixels are equal."
            ),
        ),
    ),
    invariants=(
        gradient_is_the_clipped_error,
        only_the_action_taken_is_moved,
        nothing_follows_an_end,
        memory_is_a_ring,
        pictures_are_kept_as_bytes,
        double_is_never_higher,
        advantages_have_no_mean,
        explores_then_settles,
        keeps_its_hours,
        areas_are_means,
        games_end_at_once,
        judged_by_whole_episodes,
        learns_the_same_from_the_same_seed,
    ),
    mutants=(
        Mutant(
            "another activation",
            "return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU()",
            "return nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh()",
            (VECTOR, PICTURE, VARIANTS, SAVED),
        ),
        Mutant(
            "mean of advantages left in",
            "+ q - q.mean(dim=-1, keepdim=True)",
            "+ q",
            (VARIANTS, "advantages_have_no_mean"),
        ),
        Mutant(
            "duelling forgotten",
            "mlp(math.prod(shape), c.hidden, int(space.n), c.duelling)",
            "mlp(math.prod(shape), c.hidden, int(space.n))",
            ("advantages_have_no_mean",),
        ),
        Mutant("grey levels as they are", "return x / 255 if", "return x if", (PICTURE,)),
        Mutant(
            "vectors divided by 255",
            "return x / 255 if seen.dtype == np.uint8 else x",
            "return x / 255",
            ("pictures_are_kept_as_bytes", MEMORY),
        ),
        Mutant(
            "new steps thrown away",
            "i = self.added % len(self.rewards)",
            "i = min(self.added, len(self.rewards) - 1)",
            (MEMORY, "memory_is_a_ring"),
        ),
        Mutant(
            "steps that never were",
            "torch.randint(len(self), (count,))",
            "torch.randint(len(self.rewards), (count,))",
            ("memory_is_a_ring",),
        ),
        Mutant(
            "pictures as numbers",
            "self.observations = np.zeros((capacity, *(space.shape or ())), space.dtype)",
            "self.observations = np.zeros((capacity, *(space.shape or ())), np.float32)",
            ("pictures_are_kept_as_bytes",),
        ),
        Mutant(
            "seen before and after exchanged",
            "self.observations[i], self.followed[i] = seen, after",
            "self.observations[i], self.followed[i] = after, seen",
            (MEMORY, "nothing_follows_an_end"),
        ),
        Mutant(
            "a limit of time taken for an end",
            "terminated or (truncated and not c.time_limits)",
            "terminated or truncated",
            (MEMORY, "nothing_follows_an_end"),
        ),
        Mutant(
            "what followed is the next episode's",
            "    replay.add(seen, action, float(reward), after, ends)\n"
            "    return env.reset()[0] if terminated or truncated else after",
            "    after = env.reset()[0] if terminated or truncated else after\n"
            "    replay.add(seen, action, float(reward), after, ends)\n"
            "    return after",
            (MEMORY, "nothing_follows_an_end"),
        ),
        Mutant(
            "a future after the end",
            "torch.where(x.terminated, torch.zeros_like(best), best)",
            "best",
            (UPDATES, VARIANTS, "nothing_follows_an_end"),
        ),
        Mutant(
            "the network for its own targets",
            "ahead = target(x.followed)",
            "ahead = online(x.followed)",
            (UPDATES, VARIANTS),
        ),
        Mutant(
            "double the wrong way round",
            "chooser = online(x.followed) if c.double else ahead",
            "chooser = online(x.followed) if not c.double else ahead",
            (UPDATES, VARIANTS),
        ),
        Mutant(
            "double without effect",
            "chooser = online(x.followed) if c.double else ahead",
            "chooser = ahead",
            (VARIANTS, "double_is_never_higher"),
        ),
        Mutant(
            "the worst action",
            "chooser.argmax(dim=-1, keepdim=True)",
            "chooser.argmin(dim=-1, keepdim=True)",
            (UPDATES, VARIANTS, "double_is_never_higher"),
        ),
        Mutant(
            "discount left out",
            "x.rewards + c.gamma * torch.where",
            "x.rewards + torch.where",
            (UPDATES, VARIANTS, "nothing_follows_an_end"),
        ),
        Mutant(
            "gradient through the targets",
            "@torch.no_grad()\ndef targets",
            "def targets",
            ("only_the_action_taken_is_moved",),
        ),
        Mutant(
            "plain squares",
            "cut = error.clamp(-1, 1)",
            "cut = error",
            (UPDATES, "gradient_is_the_clipped_error"),
        ),
        Mutant(
            "loss clipped, not its gradient",
            "return cut * (error - cut / 2)",
            "return cut**2 / 2",
            (UPDATES, "gradient_is_the_clipped_error"),
        ),
        Mutant(
            "all actions moved",
            "online(x.observations).gather(-1, x.actions[:, None]).squeeze(-1)",
            "online(x.observations).mean(dim=-1)",
            (UPDATES, "only_the_action_taken_is_moved"),
        ),
        Mutant("gradients pile up", "    adam.zero_grad()\n", "", (UPDATES,)),
        Mutant("gradient of any length", "if c.max_norm is not None:", "if False:", (UPDATES,)),
        Mutant(
            "target moved the wrong way",
            "old.lerp_(new, tau)",
            "new.lerp_(old, tau)",
            (SCHEDULES,),
        ),
        Mutant(
            "exploration never ends",
            "min(1.0, step / c.explore)",
            "0.5",
            (SCHEDULES,),
        ),
        Mutant(
            "always the best action",
            "if float(torch.rand(())) < epsilon:",
            "if False:",
            ("explores_then_settles",),
        ),
        Mutant(
            "updates from the first step",
            "if step >= c.starts and step % c.every == 0:",
            "if step % c.every == 0:",
            ("keeps_its_hours",),
        ),
        Mutant(
            "copies at every step",
            "if c.sync is not None and step % c.sync == 0:",
            "if c.sync is not None:",
            ("keeps_its_hours",),
        ),
        Mutant(
            "two names for one network",
            "target = online if c.sync is None else copy.deepcopy(online)",
            "target = online",
            ("keeps_its_hours",),
        ),
        Mutant(
            "rate never falls",
            "c.rate * (1 - progress) if c.anneal",
            "c.rate if c.anneal",
            ("keeps_its_hours",),
        ),
        Mutant(
            "without a seed",
            "torch.manual_seed(seed)",
            "torch.manual_seed(0)",
            ("learns_the_same_from_the_same_seed",),
        ),
        Mutant(
            "judged by one episode",
            "return total / episodes",
            "return total",
            ("judged_by_whole_episodes",),
        ),
        Mutant(
            "the last frame alone",
            "np.maximum(frames[0], frames[-1])",
            "frames[-1]",
            (GAMES, FRAMES, "games_end_at_once"),
        ),
        Mutant(
            "goes on after the end",
            "            if terminated or truncated:\n                break\n",
            "",
            (GAMES, FRAMES, "games_end_at_once"),
        ),
        Mutant(
            "never begins with nothing",
            "self.unwrapped.np_random.integers(1, 31)",
            "0",
            (GAMES, FRAMES),
        ),
        Mutant(
            "a lost life ends nothing",
            "terminated or lost, truncated",
            "terminated, truncated",
            (GAMES,),
        ),
        Mutant(
            "a lost life ends the game",
            "        if self.over:\n",
            "        if True:\n",
            (GAMES,),
        ),
        Mutant(
            "rewards as they are", "return float(np.sign(reward))", "return float(reward)", (GAMES,)
        ),
        Mutant(
            "red and blue exchanged",
            "np.array([9798, 19235, 3735])",
            "np.array([3735, 19235, 9798])",
            (GAMES, RESIZED),
        ),
        Mutant(
            "areas that do not fill their fields",
            "np.maximum(p * fields, f * pixels)",
            "np.maximum(p * fields, f * pixels + 1)",
            (RESIZED, "areas_are_means"),
        ),
        Mutant(
            "pictures of the last game",
            "self.pictures.extend([seen] * 4)",
            "self.pictures.extend([seen] * (4 - len(self.pictures) or 1))",
            (GAMES, FRAMES),
        ),
        Mutant(
            "the target network from the file",
            'theirs[f"q_net.{b}.{kind}"]',
            'theirs[f"q_net_target.{b}.{kind}"]',
            (SAVED,),
        ),
    ),
    runs=(
        Run(
            "DQN on CartPole",
            learns(),
            "mean return of five episodes with the best actions; 500 is the most there is",
            steps=STEPS,
            reach=200.0,
            short=(5_000, 30.0),
            seeds=(0, 1, 2, 3, 4),
        ),
    ),
    speed=speed,
)
