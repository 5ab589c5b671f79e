"use strict";
/* Everything here is a help: without it the page shows the same text and colours.
   A sequence holds runs, not tokens. The token under the pointer is found from the caret position
   and the sizes that the sequence carries, in UTF-16 units as text nodes count them. */

const page = document.documentElement;
const card = document.getElementById("token");
const originals = new WeakMap();
const sequences = new WeakMap();
const mark = window.Highlight && CSS.highlights ? new Highlight() : null;
if (mark) CSS.highlights.set("token", mark);
let pieces = null;
let current = null;
let whitespace = false;

const numbers = (text) => (text ? text.split(" ").map(Number) : []);
const pairs = (text) => new Map((text ? text.split(" ") : []).map((item) => item.split(":").map(Number)));

function pieceOf(id) {
  pieces ??= JSON.parse(document.getElementById("pieces").textContent);
  return pieces[id];
}

function sequenceOf(element) {
  let sequence = sequences.get(element);
  if (!sequence) {
    const ids = numbers(element.dataset.ids);
    const starts = new Uint32Array(ids.length + 1);
    numbers(element.dataset.sizes).forEach((size, index) => { starts[index + 1] = starts[index] + size; });
    const runs = [...element.querySelectorAll(".run")];
    sequence = {
      element, ids, starts, runs,
      firsts: runs.map((run) => Number(run.dataset.at)),
      labels: pairs(element.dataset.labels),
      positions: [...pairs(element.dataset.positions)],
      unattended: (element.dataset.unattended || "").split(" ").filter(Boolean).map((item) => item.split("-").map(Number)),
    };
    sequences.set(element, sequence);
  }
  return sequence;
}

/* The last index of `sorted` whose value is not above `value`; with `least` the first such index. */
function place(sorted, value, least) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (least ? sorted[middle] < value : sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return least ? low : low - 1;
}

function* textsOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest(".vh")) yield walker.currentNode;
  }
}

/* White space made visible: marks are put before breaks and tabs, spaces are replaced. */

const original = (node) => originals.get(node) ?? node.data;

function drawn(text) {
  return text.replace(/[ \n\t]/g, (char) => (char === " " ? "·" : char === "\n" ? "↵\n" : "→\t"));
}

function drawNode(node) {
  if (whitespace && !originals.has(node)) {
    originals.set(node, node.data);
    node.data = drawn(node.data);
  } else if (!whitespace && originals.has(node)) {
    node.data = originals.get(node);
    originals.delete(node);
  }
}

function toDrawn(node, offset) {
  if (!originals.has(node)) return offset;
  return offset + (original(node).slice(0, offset).match(/[\n\t]/g) || []).length;
}

function toOriginal(node, offset) {
  if (!originals.has(node)) return offset;
  const text = original(node);
  let seen = 0;
  let index = 0;
  while (index < text.length) {
    seen += text[index] === "\n" || text[index] === "\t" ? 2 : 1;
    if (seen > offset) break;
    index += 1;
  }
  return index;
}

/* Ids: a run is split into its tokens when it comes near the screen, once. */

function split(run) {
  if (run.dataset.split) return;
  run.dataset.split = "yes";
  const sequence = sequenceOf(run.closest(".tokens"));
  let token = Number(run.dataset.at);
  const end = sequence.firsts[sequence.runs.indexOf(run) + 1] ?? sequence.ids.length;
  const nodes = [...textsOf(run)];
  nodes.forEach((node, number) => {
    const text = original(node);
    const parts = document.createDocumentFragment();
    let at = 0;
    while (token < end) {
      const size = sequence.starts[token + 1] - sequence.starts[token];
      if (at + size > text.length || (at === text.length && (size > 0 || number < nodes.length - 1))) break;
      const part = document.createElement("span");
      part.className = "k";
      part.dataset.id = sequence.ids[token];
      part.dataset.token = token;
      if (size) part.append(text.slice(at, at + size));
      parts.append(part);
      at += size;
      token += 1;
    }
    node.replaceWith(parts);
  });
  for (const node of textsOf(run)) drawNode(node);
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) prepare(entry.target);
}, { rootMargin: "800px" });

function prepare(chunk) {
  if (page.classList.contains("show-ids")) chunk.querySelectorAll(".run").forEach(split);
  for (const node of textsOf(chunk)) drawNode(node);
}

function redraw() {
  near.disconnect();
  document.querySelectorAll(".chunk").forEach((chunk) => near.observe(chunk));
  hide();
}

