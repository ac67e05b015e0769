// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// Lets readers look closer: a hint where a diagram is wider than the page, links that work, and a
// full-screen view with zoom. A diagram moves by the browser's own scrolling, so that keys, touch
// and assistive technology need nothing special.

/** The page's colour scheme. */
export const scheme = () => (document.body.dataset.mdColorScheme === "slate" ? "dark" : "light")

/** Call when the reader or the system changes it. */
export const onScheme = call => {
  let last = scheme()
  new MutationObserver(() => {
    if (scheme() !== last) call(last = scheme())
  }).observe(document.body, { attributeFilter: ["data-md-color-scheme"] })
}

const make = (name, properties = {}, ...children) => {
  const { data, ...others } = properties
  const element = Object.assign(document.createElement(name), others)
  Object.assign(element.dataset, data)
  element.append(...children)
  return element
}

const frameOf = figure => figure.querySelector(".diagram__frame, div.mermaid")
const titleOf = figure => figure.querySelector(".diagram__title")?.textContent || "Diagram"
const imageOf = figure => [...figure.querySelectorAll(".diagram__frame > img")]
  .find(image => !/#only-/.test(image.src) || image.src.endsWith(`#only-${scheme()}`))

// In the page --------------------------------------------------------------------------------------

/** Say that there is more to the side, until the reader has gone there. */
const hint = frame => {
  const beyond = frame.scrollWidth - frame.clientWidth
  const wider = beyond > 1
  const figure = frame.parentElement
  // What is beyond by less than the frame's padding is blank.
  figure.toggleAttribute("data-wider", beyond > 14 && frame.scrollLeft <= 8)
  if (wider) frame.tabIndex = 0
  else frame.removeAttribute("tabindex")
  const words = figure.querySelector(":scope > .diagram__hint")
  if (wider && !words) frame.before(make("span", { className: "diagram__hint", ariaHidden: "true", textContent: "Scroll sideways →" }))
}

const sizes = new ResizeObserver(entries => entries.forEach(({ target }) =>
  hint(target.matches(".diagram__frame, div.mermaid") ? target : target.parentElement)))

/** Links in an <img> are dead, so the picture itself is set in its place. */
const setInline = async figure => {
  const image = imageOf(figure)
  if (!image || image.hidden) return
  const text = await fetch(image.src).then(answer => (answer.ok ? answer.text() : ""), () => "")
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement
  if (root.localName !== "svg" || image.hidden) return
  const picture = document.importNode(root, true)
  picture.setAttribute("class", `diagram__inline ${/#only-(\w+)/.exec(image.src)?.[0].slice(1) ?? ""}`)
  picture.setAttribute("role", "group")
  picture.setAttribute("aria-label", image.alt)
  image.before(picture)
  image.hidden = true
}

const near = new IntersectionObserver((entries, observer) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    observer.unobserve(target)
    setInline(target)
  }
}, { rootMargin: "500px" })

const equipped = new WeakSet()

const equip = figure => {
  const frame = frameOf(figure)
  if (!frame || equipped.has(figure)) return
  equipped.add(figure)
  const button = make("button", { type: "button", className: "diagram__open", textContent: "Full screen" })
  button.setAttribute("aria-haspopup", "dialog")
  button.setAttribute("aria-label", `Full screen: ${titleOf(figure)}`)
  button.addEventListener("click", () => open(figure))
  const link = figure.querySelector("a.diagram__open")
  if (link) link.replaceWith(button)
  else {
    if (!figure.querySelector("figcaption")) figure.append(make("figcaption"))
    figure.querySelector("figcaption").append(button)
  }
  frame.addEventListener("click", event => {
    if (event.target.closest("img, svg") && !event.target.closest("a")) open(figure)
  })
  frame.addEventListener("scroll", () => hint(frame), { passive: true })
  sizes.observe(frame)
  frame.querySelectorAll("img").forEach(image => sizes.observe(image))
  new MutationObserver(() => hint(frame)).observe(frame, { childList: true })
  if ("links" in figure.dataset) near.observe(figure)
}

/** Equip the diagrams of the page that are not yet. */
export const equipAll = () => document.querySelectorAll("figure.diagram").forEach(equip)

onScheme(() => document.querySelectorAll("figure.diagram[data-links]").forEach(figure => near.observe(figure)))

