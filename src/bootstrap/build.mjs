/**
 * Folder bootstrap/: plain scripts for a checkout: install, build, start, test. The firmware does not contain them.
 *
 * Bundles the firmware into dist/: few files, so that a small device starts fast.
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
  // Native and optional: loaded where they are wanted, absent where they could not be built.
  external: ["i2c-bus", "onoff", "epoll"],
};

/** What only the firmware's own bundle needs. @type {import("esbuild").BuildOptions} */
const firmwareOptions = {
  // The transports of boards that we do not have.
  external: [
    ...(bundleOptions.external ?? []),
    ...["serialport", "browser-serialport", "firmata"],
    // Loaded late, off the way to the first decision, and some do not survive bundling.
    ...["aedes", "azure-*", "hono", "@hono/*", "mqtt", "@peculiar/x509", "reflect-metadata"],
  ],
  // johnny-five is CommonJS and asks for Node's modules by require, which an ES module does not have.
  banner: {
    js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
  },
  // johnny-five loads Node's interactive shell for a prompt that we never open (5 ms and 1.7 MB), and colours for
  // messages that we never print (4 ms).
  alias: { repl: "./src/bootstrap/no-repl.mjs", chalk: "./src/bootstrap/no-chalk.mjs" },
};

/**
 * The entries are bundled apart: each file more costs a start half a millisecond, and two processes start. They share
 * nothing at run time; main.js hands over to cli.js and launcher.js, and loop.js to johnny-five.js
 * and faces.js; cloud.js is a process of its own.
 */
const bundles = [
  { entryPoints: ["src/main.ts"], splitting: false },
  { entryPoints: ["src/loop.ts"], splitting: false },
  { entryPoints: { "johnny-five": "src/board/johnny-five/components.ts" }, splitting: false },
  { entryPoints: ["src/firmware/faces.ts"], splitting: false },
  { entryPoints: { launcher: "src/firmware/update/open-launcher.ts" }, splitting: false },
  { entryPoints: ["src/cloud.ts"], splitting: true },
  { entryPoints: ["src/updater.ts"], splitting: true },
  { entryPoints: { cli: "src/commands/cli.ts" }, splitting: true },
  {
    // For --require, which takes CommonJS alone.
    entryPoints: ["src/manifest/network/worker-gate.ts"],
    splitting: false,
    format: /** @type {const} */ ("cjs"),
    banner: {},
    outExtension: { ".js": ".cjs" },
  },
];

/** Leaves these imports to the run: the bundle that a module is the entry of. */
const handOvers = [
  { module: /\/commands\/cli\.ts$/, bundle: "./cli.js" },
  { module: /\/components\.ts$/, bundle: "./johnny-five.js" },
  { module: /\/firmware\/faces\.ts$/, bundle: "./faces.js" },
  { module: /\/open-launcher\.ts$/, bundle: "./launcher.js" },
];

/** Bundles that an import was left to. A module that moved would else be read twice, in the wrong place, unnoticed. */
const handedOver = new Set();

/** @type {import("esbuild").Plugin} */
const handOver = {
  name: "hand-over",
  setup(build) {
    for (const { module, bundle } of handOvers)
      build.onResolve({ filter: module }, ({ kind }) => {
        if (kind !== "dynamic-import") return undefined;
        handedOver.add(bundle);
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
      plugins: [handOver],
      outdir: "dist",
      minifySyntax: true,
      minifyWhitespace: true,
      sourcemap: "linked",
    });
  }
  const missed = handOvers.filter(({ bundle }) => !handedOver.has(bundle));
  if (missed.length > 0)
    throw new Error(`no import leads to ${missed.map(({ bundle }) => bundle).join(", ")}`);
  await buildPage();
  buildNative();
  chmodSync(join(root, "dist", "main.js"), 0o755);
}

if (argv[1] === fileURLToPath(import.meta.url)) await build();
