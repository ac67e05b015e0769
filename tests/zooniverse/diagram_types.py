# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
# ruff: noqa: E501
"""One small source for each type of diagram that Mermaid documents."""

from __future__ import annotations

TYPES: dict[str, str] = {
    "flowchart": "flowchart TB\n  a[Ăn uống] -- x₁ --> b{√Σ}\n  subgraph s [Group]\n    b --> c([End])\n  end",
    "sequence": "sequenceDiagram\n  participant A as Agent\n  A->>B: act\n  loop daily\n    B-->>A: reward\n  end\n  Note over A,B: note",
    "class": "classDiagram\n  Module <|-- Linear\n  class Linear {\n    +Tensor weight\n    +forward(x) Tensor\n  }",
    "state": "stateDiagram-v2\n  [*] --> Idle\n  Idle --> Busy : job\n  Busy --> [*]",
    "er": "erDiagram\n  MODEL ||--o{ LAYER : has\n  LAYER {\n    string name\n    int size\n  }",
    "journey": "journey\n  title Day\n  section Work\n    Read: 5: Me\n    Write: 3: Me, You",
    "gantt": "gantt\n  title Plan\n  dateFormat YYYY-MM-DD\n  section One\n    Train :a1, 2025-01-01, 30d\n    Test :after a1, 20d",
    "pie": "pie title Parameters\n  \"Attention\" : 33\n  \"Feed-forward\" : 67",
    "quadrant": "quadrantChart\n  title Reach\n  x-axis Low --> High\n  y-axis Small --> Large\n  quadrant-1 One\n  Point: [0.3, 0.6]",
    "requirement": "requirementDiagram\n  requirement test_req {\n    id: 1\n    text: equal\n    risk: high\n    verifymethod: test\n  }\n  element proof {\n    type: simulation\n  }\n  proof - satisfies -> test_req",
    "gitgraph": "gitGraph\n  commit\n  branch develop\n  commit\n  checkout main\n  merge develop",
    "c4": "C4Context\n  title System\n  Person(a, \"Reader\", \"reads\")\n  System(b, \"Site\", \"shows\")\n  Rel(a, b, \"uses\")",
    "mindmap": "mindmap\n  root((Models))\n    Vision\n      YOLO\n    Language",
    "timeline": "timeline\n  title History\n  2017 : Transformer\n  2018 : BERT : GPT",
    "sankey": "sankey-beta\n\nInput,Hidden,10\nHidden,Output,7\nHidden,Lost,3",
    "xychart": "xychart-beta\n  title \"Loss\"\n  x-axis [1, 2, 3]\n  y-axis \"loss\" 0 --> 5\n  line [4, 2, 1]\n  bar [4, 2, 1]",
    "block": "block-beta\n  columns 2\n  a[\"In\"] b[\"Out\"]\n  a --> b",
    "packet": "packet-beta\n  0-15: \"Source\"\n  16-31: \"Target\"",
    "kanban": "kanban\n  todo[To do]\n    t1[Write]\n  done[Done]\n    t2[Read]",
    "architecture": "architecture-beta\n  group api(cloud)[API]\n  service db(database)[Database] in api\n  service disk(disk)[Storage] in api\n  db:L -- R:disk",
    "radar": "radar-beta\n  axis a[\"Speed\"], b[\"Size\"], c[\"Cost\"]\n  curve m[\"Model\"]{3, 4, 2}",
    "treemap": "treemap-beta\n  \"Layers\"\n    \"Attention\": 30\n    \"FFN\": 60",
    "math": "flowchart LR\n  a[\"$$\\\\sqrt{d_k}$$\"] --> b[\"plain\"]",
}  # fmt: skip
