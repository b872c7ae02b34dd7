// j k row · x select · o open · e edit · a s first actions of the row or the selection · / filter · g + letter go ·
// Esc clear the selection · Ctrl K palette · ? help.
// One switch turns single keys off (WCAG 2.1.4); Ctrl K and Esc always work.
import { open } from "./dialogs.js";

let current = -1;
let going = false;
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);

function move(to) {
  const all = rows();
  if (!all.length) return;
  current = Math.max(0, Math.min(all.length - 1, to));
  all.forEach((row, index) => row.classList.toggle("is-cur", index === current));
  all[current].scrollIntoView({ block: "nearest" });
  all[current].querySelector("a, button, input")?.focus({ preventScroll: true });
}

const press = (selector) => rows()[current]?.querySelector(selector)?.click();

// The click of a mouse that is held with Shift selects up to here; a key's must say so, too.
const choose = (shiftKey) => rows()[current]?.querySelector("[data-sel], [data-select]")
  ?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));

// The row's own button, else that of the bar for what is selected.
const act = (key) => (rows()[current]?.querySelector(`[data-key=${key}]`) ?? document.querySelector(`[data-bulk]:not([hidden]) [data-key=${key}]`))?.click();
const go = { o: "overview", i: "inbox", s: "stores", r: "replenishment", y: "sync", c: "changes" };
const KEYS = {
  j: () => move(current + 1),
  k: () => move(current - 1),
  x: () => choose(false),
  X: () => choose(true),
  o: () => press("[data-open], [data-detail], a[href]"),
  e: () => press("[data-edit]"),
  a: () => act("a"),
  s: () => act("s"),
  Escape: () => document.querySelector("[data-bulk]:not([hidden]) [data-clear]")?.click(),
  "/": () => document.querySelector("#filter-q, [data-filter]")?.focus(),
  "?": () => open("keys"),
};

export function keyboard() {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open("palette");
      return;
    }
    const typing = event.target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      inPalette(event);
      return;
    }
    if (["0", "false", "False"].includes(document.body.dataset.shortcuts)) return;
    if (going) {
      going = false;
      document.querySelector(`[data-nav="${go[event.key]}"]`)?.click();
    } else if (event.key === "g") going = true;
    else if (KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
}

function inPalette(event) {
  const palette = document.querySelector("#palette[open]");
  if (!palette) return;
  const links = [...palette.querySelectorAll("a")];
  if (event.key === "Enter" && event.target.matches("input")) links[0]?.click();
  if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  (links[next] ?? palette.querySelector("input")).focus();
}
