// ECharts is large: it comes only to pages that have a chart.
let asked = false;

export function charts() {
  if (!document.querySelector("[data-chart]")) return;
  if (window.drawCharts) {
    window.drawCharts();
    return;
  }
  if (asked) return;
  asked = true;
  const script = document.createElement("script");
  script.src = document.body.dataset.charts;
  script.addEventListener("load", () => window.drawCharts());
  document.head.append(script);
}
