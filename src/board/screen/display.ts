/**
 * Folder screen/: finds the display, draws the screen for it and keeps it current. displays.ts is the table.
 *
 * The interface of a display; chip and layout are hidden.
 */
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { DisplayKind } from "../../model/displays.ts";

export interface Display {
  readonly kind: DisplayKind;
  /** 7-bit I²C address. */
  readonly address: number;
  /**
   * Shows `model`. Call it at least once a second, since the 16x2's second line alternates. A call during another one
   * waits; of several waiting calls only the newest is shown.
   *
   * @throws BusError (as a rejection) when the display cannot be reached; a later call initializes it again.
   */
  show(model: ScreenModel): Promise<void>;
}

/** Runs `work` one call at a time; of the calls that had to wait, only the newest value. */
export function newestOnly<T>(work: (value: T) => Promise<void>): (value: T) => Promise<void> {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting: { value: T; readonly done: Promise<void> } | undefined;
  return (value) => {
    if (waiting) {
      waiting.value = value;
      return waiting.done;
    }
    const done: Promise<void> = tail.then(() => {
      const newest = waiting ? waiting.value : value;
      waiting = undefined;
      return work(newest);
    });
    tail = done.catch(() => {});
    waiting = { value, done };
    return done;
  };
}
