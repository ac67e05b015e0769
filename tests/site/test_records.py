# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Records on the site: a new folder shows everywhere, and the catalogue works for every reader."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterator

import jsonschema
import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ROOT, SmallSite, ready, served
from tests.zooniverse.proofs.test_blocks import PROOF
from tests.zooniverse.records.made_up import write
from zooniverse.proofs.record import Record, write_record

AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = ["Catalogue/", "Catalogue/Lineage/", "Language-Models/", "Language-Models/Beta/", "X/", ""]


def area(site: SmallSite, folder: str) -> None:
    title = folder.replace("-", " ")
    site.page(
        f"{folder}/README.md",
        f"---\ntitle: {title}\ndescription: An area of the tests of the records.\n---\n\n"
        f"# {title}\n\nOne sentence.\n\n<!-- zoo: models -->\n",
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallSite, str]]:
    """A site of four made-up models, and the address at which it is served."""
    home = tmp_path_factory.mktemp("models")
    site = SmallSite(home)
    docs = home / "docs"
    shutil.copy(ROOT / "docs" / "README.md", docs / "README.md")
    text = (docs / "README.md").read_text(encoding="utf-8")
    front, first = text.split("\n## ")[0], "\n"
    (docs / "README.md").write_text(front + first, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "Catalogue", docs / "Catalogue")
    area(site, "Language-Models")
    area(site, "Computer-Vision")
    write(docs, "Language-Models/Alpha", also_known_as=["First One"])
    write(
        docs, "Language-Models/Beta", year=2019, descends_from=[{"model": "first one"}],
        tasks=["classification", "<b>bold</b>"], line="Beta & <script>alert(1)</script> more.",
        weights={"availability": "closed"},
        sizes=[{"name": "large", "source": "alpha", "at": "1", "parameters": [
            {"value": "1.5 B", "source": "alpha", "at": "1"},
            {"value": "1.6 B", "source": "https://example.org/card"}]}],
    )  # fmt: skip
    write(docs, "Computer-Vision/Gamma", year=2020, descends_from=[{"model": "Alpha"}])
    counts = {"base": {"total": 651, "symbols": {}, "layers": []}}
    proof = Record.model_validate({**PROOF, "hashes": {}, "counts": counts})
    write_record(proof, docs / "Language-Models" / "Alpha")
    site.page("X.md", '# X\n\n<!-- zoo: compare models="Alpha, Beta" fields="year, results" -->\n')
    with served(home / "site") as address:
        site.settings = f"site_url: {address}\n"
        assert site.build() == (0, "")
        yield site, address


def soup(site: SmallSite, path: str) -> BeautifulSoup:
    return BeautifulSoup(site.html(f"{path}index.html"), "html.parser")


def test_a_new_folder_is_all_that_a_new_model_needs(models: tuple[SmallSite, str]) -> None:
    site, address = models
    write(site.folder / "docs", "Language-Models/Delta", year=2021,
          descends_from=[{"model": "Beta"}])  # fmt: skip
    try:
        assert site.build() == (0, "")
        page = soup(site, "Language-Models/Delta/")
        card = page.select_one(".zoo-card")
        assert card and "Alpha <Is> All" in card.text and card.select("a[href='../Beta/']")
        assert page.select_one(".zoo-lineage a[href='../Beta/']")
        assert page.select_one(".zoo-references li[id='fn:alpha'] .zoo-bibtex")
        about = json.loads(page.select("script[type='application/ld+json']")[0].text)["about"]
        assert about["name"] == "Delta" and about["isBasedOn"] == [
            f"{address}Language-Models/Beta/"
        ]
        shelf = soup(site, "Language-Models/").select(".zoo-shelf a")
        assert [link["href"] for link in shelf] == ["Alpha/", "Beta/", "Delta/"]
        rows = soup(site, "Catalogue/").select(".zoo-catalogue tbody th a")
        assert "../Language-Models/Delta/" in [link["href"] for link in rows]
        assert soup(site, "Catalogue/Lineage/").select("a[href='../../Language-Models/Delta/']")
        assert soup(site, "").select(".zoo-shelves a[href='Language-Models/Delta/']")
        assert soup(site, "Language-Models/").select("nav a[href='Delta/']")
        beta = soup(site, "Language-Models/Beta/").select_one(".zoo-card")
        assert beta and beta.select("a[href='../Delta/']")
        data = json.loads(site.html("catalogue.json"))
        assert [model["record"]["name"] for model in data["models"]][-1] == "Delta"
        assert data["license"] == "CC-BY-4.0" and data["version"] == 1
        assert f"{address}Language-Models/Delta/index.md" in site.html("llms.txt")
        twin = site.html("Language-Models/Delta/index.md")
        assert "# Delta\n\n- In one line: A model" in twin and "[^alpha]:" in twin
        searched = json.loads(site.html("search/whole_index.json"))["docs"]
        (found,) = (d for d in searched if d["location"] == "Language-Models/Delta/")
        assert "University of Somewhere" in found["text"] and "translation" in found["text"]
    finally:
        shutil.rmtree(site.folder / "docs" / "Language-Models" / "Delta")
        assert site.build() == (0, "")


