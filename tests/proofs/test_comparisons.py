# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What the comparisons measured fits their scripts, and the scripts ask what they say they ask."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
import torch

from zooniverse.proofs.loading import implementation
from zooniverse.proofs.measured import Measured, read_measured
from zooniverse.proofs.running import checks_of, installed, load_proof

FOLDER = Path(__file__).parents[2] / "docs" / "Comparisons"
STUDIES = sorted(FOLDER.glob("*.py"))
each_study = pytest.mark.parametrize("study", STUDIES, ids=lambda file: str(file.stem))


def recorded(study: Path) -> Measured:
    measured = read_measured(FOLDER, study.with_suffix(".json").name)
    assert isinstance(measured, Measured), measured
    return measured


@pytest.fixture(scope="module")
def code() -> Any:
    return implementation(FOLDER / "encoder_decoder.py")


@pytest.fixture(scope="module")
def generators() -> Any:
    return implementation(FOLDER / "generators.py")


@pytest.fixture(scope="module")
def learners() -> Any:
    return implementation(FOLDER / "values_policies.py")


@pytest.fixture(scope="module")
def pictures() -> Any:
    return implementation(FOLDER / "convolution_attention.py")


def test_studies_are_found() -> None:
    assert "encoder_decoder" in [study.stem for study in STUDIES]


@each_study
def test_the_record_is_fresh_and_adds_up(study: Path) -> None:
    measured = recorded(study)
    assert study.name in measured.hashes
    assert measured.versions["torch"] == installed("torch")
    assert len(measured.seeds) >= 3
    for task in measured.tasks:
        for one in task.outcomes:
            first = one.scores[0]
            assert one.curve[-1][1] == pytest.approx(first.mean, abs=1e-4)
            for score in one.scores:
                assert len(score.finals) == len(measured.seeds)
                assert score.mean == pytest.approx(fmean(score.finals), abs=1e-4)
                assert score.std == pytest.approx(stdev(score.finals), abs=1e-4)


def test_settings_and_sizes_are_those_of_the_script(code: Any) -> None:
    measured = recorded(FOLDER / "encoder_decoder.py")
    assert set(measured.hashes) == {"encoder_decoder.py", *code.CODE.values()}
    assert measured.seeds == list(code.SEEDS)
    assert measured.settings["steps"] == code.STEPS
    assert [task.name for task in measured.tasks] == list(code.TASKS)
    for task in measured.tasks:
        assert tuple(one.name for one in task.outcomes) == code.TASKS[task.name][2]
        sizes = [one.parameters for one in task.outcomes]
        assert max(sizes) < 1.05 * min(sizes)
        for one in task.outcomes:
            model = code.ARRANGEMENTS[one.name].build()
            assert one.parameters == sum(weights.numel() for weights in model.parameters())


def test_a_gap_is_known_from_its_twin(code: Any) -> None:
    x = code.gaps(200, torch.Generator().manual_seed(0))
    hidden = (x.source == code.MASK).nonzero()
    assert hidden[:, 0].tolist() == list(range(200))
    twins = x.source[hidden[:, 0], 7 - hidden[:, 1]]
    assert torch.equal(twins[:, None], x.wanted)
    judged = code.judge_gaps(x, x.wanted)
    assert judged == {"all gaps": 1.0, "twin to the left": 1.0, "to the right": 1.0}
    late = torch.where(hidden[:, 1:] > 3, x.wanted, code.MASK)  # filled where the twin came before
    judged = code.judge_gaps(x, late)
    assert judged["twin to the left"] == 1.0
    assert judged["to the right"] == 0.0


def test_a_word_is_wanted_twice_over(code: Any) -> None:
    x = code.doubles(200, torch.Generator().manual_seed(0), answers=2)
    both: set[bool] = set()
    for source, wanted, also in zip(*map(torch.Tensor.tolist, vars(x).values()), strict=True):
        assert len(set(source)) == 4
        answers = [source * 2, source[::-1] * 2]
        assert sorted((wanted, also)) == sorted(answers)
        both.add(wanted == answers[0])
    assert both == {False, True}
    assert code.judge_doubles(x, x.also) == {"words right": 1.0}
    mixed = torch.cat((x.wanted[:, :4], x.also[:, 4:]), dim=1)
    assert code.judge_doubles(x, mixed) == {"words right": 0.0}
    one = code.doubles(200, torch.Generator().manual_seed(0), answers=1)
    assert torch.equal(one.wanted, one.also)


