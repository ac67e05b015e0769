# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How tabular.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import islice, pairwise, product
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor

from zooniverse.proofs.form import Equality, Figure, Mutant, Proof, Run, Values

LAKE, WIDE, TAXI = "FrozenLake-v1", "FrozenLake8x8-v1", "Taxi-v4"


@cache
def table(name: str) -> Any:
    """Return gymnasium's table of transitions: by state and action, what may happen."""
    env: Any = gymnasium.make(name).unwrapped
    return env.P


def read(model: Any, name: str, gamma: float = 0.99) -> Any:
    """Return the process of an environment."""
    return model.read(gymnasium.make(name), gamma)


def random_policy(mdp: Any) -> Tensor:
    """Return a policy that may take any action anywhere, (S, A)."""
    return torch.rand_like(mdp.r).softmax(dim=1)


def small(model: Any, states: int = 4, actions: int = 3) -> Any:
    """Return a random process in which an episode may end at any step."""
    p = torch.rand(states, actions, states + 1)
    p = (p / p.sum(dim=2, keepdim=True))[:, :, :states]
    start = torch.rand(states).softmax(dim=0)
    return model.MDP(p, torch.randn(states, actions), start, 0.9)


# --- equalities ---------------------------------------------------------------------------------


def evaluation(model: Any) -> Values:
    """Values of random policies, where the reference has the end as one more state."""
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for name, gamma in ((LAKE, 0.99), (WIDE, 0.99), (TAXI, 0.9)):  # fewer sweeps of 500 states
        mdp = read(model, name, gamma)
        policy = random_policy(mdp)
        ours[f"sweeps, {name}"] = model.evaluate(mdp, policy)[0]
        ours[f"solved, {name}"] = model.solve(mdp, policy)
        v = with_the_end(name, policy.numpy(), gamma)
        reference[f"sweeps, {name}"] = reference[f"solved, {name}"] = torch.from_numpy(v)
    return Values(ours, reference)


def with_the_end(name: str, policy: Any, gamma: float) -> Any:
    """Solve a policy where the end is a state of its own, without reward, that is never left."""
    states = len(table(name))
    p, r = np.zeros((states + 1, states + 1)), np.zeros(states + 1)
    p[states, states] = 1.0
    for s, choices in table(name).items():
        for a, outcomes in choices.items():
            for chance, after, reward, ends in outcomes:
                p[s, states if ends else after] += policy[s, a] * chance
                r[s] += policy[s, a] * chance * reward
    return np.linalg.solve(np.eye(states + 1) - gamma * p, r)[:states]


def lake(model: Any) -> Values:
    """The optimum of the lake, where the reference computes in fractions and so without error."""
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for gamma in (Fraction(99, 100), Fraction(1)):
        mdp = read(model, LAKE, float(gamma))
        v, _ = model.value_iteration(mdp)
        policy, w, _ = model.policy_iteration(mdp)
        exact_v, exact_q = in_fractions(gamma)
        for name, value in {"value": v, "policy": w, "solved": model.solve(mdp, policy)}.items():
            ours[f"{name}, discount {gamma}"] = value
            reference[f"{name}, discount {gamma}"] = exact_v
        ours[f"actions, discount {gamma}"] = model.action_values(mdp, v)
        reference[f"actions, discount {gamma}"] = exact_q
    return Values(ours, reference)


