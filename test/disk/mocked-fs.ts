/**
 * node:fs and node:fs/promises over the disk in use. For vi.mock, which the test itself must call:
 *
 *     vi.mock("node:fs", async (original) => (await import("./mocked-fs.ts")).mockedFs(await original()));
 *     vi.mock("node:fs/promises", async (original) => (await import("./mocked-fs.ts")).mockedPromises(await original()));
 *
 * What is not in here and touches a path of the disk goes to the real file system, finds nothing there, and fails.
 */
import type * as Fs from "node:fs";
import type * as FsPromises from "node:fs/promises";
import { DiskModel, diskRoot } from "./model.ts";

/** The disk in use; a test exchanges it. */
export const inUse = { disk: new DiskModel() };

type Calls = Record<string, (...args: never[]) => unknown>;
type Node = ReturnType<DiskModel["node"]>;

const isOurs = (path: unknown): path is string => typeof path === "string" && path.startsWith(diskRoot);

const statsOf = ({ kind, cached }: Node) => ({
  isFile: () => kind === "file",
  isDirectory: () => kind === "folder",
  isSymbolicLink: () => kind === "link",
  isFIFO: () => false,
  isSocket: () => false,
  size: cached.length,
  mode: kind === "folder" ? 0o40700 : 0o100600,
  ctimeMs: 0,
  mtimeMs: 0,
});

interface RemoveOptions {
  readonly force?: boolean;
  readonly recursive?: boolean;
}

/** By path; each is for node:fs with "Sync" at its end, and for node:fs/promises as it is. */
const byPath: Calls = {
  rename: (from: string, to: string) => inUse.disk.rename(from, to),
  link: (from: string, to: string) => inUse.disk.link(from, to),
  rm: (path: string, options?: RemoveOptions) => inUse.disk.remove(path, options),
  unlink: (path: string) => inUse.disk.remove(path),
  rmdir: (path: string) => inUse.disk.remove(path, { recursive: true }),
  mkdir: (path: string, options?: RemoveOptions) => inUse.disk.makeFolder(path, options?.recursive === true),
  readdir: (path: string) => inUse.disk.list(path),
  stat: (path: string) => statsOf(inUse.disk.node(path)),
  lstat: (path: string) => statsOf(inUse.disk.node(path)),
  chmod: (path: string) => void inUse.disk.node(path),
  truncate: (path: string, length: number) => inUse.disk.truncate(inUse.disk.node(path), length),
  readlink: (path: string) => inUse.disk.node(path).cached.toString(),
  exists: (path: string) =>
    inUse.disk.list(path.slice(0, path.lastIndexOf("/"))).some((name) => path.endsWith(`/${name}`)),
  readFile: (path: string) => inUse.disk.node(path).cached.toString(),
  writeFile(path: string, text: string, options?: { readonly flag?: string }) {
    const file = inUse.disk.open(path, options?.flag ?? "w");
    inUse.disk.write(inUse.disk.opened(file), Buffer.from(text));
    inUse.disk.close(file);
  },
};

const byDescriptor: Calls = {
  closeSync: (file: number) => inUse.disk.close(file),
  fstatSync: (file: number) => statsOf(inUse.disk.opened(file)),
  fsyncSync: (file: number) => inUse.disk.sync(inUse.disk.opened(file)),
  readSync: (file: number, into: Buffer, offset: number, length: number, at: number) =>
    inUse.disk.opened(file).cached.copy(into, offset, at, at + length),
  writeSync: (file: number, bytes: string | Uint8Array) =>
    inUse.disk.write(inUse.disk.opened(file), Buffer.from(bytes as Uint8Array)),
};

export function mockedFs(original: typeof Fs): object {
  const calls: Record<string, unknown> = {
    openSync: (path: string, flags: number, ...rest: unknown[]) =>
      isOurs(path)
        ? inUse.disk.open(path, flags)
        : Reflect.apply(original.openSync, original, [path, flags, ...rest]),
    symlinkSync: (target: string, path: string) =>
      isOurs(path) ? inUse.disk.makeLink(target, path) : original.symlinkSync(target, path),
  };
  for (const [name, call] of Object.entries(byPath))
    calls[`${name}Sync`] = choice(original, `${name}Sync`, call, ([path]) => isOurs(path));
  for (const [name, call] of Object.entries(byDescriptor))
    calls[name] = choice(original, name, call, ([file]) => inUse.disk.isOurs(file as number));
  const mocked = { ...original, ...calls };
  return { ...mocked, default: mocked };
}

export function mockedPromises(original: typeof FsPromises): object {
  const calls: Record<string, unknown> = {
    open: async (path: string, flags: number | string, ...rest: unknown[]) =>
      isOurs(path)
        ? new Handle(inUse.disk, path, flags)
        : Reflect.apply(original.open, original, [path, flags, ...rest]),
    async copyFile(from: string, to: string) {
      const file = inUse.disk.open(to, "w");
      inUse.disk.write(inUse.disk.opened(file), inUse.disk.node(from).cached);
    },
  };
  for (const [name, call] of Object.entries(byPath)) {
    const later = async (...args: never[]): Promise<unknown> => call(...args);
    calls[name] = choice(original, name, later, ([path]) => isOurs(path));
  }
  const mocked = { ...original, ...calls };
  return { ...mocked, default: mocked };
}

function choice(
  original: object,
  name: string,
  call: Calls[string],
  ours: (args: unknown[]) => boolean,
): unknown {
  const real = Reflect.get(original, name) as ((...args: unknown[]) => unknown) | undefined;
  return (...args: unknown[]) =>
    ours(args) || real === undefined ? call(...(args as never[])) : Reflect.apply(real, original, args);
}

/** A FileHandle, as far as the storage uses one. */
class Handle {
  readonly #disk: DiskModel;
  readonly #file: number;
  readonly #node: Node;

  constructor(disk: DiskModel, path: string, flags: number | string) {
    this.#disk = disk;
    this.#file = disk.open(path, flags);
    this.#node = disk.opened(this.#file);
  }

  async stat() {
    return statsOf(this.#node);
  }

  async writeFile(text: string | Uint8Array): Promise<void> {
    this.#disk.write(this.#node, Buffer.from(text as Uint8Array));
  }

  async appendFile(text: string | Uint8Array): Promise<void> {
    await this.writeFile(text);
  }

  async write(bytes: Uint8Array, offset = 0, length = bytes.length - offset, at?: number | null) {
    const bytesWritten = this.#disk.write(
      this.#node,
      bytes.subarray(offset, offset + length),
      at ?? undefined,
    );
    return { bytesWritten };
  }

  async read(...args: [Buffer, number, number, number] | [{ buffer: Buffer; position: number }]) {
    const [first, offset = 0, length, at] = args;
    const buffer = Buffer.isBuffer(first) ? first : first.buffer;
    const from = Buffer.isBuffer(first) ? (at ?? 0) : first.position;
    const bytesRead = this.#node.cached.copy(buffer, offset, from, from + (length ?? buffer.length));
    return { bytesRead, buffer };
  }

  async truncate(length: number): Promise<void> {
    this.#disk.truncate(this.#node, length);
  }

  async sync(): Promise<void> {
    this.#disk.sync(this.#node);
  }

  async datasync(): Promise<void> {
    this.#disk.sync(this.#node);
  }

  async close(): Promise<void> {
    this.#disk.close(this.#file);
  }
}
