// Dialogs and the drawer. Markup: [data-open="id"], [data-close], <dialog data-auto> opens itself when swapped in.
// The drawer's address lives in `?open=`, so that what is seen can be shared; focus returns to where it came from.
let from = null;

export function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  from = document.activeElement;
  dialog.showModal();
  dialog.querySelector("[autofocus], input:not([type=hidden]), button")?.focus();
}

export function dialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) return open(opener.dataset.open);
    if (event.target.closest("[data-close]") || event.target.tagName === "DIALOG") event.target.closest("dialog")?.close();
    const asks = event.target.closest("[data-confirm]");
    if (asks && !window.confirm(asks.dataset.confirm)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  document.addEventListener("close", (event) => {
    if (event.target.id === "drawer") share("");
    from?.isConnected && from.focus();
  }, true);
  document.addEventListener("htmx:after:swap", () => {
    const filled = document.querySelector("#drawer[data-filled], #drawer [data-filled]");
    const drawer = document.getElementById("drawer");
    if (filled && drawer && !drawer.open) {
      open("drawer");
      share(filled.dataset.filled);
    }
    for (const dialog of document.querySelectorAll("dialog[data-auto]:not([open])")) open(dialog.id);
  });
  document.addEventListener("close-drawer", () => document.getElementById("drawer")?.close());
  document.addEventListener("keydown", (event) => event.key === "Escape" && document.querySelector("[popover]:popover-open")?.hidePopover());
}

function share(value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set("open", value);
  else url.searchParams.delete("open");
  history.replaceState(history.state, "", url);
  const body = document.querySelector("#drawer [data-filled]");
  if (!value && body) delete body.dataset.filled;
}