def test_exports_fit_their_schema_and_are_no_formulas(models: tuple[SmallSite, str]) -> None:
    site, _ = models
    schema = json.loads(site.html("model.schema.json"))
    exported = json.loads(site.html("catalogue.json"))["models"]
    assert len(exported) == 3
    for model in exported:
        jsonschema.validate(model["record"], schema)
    rows = list(csv.DictReader(io.StringIO(site.html("catalogue.csv"))))
    beta = next(row for row in rows if row["name"] == "Beta")
    assert beta["parameters_published"] == "1500000000; 1600000000"
    assert not [v for row in rows for v in row.values() if v.startswith(("=", "+", "@"))]


def test_both_of_two_sources_are_shown(models: tuple[SmallSite, str]) -> None:
    card = soup(models[0], "Language-Models/Beta/").select_one(".zoo-card__sizes")
    assert card and "1.5 B" in card.text and "1.6 B" in card.text
    assert card.select("a[href='https://example.org/card']")
    whole = soup(models[0], "Language-Models/Beta/").select_one(".zoo-card")
    assert whole and "27.3 BLEU, WMT, test" in whole.text


def test_counted_and_published_parameters_stand_side_by_side(
    models: tuple[SmallSite, str],
) -> None:
    card = soup(models[0], "Language-Models/Alpha/").select_one(".zoo-card")
    assert card and "65 M" in card.text and "651" in card.text
    badge = card.select_one(".zoo-badge--proven")
    assert badge and "Proven on 2026-11-24" in badge.text


def test_what_a_record_says_is_never_markup(models: tuple[SmallSite, str]) -> None:
    for path in PAGES:
        html = models[0].html(f"{path}index.html")
        assert "<script>alert" not in html and "<b>bold" not in html, path


def test_an_unknown_model_in_a_comparison_is_told(small_site: SmallSite) -> None:
    write(small_site.folder / "docs", "Area/Alpha")
    ask = '# X\n\n<!-- zoo: compare models="Alpah, Alpha" fields="yaer" -->\n'
    small_site.page("X.md", ask)
    code, said = small_site.build()
    assert code == 1
    assert "docs/X.md:3: the comparison names 'Alpah', no model here. Write Alpha." in said
    assert "docs/X.md:3: the comparison has the unknown field 'yaer'. Write 'year'." in said


def test_the_catalogue_stays_light(models: tuple[SmallSite, str]) -> None:
    html = models[0].html("Catalogue/index.html").encode()
    assert len(gzip.compress(html)) < 150 * 1024


def test_citation_file_is_valid() -> None:
    schema = json.loads(
        (ROOT / "tests" / "zooniverse" / "data" / "cff-1.2.0.schema.json").read_text("utf-8")
    )
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(citation)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(citation | {"doi": "https://doi.org/10.1/x"})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    yield context.new_page()
    context.close()


def names(page: Page) -> list[str]:
    return page.locator(".zoo-catalogue tbody tr:visible th a").all_inner_texts()


@pytest.mark.browser
def test_catalogue_by_keyboard_alone_and_its_state_in_the_address(
    page: Page, models: tuple[SmallSite, str]
) -> None:
    page.goto(models[1] + "Catalogue/")
    expect(page.locator(".zoo-catalogue__form")).to_be_visible()
    assert names(page) == ["Gamma", "Alpha", "Beta"]
    page.get_by_label("Search", exact=True).last.focus()
    page.keyboard.type("first one")
    expect(page.locator(".zoo-catalogue__form [role=status]")).to_have_text("1 of 3 shown")
    assert names(page) == ["Alpha"]
    assert "q=first+one" in page.url
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Year").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert names(page) == ["Gamma", "Beta", "Alpha"]
    assert page.get_by_role("columnheader", name="Year").get_attribute("aria-sort") == "descending"
    page.get_by_label("At least").fill("1 B")
    assert names(page) == ["Beta"]
    page.goto(page.url)
    expect(page.get_by_label("At least")).to_have_value("1 B")
    assert names(page) == ["Beta"]
    page.get_by_role("button", name="Show all").press("Enter")
    expect(page.locator(".zoo-catalogue tbody tr:visible")).to_have_count(3)
    page.get_by_label("Task").select_option("classification")
    assert names(page) == ["Beta"]


@pytest.mark.browser
def test_catalogue_works_when_reached_from_another_page(
    page: Page, models: tuple[SmallSite, str]
) -> None:
    ready(page, models[1])
    page.get_by_role("link", name="Catalogue").first.click()
    expect(page.locator(".zoo-catalogue__form")).to_be_visible()
    assert page.evaluate("window.kept")


@pytest.mark.browser
def test_catalogue_is_complete_without_scripts(
    browser: Browser, models: tuple[SmallSite, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(models[1] + "Catalogue/")
    assert names(page) == ["Gamma", "Alpha", "Beta"]
    assert page.locator(".zoo-catalogue__form").is_hidden()
    assert page.locator(".zoo-plot svg").is_visible()
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_no_barrier_and_no_sideways_scroll(
    browser: Browser, models: tuple[SmallSite, str], scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in PAGES:
        page.goto(models[1] + path)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            "async tags => (await axe.run(document, {runOnly: tags})).violations"
            ".map(v => [v.id, v.nodes.map(n => n.html + n.failureSummary)])",
            WCAG,
        )
        assert found == [], path
    assert errors == []
    context.close()
