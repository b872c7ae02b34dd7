// Charts: [data-chart="kind"] with its data in a <script type="application/json"> inside. Drawn as SVG, in theme colours.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const language = () => document.documentElement.lang;

const compact = (unit) => (value) => {
  const options = { notation: "compact", maximumFractionDigits: 1 };
  if (unit) Object.assign(options, { style: "currency", currency: unit, currencyDisplay: "narrowSymbol" });
  return new Intl.NumberFormat(language(), options).format(value);
};
const full = (unit) => (value) => {
  if (value === null || value === undefined) return "–";
  const options = unit ? { style: "currency", currency: unit, currencyDisplay: "narrowSymbol", maximumFractionDigits: 0 } : {};
  return new Intl.NumberFormat(language(), options).format(value);
};

function frame(data) {
  const axis = {
    axisLine: { lineStyle: { color: css("--line-2") } },
    axisTick: { show: false },
    axisLabel: { color: css("--text-3"), fontSize: 11 },
    splitLine: { lineStyle: { color: css("--line") } },
  };
  return {
    animation: false,
    aria: { enabled: true },
    textStyle: { fontFamily: css("--font"), fontSize: 12 },
    grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, itemGap: 16, icon: "roundRect", textStyle: { color: css("--text-2"), fontSize: 12 } },
    tooltip: {
      trigger: "axis",
      backgroundColor: css("--surface"),
      borderColor: css("--line-2"),
      textStyle: { color: css("--text"), fontSize: 12 },
      valueFormatter: full(data.currency),
    },
    xAxis: { type: "category", data: data.days, ...axis, splitLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: (day) => day.slice(5) } },
    yAxis: { type: "value", ...axis, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: compact(data.currency) } },
  };
}

const dashed = (name, values) => ({
  name, type: "line", data: values, symbol: "none",
  lineStyle: { color: css("--text-3"), width: 1.5, type: [4, 3] }, itemStyle: { color: css("--text-3") },
});

// {"days", "currency", "groups": {name: values}, "before": values, "before_label"}
function stacked(data) {
  const names = Object.keys(data.groups);
  const bars = names.map((name, index) => ({
    name, type: "bar", stack: "all", data: data.groups[name], barWidth: "62%",
    itemStyle: { color: css(`--c${(index % 8) + 1}`), borderRadius: index === names.length - 1 ? [2, 2, 0, 0] : 0 },
  }));
  return { ...frame(data), series: data.before ? [...bars, dashed(data.before_label, data.before)] : bars };
}

// {"days", "without": values, "with": values, "labels": [without, with], "gap": [first, last], "gap_label"}
function projection(data) {
  const area = data.gap && {
    silent: true, itemStyle: { color: css("--danger-fill"), opacity: 0.12 },
    label: { show: true, position: "insideTop", color: css("--danger-text"), fontSize: 11, fontWeight: 600 },
    data: [[{ name: data.gap_label, xAxis: data.gap[0] }, { xAxis: data.gap[1] }]],
  };
  return {
    ...frame(data),
    series: [
      { name: data.labels[0], type: "line", step: "end", data: data.without, symbol: "none", lineStyle: { color: css("--danger-fill"), width: 2, type: [5, 3] }, itemStyle: { color: css("--danger-fill") } },
      { name: data.labels[1], type: "line", data: data.with, symbol: "none", lineStyle: { color: css("--c1"), width: 2 }, itemStyle: { color: css("--c1") }, areaStyle: { color: css("--c1"), opacity: 0.1 }, markArea: area },
    ],
  };
}

// {"days", "lines": {name: values}, "bars": {name: values}}
function lines(data) {
  const series = Object.entries(data.lines ?? {}).map(([name, values], index) => ({
    name, type: "line", data: values, symbol: "none", lineStyle: { width: 2, color: css(`--c${index + 1}`) }, itemStyle: { color: css(`--c${index + 1}`) },
  }));
  const bars = Object.entries(data.bars ?? {}).map(([name, values], index) => ({
    name, type: "bar", data: values, barWidth: "60%", itemStyle: { color: css(`--c${index + 4}`) },
  }));
  return { ...frame(data), series: [...bars, ...series] };
}

const KINDS = { stacked, projection, lines };
const drawn = new Map();

export function draw(again = false) {
  for (const place of document.querySelectorAll("[data-chart]")) {
    if ((place.dataset.drawn && !again) || !place.offsetWidth) continue;
    const data = JSON.parse(place.querySelector("script").textContent);
    drawn.get(place)?.dispose();
    const canvas = place.querySelector("[data-canvas]");
    const chart = echarts.init(canvas, null, { renderer: "svg" });
    chart.setOption(KINDS[place.dataset.chart](data));
    drawn.set(place, chart);
    place.dataset.drawn = "1";
  }
}
addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
