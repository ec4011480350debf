/**
 * Recent telemetry by device and name, and the newest messages. In memory only, for the page: the device's outbox and
 * a real back end keep the history.
 *
 * Guarantees: memory is bounded by devices × names × points. The latest value is the one received last, whatever the
 * device's clock.
 */
import { isRecord, type Json } from "../../base/json/value.ts";
import type { TelemetryValue } from "../page-server/api.ts";
import type { HistorySeries } from "../page-server/api-history.ts";

export interface TelemetryMessage {
  readonly messageId: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Json | string;
  /** Creation time from the device; the receive time if that is missing or in the future. */
  readonly atMs: number;
  readonly receivedMs: number;
}

interface Series {
  latest: TelemetryValue;
  atMs: number[];
  values: number[];
}

const maxNames = 32;
/** A day at one reading a minute, and some reserve. */
const maxPoints = 2000;
const maxMessages = 1000;

export class TelemetryLog {
  readonly #series = new Map<string, Map<string, Series>>();
  readonly #messages = new Map<string, TelemetryMessage[]>();

  add(deviceId: string, message: TelemetryMessage): void {
    const messages = this.#messages.get(deviceId) ?? [];
    messages.push(message);
    this.#messages.set(
      deviceId,
      messages.length > maxMessages * 1.1 ? messages.slice(-maxMessages) : messages,
    );
    if (!isRecord(message.body)) return;
    const all = this.#series.get(deviceId) ?? new Map<string, Series>();
    this.#series.set(deviceId, all);
    for (const [name, value] of Object.entries(message.body)) addPoint(all, name, value, message.atMs);
  }

  latest(deviceId: string): Record<string, TelemetryValue> {
    const all = this.#series.get(deviceId) ?? [];
    return Object.fromEntries([...all].map(([name, series]) => [name, series.latest]));
  }

  history(deviceId: string, sinceMs: number): Record<string, HistorySeries> {
    const found: [string, HistorySeries][] = [];
    for (const [name, { atMs, values }] of this.#series.get(deviceId) ?? []) {
      if (values.length === 0) continue;
      const from = atMs.findIndex((at) => at > sinceMs);
      if (from !== -1) found.push([name, { atMs: atMs.slice(from), values: values.slice(from) }]);
    }
    return Object.fromEntries(found);
  }

  /** The newest messages, oldest first. */
  messages(deviceId: string): readonly TelemetryMessage[] {
    return this.#messages.get(deviceId) ?? [];
  }

  forget(deviceId: string): void {
    this.#series.delete(deviceId);
    this.#messages.delete(deviceId);
  }
}

function addPoint(all: Map<string, Series>, name: string, value: Json, atMs: number): void {
  if (typeof value === "object" || String(value).length > 256) return;
  let series = all.get(name);
  if (series === undefined) {
    if (all.size >= maxNames || name.length > 64) return;
    series = { latest: { value, atMs }, atMs: [], values: [] };
    all.set(name, series);
  }
  series.latest = { value, atMs };
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number") return;
  // Inserted by time: an outbox sends old readings after newer ones.
  let at = series.atMs.length;
  while (at > 0 && (series.atMs[at - 1] ?? 0) > atMs) at--;
  if (series.atMs[at - 1] === atMs) {
    series.values[at - 1] = number;
    return;
  }
  series.atMs.splice(at, 0, atMs);
  series.values.splice(at, 0, number);
  if (series.atMs.length > maxPoints) {
    series.atMs.shift();
    series.values.shift();
  }
}
