/**
 * Folder update-process/: the updater in a process of its own, and both ends of its messages.
 *
 * The updater as the loop uses it: it reports what was installed, and receives when that may start.
 *
 * Guarantees: those of its supervision (supervision/supervised-process.ts): no failure of that process delays
 * a step. It exists only on a unit with updates: one with updates.json, or with slots.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { FirmwareReport } from "../../model/cloud-model.ts";
import type { MessageFromChild } from "../supervision/messages.ts";
import { type SupervisedChild, SupervisedProcess } from "../supervision/supervised-process.ts";
import type { Swap } from "../update/swap/swap.ts";
import type { SwapDecision } from "../update/swap/swap-decision.ts";
import { type LoopToUpdater, type UpdaterToLoop, updaterToLoop } from "./messages.ts";

export interface UpdateProcessOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly swap: Pick<Swap, "offer" | "begin">;
  /** May throw, for instance without memory. */
  readonly spawn: () => SupervisedChild;
  /** At every change. */
  readonly onReport: (report: FirmwareReport) => void;
  /** Whether its work is not done (SR-11). */
  readonly onFailing: (failing: boolean) => void;
}

type OwnMessage = Exclude<UpdaterToLoop, MessageFromChild>;

export class UpdateProcess {
  readonly #options: UpdateProcessOptions;
  readonly #process: SupervisedProcess<OwnMessage>;

  constructor(options: UpdateProcessOptions) {
    this.#options = options;
    const { clock, log, spawn, onFailing } = options;
    this.#process = new SupervisedProcess({
      clock,
      log,
      name: "updater",
      title: "the updater",
      spawn,
      messages: updaterToLoop,
      onMessage: (message) => this.#act(message),
      onFailure: (failure) => onFailing(failure !== undefined),
    });
  }

  start(): void {
    this.#process.start();
  }

  /** Asks the sources now. */
  check(): void {
    this.#send({ kind: "check" });
  }

  /** Sends the loop's decision about an offered image. */
  decided({ digest }: { readonly digest: string }, decision: SwapDecision): void {
    const waitsFor = decision.kind === "wait" ? decision.reason : undefined;
    this.#send({ kind: "may-start", digest, waitsFor });
  }

  /** Call this when the trial of the running program has succeeded. */
  confirmed(): void {
    this.#send({ kind: "update-confirmed" });
  }

  /** Resolves when the process has ended: within four seconds. */
  close(): Promise<void> {
    return this.#process.close();
  }

  #send(message: LoopToUpdater): void {
    this.#process.send(message);
  }

  #act(message: OwnMessage): void {
    const { swap, onReport } = this.#options;
    switch (message.kind) {
      case "firmware":
        onReport(message.report);
        break;
      case "offer":
        swap.offer(message);
        break;
      case "start":
        swap.begin(message.digest);
        break;
    }
  }
}
