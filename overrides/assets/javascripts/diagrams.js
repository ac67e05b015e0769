// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// Draws every div.mermaid, also after instant navigation, where mkdocs-mermaid2-plugin's own script
// does not run. That script loads Mermaid on a page that is opened directly; this one does where a
// reader comes from a page without diagrams.
{
  const library = new URL("../vendor/mermaid/mermaid.min.js", document.currentScript.src)
  const options = { startOnLoad: false, securityLevel: "strict", suppressErrorRendering: true }
  const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">" }
  const taken = new WeakSet()
  let count = 0
  let ready

  const load = () => ready ??= new Promise((resolve, reject) => {
    const start = () => { window.mermaid.initialize(options); resolve(window.mermaid) }
    // A heading "Mermaid" has the id "mermaid" and thus makes window.mermaid an element.
    if (typeof window.mermaid?.render === "function") return start()
    const script = Object.assign(document.createElement("script"), { src: library, onload: start })
    script.onerror = () => { ready = undefined; reject(new Error("Mermaid did not load")) }
    document.head.append(script)
  })

  // The front matter's title, in JSON where the site added it.
  const titleOf = source => {
    const text = /^---\s*\n(?:.*\n)*?\s*title:[ \t]*(.+)/.exec(source)?.[1].trim() ?? "Diagram"
    try { return String(JSON.parse(text)) } catch { return text.replace(/^'(.*)'$/, "$1") }
  }

  const draw = async (mermaid, frame) => {
    const source = frame.textContent.trim()
    try {
      const { svg, bindFunctions } = await mermaid.render(`diagram-${count++}`, source)
      // An author's dark theme needs a dark canvas, in either colour scheme.
      const dark = String(mermaid.mermaidAPI.getConfig().theme).includes("dark")
      frame.dataset.canvas = dark ? "dark" : "light"
      frame.innerHTML = svg
      const picture = frame.querySelector("svg")
      if (!picture.hasAttribute("aria-labelledby")) picture.setAttribute("aria-label", titleOf(source))
      // Mermaid escapes titles twice: "Q &amp; K".
      for (const text of picture.querySelectorAll("text, tspan"))
        if (!text.childElementCount) text.textContent = text.textContent.replace(/&(amp|lt|gt);/g, e => entities[e])
      bindFunctions?.(frame)
    } catch (error) {
      const why = String(error.message ?? error).split("\n")[0].replace(/:$/, "")
      const note = Object.assign(document.createElement("p"), { textContent: `This diagram could not be drawn: ${why}.` })
      frame.replaceChildren(note, Object.assign(document.createElement("pre"), { textContent: source, tabIndex: 0 }))
    }
    frame.dataset.processed = "true"
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0
  }

  document$.subscribe(async () => {
    const frames = [...document.querySelectorAll("div.mermaid:not([data-processed])")].filter(f => !taken.has(f))
    frames.forEach(frame => taken.add(frame))
    const mermaid = frames.length && await load().catch(() => frames.forEach(frame => taken.delete(frame)))
    // One after the other: Mermaid's configuration is that of the diagram drawn last.
    if (mermaid) for (const frame of frames) await draw(mermaid, frame)
  })
}
