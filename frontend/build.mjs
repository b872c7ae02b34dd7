// Makes static/build of frontend/, templates/ and node_modules/: one style sheet, two scripts, icons, flags, a font.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...parts) => join(root, ...parts);
const done = at("static", "build");
const out = `${done}.part-${process.pid}`; // a server that starts meanwhile finds the files of before
const FLAGS = "us ca mx br gb de fr it es nl se pl be ie tr ae sa eg in jp sg au za cn hk eu".split(" ");

mkdirSync(join(out, "flags"), { recursive: true });
styles();
await scripts();
writeFileSync(join(out, "icons.svg"), sprite());
for (const code of FLAGS) copyFileSync(at("node_modules/flag-icons/flags/4x3", `${code}.svg`), join(out, "flags", `${code}.svg`));
copyFileSync(at("node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"), join(out, "inter.woff2"));
rmSync(done, { recursive: true, force: true });
renameSync(out, done);

function styles() {
  const cli = at("node_modules/@tailwindcss/cli/dist/index.mjs");
  execFileSync(process.execPath, [cli, "-i", at("frontend/css/app.css"), "-o", join(out, "app.css"), "--minify"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
}

async function scripts() {
  await build({
    entryPoints: { app: at("frontend/js/app.js"), charts: at("frontend/js/charts.js") },
    outdir: out, bundle: true, minify: true, format: "iife", target: "es2022", legalComments: "none", logLevel: "warning",
  });
}

// Only icons that are named somewhere: {% icon "x" %}, icon="x", and quoted words of Python files that speak of icons.
function sprite() {
  const outline = at("node_modules/@tabler/icons/icons/outline");
  const names = new Set();
  const add = (text, pattern) => { for (const match of text.matchAll(pattern)) if (existsSync(join(outline, `${match[1]}.svg`))) names.add(match[1]); };
  for (const file of files(at("templates"), ".html")) add(readFileSync(file, "utf8"), /["']([a-z0-9-]+)["']/g);
  for (const file of [...files(at("apps"), ".py"), ...files(at("frontend/js"), ".js")]) {
    const text = readFileSync(file, "utf8");
    if (text.includes("icon")) add(text, /["']([a-z0-9-]+)["']/g);
  }
  const symbols = [...names].sort().map((name) => {
    const svg = readFileSync(join(outline, `${name}.svg`), "utf8").replace(/<!--[\s\S]*?-->/g, "");
    const shapes = svg.replace(/<\/?svg[^>]*>/g, "").replace(/<path stroke="none"[^>]*>/g, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

function files(folder, ending) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}
