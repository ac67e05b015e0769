// SPDX-FileCopyrightText: 2025 Cong Le
// SPDX-License-Identifier: MIT
// The search worker that the theme starts with every page. It answers at once that it is ready, and
// loads Material's own worker (named by ?worker=) and the index with the reader's first query.

const SETUP = 0, READY = 1, QUERY = 2   // types of Material's messages
const own = new URL(location.href)

let setup     // what the theme said at the start; its index holds no documents
let latest    // the newest query that waits for the index
let loading   // promise of Material's worker with the whole index

const load = async () => {
  const answer = await fetch(new URL("../../../search/whole_index.json", own))
  if (!answer.ok) throw new Error(`The search index answered ${answer.status}.`)
  const data = { ...setup.data, docs: (await answer.json()).docs }
  removeEventListener("message", receive)
  importScripts(new URL(own.searchParams.get("worker"), own))
  const post = postMessage
  await new Promise(ready => {   // Material's worker says that it is ready: the page knows already
    self.postMessage = (message, ...rest) =>
      message.type === READY ? ready() : post.call(self, message, ...rest)
    dispatchEvent(new MessageEvent("message", { data: { type: SETUP, data } }))
  })
  self.postMessage = post
  dispatchEvent(new MessageEvent("message", { data: latest }))
}

function receive({ data: message }) {
  if (message.type === SETUP) {
    setup = message
    postMessage({ type: READY })
  } else if (message.type === QUERY) {
    latest = message
    if (message.data) loading ??= load()
  }
}

addEventListener("message", receive)
