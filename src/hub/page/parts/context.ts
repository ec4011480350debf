/** What every part of the page receives. */
import type { Clock } from "../../../base/clock.ts";
import type { Answer } from "../api.ts";
import type { PageEvent, PageState } from "../model/state.ts";

export interface View {
  readonly state: PageState;
  /** The current time of the hub's clock, in ms since 1970. */
  readonly nowMs: number;
}

export interface Context {
  readonly clock: Clock;
  /** Absent for a hub without a password. */
  readonly signOut?: () => void;
  dispatch(event: PageEvent): void;
  /** The plot shows so many minutes from now on: fetches them, as finely as the hub has them. */
  showSpan(minutes: number): void;
  /** Shows a notification. */
  announce(text: string, tone: "good" | "bad"): void;
  /**
   * Waits for `answer`, and shows the message of a failed one.
   * @returns its value, or `undefined` when it failed
   */
  expect<T>(answer: Promise<Answer<T>>): Promise<T | undefined>;
}
