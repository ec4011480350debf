/**
 * Folder disk/: a disk that loses its power at any operation, under the real storage code.
 *
 * The part of node:fs and node:fs/promises that the storage uses, on a small file system in memory, for every path below
 * `diskRoot`. What it keeps over a cut is what POSIX promises and no more: bytes after `sync` of the file, names after
 * `sync` of the folder. Of the rest a cut keeps nothing, all, or a beginning (`Luck`). Folders and symbolic links are
 * there at once: nothing of ours depends on a folder that was made a moment ago.
 */
import { dirname } from "node:path";

/** The real ones: this file is under the mock. */
const { constants } = process.getBuiltinModule("node:fs");

export const diskRoot = "/a-disk-in-memory";

/** Which share of what was not synced is there after the cut. */
export interface Luck {
  readonly names: 0 | 0.5 | 1;
  readonly bytes: 0 | 0.5 | 1;
}

interface Node {
  readonly kind: "file" | "folder" | "link";
  cached: Buffer;
  synced: Buffer;
}

interface NameChange {
  readonly folder: string;
  readonly apply: (names: Map<string, Node>) => void;
}

const failure = (code: string, path = ""): Error => Object.assign(new Error(`${code}: ${path}`), { code });
const none = Buffer.alloc(0);

export class DiskModel {
  /** Operations that change something, until the power is gone. */
  left = Number.POSITIVE_INFINITY;
  changes = 0;
  #names = new Map<string, Node>([[diskRoot, { kind: "folder", cached: none, synced: none }]]);
  #syncedNames = new Map(this.#names);
  #unsynced: NameChange[] = [];
  readonly #open = new Map<number, { node: Node; at: number }>();
  #nextDescriptor = 1 << 20;

