/**
 * The outbox's store in a folder of its own, on LevelDB: its log takes appends without rewriting anything, a batch is
 * atomic, and its binaries for every Raspberry Pi come inside the npm package.
 *
 * Guarantees: the native part is loaded when a store is opened, never before; a folder that cannot be read is repaired,
 * else moved aside and begun anew, and the caller is told which; a full or read-only disk moves nothing aside.
 */
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ClassicLevel } from "classic-level";
import type { WallMillis } from "../control/units.ts";
import {
  type MendEffort,
  type OpenedStore,
  type OpenStore,
  type OutboxStore,
  OutboxStoreError,
  type StoreChange,
  type StoredText,
  type StoreErrorCode,
} from "./outbox-store.ts";

type Level = ClassicLevel<string, string>;
type LevelClass = typeof ClassicLevel;

/**
 * Sized for a Pi with 512 MB: the write buffer is held in memory up to twice, and replayed at every open. Log and
 * tables share a folder that a month of readings fills to a few MB.
 */
const levelOptions = { writeBufferSize: 1 << 20, cacheSize: 1 << 18, maxOpenFiles: 64 } as const;

const noteKey = "note";
/** Digits keep the order of the numbers in the order of the bytes. */
const keyOf = (key: number) => `e${key.toString().padStart(15, "0")}`;
const afterLastKey = "f";

/** @param wallNow names a folder that is moved aside */
export function levelStore(folder: string, wallNow: () => WallMillis): OpenStore {
  return async (effort) => {
    try {
      return await openFolder(folder, effort, wallNow);
    } catch (error) {
      throw storeError(error);
    }
  };
}

async function openFolder(
  folder: string,
  effort: MendEffort,
  wallNow: () => WallMillis,
): Promise<OpenedStore> {
  const { ClassicLevel: Class } = await import("classic-level");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (effort === "set-aside") return await beginAnew(Class, folder, wallNow);
  try {
    if (effort === "none" && (await hasWholeRoot(folder))) return { store: await open(Class, folder) };
    return await repair(Class, folder);
  } catch (error) {
    if (codeOf(error) !== "corrupt") throw error;
  }
  try {
    return await repair(Class, folder);
  } catch (error) {
    if (codeOf(error) !== "corrupt") throw error;
    return await beginAnew(Class, folder, wallNow);
  }
}

async function open(Class: LevelClass, folder: string): Promise<OutboxStore> {
  const level: Level = new Class(folder, levelOptions);
  await level.open();
  return new LevelStore(level);
}

async function repair(Class: LevelClass, folder: string): Promise<OpenedStore> {
  await Class.repair(folder);
  return { store: await open(Class, folder), mended: { by: "repair" } };
}

/** One folder is kept for a person to look at, the newest: they must not fill the disk. */
async function beginAnew(Class: LevelClass, folder: string, wallNow: () => WallMillis): Promise<OpenedStore> {
  const prefix = `${basename(folder)}.unreadable-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
  const keptAs = join(dirname(folder), `${prefix}${wallNow()}`);
  await rename(folder, keptAs);
  return { store: await open(Class, folder), mended: { by: "set-aside", keptAs } };
}

/**
 * Whether LevelDB would find all of its tables. It takes a folder without CURRENT for a new one and a MANIFEST that
 * was cut off for one that ends there, and deletes the tables that neither names; a repair reads them all instead.
 */
async function hasWholeRoot(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  if (!names.includes("CURRENT")) return !names.some((name) => /\.(ldb|sst|log)$/.test(name));
  const manifest = (await readFile(join(folder, "CURRENT"), "utf8")).trim();
  return names.includes(manifest) && endsWithWholeRecord(await readFile(join(folder, manifest)));
}

/**
 * LevelDB's log format (doc/log_format.md): blocks of 32 KiB; a record has a header of 7 bytes, with its length in
 * bytes 4 and 5; what is too short for a header at the end of a block is filled up. LevelDB checks the checksums itself.
 */
function endsWithWholeRecord(bytes: Buffer): boolean {
  const block = 32_768;
  const header = 7;
  let at = 0;
  while (at < bytes.length) {
    const left = block - (at % block);
    if (left < header) at += left;
    else if (at + header > bytes.length) return false;
    else at += header + bytes.readUInt16LE(at + 4);
  }
  return at === bytes.length && at > 0;
}

class LevelStore implements OutboxStore {
  readonly #level: Level;

  constructor(level: Level) {
    this.#level = level;
  }

  read(from: number, limit: number): Promise<readonly StoredText[]> {
    return guarded(async () => {
      const pairs = await this.#level.iterator({ gte: keyOf(from), lt: afterLastKey, limit }).all();
      return pairs.map(([key, text]) => ({ key: Number(key.slice(1)), text }));
    });
  }

  readNote(): Promise<string | undefined> {
    return guarded(() => this.#level.get(noteKey));
  }

  write({ put, remove, note }: StoreChange, { durable }: { readonly durable: boolean }): Promise<void> {
    return guarded(async () => {
      const batch = this.#level.batch();
      for (const { key, text } of put) batch.put(keyOf(key), text);
      if (remove) for (let key = remove.from; key <= remove.through; key += 1) batch.del(keyOf(key));
      if (note !== undefined) batch.put(noteKey, note);
      await batch.write({ sync: durable });
    });
  }

  async close(): Promise<void> {
    await this.#level.close().catch(() => undefined);
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(error: unknown): OutboxStoreError {
  if (error instanceof OutboxStoreError) return error;
  return new OutboxStoreError(codeOf(error), wordsOf(error), { cause: error });
}

/** LevelDB's own words stand in the cause of "database failed to open". */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/**
 * A file that is missing, unreadable or shorter than LevelDB wrote it (a table's read beyond its end is "Invalid argument")
 * counts as damage, which mending may end; a full or read-only disk does not.
 */
function codeOf(error: unknown): StoreErrorCode {
  const { code, cause } = error as { readonly code?: string; readonly cause?: { readonly code?: string } };
  const codes = [code, cause?.code];
  if (codes.includes("LEVEL_LOCKED")) return "locked";
  if (codes.includes("LEVEL_CORRUPTION")) return "corrupt";
  return codes.includes("LEVEL_IO_ERROR") &&
    /No such file|Input\/output error|\.(ldb|sst): Invalid argument/.test(wordsOf(error))
    ? "corrupt"
    : "io";
}