@torch.no_grad()
def test_who_sees_what(code: Any) -> None:
    """What follows a gap changes the scores of the encoder and of writers, not those in place."""
    torch.manual_seed(0)
    x = code.gaps(200, torch.Generator().manual_seed(0))
    early = (x.source == code.MASK).int().argmax(dim=1) < 4
    source = x.source[early]
    changed = source.clone()
    changed[:, 7] = code.FIRST + (changed[:, 7] - code.FIRST + 1) % code.SYMBOLS
    here, there = (code.Examples(s, x.wanted[early], x.also[early]) for s in (source, changed))
    for name, one in code.ARRANGEMENTS.items():
        model = one.build().eval()
        same = torch.equal(one.score(model, here), one.score(model, there))
        assert same == (name == "decoder, in place"), name
        assert one.answer(model, here).shape == here.wanted.shape


def test_generators_have_all_that_they_are_made_of(generators: Any) -> None:
    measured = recorded(FOLDER / "generators.py")
    assert set(measured.hashes) == {
        "generators.py",
        "figures/generators.png",
        "../Generative-AI/digits.txt",
        *generators.CODE.values(),
    }
    assert measured.seeds == list(generators.SEEDS)
    assert measured.settings["seen"] == generators.SEEN
    (task,) = measured.tasks
    assert [one.name for one in task.outcomes] == list(generators.GENERATORS)


def test_frechet_distance(generators: Any) -> None:
    torch.manual_seed(0)
    x = torch.randn(500, 6).double() @ torch.randn(6, 6).double()
    assert generators.frechet(x, x) == pytest.approx(0, abs=1e-9)
    shift = torch.arange(6.0).double()
    assert generators.frechet(x, x + shift) == pytest.approx(55, abs=1e-9)  # 0 + 1 + 4 + … + 25
    # Twice as wide: (2 - 1)^2 times the trace of the covariance.
    around = x - x.mean(dim=0)
    assert generators.frechet(around, 2 * around) == pytest.approx(float(x.T.cov().trace()))
    # Covariances that do not commute, by the root of another symmetric matrix.
    y = torch.randn(500, 6).double() @ torch.randn(6, 6).double()
    values, vectors = torch.linalg.eigh(x.T.cov())
    root = vectors @ values.sqrt().diag() @ vectors.T
    middle = torch.linalg.eigvalsh(root @ y.T.cov() @ root).clamp(min=0).sqrt().sum()
    apart = (x.mean(dim=0) - y.mean(dim=0)).square().sum()
    wanted = apart + x.T.cov().trace() + y.T.cov().trace() - 2 * middle
    assert generators.frechet(x, y) == pytest.approx(float(wanted))


def test_the_judge_tells_digits_from_noise_and_many_from_one(generators: Any) -> None:
    referee, held_out, right = generators.judge()
    assert right > 0.85
    real = referee.scores(held_out)
    noise = referee.scores(torch.rand(held_out.shape) * 2 - 1)
    one = referee.scores(referee.seen[:1].expand(300, 1, 8, 8))
    assert real["digits shown"] == 10 and one["digits shown"] == 1
    assert real["judge is sure"] > noise["judge is sure"]
    assert real["Fréchet distance"] < min(noise["Fréchet distance"], one["Fréchet distance"])
    assert one["to the nearest seen"] < 1e-3 < real["to the nearest seen"]


def test_each_generator_draws_pictures(generators: Any) -> None:
    for name, one in generators.GENERATORS.items():
        *_, (step, model) = one.train(0, 2, 2)
        drawn = one.draw(model, 3)
        assert (step, drawn.shape) == (2, (3, 1, 8, 8)), name
        assert drawn.min() >= -1 and drawn.max() <= 1, name
        assert all(sum(w.numel() for w in part.parameters()) for part in one.network(model))


