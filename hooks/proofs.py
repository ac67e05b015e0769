# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Before a page is put into its template, what proof.json records beside it is set into it.

before   <!-- zoo: proof -->  <!-- zoo: ledger -->  <!-- zoo: curve -->  <!-- zoo: prints -->
after    <section class="zoo-proof">badge, what equals what, invariants, mutants, deviations
         <div class="zoo-ledger">  <figure class="zoo-curve">  <figure class="zoo-prints">
         A proof that failed, or is older than the code, is a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from zooniverse.markers import replace_markers
from zooniverse.problems import Problem
from zooniverse.proofs.blocks import NAMES, blocks
from zooniverse.proofs.record import NAME, problem_of, read_record
from zooniverse.records.collection import collect
from zooniverse.records.schema import Deviation

log = logging.getLogger("mkdocs.hooks.proofs")

BLOCKS = NAMES  # what it puts in the place of <!-- zoo: NAME -->


@event_priority(60)  # after links are led, before search reads the page
def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    docs, place = Path(config.docs_dir), page.file.src_uri.rpartition("/")[0]
    model = collect(docs, config).by_folder.get(place)
    differs = model.record.deviations if model else ()
    page.content, problem = with_proof(page.content or "", docs / place, differs)
    if problem:
        log.warning(problem.at(f"docs/{place}/{NAME}"))


def with_proof(
    html: str, folder: Path, deviations: Sequence[Deviation]
) -> tuple[str, Problem | None]:
    """Set what a proof shows where a page asks for it.

    Args:
        html: The page's content.
        folder: Where the page lies.
        deviations: From the paper, as the model's record lists them.

    Returns:
        The content, and what is wrong with the record of the proof.
    """
    record = read_record(folder)
    problem = record if isinstance(record, Problem) else None
    if record is None or isinstance(record, Problem):
        return replace_markers(html, blocks(None, deviations, folder.name)), problem
    return replace_markers(html, blocks(record, deviations, folder.name)), problem_of(
        record, folder
    )
