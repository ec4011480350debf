/**
 * The hat's buttons as edges.
 *
 * Guarantee: each edge is taken from johnny-five's Button in the instant that the line reports it, with the time at
 * which it happened; where a stall hid that time, a press began as late and ended as early as it can have, so a stall
 * is never a hold. Button's own events are debounced on the system's clock, which virtual time knows nothing of. A
 * button that cannot be had is reported and leaves the others working (SR-11).
 */

import type { Clock } from "../../base/clock.ts";
import type { WiredLine } from "../../chips/wiring.ts";
import type { ButtonEdge, ButtonName } from "../../control/input.ts";
import type { GroveIo } from "./grove-io.ts";
import { type Board, makeButton } from "./johnny-five.ts";

export interface ButtonPanelOptions {
  readonly board: Board;
  readonly io: GroveIo;
  readonly clock: Clock;
  readonly buttons: Readonly<Record<ButtonName, WiredLine>>;
  readonly onFailure: (button: ButtonName, error: unknown) => void;
}

export class ButtonPanel {
  readonly #options: ButtonPanelOptions;
  readonly #listeners: ((edge: ButtonEdge) => void)[] = [];

  constructor(options: ButtonPanelOptions) {
    this.#options = options;
    for (const name of ["a", "b", "mode"] as const) {
      try {
        this.#attach(name, options.buttons[name]);
      } catch (error) {
        options.onFailure(name, error);
      }
    }
  }

  onEdge(listener: (edge: ButtonEdge) => void): void {
    this.#listeners.push(listener);
  }

  /** No edge is reported any more. Lets go of a button that is held down: johnny-five keeps a timer while it is. */
  close(): void {
    this.#listeners.length = 0;
    for (const { line, activeLevel } of Object.values(this.#options.buttons)) {
      this.#options.io.pretend(line, activeLevel === 1 ? 0 : 1);
    }
  }

  #attach(name: ButtonName, wired: WiredLine): void {
    const { board, io, clock } = this.#options;
    const failure = io.failureOf(wired.line);
    if (failure !== undefined) throw failure;
    const button = makeButton(board, wired.line, wired.activeLevel);
    // Registered after the Button's own listener, so `isDown` is that of this edge. The level now comes at once,
    // when nobody listens yet: a button that is down already, jammed perhaps, counts only from its next press.
    io.digitalRead(wired.line, (_, time) => {
      const pressed = button.isDown;
      const atMs = (pressed ? time?.latestMs : time?.earliestMs) ?? clock.now();
      const edge: ButtonEdge = { button: name, pressed, atMs };
      for (const listener of [...this.#listeners]) listener(edge);
    });
  }
}
