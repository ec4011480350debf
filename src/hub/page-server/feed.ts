/**
 * Tells the pages what changed.
 *
 * Guarantee: a device's summary and twin are told at most once in a short while, however often they change; the last
 * change is always told.
 */
import type { Clock } from "../../base/clock.ts";
import { millis } from "../../base/units.ts";
import type { DeviceDetail, DeviceSummary, StreamEvent } from "./api.ts";

export interface FeedSource {
  summary(deviceId: string): DeviceSummary | undefined;
  detail(deviceId: string): DeviceDetail | undefined;
}

const gather = millis(50);

export class Feed {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: StreamEvent) => void>();
  /** What waits to be told: `true` for the whole twin. */
  readonly #changed = new Map<string, boolean>();
  #cancel: (() => void) | undefined;
  source: FeedSource | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns ends the listening */
  listen(listener: (event: StreamEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: StreamEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  changed(deviceId: string, twin: boolean): void {
    if (this.#listeners.size === 0) return;
    this.#changed.set(deviceId, twin || this.#changed.get(deviceId) === true);
    this.#cancel ??= this.#clock.setTimer(gather, () => this.#flush());
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
      this.tell(twin ? { type: "twin", device: device as DeviceDetail } : { type: "device", device });
    }
    this.#changed.clear();
  }
}
