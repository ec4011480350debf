/** Bundles the page into dist/page/: one script, one style sheet, the document, and what it needs as an app. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { drawIcon } from "./draw-icon.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = join(root, "src", "hub", "page");

/** Browsers of the last three years: nesting, `color-mix`, `:has`. */
const target = ["chrome120", "firefox121", "safari17"];

/** Systems cut the ones that bleed into their own shapes. */
const icons = [
  { file: "icon-192.png", size: 192, bleed: false },
  { file: "icon-512.png", size: 512, bleed: false },
  { file: "icon-maskable.png", size: 512, bleed: true },
  { file: "apple-touch-icon.png", size: 180, bleed: true },
];

/** @param {string} folder output folder; created when missing */
export async function buildPage(folder = join(root, "dist", "page")) {
  mkdirSync(folder, { recursive: true });
  await esbuild.build({
    absWorkingDir: source,
    entryPoints: {
      page: "main.ts",
      "page-style": "style/page.css",
      "service-worker": "app/service-worker.ts",
    },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target,
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
  for (const file of ["index.html", "icon.svg", "app/manifest.webmanifest"])
    cpSync(join(source, file), join(folder, basename(file)));
  const icon = readFileSync(join(source, "icon.svg"), "utf8");
  for (const { file, size, bleed } of icons)
    writeFileSync(join(folder, file), drawIcon(icon, size, { bleed }));
}
