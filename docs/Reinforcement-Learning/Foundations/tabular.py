# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Reinforcement learning on tables: what can be computed exactly, and what is learnt from samples.

Value iteration and policy iteration, which are given the process, and Monte Carlo, SARSA and
Q-learning, which are not, on environments of gymnasium whose process can be read: so what is learnt
can be held against what is true. Letters in shapes: S states, A actions. Sections and equations are
those of Sutton and Barto, "Reinforcement Learning: An Introduction", second edition, draft of 2015.

Run it: python tabular.py    (it solves and learns FrozenLake and Taxi, in less than a minute)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any, Literal, NamedTuple

import gymnasium
import torch
from torch import Tensor

EXACT = torch.float64


# region process
class MDP(NamedTuple):
    """A Markov decision process with finitely many states and actions.

    Attributes:
        p: Chance of each next state, (S, A, S). A transition that ends the episode is left out, so
            what a row lacks of 1 is the chance that the episode ends.
        r: Expected reward, (S, A).
        start: Chance of each first state, (S,).
        gamma: Discount of a reward that comes one step later.
    """

    p: Tensor
    r: Tensor
    start: Tensor
    gamma: float


def read(env: gymnasium.Env[Any, Any], gamma: float) -> MDP:
    """Read the process from the table of transitions that gymnasium's toy environments hold."""
    table: dict[int, dict[int, list[tuple[float, int, float, bool]]]]
    table = env.unwrapped.P  # type: ignore[attr-defined]
    states, actions = len(table), len(table[0])
    p = torch.zeros(states, actions, states, dtype=EXACT)
    r = torch.zeros(states, actions, dtype=EXACT)
    for s, choices in table.items():
        for a, outcomes in choices.items():
            for chance, after, reward, ends in outcomes:
                r[s, a] += chance * reward
                if not ends:
                    p[s, a, after] += chance
    start = torch.as_tensor(env.unwrapped.initial_state_distrib)  # type: ignore[attr-defined]
    return MDP(p, r, start.to(EXACT), gamma)


def action_values(mdp: MDP, v: Tensor) -> Tensor:
    """Return the value of each action, (S, A), where what follows is worth v, (S,) (eq. 4.6)."""
    return mdp.r + mdp.gamma * mdp.p @ v


def softened(mdp: MDP, epsilon: float) -> MDP:
    """Return the process in which chance picks the action that often, evenly (section 5.4)."""
    p = (1 - epsilon) * mdp.p + epsilon * mdp.p.mean(dim=1, keepdim=True)
    r = (1 - epsilon) * mdp.r + epsilon * mdp.r.mean(dim=1, keepdim=True)
    return mdp._replace(p=p, r=r)


# endregion


# region exact
def under(mdp: MDP, policy: Tensor) -> tuple[Tensor, Tensor]:
    """Return transitions (S, S) and rewards (S,) under a policy of probabilities, (S, A)."""
    return torch.einsum("sa,sat->st", policy, mdp.p), (policy * mdp.r).sum(dim=1)


def solve(mdp: MDP, policy: Tensor) -> Tensor:
    """Return the value of each state, (S,): v = r + gamma P v is a system of linear equations."""
    p, r = under(mdp, policy)
    return torch.linalg.solve(torch.eye(len(r), dtype=EXACT) - mdp.gamma * p, r)


def visits(mdp: MDP, policy: Tensor) -> Tensor:
    """Return how often an episode is expected to visit each state, discounted, (S,)."""
    p, _ = under(mdp, policy)
    return torch.linalg.solve(torch.eye(len(p), dtype=EXACT) - mdp.gamma * p.T, mdp.start)


# endregion


# region planning
def sweeps(update: Callable[[Tensor], Tensor], v: Tensor) -> Iterator[Tensor]:
    """Yield update(v), update(update(v)) and so on."""
    while True:
        v = update(v)
        yield v


def settled(values: Iterator[Tensor], tolerance: float = 1e-13) -> tuple[Tensor, int]:
    """Return the first that differs from the one before by no more than this, and its number."""
    for number, (before, v) in enumerate(islice(pairwise(values), 100_000), start=2):
        if (v - before).abs().max() <= tolerance:
            return v, number
    raise ArithmeticError("the values do not settle: perhaps a policy never reaches an end")


def evaluate(mdp: MDP, policy: Tensor) -> tuple[Tensor, int]:
    """Return the value of a policy, (S,), found by sweeps, and their number (eq. 4.5)."""
    p, r = under(mdp, policy)
    return settled(sweeps(lambda v: r + mdp.gamma * p @ v, torch.zeros_like(r)))