@cache
def in_fractions(gamma: Fraction) -> tuple[Tensor, Tensor]:
    """Find the optimum of the lake by policy iteration in fractions; returns v and q."""
    states, actions = range(len(table(LAKE))), range(4)

    def ahead(s: int, a: int, v: list[Fraction]) -> Fraction:
        return sum(
            (
                Fraction(chance).limit_denominator(9) * (int(reward) + (0 if end else gamma * v[t]))
                for chance, t, reward, end in table(LAKE)[s][a]
            ),
            Fraction(0),
        )

    def value(weights: list[list[Fraction]]) -> list[Fraction]:
        rows = []
        for s in states:
            row = [Fraction(int(s == t)) for t in states] + [Fraction(0)]
            for a in actions:
                for chance, t, reward, end in table(LAKE)[s][a]:
                    often = weights[s][a] * Fraction(chance).limit_denominator(9)
                    row[-1] += often * int(reward)
                    row[t] -= 0 if end else often * gamma
            rows.append(row)
        for s in states:  # elimination
            pivot = next(i for i in range(s, len(rows)) if rows[i][s])
            rows[s], rows[pivot] = rows[pivot], rows[s]
            rows[s] = [x / rows[s][s] for x in rows[s]]
            for i in states:
                if i != s and rows[i][s]:
                    rows[i] = [x - rows[i][s] * y for x, y in zip(rows[i], rows[s], strict=True)]
        return [row[-1] for row in rows]

    weights = [[Fraction(1, 4)] * 4 for _ in states]
    while True:
        v = value(weights)
        q = [[ahead(s, a, v) for a in actions] for s in states]
        if all(max(q[s]) == v[s] for s in states):  # no action is better anywhere: it is optimal
            return torch.tensor([float(x) for x in v]), torch.tensor(
                [[float(x) for x in row] for row in q]
            )
        for s in states:
            if max(q[s]) > v[s]:
                best = q[s].index(max(q[s]))
                weights[s] = [Fraction(int(a == best)) for a in actions]


def taxi(model: Any) -> Values:
    """The optimum of the taxi: it drives the shortest way, which breadth-first search finds."""
    n = torch.tensor(shortest(), dtype=torch.float64)
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for gamma in (0.99, 1.0):
        mdp = read(model, TAXI, gamma)
        ours[f"value, {gamma}"] = model.value_iteration(mdp)[0]
        ours[f"policy, {gamma}"] = model.policy_iteration(mdp)[1]
        steps = n - 1 if gamma == 1 else (1 - gamma ** (n - 1)) / (1 - gamma)
        v = 20 * gamma ** (n - 1) - steps
        reference[f"value, {gamma}"] = reference[f"policy, {gamma}"] = v
    return Values(ours, reference)


@cache
def shortest() -> list[int]:
    """Return how many steps the taxi needs from each state, for the passenger to be delivered."""
    before: dict[int, list[int]] = {s: [] for s in table(TAXI)}
    found: dict[int, int] = {}
    for s, choices in table(TAXI).items():
        for ((_, after, reward, ends),) in choices.values():
            if ends:
                found[s] = 1
            elif reward > -10:
                before[after].append(s)
    queue = list(found)
    for s in queue:
        for earlier in before[s]:
            if earlier not in found:
                found[earlier] = found[s] + 1
                queue.append(earlier)
    return [found[s] for s in sorted(found)]


def every_policy(model: Any) -> Values:
    """The optimum of a random process: the best of all policies, each of them solved."""
    mdp = small(model)
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for epsilon in (0.0, 0.3):
        process = model.softened(mdp, epsilon)
        ours[f"value, {epsilon}"] = model.value_iteration(process)[0]
        ours[f"policy, {epsilon}"] = model.policy_iteration(process)[1]
        best = np.full(4, -np.inf)
        for choice in product(range(3), repeat=4):
            policy = np.full((4, 3), epsilon / 3)
            policy[range(4), choice] += 1 - epsilon
            p = np.einsum("sa,sat->st", policy, mdp.p.numpy())
            r = (policy * mdp.r.numpy()).sum(axis=1)
            best = np.maximum(best, np.linalg.solve(np.eye(4) - 0.9 * p, r))
        reference[f"value, {epsilon}"] = reference[f"policy, {epsilon}"] = torch.from_numpy(best)
    return Values(ours, reference)


