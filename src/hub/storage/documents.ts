/**
 * Folder storage/: what the hub stores on disk: devices, settings, certificates.
 *
 * Small JSON documents by name, in a folder that only its owner can read.
 *
 * Guarantee: a read returns the document last written, or the previous one when the disk has damaged it; never a part of
 * one, and no start fails for it. When `write` resolves, this document or a newer one is on the disk; writes to one name
 * while the disk is busy are combined.
 */
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { keepAside } from "../../base/files/kept-aside.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import { eraseGenerations, previousOf, readGeneration, writeGeneration } from "./document-file.ts";

export interface Documents {
  /**
   * @param parse returns `undefined` for an invalid document: then the older generation is tried
   * @returns `undefined` when there is no usable generation
   * @throws the system's error when the file is not readable
   */
  read<T>(name: string, parse: (document: unknown) => T | undefined): Promise<T | undefined>;
  write(name: string, document: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names that start with `prefix`; long ones in a truncated form that `read` accepts. */
  names(prefix: string): Promise<string[]>;
  /** Resolves when all writes have ended. */
  settled(): Promise<void>;
}

/** A damaged document. */
export interface DamagedDocument {
  readonly name: string;
  /** Continues a sentence that begins with the file's name. */
  readonly problem: string;
  /** Where the damaged file is now; `undefined` when it cannot be moved. */
  readonly keptAs: string | undefined;
  /** Whether the older generation is used instead. */
  readonly recovered: boolean;
}

export interface DocumentsOptions {
  readonly onDamaged?: (damaged: DamagedDocument) => void;
  /** Rejects when the storage limit allows no `bytes` more. */
  readonly reserve?: ((bytes: number) => Promise<void>) | undefined;
}

/** Documents in memory only. */
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

/** Opens the folder, and creates it when needed. @throws when it cannot be created or written */
export async function openDocuments(folder: string, options: DocumentsOptions = {}): Promise<Documents> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Only when needed: a read-only disk rejects even a chmod that changes nothing.
  if (((await stat(folder)).mode & 0o777) !== 0o700) await chmod(folder, 0o700);
  return new FolderDocuments(folder, options);
}

interface Writing {
  text: string | undefined;
  readonly writer: LatestWins;
}

class FolderDocuments implements Documents {
  readonly #folder: string;
  readonly #options: DocumentsOptions;
  /** Writes in progress, by name. */
  readonly #writing = new Map<string, Writing>();

  constructor(folder: string, options: DocumentsOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async read<T>(name: string, parse: (document: unknown) => T | undefined): Promise<T | undefined> {
    const path = this.#path(name);
    const current = readGeneration(path, parse);
    const older = readGeneration(previousOf(path), parse);
    if (current.kind === "good") {
      // Files of an older version have no checksum; and a document that is never rewritten, such as the authority's
      // key, would stay without a second generation.
      if (!current.checked || older.kind !== "good") await this.#repair(path, current.text);
      return current.value;
    }
    const recovered = older.kind === "good";
    if (current.kind === "damaged") {
      const keptAs = await keepAside(path);
      this.#options.onDamaged?.({ name, problem: current.problem, keptAs, recovered });
    } else if (older.kind !== "absent") {
      this.#options.onDamaged?.({ name, problem: "is missing", keptAs: undefined, recovered });
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

  /** A failure is ignored: the document was read and can be used. */
  async #repair(path: string, text: string): Promise<void> {
    await writeGeneration(path, text, "same").catch(() => undefined);
  }

  #path(name: string): string {
    return join(this.#folder, `${fileNameOf(name)}.json`);
  }
}

/** Most file systems limit a name to 255 bytes, including our suffixes. */
const maxNameLength = 200;
const truncated = 16;

/** Escapes characters with a meaning in file systems. */
function fileNameOf(name: string): string {
  const encoded = encodeURIComponent(name);
  if (encoded.length <= maxNameLength) return encoded;
  const hash = createHash("sha256").update(name).digest("hex");
  // No device id contains a tilde, so the name is unique.
  return `${encodeURIComponent(name.slice(0, truncated))}~${hash}`;
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
