/**
 * Watches the expiry of the device's certificate while the firmware runs, so that its owner is warned in
 * time.
 *
 * Guarantee: never throws; logs one line a day while a renewal is due, and one a day after the certificate
 * has expired.
 */

import type { Credentials } from "../../azure/azure.ts";
import { renewalNotice, renewalOf, renewalRemedy } from "../../azure/credentials/renewal.ts";
import { type Clock, earliestWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { hours, type Millis } from "../../base/units.ts";

const logInterval = hours(24);

export class RenewalWatch {
  /** When it expires; `null` for a device with a key. */
  readonly expires: string | null;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #certificatePem: string | undefined;
  readonly #expiresMs: number;
  readonly #dueMs: number;
  #loggedAt: Millis | undefined;

  constructor({ proof }: Credentials, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#certificatePem = proof.kind === "certificate" ? proof.certificatePem : undefined;
    const renewal = this.#certificatePem === undefined ? undefined : renewalOf(this.#certificatePem);
    this.#expiresMs = renewal?.validTo.getTime() ?? Number.POSITIVE_INFINITY;
    this.#dueMs = renewal?.dueMs ?? Number.POSITIVE_INFINITY;
    this.expires = renewal === undefined ? null : isoTime(this.#expiresMs);
  }

  /** Called after each step. */
  check(): void {
    const wallMs = this.#clock.wallNow();
    // Before the clock is set, nothing can be said about expiry.
    if (this.#certificatePem === undefined || wallMs < Math.max(this.#dueMs, earliestWallTime)) return;
    const nowMs = this.#clock.now();
    if (this.#loggedAt !== undefined && nowMs - this.#loggedAt < logInterval) return;
    this.#loggedAt = nowMs;
    const expired = wallMs >= this.#expiresMs;
    const what = expired
      ? `The device's certificate expired on ${this.expires}.`
      : renewalNotice(this.#certificatePem, wallMs);
    this.#log[expired ? "error" : "warn"]("certificate-ends", { what, remedy: renewalRemedy });
  }
}