def optimal_sweeps(mdp: MDP) -> Iterator[Tensor]:
    """Yield the best that can be had of each state within 1, 2, 3, ... steps (eq. 4.10)."""
    return sweeps(lambda v: action_values(mdp, v).amax(dim=1), torch.zeros_like(mdp.start))


def value_iteration(mdp: MDP) -> tuple[Tensor, int]:
    """Return the optimal value, (S,), and the number of sweeps."""
    return settled(optimal_sweeps(mdp))


def greedy(q: Tensor) -> Tensor:
    """Return the policy (S, A) that takes the best action, the first of those that are equal."""
    return torch.nn.functional.one_hot(q.argmax(dim=1), q.shape[1]).to(EXACT)


def policy_iteration(mdp: MDP) -> tuple[Tensor, Tensor, int]:
    """Return an optimal policy (S, A), its value (S,), and how many policies were solved."""
    policy = torch.full_like(mdp.r, 1 / mdp.r.shape[1])  # at random, which ends sooner or later
    for solved in range(1, 1000):
        v = solve(mdp, policy)
        q = action_values(mdp, v)
        better = q.amax(dim=1) > v + 1e-10  # where actions tie, the policy stays as it is
        if not better.any():
            return policy, v, solved
        policy = torch.where(better[:, None], greedy(q), policy)
    raise ArithmeticError("policy iteration does not end")


# endregion


# region learning
Method = Literal["Monte Carlo", "SARSA", "Q-learning"]
METHODS: tuple[Method, ...] = ("Monte Carlo", "SARSA", "Q-learning")


class Learner:
    """A table of action values, learnt from what happens when one acts by it."""

    def __init__(self, mdp: MDP, method: Method, seed: int) -> None:
        states, self.actions = mdp.r.shape
        self.method, self.gamma = method, mdp.gamma
        self.epsilon, self.rate = 1.0, 0.5  # how often it tries any action; how far values move
        self.q = [[0.0] * self.actions for _ in range(states)]
        self.path: list[tuple[int, int, float]] = []  # the episode so far, for Monte Carlo
        self.episodes = 0  # that have ended
        self.random = random.Random(seed)

    def act(self, s: int) -> int:
        """Choose the best action, or with the chance epsilon any; the best may be several."""
        if self.random.random() < self.epsilon:
            return self.random.randrange(self.actions)
        best = max(self.q[s])
        return self.random.choice([a for a, value in enumerate(self.q[s]) if value == best])

    def move(self, s: int, a: int, target: float) -> None:
        """Move a value towards a target."""
        self.q[s][a] += self.rate * (target - self.q[s][a])

    def learn(self, s: int, a: int, reward: float, after: int, then: int, ended: bool) -> None:
        """Learn from one step: action a in state s; action then is to follow in state after.

        SARSA is equation 6.5, Q-learning 6.6; of what ends an episode nothing lies ahead.
        """
        self.episodes += ended
        if self.method == "Monte Carlo":
            self.path.append((s, a, reward))
            if ended:
                self.learn_episode()
            return
        ahead = self.q[after][then] if self.method == "SARSA" else max(self.q[after])
        self.move(s, a, reward + self.gamma * (0.0 if ended else ahead))

    def learn_episode(self) -> None:
        """Move the value of each action towards the return that followed its first time (5.3)."""
        g = 0.0
        returns: dict[tuple[int, int], float] = {}
        for s, a, reward in reversed(self.path):
            g = reward + self.gamma * g
            returns[s, a] = g  # an earlier time overwrites a later one
        for (s, a), g in returns.items():
            self.move(s, a, g)
        self.path.clear()

    def values(self) -> Tensor:
        """Return the table, (S, A)."""
        return torch.tensor(self.q, dtype=EXACT)

    def policy(self) -> Tensor:
        """Return the policy whose values it learns, (S, A).

        Q-learning's is greedy, whatever it does while it learns; the others' is what they do.
        """
        epsilon = 0.0 if self.method == "Q-learning" else self.epsilon
        best = (self.values() == self.values().amax(dim=1, keepdim=True)).to(EXACT)
        return (1 - epsilon) * best / best.sum(dim=1, keepdim=True) + epsilon / self.actions


class Task(NamedTuple):
    """An environment, and how it is learnt.

    Attributes:
        name: As gymnasium knows it.
        gamma: Discount.
        epsilon: How often the learner tries any action in the end.
        rate: How far a value moves towards its target at first; less and less later.
    """

    name: str
    gamma: float
    epsilon: float
    rate: float

    def make(self) -> gymnasium.Env[Any, Any]:
        """Return the environment without gymnasium's limit on the length of an episode."""
        return gymnasium.make(self.name).unwrapped


