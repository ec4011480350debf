/**
 * Knows where the relay is, also when the files that say so are broken.
 *
 * Guarantee: `forceOff` never throws; it acts on the board in use, and where none could be loaded, on what the
 * broken definition still tells and on the relay that was driven last on this machine.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RelayWiring } from "../board/definition.ts";
import { forceRelayOff, type OffFiles } from "../board/relay-off.ts";
import type { Log } from "../control/log.ts";
import type { BoardChoice } from "./choose-board.ts";
import { BoardFailure } from "./choose-board.ts";
import { makeFolder } from "./data-folder.ts";
import { ensureVirtualSysfs } from "./virtual-lines.ts";

interface Target {
  readonly relay: RelayWiring;
  readonly sysRoot: string;
}

export interface ForcedOff {
  /** The line was read back off. */
  readonly off: boolean;
  /** The line was found on. */
  readonly wasOn: boolean;
  /** For the watcher; missing where the line was not found. */
  readonly files: OffFiles | undefined;
}

/** Never throws; logs what it did after it was done. */
export type ForceOff = (why: string) => ForcedOff;

export function guardRelay(choice: BoardChoice, dataPath: string, log: Log): ForceOff {
  const { relay, gpioChipLabels, backend } = choice.wiring;
  const target: Target = { relay: { relay, gpioChipLabels, backend }, sysRoot: choice.sysRoot };
  let remembered = false;
  return (why) => {
    const forced = off(target, why, log);
    // After the line is off: a disk that hangs must not come before it.
    if (!remembered) remember(target, dataPath, log);
    remembered = true;
    return forced;
  };
}

/** For a start that failed before a board was chosen, or right after. */
export function forceOffAfterFailure(error: unknown, dataPath: string, log: Log, choice?: BoardChoice): void {
  const known = error instanceof BoardFailure ? error.relay : choice?.wiring;
  const targets = [known && { relay: known, sysRoot: "/sys" }, recall(dataPath)];
  for (const target of targets) {
    if (target !== undefined && (target.relay.backend === "kernel" || target.sysRoot !== "/sys")) {
      off(target, "the start failed", log);
    }
  }
}

function off(target: Target, why: string, log: Log): ForcedOff {
  const { relay, sysRoot } = target;
  try {
    if (relay.backend === "virtual") ensureVirtualSysfs(sysRoot, relay);
    const result = forceRelayOff(relay, { sysRoot });
    const sinceStartMs = Math.round(performance.now());
    if (result.ok)
      log.info("relay-forced-off", { why, line: result.kernelNumber, before: result.before, sinceStartMs });
    else
      log.error("relay-not-forced-off", {
        why,
        code: result.code,
        cause: result.cause,
        remedy: result.remedy,
      });
    return {
      off: result.ok,
      wasOn: result.ok && result.before === relay.relay.activeLevel,
      files: result.files,
    };
  } catch (error) {
    log.error("relay-not-forced-off", { why, cause: String(error) });
    return { off: false, wasOn: false, files: undefined };
  }
}

const memory = (dataPath: string): string => join(dataPath, "relay.json");

function remember(target: Target, dataPath: string, log: Log): void {
  const text = JSON.stringify(target);
  try {
    if (recallText(dataPath) === text) return;
    makeFolder(dataPath);
    writeFileSync(memory(dataPath), text);
  } catch (error) {
    log.warn("relay-not-remembered", { cause: String(error) });
  }
}

function recall(dataPath: string): Target | undefined {
  try {
    const found = JSON.parse(recallText(dataPath) ?? "") as Target;
    const { relay, gpioChipLabels } = found.relay;
    const whole =
      Number.isInteger(relay.line) && Array.isArray(gpioChipLabels) && typeof found.sysRoot === "string";
    return whole ? found : undefined;
  } catch {
    return undefined;
  }
}

function recallText(dataPath: string): string | undefined {
  try {
    return readFileSync(memory(dataPath), "utf8");
  } catch {
    return undefined;
  }
}
