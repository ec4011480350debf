/**
 * A copy of the checkout in which a file can be changed and the tests run, without touching the checkout.
 *
 * Guarantee: files are replaced, never written through, so a hard link to the original stays what it was.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const copied = [
  "src",
  "dist",
  "test",
  "boards",
  "manifest",
  ".config",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

export class ScratchTree {
  readonly path: string;

  constructor(root: string, path: string) {
    this.path = path;
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    for (const name of copied) cpSync(join(root, name), join(path, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }

  write(file: string, text: string): void {
    const target = join(this.path, file);
    writeFileSync(`${target}.new`, text);
    renameSync(`${target}.new`, target);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
