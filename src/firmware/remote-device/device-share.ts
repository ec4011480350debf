/**
 * The loop's end of the channel to a face process: sends the device's state, and receives requests.
 *
 * Guarantees: a step only sets a flag; at most ten messages a second, and none while one is pending, so that a hanging
 * process uses no memory. Only the newest state is sent; fault events are kept for the next message, also without
 * a process; when they are too many, the oldest are dropped and counted.
 */
import type { Clock } from "../../base/clock.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { millis } from "../../base/units.ts";
import type { StepSummary } from "../../control/step-summary.ts";
import type { FaultCode } from "../../model/faults.ts";
import { type FaceDevice, snapshotOf } from "../face.ts";
import { maxFaults } from "./device-messages.ts";
import type { MessageFromFace, MessageToFace } from "./messages.ts";

/** Must not throw; calls `done` once. @param arrived whether the channel accepted the message */
export type SendToFace = (message: MessageToFace, done: (arrived: boolean) => void) => void;

type RequestMessage = Extract<MessageFromFace, { kind: "request" }>;

const spacing = millis(100);

export class DeviceShare {
  readonly #device: FaceDevice;
  readonly #clock: Clock;
  readonly #log: Log;
  #send: SendToFace | undefined;
  #latest: StepSummary | undefined;
  #raised: FaultCode[] = [];
  #ended: FaultCode[] = [];
  #sender: LatestWins | undefined;

  constructor(device: FaceDevice, clock: Clock, log: Log) {
    this.#device = device;
    this.#clock = clock;
    this.#log = log;
    device.onStepSummary((summary) => this.#take(summary));
    device.onStored(() => this.#wake());
  }

  /** Call this when a process has started. */
  attach(send: SendToFace): void {
    this.#send = send;
    this.#sender = new LatestWins(() => this.#sendState(send));
    this.#wake();
  }

  detach(): void {
    this.#send = undefined;
  }

  async answer({ id, requests }: RequestMessage): Promise<void> {
    const refused = await this.#device.request(...requests);
    this.#send?.({ kind: "answer", id, refused, snapshot: snapshotOf(this.#device) }, () => {});
  }

  #take(summary: StepSummary): void {
    this.#latest = summary;
    for (const code of summary.raised) this.#keep(this.#raised, code);
    for (const code of summary.ended) this.#keep(this.#ended, code);
    this.#wake();
  }

  #keep(list: FaultCode[], code: FaultCode): void {
    list.push(code);
    if (list.length <= maxFaults) return;
    list.shift();
    this.#log.warn("telemetry-held-back", {
      what: "fault events",
      why: "the face process does not accept them",
    });
  }

  #wake(): void {
    void this.#sender?.wake();
  }

  async #sendState(send: SendToFace): Promise<void> {
    const latest = this.#latest;
    // Nothing is sent to a process that has been replaced since.
    if (latest === undefined || send !== this.#send) return;
    const [raised, ended] = [this.#raised, this.#ended];
    const summary: StepSummary = { ...latest, raised, ended };
    [this.#raised, this.#ended] = [[], []];
    const sent = new Promise<void>((done) => {
      send({ kind: "device", snapshot: snapshotOf(this.#device), summary }, (arrived) => {
        if (!arrived) {
          this.#raised = [...raised, ...this.#raised].slice(-maxFaults);
          this.#ended = [...ended, ...this.#ended].slice(-maxFaults);
        }
        done();
      });
    });
    await Promise.all([sent, this.#clock.sleep(spacing)]);
  }
}
