// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
//
// Runs in the browser that draws the pictures (see pictures.py). `drawPicture` draws one Mermaid
// source and returns an SVG that needs nothing but itself: every style is computed into attributes,
// every HTML label is set as SVG text at the place where the browser laid it out.

const SVG = "http://www.w3.org/2000/svg"
const XLINK = "http://www.w3.org/1999/xlink"

// Properties that children inherit are written where they change, the others where they are set.
const INHERITED = [
  "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity",
  "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "font-family",
  "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "letter-spacing",
  "paint-order", "visibility", "marker-start", "marker-mid", "marker-end",
]
const INITIAL = {
  fill: "rgb(0, 0, 0)", "fill-opacity": "1", "fill-rule": "nonzero", stroke: "none",
  "stroke-width": "1px", "stroke-opacity": "1", "stroke-dasharray": "none",
  "stroke-dashoffset": "0px", "stroke-linecap": "butt", "stroke-linejoin": "miter",
  "font-family": "", "font-size": "", "font-weight": "400", "font-style": "normal",
  "text-anchor": "start", "dominant-baseline": "auto", "letter-spacing": "normal",
  "paint-order": "normal", visibility: "visible", "marker-start": "none", "marker-mid": "none",
  "marker-end": "none",
}
const OWN = {
  opacity: "1", filter: "none", "clip-path": "none", mask: "none", "stop-color": "rgb(0, 0, 0)",
  "stop-opacity": "1", "flood-color": "rgb(0, 0, 0)", "flood-opacity": "1",
  "mix-blend-mode": "normal", "alignment-baseline": "auto", "baseline-shift": "0px",
  "text-decoration-line": "none",
}
const PAINTED = new Set(["path", "rect", "circle", "ellipse", "line", "polygon", "polyline", "text",
  "tspan", "textPath", "use", "image"])
const GEOMETRY = ["cx", "cy", "d", "dx", "dy", "height", "href", "id", "markerHeight", "markerUnits",
  "markerWidth", "offset", "orient", "pathLength", "points", "preserveAspectRatio", "r", "refX",
  "refY", "rotate", "rx", "ry", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
  "clipPathUnits", "gradientTransform", "gradientUnits", "maskContentUnits", "maskUnits",
  "patternTransform", "patternUnits", "patternContentUnits", "startOffset", "textLength",
  "lengthAdjust", "filterUnits", "in", "in2", "result", "stdDeviation", "type", "values", "mode",
  "operator", "k1", "k2", "k3", "k4", "slope", "intercept", "xmlns"]

/** Chance that comes out the same each time: Git graphs name their commits by it, and Rough
 *  draws by it where an author sets handDrawnSeed to 0. */
