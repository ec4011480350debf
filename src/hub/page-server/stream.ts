/**
 * `GET /api/events`: changes as server-sent events.
 *
 * Guarantee: a stalled reader is dropped before it costs memory; after a reconnect it receives the missed events.
 */
import type { Hono } from "hono";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import { refuse } from "./access/guard.ts";
import type { StreamEvent } from "./api.ts";
import type { Feed } from "./feed.ts";

const maxReaders = 50;
/** Bytes that may be queued beyond the first message, which has about 1 KB per device. */
const maxWaiting = 4 * 1024 * 1024;
/** Detects connections that proxies or sleeping laptops have dropped silently. */
const heartbeatEvery = seconds(15);
const heartbeat = Buffer.from(": still here\n\n");

export interface StreamParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly feed: Feed;
  /**
   * What a page receives first: a `hello`, and what has happened since its last connection.
   * @param lastSeen `id` of the last event that it received; NaN for a new page
   */
  readonly firstEvents: (lastSeen: number) => readonly StreamEvent[];
}

export function addStream(app: Hono, parts: StreamParts): void {
  const readers = new Set<Reader>();
  app.get("/api/events", (c) => {
    if (readers.size >= maxReaders) return refuse(c, 429, "throttled", "too many pages are open");
    const events = parts.firstEvents(Number(c.req.header("last-event-id") ?? Number.NaN));
    const first = Buffer.from(events.map(frame).join(""));
    const reader = new Reader(parts, first, () => readers.delete(reader));
    readers.add(reader);
    parts.log.debug("hub-page-open", { readers: readers.size });
    return c.body(reader.stream, 200, { "Content-Type": "text/event-stream; charset=utf-8" });
  });
}

class Reader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  readonly #stopListening: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #cancelBeat = () => {};
  #ended = false;

  constructor({ clock, feed }: StreamParts, first: Buffer, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: first.length + maxWaiting, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.#stopListening = feed.listen((event) => this.#write(Buffer.from(frame(event))));
    const beat = () => {
      this.#cancelBeat = clock.setTimer(heartbeatEvery, beat);
      this.#write(heartbeat);
    };
    this.#cancelBeat = clock.setTimer(heartbeatEvery, beat);
    this.#write(first);
  }

  #write(bytes: Uint8Array): void {
    const controller = this.#controller;
    if (this.#ended || controller === undefined) return;
    controller.enqueue(bytes);
    if ((controller.desiredSize ?? 0) >= 0) return;
    this.#end();
    controller.close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopListening();
    this.#cancelBeat();
    this.#onEnd();
  }
}

function frame(event: StreamEvent): string {
  const { type, ...data } = event;
  const id = event.type === "timeline" ? `id: ${event.event.sequence}\n` : "";
  return `event: ${type}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
