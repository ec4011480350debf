/**
 * Zstandard with an older file as dictionary (RFC 8878), by node:zlib, where the running Node.js supports it:
 * 20 has no Zstandard, and 22.15 silently ignores the dictionary. So a known frame is unpacked as a test
 * before it is used.
 *
 * Guarantee: nothing larger than announced is ever unpacked.
 */
import * as zlib from "node:zlib";
import { messageOf } from "../../base/errors.ts";

type Done = (error: Error | null, result: Buffer) => void;
interface Zstd {
  readonly constants: Readonly<Record<string, number>>;
  zstdCompress(bytes: Uint8Array, options: object, done: Done): void;
  zstdDecompress(bytes: Uint8Array, options: object, done: Done): void;
}

const level = 19;
/** The range of windows that a decoder accepts here. A window larger than both files has no effect. */
const [leastWindowLog, mostWindowLog] = [10, 27];
/** Below this nothing can be unpacked: Node.js refuses a limit of 0. */
const leastOutput = 1;

export class ZstdError extends Error {
  override readonly name = "ZstdError";
}

/** @throws ZstdError */
export function pack(bytes: Uint8Array, dictionary: Uint8Array | undefined): Promise<Buffer> {
  const { constants, zstdCompress } = library();
  // The default window misses common content in files of more than about 1 MB; a needlessly large one takes 1
  // GB.
  const windowLog = Math.ceil(Math.log2(bytes.length + (dictionary?.length ?? 0) + 1));
  const params = {
    [constants["ZSTD_c_compressionLevel"] ?? 0]: level,
    [constants["ZSTD_c_windowLog"] ?? 0]: Math.min(mostWindowLog, Math.max(leastWindowLog, windowLog)),
  };
  return called((done) => zstdCompress(bytes, { params, ...(dictionary && { dictionary }) }, done));
}

/** @param size the exact size of the result. @throws ZstdError */
export async function unpack(
  bytes: Uint8Array,
  dictionary: Uint8Array | undefined,
  size: number,
): Promise<Buffer> {
  const { constants, zstdDecompress } = library();
  const params = { [constants["ZSTD_d_windowLogMax"] ?? 0]: mostWindowLog };
  const options = { params, maxOutputLength: Math.max(leastOutput, size), ...(dictionary && { dictionary }) };
  const unpacked = await called((done) => zstdDecompress(bytes, options, done));
  if (unpacked.length === size) return unpacked;
  throw new ZstdError(`${unpacked.length} bytes came out, not ${size}`);
}

const testFrame = {
  dictionary: Buffer.from("grove-heater: the old file of which a delta is made, byte for byte. ".repeat(4)),
  frame: Buffer.from("KLUv/SDEfQAAEC0hAwD8iBQMdsCEM1wB", "base64"),
};
let supported: Promise<boolean> | undefined;

/** Whether this Node.js unpacks with a dictionary. Never rejects. */
export function canUseDictionary(): Promise<boolean> {
  const { dictionary, frame } = testFrame;
  const wanted = Buffer.concat([dictionary.subarray(5, 200), Buffer.from("!")]);
  supported ??= unpack(frame, dictionary, wanted.length).then(
    (found) => found.equals(wanted),
    () => false,
  );
  return supported;
}

function library(): Zstd {
  if ("zstdDecompress" in zlib) return zlib as unknown as Zstd;
  throw new ZstdError(`Node.js ${process.versions.node} has no Zstandard`);
}

function called(call: (done: Done) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => reject(new ZstdError(messageOf(cause), { cause }));
    try {
      call((error, result) => (error === null ? resolve(result) : failed(error)));
    } catch (error) {
      failed(error);
    }
  });
}
