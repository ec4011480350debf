/**
 * Builds our kernel module against one kernel's headers. The result is kept under a name made from the sources
 * and the release, so that an unchanged module costs nothing.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Tools } from "./prerequisites.ts";

const SOURCE = /\.[ch]$|^Kbuild$/;

/**
 * @param source folder with Kbuild and the C files
 * @param cache folder to keep results in
 * @returns path of grove_rig.ko
 * @throws Error with the compiler's words when it does not build
 */
export function buildModule(tools: Tools, source: string, cache: string): string {
  const names = readdirSync(source).filter((name) => SOURCE.test(name));
  const hash = createHash("sha256").update(tools.kernel.release);
  for (const name of names.sort()) hash.update(name).update(readFileSync(join(source, name)));
  const result = join(cache, `grove_rig-${hash.digest("hex").slice(0, 16)}.ko`);
  if (existsSync(result)) return result;

  // The kernel's build writes next to the sources: it gets a copy.
  const work = join(cache, "module");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  for (const name of names) cpSync(join(source, name), join(work, name));
  const make = spawnSync(tools.make, ["-C", tools.kernel.headers, `M=${work}`, "-j2", "modules"], {
    encoding: "utf8",
    timeout: 120_000,
  });
  if (make.status !== 0) {
    throw new Error(
      `the kernel module does not build:\n${make.stdout}${make.stderr}${make.error?.message ?? ""}`,
    );
  }
  renameSync(join(work, "grove_rig.ko"), result);
  return result;
}
