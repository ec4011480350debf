/** Reads one document from a source that is watched for its rate. Guarantee: the transfer is over when this settles. */
import type { Clock } from "../../base/clock.ts";
import { MinimumRate, type RateLimit } from "./minimum-rate.ts";
import type { Opened, OpenRequest, Transport } from "./open.ts";

export interface WatchedOptions {
  readonly transport: Transport;
  readonly clock: Pick<Clock, "now" | "setTimer">;
  readonly rate: RateLimit;
  readonly signal: AbortSignal;
}

/** Each may throw, which ends the reading. The next chunk is asked for when this one was taken. */
export interface Taker {
  opened(opened: Opened): Promise<void> | void;
  chunk(bytes: Uint8Array): Promise<void> | void;
}

/** @throws DownloadError, the signal's reason, what the taker throws */
export async function readWatched(
  request: Omit<OpenRequest, "signal">,
  { transport, clock, rate, signal }: WatchedOptions,
  taker: Taker,
): Promise<void> {
  const end = new AbortController();
  const watch = new MinimumRate(clock, rate);
  const opening = transport.open({ ...request, signal: AbortSignal.any([signal, end.signal]) });
  try {
    const opened = await watch.wait(opening, () => 0);
    await taker.opened(opened);
    const chunks = opened.chunks[Symbol.asyncIterator]();
    for (;;) {
      const next = await watch.wait(chunks.next(), ({ done, value }) => (done ? 0 : value.length));
      signal.throwIfAborted();
      if (next.done) return;
      await taker.chunk(next.value);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    end.abort();
    void opening.then((opened) => opened.close()).catch(() => undefined);
  }
}
