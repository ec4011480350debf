/**
 * How a supervised process ends: when the loop requests it or has ended, and after its own crash, which it
 * first reports to the loop.
 */
import { stackOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis } from "../../base/units.ts";
import { closeInspector } from "../guardian/clean-node.ts";
import { installSignals } from "../guardian/signals.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { systemClock } from "../process/system-clock.ts";
import { mayDebug } from "../seal/seal.ts";
import type { LogMessage } from "./remote-log.ts";

const crashLimit = millis(500);

export interface ChildEndingOptions {
  readonly log: Log;
  readonly send: (message: LogMessage, sent: () => void) => void;
  /** The log event is `<name>-crash`. */
  readonly name: string;
  /** In messages: "the cloud process". */
  readonly title: string;
  readonly dataPath: string;
}

export interface ChildEnding {
  /** Resolves when the process is to end. */
  readonly requested: Promise<void>;
  stop(): void;
}

export function childEnding({ log, send, name, title, dataPath }: ChildEndingOptions): ChildEnding {
  let stop = (): void => {};
  const requested = new Promise<void>((resolve) => {
    stop = resolve;
  });
  process.on("disconnect", stop);
  installSignals({ log, end: () => stop(), mayDebug: () => mayDebug(dataPath) });
  closeInspector(log);
  const crash = (kind: string) => (error: unknown) => {
    const fields = { kind: `${title}: ${kind}`, detail: stackOf(error) };
    const end = (): never => process.exit(exitCodes.internal);
    systemClock.setTimer(crashLimit, end);
    send({ kind: "log", level: "error", event: `${name}-crash`, fields }, end);
  };
  process.on("uncaughtException", crash("exception"));
  process.on("unhandledRejection", crash("rejection"));
  if (process.send === undefined) stop();
  return { requested, stop: () => stop() };
}
