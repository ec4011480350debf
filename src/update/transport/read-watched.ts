/**
 * Reads one document, and gives up when it arrives too slowly. Guarantee: the transfer has ended when the promise
 * settles.
 */
import type { Clock } from "../../base/clock.ts";
import { MinimumRate, type RateLimit } from "./minimum-rate.ts";
import type { Opened, OpenRequest, Transport } from "./open.ts";

export interface WatchedOptions {
  readonly transport: Transport;
  readonly clock: Pick<Clock, "now" | "setTimer">;
  readonly rate: RateLimit;
  readonly signal: AbortSignal;
}

/** Each method may throw, which ends the transfer. The next chunk is requested once `chunk` has resolved. */
export interface Receiver {
  opened(opened: Opened): Promise<void> | void;
  chunk(bytes: Uint8Array): Promise<void> | void;
}

/** @throws DownloadError, the signal's reason, what the receiver throws */
export async function readWatched(
  request: Omit<OpenRequest, "signal">,
  { transport, clock, rate, signal }: WatchedOptions,
  receiver: Receiver,
): Promise<void> {
  const end = new AbortController();
  const watch = new MinimumRate(clock, rate);
  const opening = transport.open({ ...request, signal: AbortSignal.any([signal, end.signal]) });
  try {
    const opened = await watch.wait(opening, () => 0);
    await receiver.opened(opened);
    const chunks = opened.chunks[Symbol.asyncIterator]();
    for (;;) {
      const next = await watch.wait(chunks.next(), ({ done, value }) => (done ? 0 : value.length));
      signal.throwIfAborted();
      if (next.done) return;
      await receiver.chunk(next.value);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    end.abort();
    void opening.then((opened) => opened.close()).catch(() => undefined);
  }
}
