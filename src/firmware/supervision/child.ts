/**
 * A supervised process's side: receives the loop's messages, and ends in order.
 *
 * Guarantee: every ping is answered; an unknown message is dropped and logged.
 */
import type { Log } from "../../base/log.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { seconds } from "../../base/units.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { systemClock } from "../process/system-clock.ts";
import type { ChildEnding } from "./child-ending.ts";
import { isToChild, type Message, type MessageToChild } from "./messages.ts";

export interface ListenOptions<Own extends Message> {
  readonly log: Log;
  readonly send: (message: { readonly kind: "pong" }) => void;
  readonly ended: Pick<ChildEnding, "stop">;
  /** The log event is `<name>-message-unreadable`. */
  readonly name: string;
  /** Everything that the loop may send. */
  readonly messages: Schema<Own | MessageToChild>;
  /** Messages that not every process has. */
  readonly onMessage: (message: Own) => void;
}

/** After this time the loop kills the process. */
const closeLimit = seconds(3);

/**
 * Call this once, before anything else listens: messages that arrive before any listener are delivered only to the
 * first one.
 */
export function listenToLoop<Own extends Message>(options: ListenOptions<Own>): void {
  const { log, send, ended, name, messages, onMessage } = options;
  let dropped = 0;
  process.on("message", (message) => {
    const received = read(messages, message);
    if (received === undefined) {
      dropped += 1;
      log.warn(`${name}-message-unreadable`, { from: "the loop", dropped });
    } else if (!isToChild(received)) onMessage(received);
    else if (received.kind === "ping") send({ kind: "pong" });
    else if (received.kind === "stop") ended.stop();
  });
}

/** Waits until the process is to end, calls the closing function, and exits. */
export async function endWithLoop(
  { requested }: Pick<ChildEnding, "requested">,
  close: () => Promise<void> | undefined,
): Promise<never> {
  await requested;
  await Promise.race([close(), systemClock.sleep(closeLimit)]);
  process.exit(exitCodes.ok);
}
