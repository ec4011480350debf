/**
 * The loop's end of the way to its cloud half: shows the device, and takes requests.
 *
 * Guarantees: a step costs the note that something has changed; at most ten times a second one message goes out, and none
 * while the one before is on its way, so that a cloud half that hangs fills no memory. The newest state replaces an older
 * one; faults that came or went are kept for the next message, also while no cloud half is there, and where they are too
 * many the oldest go and are counted.
 */
import type { Clock } from "../../base/clock.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { millis } from "../../base/units.ts";
import type { StepSummary } from "../../control/step-summary.ts";
import type { FaultCode } from "../../model/faults.ts";
import { type FaceDevice, momentOf } from "../face.ts";
import { maxFaults } from "./device-messages.ts";
import type { CloudMessage, LoopMessage } from "./messages.ts";

/** Must not throw; calls `done` once. @param arrived whether the channel took it */
export type SendToCloud = (message: LoopMessage, done: (arrived: boolean) => void) => void;

type Asked = Extract<CloudMessage, { kind: "request" }>;

const spacing = millis(100);

export class DeviceShare {
  readonly #device: FaceDevice;
  readonly #clock: Clock;
  readonly #log: Log;
  #send: SendToCloud | undefined;
  #latest: StepSummary | undefined;
  #raised: FaultCode[] = [];
  #ended: FaultCode[] = [];
  #sender: LatestWins | undefined;

  constructor(device: FaceDevice, clock: Clock, log: Log) {
    this.#device = device;
    this.#clock = clock;
    this.#log = log;
    device.onStepSummary((look) => this.#look(look));
    device.onStored(() => this.#show());
  }

  /** A cloud half is there, which knows nothing yet. */
  attach(send: SendToCloud): void {
    this.#send = send;
    this.#sender = new LatestWins(() => this.#tell(send));
    this.#show();
  }

  detach(): void {
    this.#send = undefined;
  }

  async answer({ id, requests }: Asked): Promise<void> {
    const refused = await this.#device.request(...requests);
    this.#send?.({ kind: "answer", id, refused, moment: momentOf(this.#device) }, () => {});
  }

  #look(look: StepSummary): void {
    this.#latest = look;
    for (const code of look.raised) this.#keep(this.#raised, code);
    for (const code of look.ended) this.#keep(this.#ended, code);
    this.#show();
  }

  #keep(list: FaultCode[], code: FaultCode): void {
    list.push(code);
    if (list.length <= maxFaults) return;
    list.shift();
    this.#log.warn("telemetry-held-back", { what: "fault events", why: "the cloud half does not take them" });
  }

  #show(): void {
    void this.#sender?.wake();
  }

  async #tell(send: SendToCloud): Promise<void> {
    const latest = this.#latest;
    // A cloud half that has been replaced since is told nothing more.
    if (latest === undefined || send !== this.#send) return;
    const [raised, ended] = [this.#raised, this.#ended];
    const look: StepSummary = { ...latest, raised, ended };
    [this.#raised, this.#ended] = [[], []];
    const sent = new Promise<void>((done) => {
      send({ kind: "device", moment: momentOf(this.#device), look }, (arrived) => {
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
