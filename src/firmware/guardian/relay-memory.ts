/**
 * Remembers which relay was driven last from this data folder, for starts on which the files that say so are broken.
 *
 * Guarantee: what comes back passed a checksum, since a flipped bit in the active level would turn a heater on; reading
 * never waits, and neither does writing on a FIFO in its place.
 */
import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { messageOf } from "../../base/errors.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import type { Log } from "../../base/log.ts";
import type { RelayWiring } from "../../board/definition/definition.ts";

const fileIn = (dataPath: string): string => join(dataPath, "relay.json");
const largestFile = 16 * 1024;

export function recallRelay(dataPath: string): RelayWiring | undefined {
  try {
    const { wiring, crc } = JSON.parse(recallText(dataPath) ?? "{}");
    return wiring !== undefined && crc === checksum(wiring) ? (wiring as RelayWiring) : undefined;
  } catch {
    return undefined;
  }
}

/** After the relay was forced off: a disk may take its time. The folder is there. */
export function rememberRelay(
  { relay, gpioChipLabels, backend }: RelayWiring,
  dataPath: string,
  log: Log,
): void {
  const wiring: RelayWiring = { relay, gpioChipLabels, backend };
  const text = JSON.stringify({ wiring, crc: checksum(wiring) });
  try {
    if (recallText(dataPath) === text) return;
    replace(fileIn(dataPath), text);
  } catch (error) {
    log.warn("relay-not-remembered", { cause: messageOf(error) });
  }
}

const checksum = (wiring: unknown): string => crc32(JSON.stringify(wiring)).toString(16);

function recallText(dataPath: string): string | undefined {
  try {
    return readSmallFile(fileIn(dataPath), { limit: largestFile });
  } catch {
    return undefined;
  }
}

/** Never opens what lies at the path already: it may be a FIFO. */
function replace(path: string, text: string): void {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
