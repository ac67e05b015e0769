// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// Draws each div.mermaid in the reader's browser, also after instant navigation, where the script of
// mkdocs-mermaid2-plugin does not run. That one loads Mermaid on a page that is opened directly;
// this one does where a reader comes from a page without diagrams.
import { onScheme, scheme } from "./viewer.js"

const library = new URL("../../vendor/mermaid/mermaid.min.js", import.meta.url)
const options = {
  startOnLoad: false, securityLevel: "strict", suppressErrorRendering: true, handDrawnSeed: 1,
  fontFamily: getComputedStyle(document.body).fontFamily,
}
const readable = 11 // CSS px of the smallest label
const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">" }
const sources = new WeakMap()
let count = 0
let ready
let last = Promise.resolve()

const load = () => ready ??= new Promise((resolve, reject) => {
  // A heading "Mermaid" has the id "mermaid" and thus makes window.mermaid an element.
  if (typeof window.mermaid?.render === "function") return resolve(window.mermaid)
  const script = Object.assign(document.createElement("script"), { src: library })
  script.onload = () => resolve(window.mermaid)
  script.onerror = () => { ready = undefined; reject(new Error("Mermaid did not load")) }
  document.head.append(script)
})

const themes = () => JSON.parse(document.getElementById("diagram-themes")?.dataset.themes ?? "{}")

// An image of another site stays empty: no request leaves this one.
const nothing = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
const local = source => source.replace(/(\b(?:img:|src\s*=)\s*["']?)(?:https?:)?\/\/[^"'\s>]*/gi, `$1${nothing}`)

/** What is drawn: the title is the figure's caption and is not drawn a second time. */
const untitled = source => source.replace(/^(\s*---\n(?:(?!---).*\n)*?)[ \t]*title:.*\n/, "$1")

const smallest = svg => {
  let size = Infinity
  for (const text of svg.querySelectorAll("text, tspan, foreignObject span, foreignObject p"))
    if (text.textContent.trim()) size = Math.min(size, parseFloat(getComputedStyle(text).fontSize))
  return size
}

const draw = async frame => {
  const source = sources.get(frame)
  const figure = frame.closest("figure.diagram")
  const caption = figure?.querySelector(".diagram__title")?.textContent
  try {
    const mermaid = await load()
    const own = !figure || figure.hasAttribute("data-own")
    const colours = own ? undefined : themes()[scheme()]
    mermaid.initialize({ ...options, ...(colours && { theme: "base", themeVariables: colours }) })
    const { svg, bindFunctions } = await mermaid.render(
      `diagram-${count++}`, local(caption ? untitled(source) : source))
    // An author's dark theme needs a dark canvas, in either colour scheme.
    const dark = String(mermaid.mermaidAPI.getConfig().theme).includes("dark")
    if (own) frame.dataset.canvas = dark ? "dark" : "light"
    frame.innerHTML = svg
    const picture = frame.querySelector("svg")
    if (!picture.hasAttribute("aria-labelledby")) picture.setAttribute("aria-label", caption ?? "Diagram")
    // Mermaid escapes titles twice: "Q &amp; K".
    for (const text of picture.querySelectorAll("text, tspan"))
      if (!text.childElementCount) text.textContent = text.textContent.replace(/&(amp|lt|gt);/g, e => entities[e])
    const { width } = picture.viewBox.baseVal
    if (figure && width) {
      const least = Math.min(width, Math.ceil((width * readable) / smallest(picture)))
      figure.style.setProperty("--width", `${width}px`)
      figure.style.setProperty("--readable", `${least || width}px`)
      picture.removeAttribute("style")
      picture.setAttribute("width", width)
      picture.setAttribute("height", picture.viewBox.baseVal.height)
    }
    bindFunctions?.(frame)
  } catch (error) {
    const why = String(error.message ?? error).split("\n")[0].replace(/:$/, "")
    const note = Object.assign(document.createElement("p"), { textContent: `This diagram could not be drawn: ${why}.` })
    frame.replaceChildren(note, Object.assign(document.createElement("pre"), { textContent: source, tabIndex: 0 }))
  }
  frame.dataset.processed = "true"
}

// One after the other: Mermaid's configuration is that of the diagram drawn last.
const queue = frame => (last = last.then(() => frame.isConnected && draw(frame)))

/** Draw what is not drawn yet. */
export const drawAll = () => {
  for (const frame of document.querySelectorAll("div.mermaid:not([data-processed])")) {
    if (sources.has(frame)) continue
    sources.set(frame, frame.textContent.trim())
    queue(frame)
  }
}

export const sourceOf = frame => sources.get(frame) ?? ""

onScheme(() => {
  for (const frame of document.querySelectorAll("figure.diagram:not([data-own]) > div.mermaid[data-processed]"))
    if (sources.has(frame)) queue(frame)
})
