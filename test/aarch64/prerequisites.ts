/** What the run needs of this machine, and the kernel's table of foreign programs, which is left as it was found. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";

const table = "/proc/sys/fs/binfmt_misc";
const entry = "grove-heater-aarch64";
const emulator = "/usr/bin/qemu-aarch64-static";
/** Debian's cross libraries: what `ld-linux-aarch64.so.1` and libstdc++ are found below. */
export const libraries = "/usr/aarch64-linux-gnu";

const packages = "apt-get install qemu-user-static gcc-aarch64-linux-gnu g++-aarch64-linux-gnu";

/** @returns why it cannot run here, with the remedy; `undefined` when it can */
export function missingHere(): string | undefined {
  if (process.platform !== "linux" || process.arch === "arm64")
    return "it is for a Linux of another processor";
  if (process.getuid?.() !== 0) return "registering programs of another processor needs root";
  const files = [emulator, "/usr/bin/aarch64-linux-gnu-g++", `${libraries}/lib/ld-linux-aarch64.so.1`];
  const absent = files.find((file) => !existsSync(file));
  return absent === undefined ? undefined : `${absent} is missing; on Debian: ${packages}`;
}

/** binfmt_misc of the kernel: by the head of an ELF file for aarch64. "F" keeps the emulator open, wherever it runs. */
export class ForeignPrograms {
  #mounted = false;
  #registered = false;

  /** @throws Error when the kernel does not let it */
  register(): void {
    if (!existsSync(`${table}/register`)) {
      if (spawnSync("mount", ["-t", "binfmt_misc", "none", table]).status !== 0)
        throw new Error(`${table} cannot be mounted: this kernel has no binfmt_misc`);
      this.#mounted = true;
    }
    if (existsSync(`${table}/qemu-aarch64`)) return;
    const byte = (value: number): string => `\\x${value.toString(16).padStart(2, "0")}`;
    const head = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0xb7, 0];
    const counts = [...Array(7).fill(0xff), 0, ...Array(8).fill(0xff), 0xfe, 0xff, 0xff, 0xff] as number[];
    const line = `:${entry}:M::${head.map(byte).join("")}:${counts.map(byte).join("")}:${emulator}:F`;
    writeFileSync(`${table}/register`, line);
    this.#registered = true;
  }

  /** Whatever became of the run. */
  forget(): void {
    if (this.#registered) writeFileSync(`${table}/${entry}`, "-1");
    if (this.#mounted) spawnSync("umount", [table]);
  }
}