  /** What the next start finds. */
  afterCut({ names, bytes }: Luck): DiskModel {
    const found = new DiskModel();
    const kept = new Map(this.#syncedNames);
    for (const { apply } of this.#unsynced.slice(0, Math.floor(names * this.#unsynced.length))) apply(kept);
    const copies = new Map<Node, Node>();
    for (const [path, node] of kept) {
      // A link of ours is a lock, and this process stands for the one after the next boot, which would not believe it.
      if (node.kind === "link") continue;
      const content = contentAfter(node, bytes);
      const copy = copies.get(node) ?? { kind: node.kind, cached: content, synced: content };
      copies.set(node, copy);
      found.#names.set(path, copy);
    }
    found.#syncedNames = new Map(found.#names);
    return found;
  }

  node(path: string): Node {
    const node = this.#names.get(path);
    if (node === undefined) throw failure("ENOENT", path);
    return node;
  }

  list(folder: string): string[] {
    if (this.node(folder).kind !== "folder") throw failure("ENOTDIR", folder);
    return [...this.#names.keys()]
      .filter((path) => dirname(path) === folder && path !== folder)
      .map((path) => path.slice(folder.length + 1));
  }

  makeFolder(path: string, recursive: boolean): void {
    if (this.#names.has(path)) {
      if (recursive && this.node(path).kind === "folder") return;
      throw failure("EEXIST", path);
    }
    if (recursive && dirname(path) !== path && !this.#names.has(dirname(path)))
      this.makeFolder(dirname(path), true);
    this.#change();
    this.#atOnce(path, { kind: "folder", cached: none, synced: none });
  }

  makeLink(target: string, path: string): void {
    if (this.#names.has(path)) throw failure("EEXIST", path);
    this.#change();
    this.#atOnce(path, { kind: "link", cached: Buffer.from(target), synced: Buffer.from(target) });
  }

  #atOnce(path: string, node: Node): void {
    this.#names.set(path, node);
    this.#syncedNames.set(path, node);
  }

  /** @returns a descriptor */
  open(path: string, flags: number | string): number {
    const { wants, makes, fresh, empties } = meaningOf(flags);
    let node = this.#names.get(path);
    if (node !== undefined && fresh) throw failure("EEXIST", path);
    if (node === undefined) {
      if (!makes) throw failure("ENOENT", path);
      this.node(dirname(path));
      this.#change();
      node = { kind: "file", cached: none, synced: none };
      this.#rename(path, node);
    } else if (empties) {
      this.#change();
      node.cached = none;
    }
    if (wants && node.kind === "folder") throw failure("EISDIR", path);
    const descriptor = this.#nextDescriptor++;
    this.#open.set(descriptor, { node, at: 0 });
    return descriptor;
  }

  isOurs = (descriptor: number): boolean => this.#open.has(descriptor);

  opened(descriptor: number): Node {
    const file = this.#open.get(descriptor);
    if (file === undefined) throw failure("EBADF");
    return file.node;
  }

  close(descriptor: number): void {
    this.#open.delete(descriptor);
  }

  /** In two steps: a cut may fall into a write. */
  write(node: Node, bytes: Uint8Array, at = node.cached.length): number {
    for (const end of [Math.floor(bytes.length / 2), bytes.length]) {
      this.#change();
      const rest = node.cached.subarray(Math.min(node.cached.length, at + end));
      const gap = Buffer.alloc(Math.max(0, at - node.cached.length));
      node.cached = Buffer.concat([node.cached.subarray(0, at), gap, bytes.subarray(0, end), rest]);
    }
    return bytes.length;
  }

  truncate(node: Node, length: number): void {
    this.#change();
    node.cached = Buffer.concat([
      node.cached,
      Buffer.alloc(Math.max(0, length - node.cached.length)),
    ]).subarray(0, length);
  }

  sync(node: Node): void {
    this.#change();
    if (node.kind === "file") node.synced = node.cached;
    const folder = [...this.#names].find(([, each]) => each === node && node.kind === "folder")?.[0];
    if (folder === undefined) return;
    for (const { apply } of this.#unsynced.filter((change) => change.folder === folder))
      apply(this.#syncedNames);
    this.#unsynced = this.#unsynced.filter((change) => change.folder !== folder);
  }

  rename(from: string, to: string): void {
    const node = this.node(from);
    const there = this.#names.get(to);
    if (there?.kind === "folder" && node.kind !== "folder") throw failure("EISDIR", to);
    this.#change();
    // rename(2): two names of one file already, and nothing happens.
    if (there === node) return;
    if (node.kind === "folder") {
      this.#moveFolder(from, to);
      return;
    }
    this.#names.set(to, node);
    this.#names.delete(from);
    this.#unsynced.push({
      folder: dirname(to),
      apply(names) {
        names.set(to, node);
        names.delete(from);
      },
    });
  }

  /** With all below it, at once. */
  #moveFolder(from: string, to: string): void {
    for (const names of [this.#names, this.#syncedNames]) {
      for (const [path, node] of [...names]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        names.delete(path);
        names.set(to + path.slice(from.length), node);
      }
    }
  }

  link(from: string, to: string): void {
    const node = this.node(from);
    if (this.#names.has(to)) throw failure("EEXIST", to);
    this.#change();
    this.#rename(to, node);
  }

  remove(path: string, options: { readonly force?: boolean; readonly recursive?: boolean } = {}): void {
    const node = this.#names.get(path);
    if (node === undefined) {
      if (options.force) return;
      throw failure("ENOENT", path);
    }
    if (node.kind === "folder") {
      if (!options.recursive) throw failure("ERR_FS_EISDIR", path);
      for (const name of this.list(path)) this.remove(`${path}/${name}`, options);
    }
    this.#change();
    this.#names.delete(path);
    this.#unsynced.push({ folder: dirname(path), apply: (names) => void names.delete(path) });
  }

  #rename(path: string, node: Node): void {
    this.#names.set(path, node);
    this.#unsynced.push({ folder: dirname(path), apply: (names) => void names.set(path, node) });
  }

  #change(): void {
    if (this.left <= 0) throw failure("EIO", "the power is gone");
    this.left -= 1;
    this.changes += 1;
  }
}

function contentAfter({ kind, cached, synced }: Node, share: number): Buffer {
  if (kind !== "file" || share === 0) return synced;
  if (share === 1) return cached;
  // What was appended is torn; what was written over is there or not.
  return cached.length > synced.length
    ? cached.subarray(0, Math.ceil((synced.length + cached.length) / 2))
    : synced;
}

function meaningOf(flags: number | string) {
  if (typeof flags === "string") {
    const wants = flags !== "r";
    return { wants, makes: /[wa]/.test(flags), fresh: flags.includes("x"), empties: flags.startsWith("w") };
  }
  return {
    wants: (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0,
    makes: (flags & constants.O_CREAT) !== 0,
    fresh: (flags & constants.O_EXCL) !== 0,
    empties: (flags & constants.O_TRUNC) !== 0,
  };
}
