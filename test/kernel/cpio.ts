/**
 * Writes the archive that Linux unpacks as its first file system: cpio "newc", as Documentation/driver-api/
 * early-userspace/buffer-format.rst of the kernel has it. Entries belong to root whoever builds; nothing is
 * compressed, because an emulated processor unpacks more slowly than it copies.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const FILE = 0o100000;
const FOLDER = 0o040000;
const CHARACTER_DEVICE = 0o020000;
const SYMBOLIC_LINK = 0o120000;

export class Cpio {
  readonly #chunks: Uint8Array[] = [];
  readonly #folders = new Set<string>(["/"]);
  #inode = 1;

  /** @param path absolute; folders above it are added. @param mode permission bits */
  file(path: string, content: Uint8Array | string, mode = 0o644): this {
    this.folder(dirname(path));
    return this.#entry(path, FILE | mode, typeof content === "string" ? Buffer.from(content) : content);
  }

  folder(path: string): this {
    if (this.#folders.has(path)) return this;
    this.folder(dirname(path));
    this.#folders.add(path);
    return this.#entry(path, FOLDER | 0o755);
  }

  link(path: string, target: string): this {
    this.folder(dirname(path));
    return this.#entry(path, SYMBOLIC_LINK | 0o777, Buffer.from(target));
  }

  device(path: string, major: number, minor: number): this {
    this.folder(dirname(path));
    return this.#entry(path, CHARACTER_DEVICE | 0o600, new Uint8Array(), [major, minor]);
  }

  writeTo(path: string): void {
    this.#entry("/TRAILER!!!", 0);
    const file = openSync(path, "w");
    try {
      for (const chunk of this.#chunks) {
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
      }
    } finally {
      closeSync(file);
    }
  }

  #entry(
    path: string,
    mode: number,
    content: Uint8Array = new Uint8Array(),
    device: [number, number] = [0, 0],
  ): this {
    const name = Buffer.from(`${path.slice(1)}\0`);
    // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    const fields = [this.#inode++, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    this.#push(Buffer.concat([Buffer.from(header, "ascii"), name]));
    this.#push(content);
    return this;
  }

  /** Header with name, and content: each padded to four bytes. */
  #push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes, new Uint8Array(-bytes.length & 3));
  }
}
