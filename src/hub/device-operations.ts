/**
 * What an operator does to a device, over REST or on the page.
 *
 * Guarantee: both interfaces share this code, and every change is recorded in the timeline.
 */
import type { Clock } from "../base/clock.ts";
import { equalJson, type Json } from "../base/json/value.ts";
import type { FaultInjection } from "./fault-injection.ts";
import type { Cables } from "./mqtt/cables.ts";
import type { CloudQueue, NewMessage, Queued } from "./mqtt/cloud-queue.ts";
import type { Links } from "./mqtt/links.ts";
import type { MethodOutcome, Methods } from "./mqtt/methods.ts";
import type { CableState } from "./page-server/api.ts";
import type { Feed } from "./page-server/feed.ts";
import type { Devices } from "./registry/devices.ts";
import { type Authentication, type DeviceRecord, newDevice } from "./registry/record.ts";
import type { TelemetryLog } from "./twin/telemetry-log.ts";
import type { Timeline } from "./twin/timeline.ts";
import type { Twins } from "./twin/twins.ts";

export interface OperationsParts {
  readonly clock: Clock;
  readonly devices: Devices;
  readonly links: Links;
  readonly cables: Cables;
  readonly faults: FaultInjection;
  readonly telemetry: TelemetryLog;
  readonly timeline: Timeline;
  readonly feed: Feed;
  readonly methods: Methods;
  readonly twins: Pick<Twins, "edit">;
  readonly queue: CloudQueue;
}

export class DeviceOperations {
  readonly #parts: OperationsParts;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /** Registers a new device, or gives an existing one these credentials. */
  async ensureDevice(id: string, authentication: Authentication): Promise<void> {
    const known = this.#parts.devices.get(id);
    if (known !== undefined && equalJson(known.authentication, authentication)) return;
    const record = known ?? newDevice(id, authentication, this.#parts.clock.wallNow());
    await this.putDevice(
      { ...record, authentication },
      known === undefined ? "registered" : "enrolled again",
    );
  }

  async putDevice(record: DeviceRecord, text: string): Promise<void> {
    await this.#parts.devices.put(record);
    this.#parts.timeline.add({ deviceId: record.id, kind: "registry", actor: "operator", text });
    // A disabled device must not stay connected.
    if (!record.enabled) this.#parts.links.get(record.id)?.cable.cut("close");
    this.#parts.feed.changed(record.id, true);
  }

  async removeDevice(id: string): Promise<void> {
    this.#parts.links.get(id)?.cable.cut("close");
    this.#parts.telemetry.forget(id);
    this.#parts.timeline.forget(id);
    this.#parts.faults.throttle(id, false);
    this.#parts.faults.setTwinFault(id, undefined);
    this.#parts.cables.set(id, "connected");
    await this.#parts.devices.remove(id);
    this.#parts.feed.publish({ type: "removed", deviceId: id });
  }

  async invoke(
    id: string,
    name: string,
    payload: Json,
    timeoutSeconds?: number,
    connectSeconds?: number,
  ): Promise<MethodOutcome> {
    const outcome = await this.#parts.methods.invoke(id, name, payload, timeoutSeconds, connectSeconds);
    const text =
      "failed" in outcome
        ? `command ${name}: ${outcome.why}`
        : `command ${name} was answered ${outcome.status} in ${Math.round(outcome.tookMs)} ms`;
    if (this.#parts.devices.get(id) !== undefined) {
      this.#parts.timeline.add({ deviceId: id, kind: "command", actor: "operator", text });
    }
    return outcome;
  }

  async sendMessage(id: string, message: NewMessage): Promise<Queued> {
    const queued = await this.#parts.queue.send(id, message);
    this.#parts.feed.changed(id, true);
    return queued;
  }

  setCable(id: string, state: CableState): void {
    if (this.#parts.cables.state(id) === state) return;
    this.#parts.timeline.add({
      deviceId: id,
      kind: "cable",
      actor: "operator",
      cable: state,
      text: cableWords[state],
    });
    this.#parts.cables.set(id, state);
    this.#parts.feed.changed(id, false);
  }

  /**
   * For a demonstration: cable and throttle as at first, nothing desired, so that the device goes back to its defaults, and
   * an event from which on the page tells the story.
   */
  async startStory(id: string): Promise<void> {
    this.setCable(id, "connected");
    this.setThrottle(id, false);
    const names = Object.keys(this.#parts.devices.get(id)?.desired.properties ?? {});
    if (names.length > 0)
      await this.#parts.twins.edit(id, { desired: Object.fromEntries(names.map((name) => [name, null])) });
    this.#parts.timeline.add({
      deviceId: id,
      kind: "story",
      actor: "operator",
      text: "the story starts again",
    });
  }

  setThrottle(id: string, on: boolean): void {
    if (this.#parts.faults.isThrottled(id) === on) return;
    this.#parts.faults.throttle(id, on);
    const text = on ? "the hub throttles its twin requests" : "the hub no longer throttles it";
    this.#parts.timeline.add({ deviceId: id, kind: "throttle", actor: "operator", text });
  }
}

const cableWords: Readonly<Record<CableState, string>> = {
  connected: "the cable was plugged in",
  close: "the cable was unplugged: connections are closed cleanly",
  reset: "the cable was unplugged: connections are reset",
  silence: "the cable was unplugged: traffic dropped silently",
};
