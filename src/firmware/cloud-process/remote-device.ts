/**
 * The device as the cloud half's process sees it.
 *
 * Guarantee: it always shows one moment of the device, the newest that has arrived; a request resolves when the moment after
 * it is here, and as refused when the loop does not answer. What is no message of the loop is dropped and counted.
 */
import type { TelemetryObservation } from "../../azure/telemetry.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import type { LinkState, Request } from "../../control/input.ts";
import type { CloudDevice, DeviceMoment } from "./cloud-device.ts";
import type { CloudMessage, LoopMessage } from "./messages.ts";

export interface RemoteDeviceOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** To the loop. Must not throw. */
  readonly send: (message: CloudMessage) => void;
}

/** The loop answers within a step; one that does not is about to be killed by its guardian. */
const answerLimit = seconds(10);

export class RemoteDevice implements CloudDevice {
  readonly #options: RemoteDeviceOptions;
  #moment: DeviceMoment;
  #asked = 0;
  readonly #waiting = new Map<number, (refused: string | undefined) => void>();
  readonly #watchers: ((look: TelemetryObservation) => void)[] = [];
  #onStored = (): void => {};

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
    this.#onStored = listener;
  }

  /** Called at each look at the device. */
  watch(watcher: (look: TelemetryObservation) => void): void {
    this.#watchers.push(watcher);
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

  setLink(link: LinkState): void {
    this.#options.send({ kind: "link", link });
  }

  setCloudFailure(cause: string | undefined): void {
    this.#options.send({ kind: "health", failure: cause });
  }

  take(message: Extract<LoopMessage, { kind: "device" | "answer" }>): void {
    this.#moment = message.moment;
    if (message.kind === "answer") this.#settle(message.id, message.refused);
    else for (const watch of this.#watchers) watch(message.look);
    if (message.moment.stored) this.#onStored();
  }

  #settle(id: number, refused: string | undefined): void {
    this.#waiting.get(id)?.(refused);
    this.#waiting.delete(id);
  }
}
