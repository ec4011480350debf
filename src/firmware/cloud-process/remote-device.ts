/**
 * The device in the cloud process.
 *
 * Guarantee: always a consistent state of the device, the newest received; a request resolves when the state after it has
 * arrived, or as refused without an answer of the loop. Invalid messages are dropped and counted.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import type { LinkState, Request } from "../../control/input.ts";
import type { StepSummary } from "../../control/step-summary.ts";
import { type DeviceMoment, type Face, type FaceDevice, Faces } from "../face.ts";
import type { CloudMessage, LoopMessage } from "./messages.ts";

export interface RemoteDeviceOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** To the loop. Must not throw. */
  readonly send: (message: CloudMessage) => void;
}

/** The loop answers within a step; one that does not is about to be killed by its guardian. */
const answerLimit = seconds(10);

export class RemoteDevice implements FaceDevice {
  readonly #options: RemoteDeviceOptions;
  #moment: DeviceMoment;
  #asked = 0;
  readonly #waiting = new Map<number, (refused: string | undefined) => void>();
  readonly #summaryListeners: ((look: StepSummary) => void)[] = [];
  readonly #storedListeners: (() => void)[] = [];
  readonly #faces = new Faces<FaceDevice>();
  #sentLink: LinkState = "none";
  /** Of what the loop was told of the failure; `undefined`: nothing yet. */
  #sentHealth: { readonly failure: string | undefined } | undefined;
  #begun = false;

  /** @param first what the loop said of itself first */
  constructor(options: RemoteDeviceOptions, first: DeviceMoment) {
    this.#options = options;
    this.#moment = first;
  }

  get inForce(): DeviceMoment["inForce"] {
    return this.#moment.inForce;
  }

  get counters(): DeviceMoment["counters"] {
    return this.#moment.counters;
  }

  get activeFaults(): DeviceMoment["activeFaults"] {
    return this.#moment.activeFaults;
  }

  get stored(): boolean {
    return this.#moment.stored;
  }

  onStored(listener: () => void): void {
    this.#storedListeners.push(listener);
  }

  onStepSummary(listener: (look: StepSummary) => void): void {
    this.#summaryListeners.push(listener);
  }

  /** Starts a face here, and tells the loop how it is. */
  async addFace(face: Face): Promise<void> {
    await this.#faces.start(face, this);
    this.#begun = true;
    this.faceChanged();
  }

  request(...requests: readonly Request[]): Promise<string | undefined> {
    const { clock, send } = this.#options;
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      const cancel = clock.setTimer(answerLimit, () => this.#settle(id, "the device does not answer"));
      this.#waiting.set(id, (refused) => {
        cancel();
        resolve(refused);
      });
      send({ kind: "request", id, requests });
    });
  }

  faceChanged(): void {
    const { send } = this.#options;
    const { state, failure } = this.#faces;
    if (state !== this.#sentLink) send({ kind: "link", link: state });
    this.#sentLink = state;
    // The first word of its health says that it has begun its work.
    const isNews =
      this.#sentHealth === undefined
        ? this.#begun || failure !== undefined
        : failure !== this.#sentHealth.failure;
    if (!isNews) return;
    this.#sentHealth = { failure };
    send({ kind: "health", failure });
  }

  take(message: Extract<LoopMessage, { kind: "device" | "answer" }>): void {
    this.#moment = message.moment;
    if (message.kind === "answer") this.#settle(message.id, message.refused);
    else for (const listener of this.#summaryListeners) listener(message.look);
    if (message.moment.stored) for (const listener of this.#storedListeners) listener();
  }

  #settle(id: number, refused: string | undefined): void {
    this.#waiting.get(id)?.(refused);
    this.#waiting.delete(id);
  }
}