def updates(model: Any) -> Values:
    """A random episode, learnt by each method, and by descent on the squared error to the target.

    The target is held fixed.
    """
    mdp, length = small(model), 40
    s = torch.randint(4, (length + 1,)).tolist()
    a = torch.randint(3, (length + 1,)).tolist()
    reward = torch.randn(length).tolist()
    begin = torch.randn(4, 3)
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for method in model.METHODS:
        learner = model.Learner(mdp, method, seed=0)
        learner.q, learner.rate = begin.tolist(), 0.3
        q = begin.clone().requires_grad_()
        step = torch.optim.SGD([q], lr=0.3)
        for _episode in range(2):
            for t in range(length):
                learner.learn(s[t], a[t], reward[t], s[t + 1], a[t + 1], t + 1 == length)
            for t in range(length):
                last = t + 1 == length
                if method == "Monte Carlo":
                    if (s[t], a[t]) in zip(s[:t], a[:t], strict=True):
                        continue
                    target = torch.tensor(sum(0.9**k * reward[t + k] for k in range(length - t)))
                elif method == "SARSA":
                    target = reward[t] + 0.9 * q[s[t + 1], a[t + 1]].detach() * (not last)
                else:
                    target = reward[t] + 0.9 * q[s[t + 1]].detach().max() * (not last)
                step.zero_grad()
                (0.5 * (target - q[s[t], a[t]]) ** 2).backward()
                step.step()
        ours[method], reference[method] = learner.values(), q.detach()
    return Values(ours, reference)


def judged(model: Any) -> Values:
    """What is said of a learner, where the reference follows the policy forward step by step."""
    mdp = small(model)
    ours: dict[str, Tensor] = {}
    reference: dict[str, Tensor] = {}
    for method in model.METHODS:
        learner = model.Learner(mdp, method, seed=0)
        learner.q, learner.epsilon = torch.randn(4, 3).tolist(), 0.2
        q = torch.tensor(learner.q)
        policy = torch.full((4, 3), 0.0 if method == "Q-learning" else 0.2 / 3)
        policy[range(4), q.argmax(dim=1)] += 1.0 if method == "Q-learning" else 0.8
        p = torch.einsum("sa,sat->st", policy, mdp.p)
        often, value, here = torch.zeros(4), torch.zeros(4), mdp.start
        for _ in range(500):
            often, here = often + here, 0.9 * here @ p
            value = (policy * mdp.r).sum(dim=1) + 0.9 * p @ value
        apart = q - mdp.r - 0.9 * torch.einsum("sat,t->sa", mdp.p, value)
        square = (often[:, None] * policy * apart**2).sum() / often.sum()
        ours[f"policy, {method}"], reference[f"policy, {method}"] = learner.policy(), policy
        ours[f"visits, {method}"], reference[f"visits, {method}"] = model.visits(mdp, policy), often
        ours[f"worth, {method}"] = torch.tensor(model.worth(mdp, policy))
        reference[f"worth, {method}"] = mdp.start @ value
        ours[f"error, {method}"] = torch.tensor(model.error(mdp, learner))
        reference[f"error, {method}"] = square.sqrt()
    return Values(ours, reference)


# --- invariants ---------------------------------------------------------------------------------


def process_is_what_happens(model: Any) -> None:
    """What gymnasium does in 20,000 steps on the lake is what the process says.

    Frequencies and mean rewards are within five standard errors.
    """
    mdp = read(model, LAKE)
    env: Any = gymnasium.make(LAKE).unwrapped
    env.reset(seed=0)
    for s, a in ((0, 0), (6, 1), (14, 2), (14, 1)):
        count, total = torch.zeros(16), 0.0
        for _ in range(5000):
            env.s = s
            after, reward, ended, _, _ = env.step(a)
            count[after] += not ended
            total += reward
        p = mdp.p[s, a]
        limit = 5 * ((p * (1 - p)).clamp(min=0) / 5000).sqrt() + 1e-9
        assert ((count / 5000 - p).abs() <= limit).all(), (s, a, count / 5000, p)
        r = float(mdp.r[s, a])
        assert abs(total / 5000 - r) <= 5 * max(0.0, r * (1 - r) / 5000) ** 0.5 + 1e-9, (s, a, r)


def known_optima(model: Any) -> None:
    """Without discount the lake is crossed with chance 14/17, the larger one for certain.

    Within gymnasium's limits of 100 and 200 steps it is 0.74 and 0.91; the taxi earns 7.93.
    """
    for name, limit, known, known_within in (
        (LAKE, 100, 14 / 17, 0.74),
        (WIDE, 200, 1.0, 0.91),
        (TAXI, 200, 7.93, 7.93),
    ):
        mdp = read(model, name, 1.0)
        best = float(mdp.start @ model.policy_iteration(mdp)[1])
        within = float(mdp.start @ next(islice(model.optimal_sweeps(mdp), limit - 1, None)))
        assert abs(best - known) < 1e-9, (name, best)
        assert round(within, 2) == known_within, (name, within)