def learnt() -> dict[str, Any]:
    """Return the outcomes of the study of learners, of both its files, by name."""
    whole = recorded(FOLDER / "values_policies.py")
    rest = read_measured(FOLDER, "values_policies_faults.json")
    assert isinstance(rest, Measured), rest
    assert rest.hashes == whole.hashes
    return {one.name: one for file in (whole, rest) for task in file.tasks for one in task.outcomes}


def finals(one: Any, score: str) -> list[float]:
    (found,) = (x.finals for x in one.scores if x.name == score)
    return list(found)


def test_learners_have_all_that_they_are_made_of(learners: Any) -> None:
    measured = recorded(FOLDER / "values_policies.py")
    assert set(measured.hashes) == {
        "values_policies.py",
        "figures/values_policies.svg",
        "figures/values_policies_faults.svg",
        *learners.CODE.values(),
    }
    assert measured.settings["steps"] == learners.STEPS
    assert set(learnt()) == {*learners.LEARNERS, *learners.FAULTS}
    for one in learnt().values():
        assert [step for step, *_ in one.curve] == list(
            range(learners.EVERY, learners.STEPS + 1, learners.EVERY)
        )
        assert all(len(score.finals) == 5 for score in one.scores)


def test_networks_of_learners_have_one_shape(learners: Any) -> None:
    make = learners.dqn.task(learners.TASK)
    shapes = []
    for learner in learners.LEARNERS.values():
        c = learners.replace(getattr(learner.code, learner.settings), **learner.changes)
        model = learner.code.model_for(make(), c)
        chooser = model.actor if learner.code is learners.ppo else model
        shapes.append([tuple(weights.shape) for weights in chooser.parameters()])
    assert shapes == [shapes[0]] * 5
    assert [one.parameters for one in learnt().values()][:4] == [4610, 4610, 9155, 9155]


@pytest.mark.parametrize("name", ["PPO", "DQN"])
def test_a_learner_is_judged_when_it_is_due(learners: Any, name: str) -> None:
    (first,) = islice(learners.LEARNERS[name].train(0), 1)
    assert first[0] == learners.EVERY
    assert 0 < learners.LEARNERS[name].judge(first[1]) <= 1


def test_broken_learners_are_noticed_by_what_is_said(learners: Any) -> None:
    for name, fault in learners.FAULTS.items():
        folder = (FOLDER / learners.CODE[fault.code]).parent
        checks = checks_of(load_proof(folder))
        sound, ill = implementation(folder / f"{fault.code}.py"), learners.copy_with(fault)
        assert fault.noticed
        for check in fault.noticed:
            assert checks[check](sound), (name, check)
            assert not checks[check](ill), (name, check)


def test_interval_of_five_seeds(learners: Any) -> None:
    low, high = learners.interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (low + high) / 2 == pytest.approx(3)
    assert high - low == pytest.approx(2 * 2.776 * (2.5 / 5) ** 0.5)
    # It holds the mean of normal samples about 95 times in a hundred.
    draws = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0)).tolist()
    held = fmean(low < 0 < high for low, high in map(learners.interval, draws))
    assert held == pytest.approx(0.95, abs=0.015)


def test_permutation_of_seeds(learners: Any) -> None:
    apart, mixed = [1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]
    assert learners.permutation(apart, mixed) == 2 / 252
    assert learners.permutation(apart, apart) == 1
    # Of means that do not differ, p is below 0.05 in no more than 5 % of the cases.
    draws = torch.randn(300, 10, generator=torch.Generator().manual_seed(0)).tolist()
    p = [learners.permutation(draw[:5], draw[5:]) for draw in draws]
    assert fmean(value <= 0.05 for value in p) < 0.08
    assert fmean(p) == pytest.approx(0.5, abs=0.05)
    # One deviation apart: about 16 seeds of each for a power of 80 %.
    one = [value + stdev(apart) for value in apart]
    assert learners.seeds_needed(apart, one) == pytest.approx(15.7, abs=0.1)


