# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Every type of diagram that Mermaid documents is drawn with the front matter it gets here.

ZenUML is left out: Mermaid does not bundle it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import ROOT
from zooniverse.diagrams import (
    ELK_TYPES,
    DiagramSettings,
    diagram_type,
    house_front_matter,
    with_front_matter,
)

pytestmark = pytest.mark.browser

LIBRARY = ROOT / "docs/assets/vendor/mermaid/mermaid.min.js"
SETTINGS = DiagramSettings(
    author="Cong Le",
    version="1.0",
    licenses="MIT, CC BY 4.0",
    copyright="Copyright (c) 2025 Cong Le. All Rights Reserved.",
    config={"look": "handDrawn", "handDrawnSeed": 1},
)
# By the word that names the type in the source; what follows a "/" tells variants apart.
SOURCES = {
    "flowchart": """\
flowchart TB
  image[Image 3 × 32 × 32] --> conv[Convolution]
  conv --> pool{Pooled?}
  pool -- yes --> head[Classifier]
  pool -- no --> conv
""",
    "graph": """\
graph LR
  subgraph Encoder
    a[Embed] --> b[Attend]
  end
  b --> c[Decode]
""",
    "flowchart-elk": """\
flowchart-elk TB
  a --> b
""",
    "swimlane-beta": """\
swimlane-beta LR
  subgraph Actor
    act[Act]
  end
  subgraph Learner
    learn[Learn]
  end
  act --> learn
""",
    "agentflow-beta": """\
agentflow-beta TB
  flow planner["Planner"]
    goal["Goal"]@{ shape: input }
    plan["Plan"]@{ shape: task }
    goal --> plan
  end
""",
    "sequenceDiagram": """\
sequenceDiagram
  participant A as Agent
  participant E as Environment
  A->>E: action
  E-->>A: reward, state
""",
    "classDiagram": """\
classDiagram
  class Module {
    +forward(x) Tensor
  }
  class Linear {
    +Tensor weight
  }
  Module <|-- Linear
""",
    "classDiagram-v2": """\
classDiagram-v2
  Module <|-- Linear
""",
    "stateDiagram": """\
stateDiagram
  [*] --> Explore
  Explore --> Exploit
  Exploit --> [*]
""",
    "stateDiagram-v2": """\
stateDiagram-v2
  [*] --> Explore
  Explore --> Exploit
  Exploit --> [*]
""",
    "erDiagram": """\
erDiagram
  MODEL ||--o{ RUN : has
  MODEL {
    string name
  }
""",
    "requirementDiagram": """\
requirementDiagram
  requirement equal {
    id: 1
    text: equals the reference
    risk: high
    verifymethod: test
  }
  element check {
    type: simulation
  }
  check - satisfies -> equal
""",
    "journey": """\
journey
  title Reading a page
  section Minute
    Read the idea: 5: Reader
  section Ten
    Read the code: 3: Reader
""",
    "gantt": """\
gantt
  dateFormat YYYY-MM-DD
  section Training
  Warm-up :a, 2025-01-01, 3d
  Decay :after a, 5d
""",
    "pie": """\
pie showData
  "Attention" : 33
  "Feed-forward" : 67
""",
    "quadrantChart": """\
quadrantChart
  x-axis Small --> Large
  y-axis Slow --> Fast
  quadrant-1 Wanted
  BERT: [0.3, 0.6]
  GPT-3: [0.9, 0.2]
""",
    "gitGraph": """\
gitGraph
  commit
  branch fix
  commit
  checkout main
  merge fix
""",
    "C4Context": """\
C4Context
  Person(reader, "Reader")
  System(site, "Site")
  Rel(reader, site, "reads")
""",
    "C4Container": """\
C4Container
  Container(web, "Web", "HTML", "Pages")
  ContainerDb(index, "Index", "JSON", "Search")
  Rel(web, index, "asks")
""",
    "C4Component": """\
C4Component
  Component(hook, "Hook", "Python", "Adds")
  Component(theme, "Theme", "HTML", "Draws")
  Rel(hook, theme, "feeds")
""",
    "C4Dynamic": """\
C4Dynamic
  Component(hook, "Hook", "Python", "Adds")
  Component(theme, "Theme", "HTML", "Draws")
  RelIndex(1, hook, theme, "feeds")
""",
    "C4Deployment": """\
C4Deployment
  Deployment_Node(host, "Host", "Linux") {
    Container(web, "Web", "HTML", "Pages")
  }
""",
    "mindmap": """\
mindmap
  root((Models))
    Vision
      ResNet
    Language
      BERT
""",
    "timeline": """\
timeline
  2017 : Transformer
  2018 : BERT : GPT
  2020 : GPT-3
""",
    "sankey-beta": """\
sankey-beta

Parameters,Attention,33
Parameters,Feed-forward,67
""",
    "sankey": """\
sankey

Parameters,Attention,33
Parameters,Feed-forward,67
""",
    "xychart-beta": """\
xychart-beta
  x-axis [1, 2, 3]
  y-axis "loss" 0 --> 4
  line [4, 2, 1]
""",
    "xychart": """\
xychart
  x-axis [1, 2, 3]
  y-axis "loss" 0 --> 4
  bar [4, 2, 1]
""",
    "block-beta": """\
block-beta
  columns 2
  a["Query"] b["Key"]
  c["Value"]:2
""",
    "block": """\
block
  columns 2
  a["Query"] b["Key"]
  a --> b
""",
    "packet-beta": """\
packet-beta
  0-15: "Sign"
  16-31: "Mantissa"
""",
    "packet": """\
packet
  +1: "Sign"
  +8: "Exponent"
  +23: "Mantissa"
""",
    "kanban": """\
kanban
  todo[To do]
    gan[Write GAN]
  done[Done]
    bert[Write BERT]
""",
    "architecture-beta": """\
architecture-beta
  group lab(cloud)[Lab]
  service gpu(server)[GPU] in lab
  service data(disk)[Data] in lab
  gpu:L -- R:data
""",
    "radar-beta": """\
radar-beta
  axis speed["Speed"], size["Size"], score["Score"]
  curve bert["BERT"]{3, 2, 4}
  max 5
""",
    "treemap-beta": """\
treemap-beta
  "Transformer"
    "Attention": 33
    "Feed-forward": 67
""",
    "treemap": """\
treemap
  "Transformer"
    "Attention": 33
    "Feed-forward": 67
""",
    "treeView-beta": """\
treeView-beta
  "docs"
    "BERT"
      "README.md"
""",
    "eventmodeling": """\
eventmodeling

tf 01 ui Page
tf 02 cmd Save
tf 03 evt Saved
""",
    "ishikawa-beta": """\
ishikawa-beta
  Loss is NaN
    Data
      Missing values
    Optimiser
      Rate too high
""",
    "venn-beta": """\
venn-beta
  set Vision
  set Language
  union Vision,Language["CLIP"]
""",
    "usecase-beta": """\
usecase-beta
  actor Reader
  Read("Read a page")
  Reader --> Read
""",
    "wardley-beta": """\
wardley-beta
title Training

anchor Reader [0.95, 0.6]
component Model [0.7, 0.5]
component Data [0.4, 0.8]

Reader -> Model
Model -> Data
""",
    "cynefin-beta": """\
cynefin-beta
  complex
    "Tune"
  clear
    "Load data"
""",
    "railroad-beta": """\
railroad-beta
digit = choice(terminal("0"), terminal("1")) ;
""",
    "railroad-ebnf-beta": """\
railroad-ebnf-beta
digit = "0" | "1" ;
""",
    "railroad-abnf-beta": """\
railroad-abnf-beta
digit = "0" / "1" ;
""",
    "railroad-peg-beta": """\
railroad-peg-beta
digit <- "0" / "1" ;
""",
    "info": """\
info
""",
}
# Sources that carry a title of their own, in the words of their type.
TITLED = {
    "pie": 'pie title Own title\n  "a" : 1\n',
    "gantt": "gantt\n  title Own title\n  section a\n  b :2025-01-01, 3d\n",
    "journey": "journey\n  title Own title\n  section a\n    b: 5: c\n",
    "timeline": "timeline\n  title Own title\n  2017 : a\n",
    "xychart-beta": 'xychart-beta\n  title "Own title"\n  line [1, 2]\n',
    "quadrantChart": "quadrantChart\n  title Own title\n  a: [0.1, 0.2]\n",
    "sequenceDiagram": "sequenceDiagram\n  title: Own title\n  A->>B: c\n",
    "C4Context": 'C4Context\n  title Own title\n  Person(a, "A")\n',
    "radar-beta": "radar-beta\n  title Own title\n  axis a, b, c\n  curve d{1, 2, 3}\n",
}
DRAW = """async source => {
  try {
    const {svg, diagramType} = await mermaid.render("picture", source)
    document.body.innerHTML = svg
    const box = document.querySelector("svg").getBBox()
    return {diagramType, svg, width: box.width, height: box.height, error: ""}
  } catch (error) {
    return {diagramType: "", svg: "", width: 0, height: 0, error: String(error)}
  }
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_content("<!doctype html><title>t</title>")
    page.add_script_tag(path=str(LIBRARY))
    page.evaluate(
        "mermaid.initialize({startOnLoad: false, securityLevel: 'strict',"
        " suppressErrorRendering: true})"
    )
    yield page
    page.close()


def with_house(source: str) -> str:
    return with_front_matter(source, house_front_matter(source, SETTINGS, title="House & title"))


def places(page: Page, source: str) -> list[str]:
    """Where things stand in a picture; its ids are random in some types."""
    return re.findall(r"translate\([^)]*\)", page.evaluate(DRAW, source)["svg"])


def test_there_are_all_of_them(page: Page) -> None:
    ours = {key.partition("/")[0] for key in SOURCES}
    assert all(diagram_type(source) == key.partition("/")[0] for key, source in SOURCES.items())
    assert ours >= ELK_TYPES
    theirs = {entry["id"] for entry in page.evaluate("mermaid.getRegisteredDiagramsMetadata()")}
    drawn = {page.evaluate("source => mermaid.detectType(source)", s) for s in SOURCES.values()}
    # What Mermaid registers beside its documented types: old renderers, and its error pictures.
    assert theirs - drawn <= {"error", "---", "flowchart", "class", "state"}
    assert len(SOURCES) > 20


@pytest.mark.parametrize("key", SOURCES)
def test_it_is_drawn(page: Page, key: str) -> None:
    picture = page.evaluate(DRAW, with_house(SOURCES[key]))
    assert picture["error"] == ""
    assert picture["diagramType"] not in ("", "error")
    assert "error-icon" not in picture["svg"].partition("</style>")[2]
    assert picture["width"] > 10 and picture["height"] > 10


@pytest.mark.parametrize("kind", sorted(ELK_TYPES - {"flowchart-elk"}))
def test_elk_lays_it_out(page: Page, kind: str) -> None:
    elk = with_house(SOURCES[kind])
    assert "layout: elk" in elk
    other = elk.replace("layout: elk", "layout: dagre")
    assert places(page, elk) == places(page, elk) != places(page, other)


@pytest.mark.parametrize("kind", TITLED)
def test_the_authors_title_wins(page: Page, kind: str) -> None:
    svg = page.evaluate(DRAW, with_house(TITLED[kind]))["svg"]
    assert "Own title" in svg
    assert "House" not in svg


def test_the_authors_directive_wins(page: Page) -> None:
    directive = '%%{init: {"look": "classic", "layout": "dagre"}}%%\n'
    source = SOURCES["flowchart"]
    bare = f"---\ntitle: House & title\n---\n{directive}{source}"
    svg = page.evaluate(DRAW, with_house(directive + source))["svg"]
    assert svg == page.evaluate(DRAW, bare)["svg"]
