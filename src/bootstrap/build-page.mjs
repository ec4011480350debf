/** Bundles the hub's page into dist/page/: one script, one style sheet, the document and its icon. */
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = join(root, "src", "hub", "page");

/** Browsers of the last three years: nesting, `color-mix`, `:has`. */
const target = ["chrome120", "firefox121", "safari17"];

/** @param {string} folder output folder; created when missing */
export async function buildPage(folder = join(root, "dist", "page")) {
  mkdirSync(folder, { recursive: true });
  await esbuild.build({
    absWorkingDir: source,
    entryPoints: { page: "main.ts", "page-style": "style/page.css" },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target,
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
  for (const file of ["index.html", "icon.svg"]) cpSync(join(source, file), join(folder, file));
}
