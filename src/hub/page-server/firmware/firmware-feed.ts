/**
 * Folder firmware/: firmware of the hub's devices: its feed, its roll-outs, what devices report.
 *
 * Offers the firmware images of the hub's folder `feed` to units, at `/feed/`: what `feed publish` puts there.
 *
 * Guarantees: read-only. Only regular files directly in that folder, by plain names: no list of them, no other folder,
 * no symbolic link, FIFO or device. Never more than a fixed number of downloads at a time; a stalled one is ended.
 *
 * No password is required: units have none, an image is no secret, and a unit accepts only what its owner signed.
 * The check of the host name holds as for the rest. The folder itself may be a link: to a larger disk, set by the
 * hub's owner.
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Context, Hono } from "hono";
import type { Clock } from "../../../base/clock.ts";
import { errnoOf } from "../../../base/errors.ts";
import { minutes } from "../../../base/units.ts";
import { refuse } from "../access/guard.ts";

export interface FirmwareFeedParts {
  readonly clock: Clock;
  /** Absent: the hub has no data folder, and offers nothing. */
  readonly firmwareFeedPath: string | undefined;
}

interface ByteRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Without a dot in front, and not unfinished: `feed publish` writes under `.new` first. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}(?<!\.new)$/;
const maxDownloads = 50;
const chunkBytes = 64 * 1024;
/** The slowest rate that a unit accepts (256 bytes a second) takes half of this for a chunk. */
const longestPause = minutes(10);
/** ENXIO: a socket. ELOOP: a symbolic link. */
const missingCodes = ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"];

export function addFirmwareFeed(app: Hono, { clock, firmwareFeedPath: folder }: FirmwareFeedParts): void {
  if (folder === undefined) return;
  let downloads = 0;
  app.get("/feed/:name", async (c) => {
    const name = c.req.param("name");
    if (!plainName.test(name)) return c.notFound();
    if (downloads >= maxDownloads) {
      c.header("Retry-After", "30");
      return refuse(c, 503, "throttled", "too many downloads at a time");
    }
    downloads += 1;
    const onEnd = () => {
      downloads -= 1;
    };
    const opened = await openRegular(join(folder, name)).catch((error: unknown) => {
      onEnd();
      throw error;
    });
    if (opened !== undefined) return await answer(c, opened, clock, onEnd);
    onEnd();
    return c.notFound();
  });
}

interface OpenFile {
  readonly file: FileHandle;
  readonly stats: BigIntStats;
}

/** @returns `undefined` if it is not a regular file. @throws the system's error if it cannot be read */
async function openRegular(path: string): Promise<OpenFile | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  // O_NONBLOCK: opening a FIFO does not wait for a writer; it is rejected below.
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch((error: unknown) => {
    if (missingCodes.includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  const stats = await file.stat({ bigint: true }).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  if (stats.isFile()) return { file, stats };
  await file.close();
  return undefined;
}

async function answer(
  c: Context,
  { file, stats }: OpenFile,
  clock: Clock,
  onEnd: () => void,
): Promise<Response> {
  const { size: bytes, mtimeNs, ino } = stats;
  const size = Number(bytes);
  // A new version is another file under the same name: another inode.
  const tag = `"${[bytes, mtimeNs, ino].map((part) => part.toString(36)).join("-")}"`;
  c.header("ETag", tag);
  c.header("Accept-Ranges", "bytes");
  c.header("Content-Type", "application/octet-stream");
  const ifRange = c.req.header("if-range");
  const isSame = ifRange === undefined || ifRange === tag;
  const range = isSame ? rangeOf(c.req.header("range") ?? "", size) : undefined;
  const { from, to } = range === "unsatisfiable" ? { from: 0, to: 0 } : (range ?? { from: 0, to: size });
  if (range !== undefined) {
    c.header(
      "Content-Range",
      range === "unsatisfiable" ? `bytes */${size}` : `bytes ${from}-${to - 1}/${size}`,
    );
  }
  c.header("Content-Length", String(to - from));
  const status = range === undefined ? 200 : range === "unsatisfiable" ? 416 : 206;
  if (c.req.method === "GET" && to > from) return c.body(streamOf(file, { from, to }, clock, onEnd), status);
  await file.close();
  onEnd();
  return c.body(null, status);
}

/**
 * One range of RFC 9110, section 14.1.2.
 * @returns `undefined` for an invalid header: then the whole file is sent, as section 14.2 allows
 */
function rangeOf(header: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header) ?? [];
  if (first === "" && last === "") return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  if (first !== "" && last !== "" && Number(last) < from) return undefined;
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return from < to ? { from, to } : "unsatisfiable";
}

/** Reads only the requested range; if the file has become shorter, the answer is aborted. */
function streamOf(file: FileHandle, { from, to }: ByteRange, clock: Clock, onEnd: () => void) {
  let at = from;
  let cancelPause = () => {};
  let isOpen = true;
  const close = async () => {
    cancelPause();
    if (!isOpen) return;
    isOpen = false;
    onEnd();
    // Nothing was written: a failure loses nothing.
    await file.close().catch(() => undefined);
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (stream) => waitForReader(stream),
      async pull(stream) {
        cancelPause();
        try {
          const buffer = new Uint8Array(Math.min(chunkBytes, to - at));
          const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
          if (bytesRead === 0) throw new Error("the file became shorter while it was sent");
          at += bytesRead;
          stream.enqueue(buffer.subarray(0, bytesRead));
        } catch (error) {
          await close();
          throw error;
        }
        if (at < to) return waitForReader(stream);
        await close();
        stream.close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );

  function waitForReader(stream: ReadableStreamDefaultController<Uint8Array>): void {
    cancelPause();
    cancelPause = clock.setTimer(longestPause, () => {
      stream.error(new Error("the client does not read this download"));
      void close();
    });
  }
}
