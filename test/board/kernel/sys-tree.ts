/** Builds a directory like /sys from a small description of its GPIO chips. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Description {
  about: string;
  chips: { label: string; base: number; ngpio: number }[];
}

export interface SysTree {
  readonly root: string;
  /** Adds an exported line as the kernel shows it. */
  addLine(number: number, values: { direction: string; value: string; active_low: string }): void;
  read(path: string): string;
  remove(): void;
}

export function sysTree(fixture: string): SysTree {
  const file = new URL(`../../fixtures/sys/${fixture}.json`, import.meta.url);
  const { chips } = JSON.parse(readFileSync(file, "utf8")) as Description;
  const root = mkdtempSync(join(tmpdir(), "grove-sys-"));
  const gpio = join(root, "class", "gpio");
  mkdirSync(gpio, { recursive: true });
  writeFileSync(join(gpio, "export"), "");
  writeFileSync(join(gpio, "unexport"), "");
  for (const chip of chips) {
    const directory = join(gpio, `gpiochip${chip.base}`);
    mkdirSync(directory);
    for (const name of ["label", "base", "ngpio"] as const) {
      writeFileSync(join(directory, name), `${chip[name]}\n`);
    }
  }
  return {
    root,
    addLine(number, values) {
      const directory = join(gpio, `gpio${number}`);
      mkdirSync(directory);
      for (const [name, text] of Object.entries(values)) writeFileSync(join(directory, name), `${text}\n`);
    },
    read: (path) => readFileSync(join(gpio, path), "utf8").trim(),
    remove: () => rmSync(root, { recursive: true }),
  };
}
