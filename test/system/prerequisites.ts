/** What the system rig needs beside what the kernel rig does: root, to own the files of a disk, and two tools of Debian. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findTools, type Tools } from "../kernel/prerequisites.ts";

/** Debian packages, each by a program of it. */
const programs = {
  mmdebstrap: "mmdebstrap",
  "mkfs.ext4": "e2fsprogs",
  modprobe: "kmod",
  tar: "tar",
} as const;

export function findSystemTools(
  root: string,
): Tools | { readonly reason: string; readonly packages: readonly string[] } {
  const tools = findTools(root);
  const has = (program: string): boolean =>
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].some((folder) => existsSync(join(folder, program)));
  const missing = Object.entries(programs)
    .filter(([program]) => !has(program))
    .map(([, name]) => name);
  if ("reason" in tools) return { reason: tools.reason, packages: [...tools.packages, ...missing] };
  if (missing.length > 0) return { reason: `missing: ${missing.join(", ")}`, packages: missing };
  if (process.getuid?.() !== 0) return { reason: "not root, who alone can make the disk", packages: [] };
  return tools;
}
