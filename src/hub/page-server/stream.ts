/**
 * `GET /api/events`: changes as server-sent events.
 *
 * Guarantee: a stalled reader is dropped before it costs memory; after a reconnect it receives the missed events.
 */
import type { Hono } from "hono";
import { seconds } from "../../base/units.ts";
import type { StreamEvent } from "./api.ts";
import { refuse } from "./guard.ts";
import { hubInfo, type PageParts } from "./routes.ts";

const maxReaders = 50;
/** Bytes that may be queued beyond the first message, which has about 1 KB per device. */
const maxWaiting = 4 * 1024 * 1024;
/** Detects connections that proxies or sleeping laptops have dropped silently. */
const heartbeatEvery = seconds(15);
const heartbeat = Buffer.from(": still here\n\n");

export function addStream(app: Hono, parts: PageParts): void {
  const readers = new Set<Reader>();
  app.get("/api/events", (c) => {
    if (readers.size >= maxReaders) return refuse(c, 429, "throttled", "too many pages are open");
    const first = initialEvents(parts, Number(c.req.header("last-event-id") ?? Number.NaN));
    const reader = new Reader(parts, first, () => readers.delete(reader));
    readers.add(reader);
    parts.log.debug("hub-page-open", { readers: readers.size });
    return c.body(reader.stream, 200, { "Content-Type": "text/event-stream; charset=utf-8" });
  });
}

/** The current state, and the events since the page's last connection. */
function initialEvents(parts: PageParts, lastSeen: number): Buffer {
  const hello = frame({ type: "hello", hub: hubInfo(parts), devices: parts.views.summaries() });
  const groups = parts.rollOuts?.groups() ?? [];
  const rollOuts = groups.length === 0 ? "" : frame({ type: "roll-outs", groups });
  const missed = Number.isInteger(lastSeen) ? parts.timeline.after(lastSeen) : [];
  return Buffer.from(hello + rollOuts + missed.map((event) => frame({ type: "timeline", event })).join(""));
}

class Reader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  readonly #stopListening: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #cancelBeat = () => {};
  #ended = false;

  constructor({ clock, feed }: PageParts, first: Buffer, onEnd: () => void) {
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