// Full screen --------------------------------------------------------------------------------------

const icons = {
  out: "M5 12h14", in: "M5 12h14M12 5v14", close: "M6 6l12 12M18 6L6 18",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  save: "M12 4v11m-5-5 5 5 5-5M5 20h14", copy: "M9 9h11v11H9zM5 15H4V4h11v1",
}
const icon = name => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  path.setAttribute("d", icons[name])
  svg.append(path)
  return svg
}
const names = {
  out: "Zoom out", in: "Zoom in", fit: "Fit to the screen", copy: "Copy source", save: "Download SVG", close: "Close",
}
const tool = (name, kind = "button") => {
  const element = make(kind, { title: names[name], ariaLabel: names[name], data: { do: name } }, icon(name))
  if (kind === "button") element.type = "button"
  return element
}

let dialog, heading, stage, status, shown
let scale = 1

const build = () => {
  heading = make("h2", { id: "diagram-viewer-title" })
  status = make("p", { role: "status" })
  stage = make("div", { className: "diagram-viewer__stage", tabIndex: 0 })
  stage.setAttribute("role", "group")
  stage.setAttribute("aria-label", "Diagram: arrow keys move it, plus and minus zoom, 0 fits it")
  const tools = make("div", { className: "diagram-viewer__tools" },
    ...["out", "in", "fit", "copy"].map(name => tool(name)), tool("save", "a"), tool("close"))
  tools.setAttribute("role", "group")
  tools.setAttribute("aria-label", "Tools")
  dialog = make("dialog", { className: "diagram-viewer" },
    make("header", {}, heading, status, tools), stage)
  dialog.setAttribute("aria-labelledby", heading.id)
  dialog.addEventListener("click", event => act(event.target.closest("[data-do]")?.dataset.do))
  dialog.addEventListener("keydown", keys)
  dialog.addEventListener("close", () => {
    document.documentElement.classList.remove("diagram-viewer-open")
    shown.back?.()
    shown = undefined
    stage.replaceChildren()
  })
  stage.addEventListener("wheel", wheel, { passive: false })
  stage.addEventListener("pointerdown", down)
  stage.addEventListener("pointermove", move)
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, up)
  stage.addEventListener("click", event => { if (dragged) event.preventDefault() }, true)
  new ResizeObserver(() => shown?.fitted && fit()).observe(stage)
}

/** What is looked at: the picture as an image; one with links, or drawn here, as itself. */
const open = async figure => {
  if (!dialog) build()
  const frame = frameOf(figure)
  const image = imageOf(figure)
  const svg = [...frame.querySelectorAll(":scope > svg")].find(one => one.getClientRects().length)
  let picture, back
  if (svg && !image) {
    // Drawn here: it moves over and back, for a copy would have the same ids.
    const place = document.createComment("")
    svg.replaceWith(place)
    back = () => { svg.removeAttribute("style"); place.replaceWith(svg) }
    picture = svg
  } else picture = svg ? svg.cloneNode(true) : make("img", { src: image.src, alt: image.alt, draggable: false })
  const size = svg ? svg.viewBox.baseVal : image
  const style = getComputedStyle(figure)
  shown = {
    figure, picture, back,
    width: size.width || parseFloat(style.getPropertyValue("--width")) || 600,
    height: size.height || 400,
    readable: parseFloat(style.getPropertyValue("--readable")) || 0,
    address: image && image.src,
  }
  if (image) [shown.width, shown.height] = [Number(image.getAttribute("width")), Number(image.getAttribute("height"))]
  heading.textContent = titleOf(figure)
  status.textContent = ""
  stage.style.background = getComputedStyle(frame).backgroundColor
  stage.replaceChildren(picture)
  const save = dialog.querySelector("[data-do=save]")
  save.href = shown.address?.replace(/#.*/, "") ?? URL.createObjectURL(
    new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }))
  save.download = `${titleOf(figure).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "diagram"}.svg`
  if (!dialog.isConnected) document.body.append(dialog)
  dialog.showModal()
  document.documentElement.classList.add("diagram-viewer-open")
  stage.focus()
  fit()
  // At first no label is too small to be read; "fit" shows the whole.
  if (shown.readable && scale < shown.readable / shown.width) {
    zoom(shown.readable / shown.width, 0, 0)
    stage.scrollTo((stage.scrollWidth - stage.clientWidth) / 2, 0)
  }
}

