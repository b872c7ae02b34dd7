// Builds static/build: app.css, app.js, charts.js, icons.svg, flags and the font. Run by `make build`.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const out = path.join(root, "static/build");
const need = createRequire(import.meta.url);
const modules = path.join(root, "node_modules");

const files = (folder, ends) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const here = path.join(folder, entry.name);
    return entry.isDirectory() ? files(here, ends) : ends.some((end) => here.endsWith(end)) ? [here] : [];
  });

// Icons are used by name: {% icon "inbox" %}, icon="inbox", "icon": "inbox". The sprite holds only these.
function icons() {
  const sources = [...files(path.join(root, "templates"), [".html"]), ...files(path.join(root, "apps"), [".py"])];
  const pattern = /(?:\{%\s*icon\s+|icon["']?\s*[=:]\s*)["']([a-z0-9-]+)["']/g;
  const named = new Set(sources.flatMap((file) => [...readFileSync(file, "utf8").matchAll(pattern)].map((m) => m[1])));
  const always = "check x chevron-down chevron-up selector search menu-2 moon sun dots info-circle alert-triangle arrow-up arrow-down".split(" ");
  const wanted = [...named, ...always, ...JSON.parse(readFileSync(path.join(root, "frontend/icons.json"), "utf8"))];
  const symbols = [...new Set(wanted)].sort().flatMap((name) => {
    const file = path.join(modules, "@tabler/icons/icons/outline", `${name}.svg`);
    try {
      const inner = readFileSync(file, "utf8").replace(/^[\s\S]*?<svg[^>]*>/, "").replace("</svg>", "");
      return [`<symbol id="${name}" viewBox="0 0 24 24" stroke-linecap="round" stroke-linejoin="round">${inner.trim()}</symbol>`];
    } catch {
      console.error(`icon ${name} does not exist`);
      process.exitCode = 1;
      return [];
    }
  });
  writeFileSync(path.join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

function css() {
  const cli = path.join(modules, ".bin/tailwindcss");
  execFileSync(cli, ["-i", path.join(root, "frontend/css/app.css"), "-o", path.join(out, "app.css"), "--minify"], { stdio: ["ignore", "ignore", "inherit"], cwd: root });
}

function copies() {
  const font = path.dirname(need.resolve("@fontsource-variable/inter/package.json"));
  mkdirSync(path.join(out, "fonts"), { recursive: true });
  for (const name of ["inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2"]) {
    cpSync(path.join(font, "files", name), path.join(out, "fonts", name));
  }
  const flags = "us ca mx br gb de fr it es nl se pl be ie jp au sg".split(" ");
  mkdirSync(path.join(out, "flags"), { recursive: true });
  for (const code of flags) cpSync(path.join(modules, "flag-icons/flags/4x3", `${code}.svg`), path.join(out, "flags", `${code}.svg`));
}

async function scripts() {
  const common = { bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", outdir: out };
  await build({ ...common, entryPoints: { app: path.join(root, "frontend/js/app.js"), charts: path.join(root, "frontend/js/charts.js") } });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
icons();
copies();
await scripts();
css();
console.log(`static/build: ${files(out, [""]).map((file) => `${path.relative(out, file)} ${(statSync(file).size / 1024).toFixed(0)} KB`).filter((line) => !line.startsWith("flags")).join(", ")}`);
