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
  { file: "icon-maskable.png", size: 192, bleed: true },
  { file: "apple-touch-icon.png", size: 180, bleed: true },
];

/** Members of the model's tables that the page does not read: 8 KB. */
const unreadMembers = [
  { file: "faults.ts", table: "const rows", unread: "remedy|rule|heaterOff|latched" },
  { file: "properties.ts", table: "export const readOnlyProperties", unread: "doc" },
  { file: "cloud-model.ts", table: "export const deviceInformation", unread: "doc" },
  { file: "cloud-model.ts", table: "export const firmwareComponent", unread: "doc" },
  { file: "cloud-model.ts", table: "export const telemetry", unread: "doc" },
];

/** @type {esbuild.Plugin} */
const withoutUnread = {
  name: "without-unread-members",
  setup(build) {
    build.onLoad({ filter: /[/\\]src[/\\]model[/\\][a-z-]+\.ts$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const { file, table, unread } of unreadMembers) {
        if (file !== basename(path)) continue;
        const from = contents.indexOf(`\n${table} = {`);
        const to = contents.indexOf("\n}", from);
        if (from < 0) throw new Error(`there is no table ${table} in ${path}`);
        const each = new RegExp(`\\b(?:${unread}):\\s*(?:"(?:[^"\\\\]|\\\\.)*"|true|false),?`, "g");
        const rows = contents.slice(from, to).replaceAll(each, "");
        contents = contents.slice(0, from) + rows + contents.slice(to);
      }
      return { contents, loader: "ts" };
    });
  },
};

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
    plugins: [withoutUnread],
    logLevel: "warning",
  });
  for (const file of ["index.html", "icon.svg", "app/manifest.webmanifest"])
    cpSync(join(source, file), join(folder, basename(file)));
  const icon = readFileSync(join(source, "icon.svg"), "utf8");
  for (const { file, size, bleed } of icons)
    writeFileSync(join(folder, file), drawIcon(icon, size, { bleed }));
}