/* From a point to a token, and from a token to the text that shows it. */

function caretAt(x, y) {
  if (document.caretPositionFromPoint) {
    const found = document.caretPositionFromPoint(x, y);
    return found && { node: found.offsetNode, offset: found.offset };
  }
  const range = document.caretRangeFromPoint(x, y);
  return range && { node: range.startContainer, offset: range.startOffset };
}

function tokenAt(x, y, target) {
  const part = target.closest(".k");
  if (part) return { sequence: sequenceOf(part.closest(".tokens")), index: Number(part.dataset.token) };
  const blank = target.closest(".run i");
  const caret = blank ? { node: blank.firstChild, offset: 0 } : caretAt(x, y);
  if (!caret || caret.node.nodeType !== Node.TEXT_NODE) return null;
  const run = caret.node.parentElement.closest(".run");
  const element = caret.node.parentElement.closest(".tokens[data-ids]");
  if (!run || !element) return null;
  const { node } = caret;
  const range = document.createRange();
  const holds = (offset) => {
    if (offset < 0 || offset >= node.length) return false;
    range.setStart(node, offset);
    range.setEnd(node, offset + 1);
    return [...range.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top - 6 && y <= box.bottom + 6);
  };
  const offset = blank ? 0 : [caret.offset, caret.offset - 1].find(holds);
  if (offset === undefined) return null;
  const sequence = sequenceOf(element);
  let units = toOriginal(node, offset);
  for (const other of textsOf(run)) {
    if (other === node) break;
    units += original(other).length;
  }
  const index = place(sequence.starts, sequence.starts[Number(run.dataset.at)] + units);
  return { sequence, index };
}

function rangeOf({ sequence, index }) {
  const number = place(sequence.firsts, index);
  const run = sequence.runs[number];
  let from = sequence.starts[index] - sequence.starts[sequence.firsts[number]];
  let size = sequence.starts[index + 1] - sequence.starts[index];
  const range = document.createRange();
  let last = null;
  for (const node of textsOf(run)) {
    const { length } = original(node);
    last = node;
    if (from < length || (!size && from === length)) {
      range.setStart(node, toDrawn(node, from));
      range.setEnd(node, toDrawn(node, Math.min(from + size, length)));
      return range;
    }
    from -= length;
  }
  if (last) range.setStart(last, last.length);
  else range.selectNodeContents(run);
  return range;
}

/* What is said about a token. */

function described({ sequence, index }) {
  const id = sequence.ids[index];
  const [piece, bytes, roles] = pieceOf(id) || [];
  const run = sequence.runs[place(sequence.firsts, index)];
  const rows = [["id", String(id)]];
  if (piece) rows.push(["piece", piece]);
  if (bytes) rows.push(["bytes", bytes]);
  if (roles) rows.push(["role", roles]);
  if (run.classList.contains("t")) {
    const label = sequence.labels.get(index);
    rows.push(["label", label === undefined ? `${id}, trained` : `${label}, trained; not this token's id`]);
  } else if (run.classList.contains("m")) rows.push(["label", "−100, masked"]);
  else rows.push(["label", "none stored"]);
  rows.push(["position", `${index} (0 to ${sequence.ids.length - 1})`]);
  const restart = sequence.positions.findLast(([start]) => start <= index);
  if (restart) rows.push(["position id", String(restart[1] + index - restart[0])]);
  if (sequence.unattended.some(([first, last]) => first <= index && index <= last)) rows.push(["attention", "0, not attended to"]);
  return rows;
}

function show(token) {
  if (current && token && current.sequence === token.sequence && current.index === token.index && !card.hidden) return;
  current = token;
  const list = document.createElement("dl");
  for (const [name, value] of described(token)) {
    const term = document.createElement("dt");
    const definition = document.createElement("dd");
    term.textContent = name;
    definition.textContent = value;
    list.append(term, definition);
  }
  card.replaceChildren(list);
  card.hidden = false;
  const range = rangeOf(token);
  if (mark) {
    mark.clear();
    mark.add(range);
  }
  putBeside(range);
}

function putBeside(range) {
  const box = range.getClientRects()[0] ?? range.getBoundingClientRect();
  const below = box.bottom + 8;
  const top = below + card.offsetHeight < innerHeight ? below : Math.max(box.top - card.offsetHeight - 8, 4);
  card.style.top = `${top}px`;
  card.style.left = `${Math.max(Math.min(box.left, innerWidth - card.offsetWidth - 8), 8)}px`;
}

