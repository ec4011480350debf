/**
 * Trouble on request: what Azure does on a bad day, done on purpose, for demonstrations and tests.
 *
 * Guarantee: off until asked for; per device.
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

  /** `"nothing"`: twin requests are never answered. `undefined`: all is well again. */
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
