/**
 * The timeline of a device's own page: who changed what, found by comparing consecutive statuses.
 *
 * Guarantee: bounded. It begins with the last change of each value. Statuses arrive at most once a second: a
 * change that was undone in between is missing.
 */
import { equalJson, type Json } from "../../base/json/value.ts";
import type { Actor, TimelineEvent } from "../../hub/page-server/api.ts";
import { faultsText } from "../../model/faults.ts";
import type { DeviceStatus } from "../local-socket/messages.ts";

const maxEvents = 300;

type NewEvent = Omit<TimelineEvent, "sequence" | "deviceId">;

export class DeviceChanges {
  readonly #deviceId: string;
  readonly #publish: (event: TimelineEvent) => void;
  readonly #events: TimelineEvent[] = [];
  #sequence = 0;
  #before: DeviceStatus | undefined;

  constructor(deviceId: string, publish: (event: TimelineEvent) => void) {
    this.#deviceId = deviceId;
    this.#publish = publish;
  }

  /** Oldest first. */
  latest(max: number): readonly TimelineEvent[] {
    return this.#events.slice(-max);
  }

  after(sequence: number): readonly TimelineEvent[] {
    return this.#events.filter((event) => event.sequence > sequence);
  }

  /** @param status `undefined`: the device does not answer */
  take(status: DeviceStatus | undefined, nowMs: number): void {
    const before = this.#before;
    if (status === undefined || before === undefined) {
      if (status === undefined) return;
      this.#before = status;
      const first = changedValues({}, status);
      for (const event of first.sort((a, b) => a.atMs - b.atMs)) this.#add(event);
      return;
    }
    this.#before = status;
    for (const event of changedValues(before.values, status)) this.#add(event);
    const [faultsBefore, faults] = [faultsText(before.faults), faultsText(status.faults)];
    const base = { atMs: nowMs, kind: "reported", actor: "device", text: "" } as const;
    if (faults !== faultsBefore)
      this.#add({ ...base, property: "faults", before: faultsBefore, after: faults });
    if (status.link !== before.link && ["online", "offline"].includes(status.link)) {
      const kind = status.link === "online" ? "connected" : "disconnected";
      this.#add({
        ...base,
        kind,
        text: `${kind === "connected" ? "connected to" : "disconnected from"} the cloud`,
      });
    }
  }

  #add(event: NewEvent): void {
    this.#sequence += 1;
    const whole = { ...event, sequence: this.#sequence, deviceId: this.#deviceId };
    this.#events.push(whole);
    if (this.#events.length > maxEvents) this.#events.shift();
    this.#publish(whole);
  }
}

function changedValues(before: DeviceStatus["values"], { values }: DeviceStatus): NewEvent[] {
  return Object.entries(values).flatMap(([name, { value, source, changedAt }]) => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    if (changedAt === null || (old?.changedAt === changedAt && equalJson(old.value, value))) return [];
    return [
      {
        atMs: Date.parse(changedAt),
        kind: "reported" as const,
        actor: actorOf(source),
        text: "",
        property: name,
        after: value as Json,
        ...(old !== undefined && { before: old.value as Json }),
      },
    ];
  });
}

const actorOf = (source: string): Actor =>
  source === "device" || source === "default" ? "device" : source === "local" ? "local" : "operator";
