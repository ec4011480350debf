/**
 * Folder storage/: what the hub keeps on disk: devices, settings, certificates.
 *
 * Small JSON documents that outlive the process, by name, in one folder that only its owner can read.
 *
 * Guarantee: a document that was once written is there, whole, or the one written before it where a disk has damaged the
 * newer one; never a part, and never a start that fails because of it. When `write` resolves, the document is on the
 * disk, or a newer one is; several writes to one name while the disk is busy become one.
 */
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { keepAside } from "../../base/files/kept-aside.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import { eraseGenerations, look, previousOf, writeGeneration } from "./document-file.ts";

export interface Documents {
  /**
   * @param parse `undefined` for what is no such document: then the older generation is tried
   * @returns `undefined`: there is none that can be used
   * @throws the system's error when it may not be read
   */
  read<T>(name: string, parse: (document: unknown) => T | undefined): Promise<T | undefined>;
  write(name: string, document: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names that start with `prefix`; a very long one in a short form that `read` takes as well. */
  names(prefix: string): Promise<string[]>;
  /** Resolves when every write that was asked for has ended. */
  settled(): Promise<void>;
}

/** A document that could not be used as it was found. */
export interface DamagedDocument {
  readonly name: string;
  /** To follow the file's name. */
  readonly problem: string;
  /** Where the damaged file is now; `undefined` when it cannot be moved. */
  readonly keptAs: string | undefined;
  /** Whether the generation before serves in its place. */
  readonly recovered: boolean;
}

export interface DocumentsOptions {
  readonly onDamaged?: (damaged: DamagedDocument) => void;
  /** Rejects when so many bytes more may not be stored. */
  readonly reserve?: ((bytes: number) => Promise<void>) | undefined;
}

/** Keeps nothing beyond the process. */
export function memoryDocuments(content = new Map<string, string>()): Documents {
  return {
    read: async (name, parse) => {
      const text = content.get(name);
      return text === undefined ? undefined : parse(JSON.parse(text));
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
export async function openDocuments(folder: string, options: DocumentsOptions = {}): Promise<Documents> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Only where it must: a disk that became read-only refuses even what changes nothing.
  if (((await stat(folder)).mode & 0o777) !== 0o700) await chmod(folder, 0o700);
  return new FolderDocuments(folder, options);
}

/** What a document is to be; `undefined`: not there. */
interface Writing {
  text: string | undefined;
  readonly writer: LatestWins;
}

class FolderDocuments implements Documents {
  readonly #folder: string;
  readonly #options: DocumentsOptions;
  /** What is being written, by name. */
  readonly #writing = new Map<string, Writing>();

  constructor(folder: string, options: DocumentsOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async read<T>(name: string, parse: (document: unknown) => T | undefined): Promise<T | undefined> {
    const path = this.#path(name);
    const current = look(path, parse);
    const older = look(previousOf(path), parse);
    if (current.kind === "good") {
      // An older version wrote one file without a checksum; and a document that is never written again, as the
      // authority's key, would lose its second generation for good.
      if (!current.checked || older.kind !== "good") await this.#repair(path, current.text);
      return current.value;
    }
    const recovered = older.kind === "good";
    if (current.kind === "damaged") {
      const keptAs = await keepAside(path);
      this.#options.onDamaged?.({ name, problem: current.problem, keptAs, recovered });
    } else if (older.kind !== "absent") {
      this.#options.onDamaged?.({ name, problem: "is gone", keptAs: undefined, recovered });
    }
    if (older.kind === "damaged") await keepAside(previousOf(path));
    if (!recovered) return undefined;
    await this.#repair(path, older.text);
    return older.value;
  }

  write(name: string, document: unknown): Promise<void> {
    return this.#put(name, JSON.stringify(document));
  }

  remove(name: string): Promise<void> {
    return this.#put(name, undefined);
  }

  async names(prefix: string): Promise<string[]> {
    const files = await readdir(this.#folder);
    const names = files.flatMap((file) => nameOf(file) ?? []);
    return [...new Set(names)].filter((name) => name.startsWith(prefix));
  }

  async settled(): Promise<void> {
    for (const { writer } of this.#writing.values()) await writer.settled();
  }

  #put(name: string, text: string | undefined): Promise<void> {
    const writing = this.#writing.get(name) ?? this.#begin(name);
    writing.text = text;
    const written = writing.writer.wake();
    const done = (): void => {
      if (!writing.writer.busy && this.#writing.get(name) === writing) this.#writing.delete(name);
    };
    written.then(done, done);
    return written;
  }

  #begin(name: string): Writing {
    const write = async (): Promise<void> => {
      if (writing.text === undefined) await eraseGenerations(this.#path(name));
      else await this.#replace(name, writing.text);
    };
    const writing: Writing = { text: undefined, writer: new LatestWins(write) };
    this.#writing.set(name, writing);
    return writing;
  }

  async #replace(name: string, text: string): Promise<void> {
    await this.#options.reserve?.(Buffer.byteLength(text));
    await writeGeneration(this.#path(name), text, "kept");
  }

  /** What was read serves even where a disk takes nothing any more. */
  async #repair(path: string, text: string): Promise<void> {
    await writeGeneration(path, text, "same").catch(() => undefined);
  }

  #path(name: string): string {
    return join(this.#folder, `${fileNameOf(name)}.json`);
  }
}

/** Most file systems end a name at 255 bytes, and the endings of ours take some. */
const maxNameLength = 200;
const shortened = 16;

/** Device ids may hold characters that mean something to a file system; `.` alone would be the folder. */
function fileNameOf(name: string): string {
  const encoded = encodeURIComponent(name);
  if (encoded.length <= maxNameLength) return encoded;
  const hash = createHash("sha256").update(name).digest("hex");
  // No device id has a tilde: it cannot be the name of another.
  return `${encodeURIComponent(name.slice(0, shortened))}~${hash}`;
}

/** @returns `undefined` for a file that is not ours */
function nameOf(file: string): string | undefined {
  const encoded = /^(.+)\.json(?:\.previous)?$/.exec(file)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
