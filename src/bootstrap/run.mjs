/** `node src/bootstrap/run.mjs FILE.ts [ARGS]`: prepares the checkout, bundles one tool and runs it. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { giveUp, prepare, root } from "./prepare.mjs";

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) giveUp("usage: node src/bootstrap/run.mjs FILE.ts [ARGS]", 64);
await prepare("all");
const esbuild = await import("esbuild");
const { bundleOptions } = await import("./build.mjs");
const outfile = join(root, ".cache", "tools", `${entry.replaceAll(/[^a-z0-9]+/gi, "-")}.mjs`);
await esbuild.build({
  ...bundleOptions,
  packages: "external",
  entryPoints: [entry],
  outfile,
  sourcemap: "inline",
});
process.argv = [process.execPath, outfile, ...args];
await import(pathToFileURL(outfile).href);
