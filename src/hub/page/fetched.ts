/**
 * Fetches what the page shows of its device, and again when events may have been missed.
 *
 * Guarantee: an answer about another device or another span than the one shown now changes nothing.
 */
import { api } from "./api.ts";
import type { PageEvent, PageState } from "./model/state.ts";
import type { Context } from "./parts/context.ts";

/** The longest span that comes from the hub's memory, and is fetched before one is chosen. */
const firstSpan = 24 * 60;

export interface FetchedParts {
  readonly expect: Context["expect"];
  readonly dispatch: (event: PageEvent) => void;
  readonly state: () => PageState;
  /** By the server's clock. */
  readonly nowMs: () => number;
}

export class Fetched {
  readonly #parts: FetchedParts;
  #spanMinutes = firstSpan;

  constructor(parts: FetchedParts) {
    this.#parts = parts;
  }

  showSpan(minutes: number): void {
    this.#spanMinutes = Math.max(firstSpan, minutes);
    const { shown } = this.#parts.state();
    if (shown !== undefined) void this.#history(shown);
  }

  async everything(): Promise<void> {
    const { expect, dispatch, state } = this.#parts;
    const deviceId = state().shown;
    if (deviceId === undefined) return;
    const [detail, events] = await Promise.all([
      expect(api.device(deviceId)),
      expect(api.timeline(deviceId)),
      this.#history(deviceId),
      this.#log(deviceId),
    ]);
    if (detail !== undefined) dispatch({ type: "detail", detail });
    if (events !== undefined) dispatch({ type: "past", deviceId, events });
  }

  async #log(deviceId: string): Promise<void> {
    const { expect, dispatch, state } = this.#parts;
    if (state().hub?.kind !== "device") return;
    const lines = await expect(api.log(deviceId));
    if (lines !== undefined) dispatch({ type: "log-past", deviceId, lines });
  }

  async #history(deviceId: string): Promise<void> {
    const { expect, dispatch, nowMs } = this.#parts;
    const asked = this.#spanMinutes;
    const history = await expect(api.history(deviceId, nowMs() - asked * 60_000));
    // Another span may have been chosen meanwhile, whose answer may have come before.
    if (history !== undefined && asked === this.#spanMinutes)
      dispatch({ type: "history", deviceId, history });
  }
}
