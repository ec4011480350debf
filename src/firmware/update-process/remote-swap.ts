/**
 * The updater's side of the swap: the loop, which knows the heater, says when an installed image may start.
 *
 * Guarantee: an image starts only after the loop has allowed it and the updater has confirmed that it was not canceled.
 */
import { minutes, seconds } from "../../base/units.ts";
import type { SlotImage, SlotsState } from "../../update/slots/slots.ts";
import type { Swap } from "../../update/updater/ports.ts";
import type { LoopToUpdater, UpdaterToLoop } from "./messages.ts";

type MayStart = Extract<LoopToUpdater, { kind: "may-start" }>;

/** The loop sends its decision at once; after a lost message it is requested again. */
const firstAnswer = seconds(10);
const laterAnswers = minutes(1);

export class RemoteSwap implements Swap {
  readonly #send: (message: UpdaterToLoop) => void;
  readonly #read: () => SlotsState;
  #offered = "";
  #decision: MayStart | undefined;

  constructor(send: (message: UpdaterToLoop) => void, read: () => SlotsState) {
    this.#send = send;
    this.#read = read;
  }

  decided(message: MayStart): void {
    this.#decision = message;
  }

  blockedBy(urgent: boolean, { digest }: SlotImage): ReturnType<Swap["blockedBy"]> {
    const when = urgent ? "now" : "when-convenient";
    const offer = `${digest} ${when}`;
    if (offer !== this.#offered) {
      this.#offered = offer;
      this.#decision = undefined;
      const { slots } = this.#read();
      this.#send({ kind: "offer", slot: slots.a?.digest === digest ? "a" : "b", digest, when });
    }
    if (this.#decision?.digest !== digest) {
      return { reason: "the control loop decides when", retryAfterMs: firstAnswer };
    }
    const { waitsFor } = this.#decision;
    return waitsFor === undefined ? undefined : { reason: waitsFor, retryAfterMs: laterAnswers };
  }

  /** Resolves when the start is requested: this process is ended soon after. */
  async start({ digest }: SlotImage): Promise<void> {
    this.#send({ kind: "start", digest });
  }
}
