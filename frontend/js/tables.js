// Selection with its bar, and cells that are edited in place. A swap of the rows clears the selection.
let last = null;
const boxes = () => [...document.querySelectorAll("[data-rows] [data-select]")];

function tell() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("[data-row]").classList.toggle("is-sel", box.checked);
  const head = document.querySelector("[data-select-all]");
  if (head) {
    head.checked = all.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const bar = document.querySelector(".bulkbar");
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  for (const place of bar.querySelectorAll("[data-count]")) place.textContent = chosen.length.toLocaleString(document.documentElement.lang);
  for (const place of bar.querySelectorAll("[data-sum]")) {
    const sum = chosen.reduce((total, box) => total + Number(box.dataset[place.dataset.sum] || 0), 0);
    place.textContent = sum.toLocaleString(document.documentElement.lang);
  }
}

function range(box) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const each of all.slice(from, to + 1)) each.checked = box.checked;
}

export function tables() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-select]");
    if (!box) return;
    if (event.shiftKey && last) range(box);
    last = box;
    tell();
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-select-all]")) return;
    for (const box of boxes()) box.checked = event.target.checked;
    tell();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-clear]")) return;
    for (const box of boxes()) box.checked = false;
    tell();
  });
  // Esc in an edited cell brings the row back as it was: the cell says where from.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.target.closest?.("[data-editing]")?.querySelector("[data-cancel]")?.click();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: document.body.dataset.copied } }));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:after:swap", () => {
    tell();
    document.querySelector("[data-editing] input, [data-editing] select")?.select?.();
  });
}
