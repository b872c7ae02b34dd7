// Charts: <div data-chart="id"> with its data in <script type="application/json" id="id">, drawn as SVG in theme colours.
// {"labels", "series": [{"name", "type": "bar"|"line", "data", "dashed", "step", "area", "tone"}], "stacked", "unit", "currency", "gap": {"from", "to", "label"}}
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkAreaComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, GridComponent, LegendComponent, MarkAreaComponent, TooltipComponent, SVGRenderer]);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function format(data, compact) {
  const options = { maximumFractionDigits: compact ? 1 : 0 };
  if (compact) options.notation = "compact";
  if (data.unit === "money") Object.assign(options, { style: "currency", currency: data.currency, currencyDisplay: "narrowSymbol" });
  if (data.unit === "percent") Object.assign(options, { style: "percent", maximumFractionDigits: 1 });
  const shown = new Intl.NumberFormat(document.documentElement.lang, options);
  return (value) => (value === null || value === undefined ? "–" : shown.format(value));
}

function axis() {
  return {
    axisLine: { lineStyle: { color: css("--line-2") } },
    axisTick: { show: false },
    axisLabel: { color: css("--text-3"), fontSize: 11 },
    splitLine: { lineStyle: { color: css("--line") } },
  };
}

function colour(series, index) {
  if (series.tone) return css(`--${series.tone}-fill`);
  return series.dashed ? css("--text-3") : css(`--c${(index % 8) + 1}`);
}

function drawn(series, index, data) {
  const paint = colour(series, index);
  if ((series.type ?? "line") === "bar") {
    return { name: series.name, type: "bar", stack: data.stacked ? "all" : undefined, data: series.data, barMaxWidth: 22, itemStyle: { color: paint } };
  }
  return {
    name: series.name, type: "line", data: series.data, symbol: "none", step: series.step ? "end" : undefined,
    lineStyle: { color: paint, width: series.dashed ? 1.5 : 2, type: series.dashed ? [4, 3] : "solid" },
    itemStyle: { color: paint }, areaStyle: series.area ? { color: paint, opacity: 0.1 } : undefined,
    markArea: index === 0 && data.gap ? gap(data.gap) : undefined,
  };
}

const gap = ({ from, to, label }) => ({
  silent: true, itemStyle: { color: css("--danger-fill"), opacity: 0.12 },
  label: { show: true, position: "insideTop", color: css("--danger-text"), fontSize: 11, fontWeight: 600 },
  data: [[{ name: label, xAxis: from }, { xAxis: to }]],
});

function options(data) {
  return {
    animation: false,
    textStyle: { fontFamily: css("--font"), fontSize: 12 },
    grid: { left: 4, right: 12, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, itemGap: 16, icon: "roundRect", textStyle: { color: css("--text-2"), fontSize: 12 } },
    tooltip: { trigger: "axis", backgroundColor: css("--surface"), borderColor: css("--line-2"), textStyle: { color: css("--text"), fontSize: 12 }, valueFormatter: format(data, false) },
    xAxis: { type: "category", data: data.labels, ...axis(), splitLine: { show: false } },
    yAxis: { type: "value", ...axis(), axisLine: { show: false }, axisLabel: { ...axis().axisLabel, formatter: format(data, true) } },
    series: data.series.map((series, index) => drawn(series, index, data)),
  };
}

const canvases = new Map();
window.drawCharts = (again = false) => {
  for (const place of document.querySelectorAll("[data-chart]")) {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !place.offsetWidth || (canvases.has(place) && !again)) continue;
    canvases.get(place)?.dispose();
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(options(JSON.parse(source.textContent)));
    canvases.set(place, chart);
  }
};
addEventListener("resize", () => canvases.forEach((chart) => chart.resize()));
