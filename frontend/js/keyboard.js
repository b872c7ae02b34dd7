// j k row · x select · o open · e edit · a s first actions of a row · / filter · g + letter go · Ctrl K palette · ? help.
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
const go = { o: "overview", i: "inbox", s: "stores", r: "replenishment", y: "sync", c: "changes" };
const KEYS = {
  j: () => move(current + 1),
  k: () => move(current - 1),
  x: () => press("[data-sel], [data-select]"),
  X: () => press("[data-sel], [data-select]"),
  o: () => press("[data-open], [data-detail]"),
  e: () => press("[data-edit]"),
  a: () => press("[data-key=a]"),
  s: () => press("[data-key=s]"),
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
