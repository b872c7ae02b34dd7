// What stays in the browser: display settings, keyboard, selection, dialogs, files, toasts. All else is HTML over htmx.
import "htmx.org/dist/htmx.esm.js";
import { charts } from "./chart-loader.js";
import { dialogs } from "./dialogs.js";
import { files } from "./files.js";
import { filters } from "./filters.js";
import { keyboard } from "./keyboard.js";
import { preferences } from "./preferences.js";
import { tables } from "./tables.js";
import { toast, toasts } from "./toasts.js";

const said = document.body.dataset;

document.addEventListener("htmx:config:request", (event) => {
  const { request, sourceElement } = event.detail.ctx;
  if (request.method !== "GET") request.headers["X-CSRFToken"] = said.csrf;
  // What a page asks by the clock is no sign that somebody is there.
  if (sourceElement?.getAttribute("hx-trigger")?.startsWith("every ")) request.headers["X-Unattended"] = "1";
});
// A failed swap keeps what is there; a 422 brings its form and a 409 the row as it is now.
document.addEventListener("htmx:response:error", (event) => {
  const { status } = event.detail.ctx.response;
  if (status === 422 || status === 409) return;
  toast({ text: status === 403 ? said.sayForbidden : said.sayFailed, kind: "error" });
});
document.addEventListener("htmx:error", () => toast({ text: said.sayOffline, kind: "error" }));
// Screen readers hear how many rows there are now.
document.addEventListener("htmx:after:swap", () => {
  const told = document.querySelector("[data-announce]")?.dataset.announce;
  const total = document.querySelector("[data-total]")?.dataset.total;
  const text = told ?? (total ? said.sayRows.replace("{count}", Number(total).toLocaleString(document.documentElement.lang)) : "");
  const region = document.getElementById("live");
  if (text && region && region.textContent !== text) region.textContent = text;
  charts();
});

// Tabs that scroll show the one that is open.
for (const tab of document.querySelectorAll(".tabs-row [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - 48;

preferences();
dialogs();
filters();
keyboard();
tables();
files();
toasts();
charts();
