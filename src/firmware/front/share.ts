/**
 * The loop's end of the way to the hub's page: tells what the device's front shows, and takes presses for it.
 *
 * Guarantee: nothing here throws into a step or delays one: a step costs one comparison, and at most ten times a
 * second a small message goes out; where nobody reads, it is dropped. A real hat's keys are pressed by hand only. A
 * page can be reached from afar, and the twin's rules, and a person who clears a cut-off, rest on who stands at the
 * device; what one may do from afar, the page does as the cloud does.
 */
import type { Clock } from "../../base/clock.ts";
import { read } from "../../base/schema/schema.ts";
import { millis, seconds } from "../../base/units.ts";
import type { Device, Observation } from "../device.ts";
import type { Face } from "../face.ts";
import type { VirtualHardware } from "../hardware.ts";
import { type GuardianToLoop, guardianToLoop } from "../process/messages.ts";
import { NewestSender } from "../process/newest-sender.ts";
import { systemClock } from "../process/system-clock.ts";
import { PanelKeys } from "./keys.ts";
import type { PanelShown } from "./messages.ts";

const spacing = millis(100);
/** As long as a 16x2 display shows a second line, and after how many its lines come round again. */
const turnTime = seconds(3);
const turns = 12;

type PanelPressed = Extract<GuardianToLoop, { kind: "panel-pressed" }>;

export interface PanelShareOptions {
  readonly device: Device;
  readonly virtual: VirtualHardware | undefined;
  readonly clock: Clock;
  /** To the guardian. Must not throw; calls `done` once, whether it arrived or not. */
  readonly send: (message: PanelShown, done: () => void) => void;
}

export class PanelShare {
  readonly #options: PanelShareOptions;
  readonly #sender: NewestSender<PanelShown>;
  readonly #keys: PanelKeys | undefined;
  #latest: Observation | undefined;

  constructor(options: PanelShareOptions) {
    const { clock, send, virtual, device } = options;
    this.#options = options;
    this.#sender = new NewestSender({ clock, spacing, send });
    this.#keys = virtual && new PanelKeys(virtual, clock);
    device.watch((observation) => {
      this.#latest = observation;
      this.#show();
    });
  }

  take(pressed: PanelPressed): void {
    this.#keys?.take(pressed);
    // The keys cause steps; the window does not.
    this.#show();
  }

  #show(): void {
    if (this.#latest === undefined) return;
    const { device, virtual, clock } = this.#options;
    const { screen, heater, modeLed, statusLed } = this.#latest.commands;
    this.#sender.offer({
      kind: "panel-shown",
      screen,
      display: device.display,
      turn: device.display === "lcd-16x2" ? Math.floor(clock.now() / turnTime) % turns : 0,
      modeLed,
      statusLed,
      relay: heater,
      room: virtual && roomOf(virtual),
    });
  }
}

/** To the tenth: what moves slower than the screen is no news ten times a second. */
function roomOf({ hat, surroundings }: VirtualHardware): PanelShown["room"] {
  hat.catchUp();
  const { room, outside, windowOpen } = surroundings;
  return { air: toTenth(room.temperature), outside: toTenth(outside), windowOpen };
}

const toTenth = (value: number): number => Math.round(value * 10) / 10;

/** The device's front on the page of the local hub: from when the guardian says that there is one. */
export class FrontFace implements Face<Device> {
  readonly state = "none";
  readonly failure = undefined;
  readonly #virtual: VirtualHardware | undefined;
  #listener: ((message: unknown) => void) | undefined;

  constructor({ virtual }: Pick<PanelShareOptions, "virtual">) {
    this.#virtual = virtual;
  }

  async start(device: Device): Promise<void> {
    let share: PanelShare | undefined;
    this.#listener = (message) => {
      const said = read(guardianToLoop, message);
      if (said?.kind === "hub-ready") share ??= this.#open(device);
      if (said?.kind === "panel-pressed") share?.take(said);
    };
    process.on("message", this.#listener);
  }

  async close(): Promise<void> {
    if (this.#listener) process.off("message", this.#listener);
  }

  #open(device: Device): PanelShare {
    return new PanelShare({
      device,
      virtual: this.#virtual,
      clock: systemClock,
      // With a callback a channel that is gone is an argument of it, not an exception.
      send: (message, done) => void process.send?.(message, undefined, undefined, () => done()),
    });
  }
}
