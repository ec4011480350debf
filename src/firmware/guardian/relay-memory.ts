/**
 * Remembers which relay was driven last from this data folder, for starts with an invalid settings, board or manifest
 * file.
 *
 * Guarantee: a relay that is returned passed a checksum, since a flipped bit in the active level would turn a heater on;
 * neither reading nor writing blocks if a FIFO is in the file's place.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { messageOf } from "../../base/errors.ts";
import { replaceFileSync } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import type { Log } from "../../base/log.ts";
import type { RelayWiring } from "../../board/definition/definition.ts";
import type { BackendSetting } from "../../board/kernel/gpio-backend.ts";

const fileIn = (dataPath: string): string => join(dataPath, "relay.json");
const largestFile = 16 * 1024;

export interface DrivenRelay {
  readonly wiring: RelayWiring;
  /** From the settings. */
  readonly gpioBackend?: BackendSetting;
}

export function recallRelay(dataPath: string): DrivenRelay | undefined {
  try {
    const { crc, ...driven } = JSON.parse(recallText(dataPath) ?? "{}");
    return driven.wiring !== undefined && crc === checksum(driven) ? driven : undefined;
  } catch {
    return undefined;
  }
}

/** Call it after the relay was forced off, since a disk may be slow. The folder must exist. */
export function rememberRelay(
  { wiring: { relay, gpioChipLabels, backend }, gpioBackend }: DrivenRelay,
  dataPath: string,
  log: Log,
): void {
  const driven: DrivenRelay = {
    wiring: { relay, gpioChipLabels, backend },
    ...(gpioBackend !== "auto" && gpioBackend !== undefined && { gpioBackend }),
  };
  const text = JSON.stringify({ ...driven, crc: checksum(driven) });
  try {
    if (recallText(dataPath) === text) return;
    replaceFileSync(fileIn(dataPath), text);
  } catch (error) {
    log.warn("relay-not-remembered", { cause: messageOf(error) });
  }
}

/** Without a back end it equals the checksum that older firmware wrote. */
const checksum = ({ wiring, gpioBackend }: DrivenRelay): string =>
  crc32(JSON.stringify(gpioBackend === undefined ? wiring : [wiring, gpioBackend])).toString(16);

function recallText(dataPath: string): string | undefined {
  try {
    return readSmallFile(fileIn(dataPath), { limit: largestFile });
  } catch {
    return undefined;
  }
}