def improvement_never_hurts(model: Any) -> None:
    """The greedy policy is in no state worse than the policy it was made from."""
    for _ in range(20):
        mdp = small(model)
        policy = random_policy(mdp)
        v = model.solve(mdp, policy)
        better = model.solve(mdp, model.greedy(model.action_values(mdp, v)))
        assert (better > v - 1e-12).all(), better - v


def sweeps_come_closer(model: Any) -> None:
    """Each sweep of value iteration multiplies the largest error by the discount, or by less."""
    mdp = read(model, LAKE)
    v, _ = model.value_iteration(mdp)
    errors = [float((w - v).abs().max()) for w in islice(model.optimal_sweeps(mdp), 200)]
    for before, after in pairwise(errors):
        assert after <= 0.99 * before + 1e-12, (before, after)


def exploring_costs(model: Any) -> None:
    """The more often chance picks the action, the less the best policy is worth."""
    mdp = read(model, LAKE)
    best = [
        float(mdp.start @ model.value_iteration(model.softened(mdp, e))[0])
        for e in (0.0, 0.1, 0.3, 1.0)
    ]
    assert best == sorted(best, reverse=True) and best[0] > best[-1], best
    blind = model.worth(mdp, torch.full((16, 4), 0.25))
    assert abs(best[-1] - blind) < 1e-9, (best, blind)


def acts_as_its_policy_says(model: Any) -> None:
    """A learner takes each action as often as its policy says, also where the best are several."""
    learner = model.Learner(small(model), "SARSA", seed=0)
    learner.q, learner.epsilon = [[1.0, 1.0, 0.0]] * 4, 0.3
    count = torch.zeros(3)
    for _ in range(5000):
        count[learner.act(0)] += 1
    p = learner.policy()[0]
    assert ((count / 5000 - p).abs() < 5 * (p * (1 - p) / 5000).sqrt()).all(), (count, p)


