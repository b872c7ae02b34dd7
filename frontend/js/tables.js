// Selection with its bar, cells edited in place, copying. A swap of the rows clears the selection.
let last = null;
const said = document.body.dataset;
const BOX = "[data-sel], [data-select]";
const boxes = () => [...document.querySelectorAll(BOX)];
const spoken = (value) => Number(value).toLocaleString(document.documentElement.lang);

function tell() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("[data-row]")?.classList.toggle("is-sel", box.checked);
  const head = document.querySelector("[data-all], [data-select-all]");
  if (head) {
    head.checked = all.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  for (const place of bar.querySelectorAll("[data-bulk-count]")) {
    place.textContent = place.tagName === "B" ? spoken(chosen.length) : said.saySelected.replace("{count}", spoken(chosen.length));
  }
  for (const place of bar.querySelectorAll("[data-bulk-sum]")) {
    const key = place.dataset.bulkSum;
    const sum = chosen.reduce((total, box) => total + Number(box.dataset[`sum${key[0].toUpperCase()}${key.slice(1)}`] ?? box.dataset[key] ?? 0), 0);
    place.textContent = spoken(sum);
  }
  for (const place of bar.querySelectorAll("[data-bulk-ask]")) place.dispatchEvent(new CustomEvent("chosen"));
}

function range(box) {
  const all = boxes();
  const [first, end] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (first >= 0) for (const each of all.slice(first, end + 1)) each.checked = box.checked;
}

export function tables() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(BOX);
    if (box) {
      if (event.shiftKey && last) range(box);
      last = box;
      tell();
    }
    if (event.target.closest?.("[data-act=clear], [data-clear]")) {
      for (const each of boxes()) each.checked = false;
      tell();
    }
    const copy = event.target.closest?.("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => document.dispatchEvent(new CustomEvent("toast", { detail: { text: said.sayCopied } })));
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-all], [data-select-all]")) return;
    for (const box of boxes()) box.checked = event.target.checked;
    tell();
  });
  // Esc in an edited cell brings it back as it was.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.target.closest?.("[data-editing], [data-edit-form]")?.querySelector("[data-cancel]")?.click();
  });
  document.addEventListener("htmx:after:swap", () => {
    tell();
    document.querySelector("td [data-edit-form] [data-focus], td [data-editing] input:not([type=hidden])")?.select?.();
  });
}
