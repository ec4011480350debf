/** What every part of the page may do, and what it is shown. */
import type { Clock } from "../../../base/clock.ts";
import type { Answer } from "../api.ts";
import type { PageEvent, PageState } from "../model/state.ts";

export interface View {
  readonly state: PageState;
  /** Now, by the hub's clock: what its times are compared with. */
  readonly nowMs: number;
}

export interface Context {
  readonly clock: Clock;
  /** Absent where the hub asks for no password. */
  readonly signOut?: () => void;
  dispatch(event: PageEvent): void;
  /** Says something to whoever looks or listens. `bad` interrupts. */
  announce(text: string, tone: "good" | "bad"): void;
  /**
   * Waits for `answer`; a refusal is announced in the hub's words.
   * @returns its value, or `undefined` when it was refused
   */
  expect<T>(answer: Promise<Answer<T>>): Promise<T | undefined>;
}
