/**
 * The event stream.
 *
 * Guarantee: reconnects by itself and reports when it is lost and live; an unreadable event is dropped.
 */
import type { Clock } from "../../base/clock.ts";
import { seconds } from "../../base/units.ts";
import type { StreamEvent } from "../page-server/api.ts";

export type StreamLink = "connecting" | "live" | "lost";

const types = [
  "hello",
  "device",
  "twin",
  "telemetry",
  "timeline",
  "log",
  "roll-outs",
  "panel",
  "removed",
] as const;

// Does not compile unless every event type is listed.
type Missing = Exclude<StreamEvent["type"], (typeof types)[number]>;
const complete: [Missing] extends [never] ? true : Missing = true;

/** @returns a function that closes it */
export function openStream(
  clock: Clock,
  onEvent: (event: StreamEvent) => void,
  onLink: (link: StreamLink) => void,
): () => void {
  let source: EventSource | undefined;
  let cancel = () => {};
  const open = () => {
    source = new EventSource("/api/events");
    source.addEventListener("open", () => onLink("live"));
    source.addEventListener("error", () => {
      onLink("lost");
      // A browser retries a broken stream, but not a refused one.
      if (source?.readyState === EventSource.CLOSED) cancel = clock.setTimer(seconds(3), open);
    });
    for (const type of complete ? types : []) {
      source.addEventListener(type, (event) => {
        try {
          onEvent({ ...JSON.parse((event as MessageEvent<string>).data), type });
        } catch {
          // Truncated, as when the hub stops: the next `hello` brings everything.
        }
      });
    }
  };
  open();
  return () => {
    cancel();
    source?.close();
  };
}
