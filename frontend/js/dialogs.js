// Dialogs, the drawer and menus. A swap into #drawer-content or #dialog-content opens it; focus returns where it came
// from; `?open=` is the address of the drawer's content, so that what is seen can be shared, and opens it on arrival.
import htmx from "htmx.org/dist/htmx.esm.js";

let from = null;

export function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  from = document.activeElement;
  dialog.showModal();
  // The drawer is for reading: its first field must not scroll what it explains out of sight.
  const fields = id === "drawer" ? "" : ", input:not([type=hidden])";
  (dialog.querySelector(`[data-focus], [autofocus]${fields}`) ?? dialog).focus();
  dialog.querySelector("#drawer-content")?.scrollTo(0, 0);
  if (id === "palette") dialog.querySelector("input").dispatchEvent(new Event("load-palette"));
}

const ACTS = {
  palette: () => open("palette"),
  rail: () => open("rail-drawer"),
  keys: () => open("keys"),
  dialog: (button) => open(button.dataset.dialog),
  close: (button) => button.closest("dialog")?.close(),
  print: () => window.print(),
};

export function dialogs() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    if (button && ACTS[button.dataset.act]) ACTS[button.dataset.act](button);
    if (event.target.matches?.("[data-close], [data-close] *") || event.target.tagName === "DIALOG") event.target.closest("dialog")?.close();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("click", ask, true);
  document.addEventListener("submit", ask, true);
  document.addEventListener("close", (event) => {
    if (event.target.id === "drawer") share("");
    if (["drawer", "dialog"].includes(event.target.id)) empty(document.getElementById(`${event.target.id}-content`));
    // "close" comes later than the closing: who has gone on to a field meanwhile stays there.
    const gone = document.activeElement?.matches("input, select, textarea") && !event.target.contains(document.activeElement);
    if (from?.isConnected && !gone) from.focus();
  }, true);
  document.addEventListener("htmx:after:swap", (event) => {
    for (const name of ["drawer", "dialog"]) {
      const content = document.getElementById(`${name}-content`);
      if (!content?.childElementCount || content.dataset.seen === content.innerHTML.length.toString()) continue;
      content.dataset.seen = content.innerHTML.length.toString();
      open(name);
      if (name === "drawer") share(content.querySelector("[data-filled]") ? event.detail.ctx.request.action : "");
    }
  });
  arrive();
  document.addEventListener("close-drawer", () => document.getElementById("drawer")?.close());
  document.addEventListener("close-dialog", () => document.getElementById("dialog")?.close());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details[data-menu][open]")) menu.open = false;
  });
}

// [data-confirm="Really?"] on a button or form is asked in our own dialog first.
let agreed = null;
function ask(event) {
  const asking = event.target.closest?.("[data-confirm]");
  if (!asking || agreed === asking || (event.type === "click" && asking.tagName === "FORM")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-title").textContent = asking.dataset.confirm;
  dialog.querySelector("#confirm-text").textContent = asking.dataset.confirmText ?? "";
  const yes = dialog.querySelector("#confirm-yes");
  yes.textContent = asking.dataset.confirmYes ?? yes.dataset.default;
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    agreed = asking;
    if (asking.tagName === "FORM") asking.requestSubmit();
    else asking.click();
    agreed = null;
  }, { once: true });
  dialog.returnValue = "";
  dialog.showModal();
}

// What `?open=` names, as long as it is of this agency: a link must not bring anything else into the drawer.
function arrive() {
  const wanted = new URL(location.href).searchParams.get("open");
  const agency = location.pathname.split("/")[1];
  if (!wanted?.startsWith(`/${agency}/`) || !document.getElementById("drawer-content")) return;
  htmx.ajax("GET", wanted, { target: "#drawer-content", swap: "innerHTML" });
}

function share(value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set("open", value);
  else url.searchParams.delete("open");
  history.replaceState(history.state, "", url);
}

// What was closed is gone: else the next swap anywhere would open it again.
function empty(content) {
  content.replaceChildren();
  delete content.dataset.seen;
}
