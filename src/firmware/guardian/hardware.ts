/**
 * The relays that this process may touch: those whose lock it holds.
 *
 * Guarantee (SR-12, SR-01): `secure` forces a line off if and only if its lock was taken first, and holds the lock from
 * then on. It takes about a second at most, and waits for nothing but the lock.
 */

import type { Log } from "../../base/log.ts";
import { RelayLines } from "../../board/kernel/chardev/relay-line.ts";
import { findGpio } from "../../board/kernel/gpio-backend.ts";
import { findGpioChip, type GpioChip } from "../../board/kernel/gpio-chip.ts";
import { systemFiles } from "../../board/kernel/sysfs.ts";
import { LineError } from "../../chips/lines.ts";
import { systemClock } from "../process/system-clock.ts";
import { type ForcedOff, forceOff, type RelayTarget } from "../relay-guard.ts";
import {
  type HardwareLock,
  type Lockable,
  type Refusal,
  systemLockFolder,
  takeLock,
} from "./hardware-lock.ts";
import { describeHolder, type Holder } from "./holder-note.ts";

/**
 * The other processes of a killed firmware may outlive its guardian briefly, and the doctor holds a lock
 * while it tests it, so a refused lock is retried for a while.
 */
const retryForMs = 1000;
const retryPauseMs = 50;

export interface HardwareOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** For tests: where lock files are, in place of /run/lock. */
  readonly lockFolder?: string;
}

/** `absent`: there is no such line, so there is nothing to hold. */
export type Secured =
  | { readonly kind: "held"; readonly forced: ForcedOff }
  | { readonly kind: "absent"; readonly error: LineError }
  | Refusal;

export class Hardware {
  readonly #options: HardwareOptions;
  /** By the name of what is locked. A refused lock is retried only once. */
  readonly #locks = new Map<string, HardwareLock | Refusal>();
  /** Relays that were forced off since they were locked, with the result. */
  readonly #off = new Map<string, ForcedOff>();
  readonly #lines = new RelayLines();
  readonly #logged = new Set<HardwareLock>();

  constructor(options: HardwareOptions) {
    this.#options = options;
  }

  /** Takes the relay's lock and forces the relay off; does nothing if both were done before. */
  secure(target: RelayTarget, why: string): Secured {
    const { log, dataPath } = this.#options;
    const lockable = this.#lockableOf(target);
    if (lockable instanceof LineError) {
      const { code, message } = lockable;
      log.error("relay-not-forced-off", { why, code, cause: message, remedy: "See: grove-heater doctor" });
      return { kind: "absent", error: lockable };
    }
    const lock = this.#take(lockable);
    if (lock.kind === "refused") return lock;
    const key = `${nameOf(lockable)} ${target.gpio.backend}`;
    const forced = this.#off.get(key) ?? this.forceOff(target, why, log);
    if (forced.off) this.#off.set(key, forced);
    // Only now that the relay is off: a write to a log that nobody reads may block.
    if (lock.missing.length > 0 && !this.#logged.has(lock)) {
      this.#logged.add(lock);
      const now = lock.missing.length < lock.parts ? "locked in part" : "not locked";
      log.warn("hardware-lock-incomplete", { data: dataPath, missing: lock.missing.join("; "), now });
    }
    return { kind: "held", forced };
  }

  /** Forces the relay off again. The caller must hold its lock (`secure`), or act for a person who asked for it. */
  forceOff(target: RelayTarget, why: string, log: Log): ForcedOff {
    return forceOff(target, why, log, this.#lines);
  }

  /** Releases the line but keeps its lock, because the settings now name the kernel's other GPIO interface. */
  changeBackend({ relay }: RelayTarget): void {
    this.#lines.release(relay);
  }

  /** Releases a relay that this process will not drive, with its lock, so that others can. */
  releaseRelay(target: RelayTarget): void {
    const lockable = this.#lockableOf(target);
    this.#lines.release(target.relay);
    if (!(lockable instanceof LineError)) this.#releaseLock(nameOf(lockable));
  }

  /** Locks the data folder, which must exist, so that no other firmware writes into it. */
  takeFolder(): HardwareLock | Refusal {
    return this.#take({ kind: "folder", path: this.#options.dataPath });
  }

  /** Descriptors that hold the locks, to be inherited by each process that may use the hardware. */
  get descriptors(): readonly number[] {
    return [...this.#locks.values()].flatMap((lock) => (lock.kind === "held" ? lock.descriptors : []));
  }

  release(): void {
    this.#lines.releaseAll();
    for (const name of [...this.#locks.keys()]) this.#releaseLock(name);
  }

  #releaseLock(name: string): void {
    const lock = this.#locks.get(name);
    this.#locks.delete(name);
    for (const key of [...this.#off.keys()]) if (key.startsWith(`${name} `)) this.#off.delete(key);
    if (lock?.kind === "held") lock.release();
  }

  #take(lockable: Lockable): HardwareLock | Refusal {
    const name = nameOf(lockable);
    const known = this.#locks.get(name);
    if (known !== undefined) return known;
    const { dataPath, lockFolder = systemLockFolder } = this.#options;
    const end = systemClock.now() + retryForMs;
    for (;;) {
      const lock = takeLock(lockable, dataPath, lockFolder);
      if (lock.kind === "held" || systemClock.now() >= end) {
        this.#locks.set(name, lock);
        return lock;
      }
      systemFiles.blockFor(retryPauseMs);
    }
  }

  #lockableOf(target: RelayTarget): Lockable | LineError {
    if (target.relay.backend === "virtual") return { kind: "folder", path: this.#options.dataPath };
    return lineOf(target);
  }
}

/** What to lock for a real relay, or why there is nothing. */
export function lineOf({ relay, gpio }: RelayTarget): Lockable | LineError {
  const { sysRoot } = gpio;
  try {
    const { chip } = findGpio(relay.gpioChipLabels, gpio);
    // A program that drives the line by sysfs locks the chip's file in sysfs, so every program prefers that file.
    const locked = "base" in chip ? chip : (inSysfs(relay.gpioChipLabels, sysRoot) ?? chip);
    return { kind: "line", chip: locked, line: relay.relay.line, sysRoot };
  } catch (error) {
    if (error instanceof LineError) return error;
    throw error;
  }
}

function inSysfs(labels: readonly string[], sysRoot: string): GpioChip | undefined {
  try {
    return findGpioChip(labels, { sysRoot });
  } catch {
    return undefined;
  }
}

const nameOf = (lockable: Lockable): string =>
  lockable.kind === "folder" ? "folder" : `${lockable.chip.label} ${lockable.line}`;

/** The holder, as the subject of an error message. */
export function heldBy(holder: Holder | undefined): string {
  return `Another grove-heater (${describeHolder(holder)})`;
}
