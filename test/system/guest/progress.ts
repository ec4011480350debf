/** What is remembered from one start of the machine to the next, also over a power cut. */
import { existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";

export interface Progress {
  /** The chapter that this start of the machine is for. */
  readonly chapter: number;
  /** The set-point in force before an orderly end; `undefined` before the first. */
  readonly target?: number | undefined;
}

const folder = "/var/lib/system-test";
const file = `${folder}/progress.json`;

export const kept = (): Progress =>
  existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { chapter: 0 };

export function keep(progress: Progress): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(progress), { flush: true });
  renameSync(`${file}.new`, file);
  fsyncSync(openSync(folder, "r"));
}
