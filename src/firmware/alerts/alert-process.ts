/**
 * The alert process as the loop uses it: it receives the device's faults and the state of its link.
 *
 * Guarantees: those of its supervision (supervision/supervised-process.ts): no failure of that process delays a step. It
 * exists only where the owner has written alerts.json.
 */
import type { Clock } from "../../base/clock.ts";
import { equalJson } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import { NewestSender } from "../process/newest-sender.ts";
import { type SupervisedChild, SupervisedProcess } from "../supervision/supervised-process.ts";
import type { DeviceConditions } from "./alert.ts";
import { alertsToLoop } from "./messages.ts";

export interface AlertProcessOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** May throw, for instance without memory. */
  readonly spawn: () => SupervisedChild;
  /** Whether alerts fail (SR-11). */
  readonly onFailing: (failing: boolean) => void;
}

const spacing = seconds(1);

export class AlertProcess {
  readonly #process: SupervisedProcess<never>;
  readonly #sender: NewestSender<DeviceConditions>;
  #child: SupervisedChild | undefined;
  #conditions: DeviceConditions | undefined;

  constructor(options: AlertProcessOptions) {
    const { clock, log, spawn, onFailing } = options;
    this.#process = new SupervisedProcess<never>({
      clock,
      log,
      name: "alerts",
      title: "the alert process",
      spawn,
      messages: alertsToLoop,
      onMessage: () => {},
      onChild: (child) => {
        this.#child = child;
        if (child !== undefined) this.#sender.resend();
      },
      onFailure: (failure) => onFailing(failure !== undefined),
    });
    this.#sender = new NewestSender({
      clock,
      spacing,
      send: (conditions, done) => {
        if (this.#child === undefined) done();
        else this.#child.send({ kind: "conditions", ...conditions }, done);
      },
    });
  }

  start(): void {
    this.#process.start();
  }

  /** After each step. */
  observe(conditions: DeviceConditions): void {
    const { faults, link } = conditions;
    const before = this.#conditions;
    if (before?.link === link && equalJson(before.faults, faults)) return;
    this.#conditions = conditions;
    this.#sender.offer(conditions);
  }

  /** Resolves when the process has ended: within four seconds. */
  close(): Promise<void> {
    return this.#process.close();
  }
}
