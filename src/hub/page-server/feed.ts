/**
 * Sends changes to the pages.
 *
 * Guarantee: changes of a device's summary and twin within 50 ms are combined; the last change is always sent.
 */
import type { Clock } from "../../base/clock.ts";
import { millis } from "../../base/units.ts";
import type { DeviceDetail, DeviceSummary, StreamEvent } from "./api.ts";

export interface FeedSource {
  summary(deviceId: string): DeviceSummary | undefined;
  detail(deviceId: string): DeviceDetail | undefined;
}

const combineWithin = millis(50);

export class Feed {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: StreamEvent) => void>();
  /** Changed devices; `true` when the twin changed too. */
  readonly #changed = new Map<string, boolean>();
  #cancel: (() => void) | undefined;
  source: FeedSource | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns unsubscribes */
  listen(listener: (event: StreamEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: StreamEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  changed(deviceId: string, twin: boolean): void {
    if (this.#listeners.size === 0) return;
    this.#changed.set(deviceId, twin || this.#changed.get(deviceId) === true);
    this.#cancel ??= this.#clock.setTimer(combineWithin, () => this.#flush());
  }

  close(): void {
    this.#cancel?.();
    this.#listeners.clear();
  }

  #flush(): void {
    this.#cancel = undefined;
    for (const [id, twin] of this.#changed) {
      const device = twin ? this.source?.detail(id) : this.source?.summary(id);
      if (device === undefined) continue;
      this.publish(twin ? { type: "twin", device: device as DeviceDetail } : { type: "device", device });
    }
    this.#changed.clear();
  }
}