def train(
    task: Task, method: Method, seed: int, steps: int, every: int
) -> Iterator[tuple[int, Learner]]:
    """Learn a task by so many steps; yields the steps done and the learner, now and then."""
    env = task.make()
    learner = Learner(read(env, task.gamma), method, seed)
    s, _ = env.reset(seed=seed)
    a = learner.act(s)
    for step in range(1, steps + 1):
        left = 1 - (step - 1) / steps
        learner.epsilon = max(task.epsilon, 2 * left - 1)  # at random at first
        learner.rate = task.rate * left
        after, reward, ended, _, _ = env.step(a)
        then = learner.act(after)
        learner.learn(s, a, float(reward), after, then, ended)
        if ended:
            after, _ = env.reset()
            then = learner.act(after)
        s, a = after, then
        if step % every == 0 or step == steps:
            yield step, learner


# endregion


# region judging
def error(mdp: MDP, learner: Learner) -> float:
    """Return by how much a table misses the exact action values of its own policy.

    It is the root of the mean square, each value weighed by how often the policy comes to it.
    """
    policy = learner.policy()
    weight = visits(mdp, policy)[:, None] * policy
    apart = learner.values() - action_values(mdp, solve(mdp, policy))
    return float(((weight * apart**2).sum() / weight.sum()).sqrt())


def worth(mdp: MDP, policy: Tensor) -> float:
    """Return the exact value of a policy from the start."""
    return float(mdp.start @ solve(mdp, policy))


# endregion


# region example
LAKE, WIDE_LAKE = "FrozenLake-v1", "FrozenLake8x8-v1"
TASKS = (Task(LAKE, 0.99, epsilon=0.1, rate=0.2), Task("Taxi-v4", 0.99, epsilon=0.1, rate=0.5))
STEPS = {LAKE: 100_000, "Taxi-v4": 200_000}


def solved(name: str) -> MDP:
    """Print what dynamic programming finds; returns the process with discount 0.99."""
    env = gymnasium.make(name)
    mdp = read(env, 0.99)
    v, number = value_iteration(mdp)
    _, w, rounds = policy_iteration(mdp)
    print(f"{name}: {mdp.r.shape[0]} states, {mdp.r.shape[1]} actions, discount {mdp.gamma}")
    print(f"  optimal value {mdp.start @ v:.6f}, by value iteration in {number} sweeps")
    print(f"  {rounds} policies solved by policy iteration, {(v - w).abs().max():.0e} apart")
    plain = mdp._replace(gamma=1.0)
    limit = env.spec.max_episode_steps if env.spec and env.spec.max_episode_steps else 1
    within = next(islice(optimal_sweeps(plain), limit - 1, None))
    print(f"  without discount: {plain.start @ policy_iteration(plain)[1]:.6f}", end="")
    print(f", and {plain.start @ within:.6f} within {limit} steps")
    blind = visits(plain, torch.full_like(mdp.r, 1 / mdp.r.shape[1])).sum()
    print(f"  {blind:.1f} steps to the end on average, at random")
    return mdp


def arrows(policy: Tensor, width: int) -> str:
    """Draw a policy for the lake: a dot where the first, blind policy could not be improved."""
    signs = ["·" if row.max() < 1 else "←↓→↑"[int(row.argmax())] for row in policy]
    return "\n".join("  " + "".join(signs[i : i + width]) for i in range(0, len(signs), width))


def main() -> None:
    """Solve three environments, learn two of them, and say how far the tables are from true."""
    solved(WIDE_LAKE)
    for task in TASKS:
        mdp = solved(task.name)
        if task.name == LAKE:
            print(arrows(policy_iteration(mdp)[0], width=4))
        best = {0.0: mdp, task.epsilon: softened(mdp, task.epsilon)}
        print(f"  learnt in {STEPS[task.name]:,} steps:  value, best there is, error, episodes")
        for method in METHODS:
            *_, (_, learner) = train(task, method, seed=0, steps=STEPS[task.name], every=10**9)
            process = best[0.0 if method == "Q-learning" else task.epsilon]
            v, _ = value_iteration(process)
            print(
                f"  {method:11} {worth(mdp, learner.policy()):9.4f} {mdp.start @ v:7.4f} "
                f"{error(mdp, learner):9.4f} {learner.episodes:6}"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion
