/**
 * The device as a face process sees it.
 *
 * Guarantee: always a consistent state of the device, the newest received; a request resolves when the state after it
 * has arrived, or, without an answer of the loop, as refused. Invalid messages are dropped and counted.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import type { LinkState, Request } from "../../control/input.ts";
import type { StepSummary } from "../../control/step-summary.ts";
import { type DeviceSnapshot, type Face, type FaceDevice, Faces } from "../face.ts";
import type { MessageFromFace, MessageToFace } from "./messages.ts";

export interface RemoteDeviceOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** To the loop. Must not throw. */
  readonly send: (message: MessageFromFace) => void;
}

/** The loop answers within a step; one that does not is about to be killed by its guardian. */
const answerLimit = seconds(10);

export class RemoteDevice implements FaceDevice {
  readonly #options: RemoteDeviceOptions;
  #snapshot: DeviceSnapshot;
  #lastId = 0;
  readonly #waiting = new Map<number, (refused: string | undefined) => void>();
  readonly #summaryListeners: ((summary: StepSummary) => void)[] = [];
  readonly #storedListeners: (() => void)[] = [];
  readonly #faces = new Faces<FaceDevice>();
  #sentLink: LinkState = "none";
  /** The health that was last sent to the loop; `undefined`: none yet. */
  #sentHealth: { readonly failure: string | undefined } | undefined;
  #begun = false;

  /** @param first the first state that the loop has sent */
  constructor(options: RemoteDeviceOptions, first: DeviceSnapshot) {
    this.#options = options;
    this.#snapshot = first;
  }

  get inForce(): DeviceSnapshot["inForce"] {
    return this.#snapshot.inForce;
  }

  get counters(): DeviceSnapshot["counters"] {
    return this.#snapshot.counters;
  }

  get activeFaults(): DeviceSnapshot["activeFaults"] {
    return this.#snapshot.activeFaults;
  }

  get stored(): boolean {
    return this.#snapshot.stored;
  }

  onStored(listener: () => void): void {
    this.#storedListeners.push(listener);
  }

  onStepSummary(listener: (summary: StepSummary) => void): void {
    this.#summaryListeners.push(listener);
  }

  /** Starts a face here, and reports its state to the loop. */
  async addFace(face: Face): Promise<void> {
    await this.#faces.start(face, this);
    this.#begun = true;
    this.faceChanged();
  }

  request(...requests: readonly Request[]): Promise<string | undefined> {
    const { clock, send } = this.#options;
    this.#lastId += 1;
    const id = this.#lastId;
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
    // The first health message means that the face has started.
    const hasChanged =
      this.#sentHealth === undefined
        ? this.#begun || failure !== undefined
        : failure !== this.#sentHealth.failure;
    if (!hasChanged) return;
    this.#sentHealth = { failure };
    send({ kind: "health", failure });
  }

  take(message: Extract<MessageToFace, { kind: "device" | "answer" }>): void {
    this.#snapshot = message.snapshot;
    if (message.kind === "answer") this.#settle(message.id, message.refused);
    else for (const listener of this.#summaryListeners) listener(message.summary);
    if (message.snapshot.stored) for (const listener of this.#storedListeners) listener();
  }

  #settle(id: number, refused: string | undefined): void {
    this.#waiting.get(id)?.(refused);
    this.#waiting.delete(id);
  }
}
