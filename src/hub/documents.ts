/**
 * Small JSON documents that outlive the process, by name, in one folder that only its owner can read.
 *
 * Guarantee: a file holds a whole document that was once written, or does not exist, also after a power cut (new
 * file, fsync, rename, fsync of the folder). When `write` resolves, the document is on the disk, or a newer one is;
 * several writes to one name while the disk is busy become one. What cannot be read is kept aside, never overwritten.
 */
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

export interface Documents {
  /** `undefined`: there is none, or it could not be read and was kept aside. */
  read(name: string): Promise<unknown>;
  write(name: string, document: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names that start with `prefix`. */
  names(prefix: string): Promise<string[]>;
  /** Resolves when every write that was asked for has ended. */
  settled(): Promise<void>;
}

/** Keeps nothing beyond the process. */
export function memoryDocuments(content = new Map<string, string>()): Documents {
  return {
    read: async (name) => {
      const text = content.get(name);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    },
    write: async (name, document) => {
      content.set(name, JSON.stringify(document));
    },
    remove: async (name) => {
      content.delete(name);
    },
    names: async (prefix) => [...content.keys()].filter((name) => name.startsWith(prefix)),
    settled: async () => {},
  };
}

/** Opens the folder, making it when needed. @throws when it cannot be made or is not ours to write */
export async function openDocuments(
  folder: string,
  onUnreadable: (name: string, keptAs: string) => void,
): Promise<Documents> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  return new FolderDocuments(folder, onUnreadable);
}

/** `settled` is what the callers of `write` wait for: it belongs to the text that stands in `text` now. */
interface Pending {
  text: string | undefined;
  settled: Promise<void>;
}

class FolderDocuments implements Documents {
  readonly #folder: string;
  readonly #onUnreadable: (name: string, keptAs: string) => void;
  /** What waits for its turn, by name; one write of a name is under way at a time. */
  readonly #pending = new Map<string, Pending>();
  readonly #busy = new Map<string, Promise<void>>();

  constructor(folder: string, onUnreadable: (name: string, keptAs: string) => void) {
    this.#folder = folder;
    this.#onUnreadable = onUnreadable;
  }

  async read(name: string): Promise<unknown> {
    const path = this.#path(name);
    try {
      return JSON.parse(await readFile(path, "utf8")) as unknown;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      const keptAs = `${path}.unreadable`;
      await rename(path, keptAs).catch(() => undefined);
      this.#onUnreadable(name, keptAs);
      return undefined;
    }
  }

  write(name: string, document: unknown): Promise<void> {
    return this.#put(name, JSON.stringify(document));
  }

  remove(name: string): Promise<void> {
    return this.#put(name, undefined);
  }

  async names(prefix: string): Promise<string[]> {
    const files = await readdir(this.#folder);
    return files
      .filter((file) => file.endsWith(".json"))
      .map((file) => decodeURIComponent(file.slice(0, -".json".length)))
      .filter((name) => name.startsWith(prefix));
  }

  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values());
  }

  #put(name: string, text: string | undefined): Promise<void> {
    const waiting = this.#pending.get(name);
    if (waiting !== undefined) {
      waiting.text = text;
      return waiting.settled;
    }
    const before = this.#busy.get(name) ?? Promise.resolve();
    const pending: Pending = { text, settled: Promise.resolve() };
    pending.settled = before
      .catch(() => undefined)
      .then(() => {
        this.#pending.delete(name);
        return pending.text === undefined ? this.#erase(name) : this.#replace(name, pending.text);
      });
    this.#pending.set(name, pending);
    this.#busy.set(name, pending.settled);
    const done = () => {
      if (this.#busy.get(name) === pending.settled) this.#busy.delete(name);
    };
    pending.settled.then(done, done);
    return pending.settled;
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = this.#path(name);
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await this.#syncFolder();
  }

  async #erase(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
    await this.#syncFolder();
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Device ids may hold characters that mean something to a file system; `.` alone would be the folder. */
  #path(name: string): string {
    return join(this.#folder, `${encodeURIComponent(name)}.json`);
  }
}