function hide() {
  card.hidden = true;
  if (mark) mark.clear();
}

function moveTo(sequence, index) {
  const token = { sequence, index: Math.max(0, Math.min(index, sequence.ids.length - 1)) };
  const box = rangeOf(token).getBoundingClientRect();
  if (box.top < 60 || box.bottom > innerHeight - 140) scrollBy(0, box.top - innerHeight / 2);
  show(token);
}

function nextRun(sequence, index, step) {
  const number = place(sequence.firsts, index);
  if (step < 0 && sequence.firsts[number] < index) return sequence.firsts[number];
  return sequence.firsts[number + step] ?? (step < 0 ? 0 : sequence.ids.length - 1);
}

function neighbour(element, step, problems) {
  const samples = [...document.querySelectorAll(".sample")];
  let number = samples.indexOf(element.closest(".sample")) + step;
  while (problems && samples[number] && !samples[number].querySelector(".code")) number += step;
  const target = samples[number]?.querySelector(".tokens[data-ids]");
  if (!target) return;
  target.closest(".sample").scrollIntoView();
  target.focus({ preventScroll: true });
}

const toggles = {
  "show-whitespace": (on) => { whitespace = page.classList.toggle("show-whitespace", on); },
  "show-ids": (on) => page.classList.toggle("show-ids", on),
};

function toggle(id) {
  const button = document.getElementById(id);
  if (!button) return;
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  toggles[id](on);
  redraw();
}

function onKey(event) {
  const element = event.target.closest?.(".tokens[data-ids]");
  if (!element || event.altKey || event.metaKey) return;
  const sequence = sequenceOf(element);
  const index = current?.sequence === sequence ? current.index : 0;
  const last = sequence.ids.length - 1;
  const moves = {
    ArrowRight: () => moveTo(sequence, event.ctrlKey ? nextRun(sequence, index, 1) : index + 1),
    ArrowLeft: () => moveTo(sequence, event.ctrlKey ? nextRun(sequence, index, -1) : index - 1),
    Home: () => moveTo(sequence, 0),
    End: () => moveTo(sequence, last),
  };
  const keys = {
    n: () => neighbour(element, 1, false),
    p: () => neighbour(element, -1, false),
    N: () => neighbour(element, 1, true),
    P: () => neighbour(element, -1, true),
    w: () => toggle("show-whitespace"),
    i: () => toggle("show-ids"),
    Escape: hide,
  };
  const act = moves[event.key] ?? (event.ctrlKey ? undefined : keys[event.key]);
  if (!act) return;
  event.preventDefault();
  act();
}

let pointer = null;
document.addEventListener("pointermove", (event) => {
  const waiting = pointer !== null;
  pointer = event;
  if (waiting) return;
  requestAnimationFrame(() => {
    const { clientX, clientY, target } = pointer;
    pointer = null;
    const token = target.closest?.(".tokens") ? tokenAt(clientX, clientY, target) : null;
    if (token) show(token);
    else if (!document.activeElement?.closest?.(".tokens")) hide();
  });
}, { passive: true });
document.addEventListener("click", (event) => {
  const token = event.target.closest?.(".tokens") && getSelection().isCollapsed ? tokenAt(event.clientX, event.clientY, event.target) : null;
  if (token) show(token);
});
document.addEventListener("scroll", () => {
  if (card.hidden) return;
  if (document.activeElement?.closest?.(".tokens")) putBeside(rangeOf(current));
  else hide();
}, { passive: true });
document.addEventListener("keydown", onKey);
document.addEventListener("focusin", (event) => {
  const element = event.target.closest?.(".tokens[data-ids]");
  if (element && !element.matches(":active")) moveTo(sequenceOf(element), current?.sequence.element === element ? current.index : 0);
});
document.addEventListener("focusout", hide);
addEventListener("beforeprint", () => document.querySelectorAll(".chunk").forEach(prepare));

const themes = ["system", "light", "dark"];
const theme = document.getElementById("theme");
theme.addEventListener("click", () => {
  const next = themes[(themes.indexOf(page.dataset.theme ?? "system") + 1) % themes.length];
  if (next === "system") delete page.dataset.theme;
  else page.dataset.theme = next;
  theme.querySelector("span").textContent = next;
});
for (const id of Object.keys(toggles)) document.getElementById(id)?.addEventListener("click", () => toggle(id));
for (const help of document.querySelectorAll(".tools, .hint")) help.hidden = false;
