/**
 * `GET /api/events`: what changes, as it changes, by server-sent events.
 *
 * Guarantee: a reader that stalls is dropped before it costs memory; it comes back and is told what it missed.
 */
import type { Hono } from "hono";
import { seconds } from "../control/units.ts";
import type { StreamEvent } from "./page-api.ts";
import { refuse } from "./page-guard.ts";
import { allSummaries, hubInfo, type PageParts } from "./page-routes.ts";

const mostReaders = 50;
/** Waiting bytes; a fresh page of 200 devices is some 200 KB. */
const mostWaiting = 4 * 1024 * 1024;
/** Proxies and sleeping laptops lose a quiet connection without a word. */
const heartbeatEvery = seconds(15);

export function addStream(app: Hono, parts: PageParts): void {
  const { core } = parts;
  let readers = 0;
  app.get("/api/events", (c) => {
    if (readers >= mostReaders) return refuse(c, 429, "throttled", "too many pages are open");
    readers++;
    const lastSeen = Number(c.req.header("last-event-id") ?? Number.NaN);
    let end = () => {};
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const write = (text: string) => {
            controller.enqueue(Buffer.from(text));
            if ((controller.desiredSize ?? 0) < 0) finish();
          };
          const finish = () => {
            end();
            controller.close();
          };
          end = subscribe(parts, lastSeen, write, () => {
            readers--;
          });
        },
        cancel: () => end(),
      },
      { highWaterMark: mostWaiting, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    core.log.debug("hub-page-open", { readers });
    return c.body(body, 200, { "Content-Type": "text/event-stream; charset=utf-8" });
  });
}

/** @returns ends it, once */
function subscribe(
  parts: PageParts,
  lastSeen: number,
  write: (text: string) => void,
  onEnd: () => void,
): () => void {
  const { core } = parts;
  let stopListening = () => {};
  let cancelBeat = () => {};
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    stopListening();
    cancelBeat();
    onEnd();
  };
  const beat = () => {
    if (ended) return;
    write(": still here\n\n");
    cancelBeat = core.clock.setTimer(heartbeatEvery, beat);
  };
  write(frame({ type: "hello", hub: hubInfo(parts), devices: allSummaries(core) }));
  if (Number.isInteger(lastSeen)) {
    for (const event of core.timeline.after(lastSeen)) write(frame({ type: "timeline", event }));
  }
  stopListening = core.feed.listen((event) => {
    if (!ended) write(frame(event));
  });
  cancelBeat = core.clock.setTimer(heartbeatEvery, beat);
  return end;
}

function frame(event: StreamEvent): string {
  const { type, ...data } = event;
  const id = event.type === "timeline" ? `id: ${event.event.sequence}\n` : "";
  return `event: ${type}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