def test_the_page_says_what_the_learners_came_to(learners: Any) -> None:
    """Each cell of the two tables that were written by hand is that of the files."""
    found, page = learnt(), (FOLDER / "Values-Policies.md").read_text(encoding="utf-8")
    cells = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("|")
    ]
    rows = {row[0]: row for row in cells}

    def mean(name: str, score: str) -> str:
        return f"{500 * fmean(finals(found[name], score)):.0f}"

    def between(name: str, score: str) -> str:
        low, high = learners.interval(finals(found[name], score))
        return f"{max(0, 500 * low):.0f} to {min(500, 500 * high):.0f}"

    for name in learners.LEARNERS:
        ends = finals(found[name], "at the end")
        reached = sum(share >= 0.95 for share in ends)
        assert rows[f"**{name}**"][1:] == [
            f"{mean(name, 'at the end')} ({between(name, 'at the end')})",
            f"{mean(name, 'over training')} ({between(name, 'over training')})",
            f"{reached} of 5",
            f"{fmean(finals(found[name], 'seconds to train')):.0f}",
        ], name
    for name, fault in learners.FAULTS.items():
        right = finals(found[learners.SOUND[fault.code]], "over training")
        wrong = finals(found[name], "over training")
        low, high = learners.interval(right)
        side = "inside" if low <= fmean(wrong) <= high else "outside"
        p = learners.permutation(right, wrong)
        assert rows[f"**{name}**"][1:] == [
            f"{mean(name, 'over training')}, {side}",
            mean(name, "at the end"),
            f"{p:.3f}",
        ], name
        begins = f"- {name} ({learners.SOUND[fault.code]}): "
        (item,) = (line for line in page.splitlines() if line.startswith(begins))
        noticed = ", ".join(f"`{check}`" for check in fault.noticed)
        assert item.endswith(f"; noticed by {noticed}"), name
    assert len(re.findall(r"zoo: measured", page)) == 1


def test_convolution_and_attention_are_of_one_size(pictures: Any) -> None:
    measured = recorded(FOLDER / "convolution_attention.py")
    assert measured.seeds == list(pictures.SEEDS)
    assert len(measured.tasks) > 1
    counted = {name: pictures.parameters(name) for name in pictures.MODELS}
    for task in measured.tasks:
        for one in task.outcomes:
            assert one.parameters == counted[one.name]
        sizes = [one.parameters for one in task.outcomes]
        assert max(sizes) <= 1.02 * min(sizes)


def test_a_moved_digit_keeps_all_its_pixels(pictures: Any) -> None:
    x = torch.rand(3, 1, 8, 8)
    placed = pictures.placed(x)
    assert placed.shape == (25, 3, 1, 12, 12)
    assert placed.sum(dim=(2, 3, 4)) == pytest.approx(x.sum(dim=(1, 2, 3)).expand(25, 3))
    assert torch.equal(placed[pictures.MIDDLE][..., 2:10, 2:10], x)
    down_and_left = pictures.PLACES.index((1, -2))
    assert torch.equal(placed[down_and_left][..., 3:11, 0:8], x)
    assert [len(pictures.away(distance)) for distance in (0, 1, 2)] == [1, 8, 16]


@pytest.mark.parametrize("patch", [1, 2])
def test_squares_are_mixed_whole(pictures: Any, patch: int) -> None:
    order = pictures.order(patch, 5)
    assert sorted(order.tolist()) == list(range(144))
    assert order.tolist() != list(range(144))
    assert torch.equal(order, pictures.order(patch, 5))
    assert not torch.equal(order, pictures.order(patch, 6))
    n = 12 // patch
    mixed = torch.arange(144)[order].view(n, patch, n, patch).transpose(1, 2).reshape(n * n, -1)
    whole = torch.arange(144).view(n, patch, n, patch).transpose(1, 2).reshape(n * n, -1)
    assert sorted(map(tuple, mixed.tolist())) == sorted(map(tuple, whole.tolist()))
