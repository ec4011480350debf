/**
 * Folder bootstrap/: plain scripts for a checkout: install, build, start, test. The firmware does not contain them.
 *
 * Bundles the firmware into a few files in dist/, so that a small device starts fast.
 */
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildNative } from "./build-native.mjs";
import { buildPage } from "./build-page.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Options that every bundle of this project shares. @type {import("esbuild").BuildOptions} */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
  // Native and optional: loaded only when needed, and missing where they could not be built.
  external: ["i2c-bus", "onoff", "epoll"],
};

/** Options for the firmware's own bundles only. @type {import("esbuild").BuildOptions} */
const firmwareOptions = {
  // Packages for boards that are not supported here.
  external: [
    ...(bundleOptions.external ?? []),
    ...["serialport", "browser-serialport", "firmata"],
    // Not needed before the first decision, and some of them do not work when bundled.
    ...["aedes", "azure-*", "hono", "@hono/*", "mqtt", "@peculiar/x509", "reflect-metadata"],
  ],
  // johnny-five is CommonJS and loads Node's modules with require, which ES modules do not have.
  banner: {
    js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
  },
  // johnny-five loads Node's interactive shell for a prompt that is never opened (5 ms and 1.7 MB), and
  // colours for messages that are never printed (4 ms).
  alias: { repl: "./src/bootstrap/no-repl.mjs", chalk: "./src/bootstrap/no-chalk.mjs" },
};

/**
 * The entries are bundled separately: each additional file delays the start of a process by half a
 * millisecond, and two processes start. They share no module at run time; main.js loads cli.js and
 * launcher.js, and loop.js loads johnny-five.js and faces.js; cloud.js, home-assistant.js, updater.js and alerts.js are
 * processes of their own.
 */
const bundles = [
  { entryPoints: ["src/main.ts"], splitting: false },
  { entryPoints: ["src/loop.ts"], splitting: false },
  { entryPoints: { "johnny-five": "src/board/johnny-five/components.ts" }, splitting: false },
  { entryPoints: ["src/firmware/faces.ts"], splitting: false },
  { entryPoints: { launcher: "src/firmware/update/open-launcher.ts" }, splitting: false },
  { entryPoints: ["src/cloud.ts"], splitting: true },
  { entryPoints: ["src/home-assistant.ts"], splitting: true },
  { entryPoints: ["src/updater.ts"], splitting: false },
  { entryPoints: ["src/alerts.ts"], splitting: false },
  { entryPoints: { cli: "src/cli.ts" }, splitting: true },
  {
    // For --require, which only accepts CommonJS.
    entryPoints: ["src/manifest/network/worker-gate.ts"],
    splitting: false,
    format: /** @type {const} */ ("cjs"),
    banner: {},
    outExtension: { ".js": ".cjs" },
  },
];

/** Imports that are resolved at run time: the module becomes the entry of its own bundle. */
const runtimeImports = [
  { module: /^\.\/cli\.ts$/, bundle: "./cli.js" },
  { module: /\/components\.ts$/, bundle: "./johnny-five.js" },
  { module: /\/firmware\/faces\.ts$/, bundle: "./faces.js" },
  { module: /\/open-launcher\.ts$/, bundle: "./launcher.js" },
];

/**
 * Bundles with at least one such import. If a module moved, it would otherwise be bundled twice, unnoticed.
 */
const importedBundles = new Set();

/** @type {import("esbuild").Plugin} */
const runtimeImportPlugin = {
  name: "runtime-imports",
  setup(build) {
    for (const { module, bundle } of runtimeImports)
      build.onResolve({ filter: module }, ({ kind }) => {
        if (kind !== "dynamic-import") return undefined;
        importedBundles.add(bundle);
        return { path: bundle, external: true };
      });
  },
};

export async function build() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  for (const bundle of bundles) {
    await esbuild.build({
      ...bundleOptions,
      ...firmwareOptions,
      ...bundle,
      plugins: [runtimeImportPlugin],
      outdir: "dist",
      minifySyntax: true,
      minifyWhitespace: true,
      sourcemap: "linked",
    });
  }
  const missed = runtimeImports.filter(({ bundle }) => !importedBundles.has(bundle));
  if (missed.length > 0) throw new Error(`nothing imports ${missed.map(({ bundle }) => bundle).join(", ")}`);
  await buildPage();
  buildNative();
  chmodSync(join(root, "dist", "main.js"), 0o755);
}

if (argv[1] === fileURLToPath(import.meta.url)) await build();
