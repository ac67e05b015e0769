// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// A table that is wider than the page scrolls in a box of the theme's: readers without a mouse reach
// it with the tab key, which passes by tables that fit.
document$.subscribe(() => requestAnimationFrame(() => {
  const fit = new ResizeObserver(boxes => boxes.forEach(({ target: box }) => {
    const wide = box.scrollWidth > box.clientWidth
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Table, scrolls sideways"]])
      if (wide) box.setAttribute(name, value); else box.removeAttribute(name)
  }))
  document.querySelectorAll(".md-typeset__scrollwrap").forEach(box => fit.observe(box))
}))
