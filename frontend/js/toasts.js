// Short messages: `HX-Trigger: {"toast": {"text", "kind", "undo"}}`, or <template data-toast> in a page.
const SECONDS = { plain: 5, undo: 10, error: 12 };
let csrf = () => "";

export function toast({ text, kind = "success", undo = "" }) {
  const place = document.getElementById("toasts");
  if (!place || !text) return;
  const item = document.createElement("div");
  item.className = `toast ${kind}`;
  item.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) item.append(undoButton(undo, item));
  place.append(item);
  const life = kind === "error" ? SECONDS.error : undo ? SECONDS.undo : SECONDS.plain;
  setTimeout(() => item.remove(), life * 1000);
}

function undoButton(url, item) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: document.body.dataset.undo });
  button.addEventListener("click", async () => {
    item.remove();
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrf(), "HX-Request": "true" } });
    const told = answer.headers.get("HX-Trigger");
    if (told) toast(JSON.parse(told).toast);
    if (answer.headers.get("HX-Refresh")) setTimeout(() => location.reload(), 600);
  });
  return button;
}

export function toasts(token) {
  csrf = token;
  document.addEventListener("toast", (event) => toast(event.detail));
  for (const waiting of document.querySelectorAll("[data-toast]")) toast({ text: waiting.dataset.toast, kind: waiting.dataset.kind });
}
