// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// Draws every div.mermaid, also after instant navigation, where mkdocs-mermaid2-plugin's own script
// does not run. That plugin loads the library on a page opened directly; here it is loaded only
// where a reader came from a page without diagrams.
{
  const library = new URL("../vendor/mermaid/mermaid.min.js", document.currentScript.src)
  const options = { startOnLoad: false, securityLevel: "strict", suppressErrorRendering: true }
  const taken = new WeakSet()
  let count = 0
  let ready

  // A heading "Mermaid" has the id "mermaid" and thus makes window.mermaid an element.
  const present = () => typeof window.mermaid?.render === "function"

  const load = () => ready ??= new Promise((resolve, reject) => {
    const start = () => { window.mermaid.initialize(options); resolve(window.mermaid) }
    if (present()) return start()
    const script = Object.assign(document.createElement("script"), { src: library, onload: start })
    script.onerror = () => { ready = undefined; reject(new Error("Mermaid did not load")) }
    document.head.append(script)
  })

  // The front matter's title, in JSON where the site added it.
  const titleOf = source => {
    const text = /^\s*---\s*\n(?:.*\n)*?\s*title:[ \t]*(.+)/.exec(source)?.[1].trim() ?? "Diagram"
    try { return String(JSON.parse(text)) } catch { return text.replace(/^'(.*)'$/, "$1") }
  }

  const fail = (frame, source, error) => {
    const note = document.createElement("p")
    note.textContent = `This diagram could not be drawn: ${String(error.message ?? error).split("\n")[0]}`
    const pre = Object.assign(document.createElement("pre"), { textContent: source, tabIndex: 0 })
    frame.replaceChildren(note, pre)
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
      bindFunctions?.(frame)
    } catch (error) {
      fail(frame, source, error)
    }
    frame.dataset.processed = "true"
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0
  }

  document$.subscribe(async () => {
    const frames = [...document.querySelectorAll("div.mermaid:not([data-processed])")]
      .filter(frame => !taken.has(frame) && taken.add(frame))
    if (!frames.length) return
    const mermaid = await load().catch(() => frames.forEach(frame => taken.delete(frame)))
    // One after the other: Mermaid's configuration is that of the diagram drawn last.
    if (mermaid) for (const frame of frames) await draw(mermaid, frame)
  })
}