const seedChance = () => {
  let state = 1
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

let families = {} // lower-case family name -> the shipped family that stands for it

/** The shipped family ("hand" or "sans") that a CSS font-family list stands for. */
const shipped = list => {
  for (const name of String(list).split(",")) {
    const known = families[name.trim().replace(/^["']|["']$/g, "").toLowerCase()]
    if (known) return known
  }
  return "sans"
}

const oneLine = error => String(error?.message ?? error?.str ?? error).replace(/\s*\n\s*/g, " ").trim()

/** The line that an error of Mermaid's parsers names, counted from 1 in the text they were given. */
const lineOf = error => {
  const token = error?.result?.parserErrors?.[0]?.token?.startLine
    ?? error?.result?.lexerErrors?.[0]?.line
  if (Number.isFinite(token)) return token
  const named = /\bline:?\s+(\d+)/i.exec(String(error?.message ?? error?.str ?? error))
  return named ? Number(named[1]) : null
}

/** Make the families that pictures are measured with, and wait until they can be used. */
globalThis.prepareFonts = async (aliases, faces) => {
  families = aliases
  const names = Object.entries(aliases)
  await Promise.all(faces.flatMap(({ family, weight, range, url }) => names
    .filter(([, slot]) => slot === family)
    .map(([name]) => {
      const face = new FontFace(name, `url(${url})`, { weight, unicodeRange: range })
      document.fonts.add(face)
      return name.startsWith("zoo-") ? face.load() : null
    })))
}

/**
 * Draw one source.
 * @param job {head, body, config, images: {url: data URI}, own: boolean}; the head is front matter
 *   and directives, and the body's lines are the ones that Mermaid counts.
 * @returns {svg, width, height, label, labels, links, type, description, edges, canvas, notes}
 *   or {error: {message, line}}
 */
globalThis.drawPicture = async job => {
  document.body.replaceChildren()
  const box = document.body.appendChild(document.createElement("div"))
  box.style.width = "800px"
  seedChance()
  mermaid.initialize(job.config)
  let parsed
  try {
    parsed = await mermaid.parse(job.head + job.body)
  } catch (error) {
    return { error: { message: oneLine(error), line: lineOf(error) } }
  }
  const config = parsed.config ?? {}
  const wished = config.fontFamily ?? config.themeVariables?.fontFamily
  const look = config.look ?? job.config.look
  const family = `zoo-${wished ? shipped(wished) : look === "handDrawn" ? "hand" : "sans"}`
  const last = { fontFamily: family, themeVariables: { fontFamily: family } }
  if (family === "zoo-hand" && !config.themeVariables?.fontSize) last.themeVariables.fontSize = "18px"
  const draw = extra => mermaid.render(
    "zoo", `${job.head}%%{init: ${JSON.stringify({ ...last, ...extra })}}%%\n${job.body}`, box)
  const warnings = []
  let drawn
  seedChance()
  try {
    drawn = await draw({})
  } catch (first) {
    // What ELK cannot lay out, another engine often can; Mermaid's ELK knows no mindmaps.
    const layout = parsed.diagramType === "mindmap" ? "cose-bilkent" : "dagre"
    try {
      drawn = await draw({ layout })
      warnings.push(["layout", layout, oneLine(first)])
    } catch {
      return { error: { message: oneLine(first), line: lineOf(first) } }
    }
  }
  // Drawn again at its natural size, so that one user unit is one CSS pixel and layout can be read.
  box.innerHTML = drawn.svg
  const svg = box.querySelector("svg")
  const view = svg.viewBox.baseVal
  svg.style.maxWidth = "none"
  svg.style.overflow = "visible"
  svg.setAttribute("width", view?.width || svg.getBoundingClientRect().width)
  svg.setAttribute("height", view?.height || svg.getBoundingClientRect().height)
  const links = []
  const about = describe(svg, parsed.diagramType)
  svg.querySelectorAll(".today").forEach(line => line.remove()) // a picture knows no today
  svg.querySelectorAll("switch").forEach(choice => { // the first choice is the one that is shown
    const group = make("g")
    group.append(...[...choice.children].slice(0, 1))
    choice.replaceWith(group)
  })
  raiseTitles(svg)
  images(svg, job.images, warnings)
  labelsToText(svg, links, job.images, warnings)
  const canvas = job.own ? bestCanvas(svg, config) : null
  if (job.own) freeLabels(svg, canvas)
  else mendInk(svg, job.canvas)
  const size = fit(svg)
  const { root, label, labels } = flatten(svg, links)
  return {
    svg: new XMLSerializer().serializeToString(root), ...size, label, labels, links: [...new Set(links)],
    canvas, warnings, ...about,
  }
}

/** What the picture shows, before its markup is gone: type, own description, "A → B" lines. */
const describe = (svg, type) => {
  const words = node => (node ? spoken(node) : "")
  const nodes = new Map()
  for (const node of svg.querySelectorAll(".node[id], .rough-node[id], .image-shape[id], .cluster[id]")) {
    const name = /-(?:flowchart-)?(.+?)(?:-\d+)?$/.exec(node.id)?.[1]
    const text = words(node.querySelector(".label, .nodeLabel, .cluster-label") ?? node)
    if (name && text) nodes.set(name, text)
  }
  const labels = new Map()
  for (const label of svg.querySelectorAll(".edgeLabel [data-id]")) labels.set(label.dataset.id, words(label))
  const edges = []
  for (const path of svg.querySelectorAll("path[data-edge][data-id]")) {
    const parts = path.dataset.id.replace(/^L_/, "").replace(/_\d+$/, "").split("_")
    for (let at = 1; at < parts.length; at++) {
      const from = nodes.get(parts.slice(0, at).join("_"))
      const to = nodes.get(parts.slice(at).join("_"))
      if (!from || !to) continue
      edges.push([from, labels.get(path.dataset.id) ?? "", to])
      break
    }
  }
  return { type: type ?? "", edges, description: svg.querySelector(":scope > desc")?.textContent.trim() ?? "" }
}

/** The text of a label as it is read, with line breaks as spaces. */
const spoken = node => {
  let text = ""
  const walk = part => {
    if (part.nodeType === Node.TEXT_NODE) text += part.data
    if (part.nodeType !== Node.ELEMENT_NODE || /^(style|title|desc|script)$/i.test(part.localName)) return
    const breaks = /^(br|p|div|li|text)$/i.test(part.localName)
      || (part.localName === "tspan" && part.hasAttribute("x"))
    if (breaks) text += " "
    part.childNodes.forEach(walk)
    if (breaks) text += " "
  }
  walk(node)
  return text.replace(/\s+/g, " ").trim()
}

const make = (name, attributes = {}) => {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}

/** Set each image's own bytes; what may not be fetched leaves a frame of its size. */
const picture = (url, x, y, width, height, known, warnings) => {
  if (known[url] ?? (/^data:image\//.test(url) && (known = { [url]: url }))) return make("image", { href: known[url], x, y, width, height })
  warnings.push(["image", url])
  const frame = make("g", { fill: "none", stroke: "#8a8f94", "stroke-width": 1.5 })
  frame.append(make("rect", { x, y, width, height, rx: 6, "stroke-dasharray": "6 5" }))
  const s = Math.min(width, height) / 4
  const [cx, cy] = [x + width / 2, y + height / 2]
  frame.append(make("path", { d: `M${cx - s} ${cy + s * 0.7}l${s * 0.75} ${-s}l${s * 0.5} ${s * 0.6}l${s * 0.3} ${-s * 0.35}l${s * 0.45} ${s * 0.75}z` }))
  frame.append(make("circle", { cx: cx + s * 0.45, cy: cy - s * 0.55, r: s * 0.2 }))
  return frame
}

const images = (svg, known, warnings) => {
  for (const image of [...svg.querySelectorAll("image")]) {
    const url = image.getAttribute("href") ?? image.getAttributeNS(XLINK, "href") ?? ""
    const { x, y, width, height } = image.getBBox()
    const shown = picture(url, x, y, width, height, known, warnings)
    if (image.hasAttribute("transform")) shown.setAttribute("transform", image.getAttribute("transform"))
    const fit = image.getAttribute("preserveAspectRatio")
    if (fit && shown.localName === "image") shown.setAttribute("preserveAspectRatio", fit)
    image.replaceWith(shown)
  }
}

/** Set the titles of groups above the edges, with a halo of the group's colour. */
const raiseTitles = svg => {
  const from = svg.getScreenCTM().inverse()
  for (const title of svg.querySelectorAll(".cluster .cluster-label")) {
    const shape = title.closest(".cluster").querySelector("rect, path, polygon")
    const { fill, stroke } = shape ? getComputedStyle(shape) : {}
    const { a, b, c, d, e, f } = from.multiply(title.getScreenCTM())
    title.setAttribute("transform", `matrix(${a},${b},${c},${d},${e},${f})`)
    title.dataset.halo = /^rgb\(/.test(fill ?? "") ? fill : /^rgb\(/.test(stroke ?? "") ? stroke : ""
    svg.append(title)
  }
}

const pen = document.createElement("canvas").getContext("2d")
const ascents = new Map()
const ascent = style => {
  const font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
  if (!ascents.has(font)) {
    pen.font = font
    ascents.set(font, Math.round(pen.measureText("x").fontBoundingBoxAscent))
  }
  return ascents.get(font)
}

/** The pieces of a text node, one for each line it was broken into: {text, box}. */
const pieces = node => {
  const range = document.createRange()
  const found = []
  for (const word of node.data.matchAll(/\S+/g)) {
    range.setStart(node, word.index)
    range.setEnd(node, word.index + word[0].length)
    const boxes = range.getClientRects()
    if (boxes.length === 0) continue
    if (boxes.length === 1) {
      const last = found.at(-1)
      if (last && Math.abs(last.top - boxes[0].top) < 2) {
        last.text += ` ${word[0]}`
        last.right = boxes[0].right
      } else {
        const { top, bottom, left, right } = boxes[0]
        found.push({ text: word[0], top, bottom, left, right })
      }
      continue
    }
    // A word that was itself broken: letter by letter.
    let at = word.index
    for (const letter of word[0]) {
      range.setStart(node, at)
      range.setEnd(node, (at += letter.length))
      const box = range.getBoundingClientRect()
      const last = found.at(-1)
      if (last && last.open && Math.abs(last.top - box.top) < 2) {
        last.text += letter
        last.right = box.right
      } else {
        found.push({ text: letter, top: box.top, bottom: box.bottom, left: box.left, right: box.right, open: true })
      }
    }
  }
  return found
}

/** Replace each HTML label by SVG text, so that the picture is the same in every viewer. */
const labelsToText = (svg, links, known, warnings) => {
  const work = []
  for (const holder of svg.querySelectorAll("foreignObject")) {
    if (holder.querySelector("math, table, input, svg")) {
      work.push([holder, null])
      continue
    }
    const toUser = holder.parentNode.getScreenCTM().inverse()
    const at = (x, y) => new DOMPoint(x, y).matrixTransform(toUser)
    const made = []
    for (const element of holder.querySelectorAll("*")) {
      const style = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      if (!box.width || !box.height) continue
      const [a, b] = [at(box.left, box.top), at(box.right, box.bottom)]
      if (element.localName === "img") {
        made.push(picture(element.getAttribute("src"), a.x, a.y, b.x - a.x, b.y - a.y, known, warnings))
      } else if (style.backgroundColor !== "rgba(0, 0, 0, 0)") {
        const before = made.at(-1)
        const rect = make("rect", { x: a.x, y: a.y, width: b.x - a.x, height: b.y - a.y })
        // As a style, since Mermaid's own rules for rectangles would win over attributes.
        rect.setAttribute("style", `fill:${style.backgroundColor};stroke:none;opacity:1;filter:none`)
        if (before?.outerHTML !== rect.outerHTML) made.push(rect)
      }
    }
    let line = []
    const lines = [line]
    const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      for (const piece of pieces(walker.currentNode)) {
        const last = line.at(-1)
        if (last && piece.left < last.right - 2) lines.push((line = []))
        line.push({ ...piece, element: walker.currentNode.parentElement })
      }
    }
    const halo = holder.closest("[data-halo]")?.dataset.halo
    for (const parts of lines) {
      if (!parts.length) continue
      const text = setLine(parts, at, links)
      if (halo) text.style.cssText += `;stroke:${halo};stroke-width:5px;stroke-linejoin:round;paint-order:stroke`
      made.push(text)
    }
    work.push([holder, made])
  }
  for (const [holder, made] of work) {
    if (made) {
      const group = make("g", { "data-label": spoken(holder) })
      group.append(...made)
      holder.replaceWith(group)
    } else {
      const style = getComputedStyle(holder.firstElementChild)
      holder.firstElementChild.setAttribute("style",
        `font:${style.fontSize}/1.5 zoo-${shipped(style.fontFamily)};color:${style.color};`
        + `text-align:${style.textAlign};white-space:${style.whiteSpace};margin:0`)
    }
  }
}

/** One line of text as one element, so that a reader's other font moves both its ends alike. */
const setLine = (parts, at, links) => {
  const styles = parts.map(part => getComputedStyle(part.element))
  const sizes = styles.map(style => parseFloat(style.fontSize))
  const main = sizes.indexOf(Math.max(...sizes))
  const baseline = index => parts[index].top + ascent(styles[index])
  const middle = at((parts[0].left + parts.at(-1).right) / 2, baseline(main))
  const text = make("text", { x: middle.x, y: middle.y })
  text.setAttribute("style", look(styles[main]) + "text-anchor:middle")
  let shift = 0
  parts.forEach((part, index) => {
    const space = index + 1 < parts.length && parts[index + 1].left - part.right > 0.8 ? " " : ""
    const dy = baseline(index) - baseline(main)
    let run = document.createTextNode(part.text + space)
    if (look(styles[index]) !== look(styles[main]) || Math.abs(dy - shift) > 0.2) {
      const span = make("tspan")
      if (Math.abs(dy - shift) > 0.2) span.setAttribute("dy", dy - shift)
      span.setAttribute("style", look(styles[index]))
      span.append(run)
      run = span
      shift = dy
    }
    const link = part.element.closest("a[href]")
    if (link) {
      const anchor = make("a", { href: link.getAttribute("href") })
      anchor.append(run)
      run = anchor
    }
    text.append(run)
  })
  return text
}

const look = style => `font-family:${style.fontFamily};font-size:${style.fontSize};`
  + `font-weight:${style.fontWeight};font-style:${style.fontStyle};fill:${style.color};stroke:none;`
  + `text-decoration-line:${style.textDecorationLine};letter-spacing:${style.letterSpacing};`

const channels = colour => (/rgba?\(([^)]+)\)/.exec(colour)?.[1] ?? "").split(/[ ,/]+/).map(Number)
const luminance = rgb => rgb.slice(0, 3).map(c => c / 255)
  .map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
const over = (top, under) => {
  const alpha = top[3] ?? 1
  return [0, 1, 2].map(i => top[i] * alpha + under[i] * (1 - alpha))
}
const contrast = (one, two) => {
  const [a, b] = [luminance(one), luminance(two)].sort((x, y) => y - x)
  return (a + 0.05) / (b + 0.05)
}

const hex = colour => [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16))

/** The colour behind a label: of its shape, over the canvas. */
const behind = (text, canvas) => {
  const group = text.closest(".node, .rough-node, .image-shape, .cluster, .edgeLabel")
  const shape = group?.querySelector("rect, path, polygon, circle, ellipse")
  const { fill, stroke } = shape ? getComputedStyle(shape) : {}
  if (fill?.startsWith("rgb")) return over(channels(fill), canvas)
  // A hachure lets some of the canvas through.
  if (stroke?.startsWith("rgb")) {
    const [r, g, b, a = 1] = channels(stroke)
    return over([r, g, b, a * 0.7], canvas)
  }
  return canvas
}

/** Give labels on an author's own fill, made for the other scheme, an ink that can be read. */
const mendInk = (svg, canvas) => {
  for (const text of svg.querySelectorAll(".node text, .rough-node text")) {
    const back = behind(text, hex(canvas))
    for (const part of [text, ...text.querySelectorAll("tspan")]) {
      const ink = channels(getComputedStyle(part).fill)
      if (contrast(over(ink, back), back) >= 4.5) continue
      const best = ["#10292d", "#ffffff"].sort((a, b) => contrast(hex(b), back) - contrast(hex(a), back))[0]
      part.style.fill = best
    }
  }
}

/** Take away a label's own background where the label is only legible without it. */
const freeLabels = (svg, canvas) => {
  for (const label of svg.querySelectorAll("[data-label]")) {
    const text = label.querySelector("text")
    const rects = [...label.querySelectorAll("rect")]
    if (!text || !rects.length) continue
    const back = rects.reduce((under, rect) => over(channels(getComputedStyle(rect).fill), under), hex(canvas))
    const ink = channels(getComputedStyle(text).fill)
    const without = contrast(over(ink, hex(canvas)), hex(canvas))
    if (contrast(over(ink, back), back) < 3 && without > 4.5) rects.forEach(rect => rect.remove())
  }
}

/**
 * The canvas on which a picture with colours of its own is best read: the one its theme was made
 * for, unless its lines and free-standing labels are plainly clearer on the other.
 */
const bestCanvas = (svg, config) => {
  const stated = config.themeVariables?.background
  if (/^#[0-9a-f]{6}$/i.test(stated ?? "")) return stated
  const [light, dark] = ["#ffffff", "#1c2126"]
  const score = canvas => {
    const under = hex(canvas)
    const seen = []
    for (const text of svg.querySelectorAll("text")) {
      const back = behind(text, under)
      seen.push(contrast(over(channels(getComputedStyle(text).fill), back), back))
    }
    for (const line of svg.querySelectorAll("path[data-edge], .messageLine0, .messageLine1")) {
      seen.push(contrast(over(channels(getComputedStyle(line).stroke), under), under) * 1.5)
    }
    // The worst decide, not the mean: one label that cannot be read is too many.
    return seen.sort((a, b) => a - b).slice(0, Math.ceil(seen.length / 3)).reduce((a, b) => a + Math.min(b, 7), 0)
      / Math.max(1, Math.ceil(seen.length / 3))
  }
  const isDark = /dark/i.test(config.theme ?? "") || config.themeVariables?.darkMode === true
  const [first, second] = isDark ? [dark, light] : [light, dark]
  return score(second) > score(first) * 1.15 ? second : first
}

/** Set the view box to what is drawn, so that nothing is cut and no room is wasted. */
const fit = svg => {
  const drawn = svg.getBBox()
  if (!(drawn.width > 0 && drawn.height > 0)) return { width: 0, height: 0 }
  const pad = 8
  const x = Math.floor(drawn.x - pad)
  const y = Math.floor(drawn.y - pad)
  const width = Math.ceil(drawn.x + drawn.width + pad) - x
  const height = Math.ceil(drawn.y + drawn.height + pad) - y
  svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`)
  return { width, height }
}

const paint = value => value.replace(/url\("?[^)"#]*(#[^)"]+)"?\)/, "url($1)")

/** A copy of the drawing in which every style is an attribute and no class or style sheet is left. */
const flatten = (svg, links) => {
  const labels = []
  let label = Infinity
  const copy = (element, inherited, parentFamily) => {
    const name = element.localName
    if (/^(style|script|title|desc|metadata)$/.test(name)) return null
    const twin = document.createElementNS(element.namespaceURI, name)
    if (element.namespaceURI !== SVG) { // HTML or MathML of a formula
      for (const key of ["style", "display", "xmlns", "mathvariant", "stretchy", "fence", "columnalign"]) {
        if (element.hasAttribute(key)) twin.setAttribute(key, element.getAttribute(key))
      }
      for (const child of element.childNodes) {
        const made = child.nodeType === Node.TEXT_NODE ? child.cloneNode() : child.nodeType === 1 ? copy(child, inherited) : null
        if (made) twin.append(made)
      }
      return twin
    }
    const style = getComputedStyle(element)
    if (style.display === "none" && !/^(defs|marker|linearGradient|radialGradient|clipPath|mask|filter|pattern|symbol|stop|fe\w+)$/.test(name)) return null
    for (const key of GEOMETRY) if (element.hasAttribute(key)) twin.setAttribute(key, element.getAttribute(key))
    // Python rounds further; this is so that less has to travel there.
    if (name === "path") twin.setAttribute("d", (element.getAttribute("d") ?? "").replace(/(\.\d\d)\d+/g, "$1"))
    if (name === "a") {
      const href = element.getAttribute("href") ?? element.getAttributeNS(XLINK, "href") ?? ""
      if (/^https?:\/\//i.test(href)) {
        twin.setAttribute("href", href)
        links.push(href)
      } else twin.removeAttribute("href")
    }
    if (name === "use") twin.setAttribute("href", element.getAttribute("href") ?? element.getAttributeNS(XLINK, "href") ?? "")
    if (name === "rect") {
      for (const key of ["rx", "ry"]) {
        if (!twin.hasAttribute(key) && parseFloat(style[key]) > 0) twin.setAttribute(key, parseFloat(style[key]))
      }
    }
    if (style.transform !== "none" && !element.hasAttribute("transform")) twin.setAttribute("transform", style.transform)
    if (/^(path|rect|circle|ellipse|line|polygon|polyline)$/.test(name) && !element.closest("clipPath, mask")) {
      const bare = colour => colour === "none" || /, 0\)$/.test(colour)
      const marked = ["marker-start", "marker-end"].some(key => style.getPropertyValue(key) !== "none")
      const stroked = !bare(style.stroke) && parseFloat(style.strokeWidth) > 0
      if (style.opacity === "0" || style.visibility === "hidden" || (bare(style.fill) && !stroked && !marked)) return null
      if (name === "rect" && !(parseFloat(style.width) > 0 && parseFloat(style.height) > 0)) return null
    }
    const here = { ...inherited }
    for (const key of INHERITED) {
      let value = paint(style.getPropertyValue(key))
      if (key === "font-family") value = `zoo-${shipped(value)}`
      if (key === "stroke-dasharray" && !/[1-9]/.test(value)) value = "none"
      // Fonts of groups without text are nobody's; colours of groups are the children's own.
      if (!PAINTED.has(name) && name !== "marker") continue
      if (/^(font|text-anchor|dominant|letter)/.test(key) && !/^(text|tspan|textPath)$/.test(name)) continue
      if (value !== inherited[key]) twin.setAttribute(key, value)
      here[key] = value
    }
    for (const [key, initial] of Object.entries(OWN)) {
      const value = paint(style.getPropertyValue(key))
      if (!value || value === initial) continue
      if (key === "text-decoration-line") twin.setAttribute("text-decoration", value)
      else if (key === "mix-blend-mode") twin.setAttribute("style", `mix-blend-mode:${value}`)
      else if (/^(stop|flood)/.test(key) && !/^(stop|feFlood|feDropShadow)$/.test(name)) continue
      else twin.setAttribute(key, value)
    }
    if (style.animationName === "dash") twin.setAttribute("data-dash", style.animationDuration)
    if (name === "text" && spoken(element)) {
      label = Math.min(label, ...[element, ...element.querySelectorAll("tspan")]
        .filter(part => [...part.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
        .map(part => parseFloat(getComputedStyle(part).fontSize)))
    }
    if (element.dataset.label) labels.push(element.dataset.label)
    else if ((name === "text" && !element.closest("[data-label]")) || name === "foreignObject") labels.push(spoken(element))
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) {
        if (child.data.trim() || /^(text|tspan|textPath|a)$/.test(name)) twin.append(child.cloneNode())
      } else if (child.nodeType === Node.ELEMENT_NODE) {
        const made = copy(child, here)
        if (made) twin.append(made)
      }
    }
    return twin
  }
  const root = copy(svg, INITIAL)
  return { root, label: Number.isFinite(label) ? label : null, labels: [...new Set(labels.filter(Boolean))] }
}
