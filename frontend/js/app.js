// What stays in the browser: preferences, keyboard, selection, dialogs, toasts. Everything else is HTML over htmx.
import htmx from "htmx.org/dist/htmx.esm.js";
import { dialogs } from "./dialogs.js";
import { files } from "./files.js";
import { keyboard } from "./keyboard.js";
import { preferences } from "./preferences.js";
import { tables } from "./tables.js";
import { toast, toasts } from "./toasts.js";

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  if (request.method !== "GET") request.headers["X-CSRFToken"] = token();
});

// A failed swap keeps what is there; a 422 brings its form and a 409 the row as it is now.
document.addEventListener("htmx:response:error", (event) => {
  const { status } = event.detail.ctx.response;
  if (status === 422 || status === 409) return;
  toast({ text: document.body.dataset[status === 403 ? "forbidden" : "failed"], kind: "error" });
});
document.addEventListener("htmx:error", () => toast({ text: document.body.dataset.offline, kind: "error" }));

// Screen readers hear how many rows there are now.
document.addEventListener("htmx:after:swap", () => {
  const told = document.querySelector("[data-announce]");
  const region = document.getElementById("live");
  if (told && region && region.textContent !== told.dataset.announce) region.textContent = told.dataset.announce;
  charts();
});

// ECharts is large: it comes only to pages that have a chart.
function charts() {
  if (!document.querySelector("[data-chart]:not([data-drawn])")) return;
  import(new URL("./charts.js", import.meta.url)).then((module) => module.draw());
}

preferences(token);
dialogs();
keyboard();
tables();
files();
toasts(token);
charts();
document.addEventListener("theme", () => import(new URL("./charts.js", import.meta.url)).then((m) => m.draw(true)));
export { htmx };