const whole = () => Math.min(stage.clientWidth / shown.width, stage.clientHeight / shown.height, 2.5)

const fit = () => {
  zoom(whole(), 0, 0)
  shown.fitted = true
}

/** Show at another scale; what lies at (x, y) of the stage stays there. */
const zoom = (wished, x = stage.clientWidth / 2, y = stage.clientHeight / 2) => {
  const least = Math.min(whole(), shown.readable / shown.width || 1) / 1.5
  const next = Math.min(8, Math.max(least, wished))
  const margin = (outer, inner) => Math.max(0, (outer - inner) / 2)
  const at = (scroll, point, outer, inner) => (scroll + point - margin(outer, inner * scale)) / scale
  const [px, py] = [
    at(stage.scrollLeft, x, stage.clientWidth, shown.width), at(stage.scrollTop, y, stage.clientHeight, shown.height)]
  scale = next
  shown.fitted = false
  shown.picture.style.width = `${shown.width * scale}px`
  shown.picture.style.height = `${shown.height * scale}px`
  stage.scrollLeft = px * scale + margin(stage.clientWidth, shown.width * scale) - x
  stage.scrollTop = py * scale + margin(stage.clientHeight, shown.height * scale) - y
  stage.dataset.scale = scale.toFixed(3)
}

const say = text => { status.textContent = text }
const percent = () => say(`${Math.round(scale * 100)} %`)

const act = name => {
  if (name === "in" || name === "out") zoom(scale * (name === "in" ? 1.3 : 1 / 1.3))
  if (name === "fit") fit()
  if (/^(in|out|fit)$/.test(name)) percent()
  if (name === "copy") copy()
  if (name === "close") dialog.close()
}

const copy = async () => {
  const frame = frameOf(shown.figure)
  const text = shown.figure.querySelector(".diagram__code code")?.textContent
    ?? (await import("./live.js")).sourceOf(frame)
  // Not every address is one on which a browser offers its clipboard.
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false)
  const box = done ? null : make("textarea", { value: text })
  if (box) {
    dialog.append(box)
    box.select()
    document.execCommand("copy")
    box.remove()
  }
  say("Source copied")
}

const keys = event => {
  const act_ = { "+": "in", "=": "in", "-": "out", "−": "out", 0: "fit" }[event.key]
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  event.stopPropagation() // the site's own keys mean other pages
  if (event.ctrlKey || event.metaKey || event.altKey || !(act_ || way)) return
  event.preventDefault()
  if (act_) act(act_)
  else stage.scrollBy(way[0] * 80, way[1] * 80)
}

const wheel = event => {
  if (event.shiftKey || (Math.abs(event.deltaX) > Math.abs(event.deltaY) && !event.ctrlKey)) return
  event.preventDefault()
  const box = stage.getBoundingClientRect()
  const lines = event.deltaMode === 1 ? 20 : 1
  // A pinch on a trackpad comes as small turns of the wheel with the Control key.
  zoom(scale * Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - box.left, event.clientY - box.top)
}

// Dragging and pinching
const fingers = new Map()
let dragged = false

const centre = () => {
  const all = [...fingers.values()]
  const [x, y] = [0, 1].map(i => all.reduce((sum, point) => sum + point[i], 0) / all.length)
  const spread = all.length > 1 ? Math.hypot(all[0][0] - all[1][0], all[0][1] - all[1][1]) : 0
  return { x, y, spread }
}

const down = event => {
  if (event.button) return
  dragged = fingers.size > 0
  fingers.set(event.pointerId, [event.clientX, event.clientY])
}

const move = event => {
  if (!fingers.has(event.pointerId)) return
  const before = centre()
  const from = fingers.get(event.pointerId)
  if (!dragged && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 4) return
  dragged = true
  stage.setPointerCapture(event.pointerId)
  fingers.set(event.pointerId, [event.clientX, event.clientY])
  const after = centre()
  const box = stage.getBoundingClientRect()
  if (before.spread && after.spread)
    zoom((scale * after.spread) / before.spread, before.x - box.left, before.y - box.top)
  stage.scrollBy(before.x - after.x, before.y - after.y)
}

const up = event => fingers.delete(event.pointerId)
