/**
 * Compiles the C programs of src/board/kernel/native/ into dist/native/: the kernel calls that Node.js lacks,
 * and the program that turns the relay off without Node.js.
 *
 * Guarantee: needs only a C compiler; Node's header files come with a package, so nothing is downloaded.
 * Without a compiler nothing is built, and no message is printed: only a machine with a real hat needs it,
 * and reports it then.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { env, platform, stderr } from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = join(root, "src", "board", "kernel", "native");
const headers = join(root, "node_modules", "node-api-headers", "include");

const shared = ["-std=gnu11", "-O2", "-Wall", "-Wextra"];
const parts = [
  { file: "kernel-calls.c", output: "kernel-calls.node", flags: ["-shared", "-fPIC", "-I", headers] },
  { file: "relay-off.c", output: "relay-off", flags: [] },
];

/** @param {string} folder output folder; created when missing */
export function buildNative(folder = join(root, "dist", "native")) {
  if (platform !== "linux") return;
  const compiler = env["CC"] ?? "cc";
  if (spawnSync(compiler, ["--version"]).status !== 0) return;
  mkdirSync(folder, { recursive: true });
  for (const { file, output, flags } of parts) {
    if (flags.includes(headers) && !existsSync(headers)) continue;
    const args = [...shared, ...flags, "-o", join(folder, output), join(source, file)];
    const { status, stderr: errors } = spawnSync(compiler, args, { encoding: "utf8" });
    if (status !== 0) stderr.write(`grove-heater: ${file} was not built:\n${errors}`);
  }
}