class Corridor:
    """Three rooms in a row: one way leads on, the other back; it costs a step; the end gives 10."""

    P = {  # noqa: RUF012
        s: {
            0: [(1.0, max(s - 1, 0), -1.0, False)],
            1: [(1.0, s + 1, -1.0, False) if s < 2 else (1.0, 2, 10.0, True)],
        }
        for s in range(3)
    }
    initial_state_distrib = torch.tensor([1.0, 0.0, 0.0])

    def __init__(self) -> None:
        self.unwrapped, self.s = self, 0

    def reset(self, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        self.s = 0
        return 0, {}

    def step(self, a: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        ((_, self.s, reward, ended),) = self.P[self.s][a]
        return self.s, reward, ended, False, {}


def without_chance_the_table_becomes_exact(model: Any) -> None:
    """In three rooms without chance, Q-learning's table becomes the exact one."""
    task = SimpleNamespace(make=Corridor, gamma=0.9, epsilon=0.2, rate=0.5)
    *_, (_, learner) = model.train(task, "Q-learning", seed=0, steps=4000, every=1000)
    mdp = model.read(Corridor(), 0.9)
    q = model.action_values(mdp, model.value_iteration(mdp)[0])
    assert (learner.values() - q).abs().max() < 1e-9, learner.values() - q
    assert learner.episodes > 400, learner.episodes


def explores_less_and_less(model: Any) -> None:
    """A learner begins at random, ends as its task says, and its steps shrink to nothing.

    The same seed gives the same table, another seed another.
    """
    task = SimpleNamespace(make=Corridor, gamma=0.9, epsilon=0.2, rate=0.5)

    def run(seed: int) -> tuple[list[tuple[int, float, float]], list[list[float]]]:
        seen = []
        for step, learner in model.train(task, "SARSA", seed, 400, every=100):
            seen.append((step, learner.epsilon, learner.rate))
        return seen, learner.q

    seen, q = run(0)
    assert [step for step, _, _ in seen] == [100, 200, 300, 400], seen
    assert seen[0][1] > 0.5 and seen[2][1] == seen[3][1] == 0.2, seen
    assert 0.3 < seen[0][2] < 0.5 and 0 < seen[3][2] < 0.01, seen
    assert run(0)[1] == q and run(1)[1] != q


# --- runs and figures ---------------------------------------------------------------------------


def errors(name: str, method: str) -> Any:
    """Return what learns a task and yields how far the table is from its policy's exact values."""

    def train(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
        task = next(task for task in model.TASKS if task.name == name)
        mdp = model.read(task.make(), task.gamma)
        for step, learner in model.train(task, method, seed, steps, every=steps // 20):
            yield step, model.error(mdp, learner)

    return train


def planned_and_learnt(model: Any) -> Tensor:
    """Draw the lake: above the sweeps of value iteration, below the steps of Q-learning."""
    task = model.TASKS[0]
    mdp = model.read(task.make(), task.gamma)
    sweeps = list(islice(model.optimal_sweeps(mdp), 400))
    above = [sweeps[n - 1] for n in (1, 3, 10, 30, 100, 400)]
    steps = (1_000, 5_000, 10_000, 20_000, 50_000, 100_000)
    below = [
        learner.values().amax(dim=1)
        for step, learner in model.train(task, "Q-learning", 0, steps[-1], every=1000)
        if step in steps
    ]
    return 1 - torch.stack([torch.stack(above), torch.stack(below)]).view(2, 6, 4, 4)


EVALUATION, LAKE_BEST, TAXI_BEST = "policies", "optimum of the lake", "optimum of the taxi"
EVERY, UPDATES, JUDGED = "optimum of a random process", "updates", "judging a learner"

PROOF = Proof(
    code="tabular.py",
    sizes=(),
    ledger=(),
    equalities=(
        Equality(EVALUATION, evaluation, "numpy.linalg.solve, the end as a state", "numpy"),
        Equality(LAKE_BEST, lake, "policy iteration in fractions, on its table", "gymnasium"),
        Equality(TAXI_BEST, taxi, "breadth-first search, on its table", "gymnasium"),
        Equality(EVERY, every_policy, "the best of all policies, by numpy.linalg.solve", "numpy"),
        Equality(UPDATES, updates, "torch.optim.SGD on the squared error"),
        Equality(JUDGED, judged, "500 steps forward from the start"),
    ),
    invariants=(
        process_is_what_happens,
        known_optima,
        improvement_never_hurts,
        sweeps_come_closer,
        exploring_costs,
        acts_as_its_policy_says,
        without_chance_the_table_becomes_exact,
        explores_less_and_less,
    ),
    mutants=(
        Mutant(
            "reward counted in full, whatever its chance",
            "chance * reward",
            "reward",
            (EVALUATION, LAKE_BEST, "process_is_what_happens"),
        ),
        Mutant(
            "no reward above 10",
            "chance * reward",
            "chance * min(reward, 10)",
            (TAXI_BEST, "known_optima"),
        ),
        Mutant(
            "goes on after the end",
            "if not ends:",
            "if True:",
            (EVALUATION, "process_is_what_happens"),
        ),
        Mutant(
            "the last of several ways to the same state",
            "p[s, a, after] += chance",
            "p[s, a, after] = chance",
            (EVALUATION, LAKE_BEST, "process_is_what_happens"),
        ),
        Mutant(
            "discount left out of the actions",
            "mdp.r + mdp.gamma * mdp.p @ v",
            "mdp.r + mdp.p @ v",
            ("sweeps_come_closer",),
        ),
        Mutant(
            "chance picks the action in the rewards alone",
            "(1 - epsilon) * mdp.p + epsilon * mdp.p.mean(dim=1, keepdim=True)",
            "mdp.p",
            (EVERY, "exploring_costs"),
        ),
        Mutant(
            "chance picks the action without reward",
            "(1 - epsilon) * mdp.r + epsilon * mdp.r.mean(dim=1, keepdim=True)",
            "(1 - epsilon) * mdp.r",
            (EVERY, "exploring_costs"),
        ),
        Mutant(
            "discount left out of the equations",
            "dtype=EXACT) - mdp.gamma * p, r)",
            "dtype=EXACT) - p, r)",
            (EVALUATION, JUDGED),
        ),
        Mutant("visits backwards", "mdp.gamma * p.T", "mdp.gamma * p", (JUDGED,)),
        Mutant(
            "discounted twice", "r + mdp.gamma * p @ v", "r + mdp.gamma**2 * p @ v", (EVALUATION,)
        ),
        Mutant(
            "the worst action",
            "action_values(mdp, v).amax(dim=1), torch",
            "action_values(mdp, v).amin(dim=1), torch",
            (LAKE_BEST, EVERY, "known_optima"),
        ),
        Mutant(
            "stops too soon", "tolerance: float = 1e-13", "tolerance: float = 1e-6", (LAKE_BEST,)
        ),
        Mutant(
            "a small improvement is none",
            "> v + 1e-10",
            "> v + 0.1",
            (LAKE_BEST, "known_optima"),
        ),
        Mutant(
            "greedy for the least",
            "q.argmax(dim=1), q.shape[1]",
            "q.argmin(dim=1), q.shape[1]",
            ("improvement_never_hurts",),
        ),
        Mutant(
            "never explores",
            "self.random.random() < self.epsilon",
            "self.random.random() < 0",
            ("acts_as_its_policy_says",),
        ),
        Mutant(
            "the first of several best",
            "return self.random.choice([a for a, value in enumerate(self.q[s]) if value == best])",
            "return self.q[s].index(best)",
            ("acts_as_its_policy_says",),
        ),
        Mutant(
            "values grow without end",
            "self.rate * (target - self.q[s][a])",
            "self.rate * target",
            (UPDATES,),
        ),
        Mutant(
            "SARSA takes the best action",
            'self.q[after][then] if self.method == "SARSA"',
            'max(self.q[after]) if self.method == "SARSA"',
            (UPDATES,),
        ),
        Mutant(
            "Q-learning takes the next action",
            "else max(self.q[after])",
            "else self.q[after][then]",
            (UPDATES, "without_chance_the_table_becomes_exact"),
        ),
        Mutant(
            "something lies beyond the end",
            "(0.0 if ended else ahead)",
            "ahead",
            (UPDATES, "without_chance_the_table_becomes_exact"),
        ),
        Mutant(
            "the last visit instead of the first",
            "returns[s, a] = g",
            "returns.setdefault((s, a), g)",
            (UPDATES,),
        ),
        Mutant("return without discount", "reward + self.gamma * g", "reward + g", (UPDATES,)),
        Mutant("episodes run together", "self.path.clear()", "pass", (UPDATES,)),
        Mutant(
            "Q-learning judged by what it does",
            '0.0 if self.method == "Q-learning" else self.epsilon',
            "self.epsilon",
            (JUDGED,),
        ),
        Mutant("every state weighs the same", "(weight * apart**2)", "(apart**2)", (JUDGED,)),
        Mutant(
            "begins anew without saying so",
            "            after, _ = env.reset()",
            "            env.reset()",
            ("without_chance_the_table_becomes_exact",),
        ),
        Mutant(
            "steps do not shrink",
            "learner.rate = task.rate * left",
            "learner.rate = task.rate",
            ("explores_less_and_less",),
        ),
    ),
    runs=tuple(
        Run(
            f"{title}: {method}",
            errors(name, method),
            "error of the table, to the exact action values of its own policy",
            steps=steps,
            reach=reach,
            short=short,
            seeds=(0, 1, 2, 3, 4),
            higher_is_better=False,
        )
        for title, name, method, steps, reach, short in (
            ("FrozenLake", LAKE, "Monte Carlo", 100_000, 0.042, None),
            ("FrozenLake", LAKE, "SARSA", 100_000, 0.03, None),
            ("FrozenLake", LAKE, "Q-learning", 100_000, 0.03, None),
            ("Taxi", TAXI, "SARSA", 200_000, 15.0, None),
            ("Taxi", TAXI, "Q-learning", 200_000, 1.0, (40_000, 200.0)),
        )
    ),
    figures=(Figure("lake.png", planned_and_learnt),),
)
