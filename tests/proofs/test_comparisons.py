# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What the comparisons measured fits their scripts, and the scripts ask what they say they ask."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from statistics import fmean, stdev
from types import ModuleType

import pytest
import torch

from zooniverse.proofs.measured import Measured, read_measured
from zooniverse.proofs.running import installed

FOLDER = Path(__file__).parents[2] / "docs" / "Comparisons"
STUDIES = sorted(FOLDER.glob("*.py"))
each_study = pytest.mark.parametrize("study", STUDIES, ids=lambda file: str(file.stem))


def recorded(study: Path) -> Measured:
    measured = read_measured(FOLDER, study.with_suffix(".json").name)
    assert isinstance(measured, Measured), measured
    return measured


@pytest.fixture(scope="module")
def code() -> ModuleType:
    file = FOLDER / "encoder_decoder.py"
    spec = importlib.util.spec_from_file_location("encoder_decoder", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "encoder_decoder", module)
        spec.loader.exec_module(module)
    return module


def test_studies_are_found() -> None:
    assert "encoder_decoder" in [study.stem for study in STUDIES]


@each_study
def test_the_record_is_fresh_and_adds_up(study: Path) -> None:
    measured = recorded(study)
    assert study.name in measured.hashes
    assert measured.versions["torch"] == installed("torch")
    assert len(measured.seeds) >= 3
    for task in measured.tasks:
        sizes = [one.parameters for one in task.outcomes]
        assert max(sizes) < 1.05 * min(sizes)
        for one in task.outcomes:
            first = one.scores[0]
            assert one.curve[-1][1] == pytest.approx(first.mean, abs=1e-4)
            for score in one.scores:
                assert len(score.finals) == len(measured.seeds)
                assert score.mean == pytest.approx(fmean(score.finals), abs=1e-4)
                assert score.std == pytest.approx(stdev(score.finals), abs=1e-4)


def test_settings_and_sizes_are_those_of_the_script(code: ModuleType) -> None:
    measured = recorded(FOLDER / "encoder_decoder.py")
    assert set(measured.hashes) == {"encoder_decoder.py", *code.CODE.values()}
    assert measured.seeds == list(code.SEEDS)
    assert measured.settings["steps"] == code.STEPS
    assert [task.name for task in measured.tasks] == list(code.TASKS)
    for task in measured.tasks:
        assert tuple(one.name for one in task.outcomes) == code.TASKS[task.name][2]
        for one in task.outcomes:
            model = code.ARRANGEMENTS[one.name].build()
            assert one.parameters == sum(weights.numel() for weights in model.parameters())


def test_a_gap_is_known_from_its_twin(code: ModuleType) -> None:
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


def test_a_word_is_wanted_twice_over(code: ModuleType) -> None:
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
def test_who_sees_what(code: ModuleType) -> None:
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
