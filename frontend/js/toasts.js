// Short messages: `HX-Trigger: {"toast": {"text", "kind", "undo"}}`, or messages already in the page.
const SECONDS = { plain: 5, undo: 10, error: 12 };
const said = document.body.dataset;
const region = () => document.getElementById("toasts");

export function toast({ text, kind = "success", undo = "" }) {
  if (!region() || !text) return;
  const item = document.createElement("div");
  item.className = `toast toast-${kind}`;
  item.append(Object.assign(document.createElement("span"), { className: "toast-text", textContent: text }));
  if (undo) item.append(undoButton(undo, item));
  item.append(closeButton());
  region().append(item);
  show();
  leave(item, kind === "error" ? SECONDS.error : undo ? SECONDS.undo : SECONDS.plain);
}

function show() {
  const place = region();
  if (place.showPopover && !place.matches(":popover-open")) place.showPopover();
}

function leave(item, seconds) {
  setTimeout(() => item.remove(), seconds * 1000);
}

function closeButton() {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  button.dataset.act = "dismiss";
  button.setAttribute("aria-label", said.sayClose);
  return button;
}

function undoButton(url, item) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: said.sayUndo });
  button.addEventListener("click", async () => {
    item.remove();
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": said.csrf, "HX-Request": "true" } });
    const told = answer.headers.get("HX-Trigger");
    if (told) toast(JSON.parse(told).toast);
    if (answer.headers.get("HX-Refresh")) setTimeout(() => location.reload(), 600);
  });
  return button;
}

export function toasts() {
  document.addEventListener("toast", (event) => toast(event.detail));
  document.addEventListener("click", (event) => event.target.closest?.("[data-act=dismiss]")?.closest(".toast")?.remove());
  const waiting = region()?.querySelectorAll("[data-toast]") ?? [];
  if (waiting.length) show();
  for (const item of waiting) leave(item, SECONDS.error);
}
