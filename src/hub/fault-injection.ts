/**
 * Fault injection: throttling and failures as Azure produces them, for demonstrations and tests.
 *
 * Guarantee: off by default; set per device.
 */
import { isoTime } from "../base/iso-time.ts";

export interface TwinFault {
  /** Status of every twin answer. */
  readonly status: number;
  /** IoT Hub's real throttling answers have been seen with and without one. */
  readonly body: string;
}

export class FaultInjection {
  readonly #throttled = new Set<string>();
  readonly #faults = new Map<string, TwinFault | "nothing">();
  readonly #wallNow: () => number;

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow;
  }

  isThrottled(deviceId: string): boolean {
    return this.#throttled.has(deviceId);
  }

  throttle(deviceId: string, on: boolean): void {
    if (on) this.#throttled.add(deviceId);
    else this.#throttled.delete(deviceId);
  }

  /** @param fault `"nothing"`: twin requests are never answered; `undefined`: normal operation */
  setTwinFault(deviceId: string, fault: TwinFault | "nothing" | undefined): void {
    if (fault === undefined) this.#faults.delete(deviceId);
    else this.#faults.set(deviceId, fault);
  }

  twinAnswer(deviceId: string): TwinFault | "nothing" | undefined {
    const fault = this.#faults.get(deviceId);
    if (fault !== undefined || !this.isThrottled(deviceId)) return fault;
    const message = "Throttled on request; ask again later.";
    const body = { errorCode: 429_001, message, trackingId: "", timestampUtc: isoTime(this.#wallNow()) };
    return { status: 429, body: JSON.stringify(body) };
  }
}
