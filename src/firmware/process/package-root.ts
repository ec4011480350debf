/** The folder of this installation, bundled or not: it contains boards/, manifest/ and dist/. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("package.json not found above the program: reinstall it");
    folder = parent;
  }
  return folder;
}

export const packageRoot = findRoot();

/** The version in package.json, as shown on the screen and reported to the cloud. */
export function firmwareVersion(root = packageRoot): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return String(version);
}

/** Where the build puts the programs compiled from C (board/kernel/native/). */
export const nativeFolder = join(packageRoot, "dist", "native");
export const kernelCallsFile = join(nativeFolder, "kernel-calls.node");
