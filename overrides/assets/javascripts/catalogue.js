// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// Filters, sorts and searches the catalogue's table; what is chosen stands in the address.
// Loaded by the page that holds the table. Without scripts the table is complete and the form hidden.
{
  const form = document.querySelector(".zoo-catalogue__form");
  const table = document.querySelector("table.zoo-catalogue");
  if (form && table && !table.dataset.started) start(form, table);

  function start(form, table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const models = [...body.rows].map((row, place) => read(row, place));
    const status = form.querySelector("[role=status]");
    let sort = "", down = false;

    function read(row, place) {
      const cell = key => row.cells[heads.findIndex(head => head.dataset.key === key)];
      const text = key => cell(key).textContent.trim();
      return {
        row, place, area: text("area"), year: text("year"), proof: text("proof"),
        task: text("tasks").split(", "), licence: row.dataset.licence,
        low: Number(cell("size").dataset.low), high: Number(cell("size").dataset.sort),
        words: fold(`${row.textContent} ${row.dataset.words}`),
        keys: Object.fromEntries(heads.map((head, n) => [
          head.dataset.key,
          "number" in head.dataset
            ? Number(row.cells[n].dataset.sort ?? row.cells[n].textContent)
            : fold(row.cells[n].querySelector("a")?.textContent ?? row.cells[n].textContent),
        ])),
      };
    }

    for (const head of heads) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => {
        [sort, down] = sort !== head.dataset.key ? [head.dataset.key, false]
          : down ? ["", false] : [sort, true];
        apply();
      });
      head.replaceChildren(button);
    }
    const asked = new URLSearchParams(location.search);
    for (const field of form.elements)
      if (field.name && asked.has(field.name)) field.value = asked.get(field.name);
    if (heads.some(head => head.dataset.key === asked.get("sort"))) {
      sort = asked.get("sort");
      down = asked.get("order") === "down";
    }
    form.addEventListener("input", apply);
    form.addEventListener("submit", event => event.preventDefault());
    form.addEventListener("reset", () => { sort = ""; setTimeout(apply); });
    table.dataset.started = true;
    apply();

    function apply() {
      const wanted = Object.fromEntries(new FormData(form));
      const words = fold(wanted.q).split(/\s+/).filter(Boolean);
      const least = count(wanted.least), most = count(wanted.most);
      for (const name of ["least", "most"])
        form.elements[name].setAttribute("aria-invalid", Number.isNaN(count(wanted[name])));
      let shown = 0;
      for (const model of models) {
        const fits = words.every(word => model.words.includes(word))
          && ["area", "year", "licence", "proof"].every(key => !wanted[key] || model[key] === wanted[key])
          && (!wanted.task || model.task.includes(wanted.task))
          && !(least > 0 && model.high < least) && !(most > 0 && (!model.low || model.low > most));
        model.row.hidden = !fits;
        shown += fits;
      }
      const order = (a, b) => a.keys[sort] < b.keys[sort] ? -1 : a.keys[sort] > b.keys[sort] ? 1 : 0;
      const sorted = [...models].sort((a, b) =>
        (sort ? (down ? -order(a, b) : order(a, b)) : 0) || a.place - b.place);
      body.replaceChildren(...sorted.map(model => model.row));
      for (const head of heads)
        if (head.dataset.key === sort) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      status.textContent = shown === models.length ? "" : `${shown} of ${models.length} shown`;
      const address = new URL(location.href);
      address.search = "";
      for (const [key, value] of Object.entries(wanted)) if (value) address.searchParams.set(key, value);
      if (sort) address.searchParams.set("sort", sort);
      if (sort && down) address.searchParams.set("order", "down");
      if (address.href !== location.href) history.replaceState(history.state, "", address);
    }
  }

  // As the table writes counts: 65 M, 1.5 B, 1000000; nothing where nothing is asked for.
  function count(text) {
    const parts = /^\s*([\d.,]+)\s*([kmbt]?)\s*$/i.exec(text);
    if (!text.trim()) return 0;
    const scale = { "": 1, k: 1e3, m: 1e6, b: 1e9, t: 1e12 };
    return parts ? Number(parts[1].replaceAll(",", "")) * scale[parts[2].toLowerCase()] : NaN;
  }

  function fold(text) {
    return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  }
}
