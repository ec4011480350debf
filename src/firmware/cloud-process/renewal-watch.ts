/**
 * Watches the end of the device's certificate while the firmware runs, so that its owner hears of it in time.
 *
 * Guarantee: never throws; a line in the log a day while a renewal is due, and one a day once it is too late.
 */

import type { Credentials } from "../../azure/azure.ts";
import { renewalNotice, renewalOf, renewalRemedy } from "../../azure/credentials/renewal.ts";
import { type Clock, earliestWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { hours, type Millis } from "../../base/units.ts";

const sayEvery = hours(24);

export class RenewalWatch {
  /** When it ends; `null` for a device with a key. */
  readonly expires: string | null;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #certificatePem: string | undefined;
  readonly #endsMs: number;
  readonly #dueMs: number;
  #saidAt: Millis | undefined;

  constructor({ proof }: Credentials, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#certificatePem = proof.kind === "certificate" ? proof.certificatePem : undefined;
    const renewal = this.#certificatePem === undefined ? undefined : renewalOf(this.#certificatePem);
    this.#endsMs = renewal?.validTo.getTime() ?? Number.POSITIVE_INFINITY;
    this.#dueMs = renewal?.dueMs ?? Number.POSITIVE_INFINITY;
    this.expires = renewal === undefined ? null : isoTime(this.#endsMs);
  }

  /** Called after each step. */
  look(): void {
    const wallMs = this.#clock.wallNow();
    // A clock that was never set knows of no end.
    if (this.#certificatePem === undefined || wallMs < Math.max(this.#dueMs, earliestWallTime)) return;
    const nowMs = this.#clock.now();
    if (this.#saidAt !== undefined && nowMs - this.#saidAt < sayEvery) return;
    this.#saidAt = nowMs;
    const ended = wallMs >= this.#endsMs;
    const what = ended
      ? `The device's certificate ended on ${this.expires}.`
      : renewalNotice(this.#certificatePem, wallMs);
    this.#log[ended ? "error" : "warn"]("certificate-ends", { what, remedy: renewalRemedy });
  }
}
