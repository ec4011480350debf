/** Bundles the firmware into dist/: few files, so that a small device starts fast. */
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Options that every bundle of this project shares. @type {import("esbuild").BuildOptions} */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
  // johnny-five finds parts of itself by computed require; the other two are native and optional.
  external: ["johnny-five", "i2c-bus", "onoff"],
};

export async function build() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  await esbuild.build({
    ...bundleOptions,
    entryPoints: ["src/main.ts"],
    outdir: "dist",
    splitting: true,
    minifySyntax: true,
    sourcemap: "linked",
  });
  chmodSync(join(root, "dist", "main.js"), 0o755);
}

if (argv[1] === fileURLToPath(import.meta.url)) await build();
