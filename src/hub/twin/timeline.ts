/**
 * Who changed what, when, and who won: the newest events of all devices, stored on disk.
 *
 * Guarantee: bounded in total and per device; sequence numbers only increase, also after a crash that lost events.
 */
import type { Clock } from "../../base/clock.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { object, validItems } from "../../base/schema/structures.ts";
import { boolean, convert, integer, number, oneOf, optional, string } from "../../base/schema/values.ts";
import { type Millis, seconds } from "../../base/units.ts";
import { json } from "../body.ts";
import type { TimelineEvent, TimelineKind } from "../page-server/api.ts";
import type { Documents } from "../storage/documents.ts";

export type TimelineDraft = Omit<TimelineEvent, "sequence" | "atMs">;

const maxEvents = 2000;
/** A device that connects in a loop must not displace the events of the others. */
const maxEventsOfADevice = 500;
/**
 * Each save writes the whole timeline and wears the card, so a longer one is saved less often. A crash loses
 * unsaved events.
 */
const saveAfter = (events: number): Millis => seconds(30 + events * 1.5);
/** Sequence numbers that a start skips: more than unsaved events can have used. */
const gap = 1000;

const storedEvent = convert(
  object({
    sequence: integer(),
    atMs: number(),
    deviceId: string(),
    // Any text, since the page also shows kinds of later versions. Earlier versions stored "rejected".
    kind: convert(string(), (kind) => (kind === "turned-away" ? "rejected" : kind)) as Schema<TimelineKind>,
    actor: oneOf(["operator", "device", "hub"]),
    text: string(),
    property: optional(string()),
    before: optional(json),
    after: optional(json),
    version: optional(number()),
    ack: optional(
      object({
        code: number(),
        version: number(),
        text: optional(string()),
        origin: optional(object({ source: oneOf(["default", "device", "cloud"]), atMs: optional(number()) })),
      }),
    ),
    winner: optional(oneOf(["operator", "device"])),
    lost: optional(json),
    lostAtMs: optional(number()),
    deleted: optional(boolean),
    cable: optional(oneOf(["connected", "close", "reset", "silence"])),
    whileOffline: optional(boolean),
    // Stored by earlier versions instead of `whileOffline`.
    whileApart: optional(boolean),
  }),
  ({ whileApart, ...event }) => ({ ...event, ...(whileApart && { whileOffline: true }) }),
) as Schema<TimelineEvent>;
const storedTimeline = object({ events: validItems(storedEvent) });

export class Timeline {
  readonly #documents: Documents;
  readonly #clock: Clock;
  readonly #onEvent: (event: TimelineEvent) => void;
  #events: TimelineEvent[];
  #next: number;
  readonly #counts = new Map<string, number>();
  #cancelSave: (() => void) | undefined;
  #closed = false;

  private constructor(
    documents: Documents,
    clock: Clock,
    onEvent: (event: TimelineEvent) => void,
    events: TimelineEvent[],
  ) {
    this.#documents = documents;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#events = events;
    this.#count();
    this.#next = events.length === 0 ? 1 : (events.at(-1)?.sequence ?? 0) + gap;
  }

  static async open(
    documents: Documents,
    clock: Clock,
    onEvent: (event: TimelineEvent) => void,
  ): Promise<Timeline> {
    const stored = await documents.read("timeline", (document) => read(storedTimeline, document));
    return new Timeline(documents, clock, onEvent, [...(stored?.events ?? [])]);
  }

  add(draft: TimelineDraft): void {
    const event: TimelineEvent = { sequence: this.#next++, atMs: this.#clock.wallNow(), ...draft };
    this.#events.push(event);
    this.#bound(event.deviceId);
    if (!this.#closed) {
      const wait = saveAfter(Math.min(this.#events.length, maxEvents));
      this.#cancelSave ??= this.#clock.setTimer(wait, () => void this.#save().catch(() => undefined));
    }
    this.#onEvent(event);
  }

  /** The newest `limit` of a device, oldest first. */
  of(deviceId: string, limit: number): TimelineEvent[] {
    return this.#events.filter((event) => event.deviceId === deviceId).slice(-limit);
  }

  /** Everything after `sequence`, oldest first. */
  after(sequence: number): TimelineEvent[] {
    return this.#events.filter((event) => event.sequence > sequence);
  }

  forget(deviceId: string): void {
    this.#events = this.#events.filter((event) => event.deviceId !== deviceId);
    this.#counts.delete(deviceId);
  }

  #bound(deviceId: string): void {
    const count = (this.#counts.get(deviceId) ?? 0) + 1;
    this.#counts.set(deviceId, count);
    // Removed in batches of a tenth, to avoid a copy for every event.
    if (count > maxEventsOfADevice * 1.1) {
      let over = count - maxEventsOfADevice;
      this.#events = this.#events.filter((event) => event.deviceId !== deviceId || over-- <= 0);
    } else if (this.#events.length > maxEvents * 1.1) {
      this.#events = this.#events.slice(-maxEvents);
    } else {
      return;
    }
    this.#count();
  }

  #count(): void {
    this.#counts.clear();
    for (const { deviceId } of this.#events)
      this.#counts.set(deviceId, (this.#counts.get(deviceId) ?? 0) + 1);
  }

  /** Saves for the last time: connections may end later, when another hub may use the folder. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#save().catch(() => undefined);
  }

  async #save(): Promise<void> {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    await this.#documents.write("timeline", { events: this.#events.slice(-maxEvents) });
  }
}
