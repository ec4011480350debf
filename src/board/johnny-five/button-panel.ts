/**
 * Reports the edges of the hat's buttons.
 *
 * Guarantee: each edge is read from johnny-five's Button as soon as the line reports it, with the time at
 * which it happened. If a stall of the event loop hid that time, a press gets its latest possible start and
 * its earliest possible end, so a stall never looks like a hold. Button's own events are not used: they are
 * debounced on the system clock, which virtual time does not control. A button that cannot be opened is
 * reported; the others continue to work (SR-11).
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

  /** Stops reporting edges. Simulates a release of each button, which ends johnny-five's hold timer. */
  close(): void {
    this.#listeners.length = 0;
    for (const { line, activeLevel } of Object.values(this.#options.buttons)) {
      this.#options.io.setInputLevel(line, activeLevel === 1 ? 0 : 1);
    }
  }

  #attach(name: ButtonName, wired: WiredLine): void {
    const { board, io, clock } = this.#options;
    const failure = io.failureOf(wired.line);
    if (failure !== undefined) throw failure;
    const button = makeButton(board, wired.line, wired.activeLevel);
    // Registered after the Button's own listener, so `isDown` already reflects this edge. The current level
    // is reported at once, before anyone listens: a button that is already down (or jammed) counts from its
    // next press.
    io.digitalRead(wired.line, (_, time) => {
      const pressed = button.isDown;
      const atMs = (pressed ? time?.latestMs : time?.earliestMs) ?? clock.now();
      const edge: ButtonEdge = { button: name, pressed, atMs };
      for (const listener of [...this.#listeners]) listener(edge);
    });
  }
}
