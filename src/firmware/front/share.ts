/**
 * Folder front/: the panel's picture and buttons for other processes.
 *
 * The loop's end of the channel to the hub's page: sends the device's front, and receives presses.
 *
 * Guarantee: never throws into a step or delays one: a step costs one comparison, and at most ten small messages a second
 * are sent, or dropped without a reader. Buttons of a real hat cannot be pressed remotely: the twin's rules, and the
 * clearing of a cut-off, assume a person in front of the device. Remote users use the cloud's side instead.
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { millis } from "../../base/units.ts";
import { displayRows } from "../../board/screen/displays.ts";
import { turnTime } from "../../board/screen/lcd-display.ts";
import { isHatFault } from "../../simulation/virtual-hat/faults.ts";
import type { Device, Observation } from "../device.ts";
import type { Face } from "../face.ts";
import type { VirtualHardware } from "../hardware.ts";
import { type GuardianToLoop, guardianToLoop } from "../process/messages.ts";
import { NewestSender } from "../process/newest-sender.ts";
import { systemClock } from "../process/system-clock.ts";
import { sendToParent } from "../supervision/send-to-parent.ts";
import { PanelKeys } from "./keys.ts";
import type { PanelShown } from "./messages.ts";

const spacing = millis(100);
/** After this many turns, the alternating lines of any display repeat. */
const turns = 12;

type PanelPressed = Extract<GuardianToLoop, { kind: "panel-pressed" }>;
type SimulateFault = Extract<GuardianToLoop, { kind: "simulate-fault" }>;

export interface PanelShareOptions {
  readonly device: Device;
  readonly virtual: VirtualHardware | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** A sealed unit simulates no fault. */
  readonly isSealed: () => boolean;
  /** Sends to the guardian. Must not throw; calls `done` once, whether it arrived or not. */
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

  /** Of a virtual hat in a unit that is not sealed; anything else changes nothing. */
  simulate({ fault, active }: SimulateFault): void {
    const { virtual, isSealed, log } = this.#options;
    if (virtual === undefined || !isHatFault(fault) || (active && isSealed())) return;
    const { hat } = virtual;
    if (active === hat.activeFaults.includes(fault)) return;
    if (active) hat.fault(fault);
    else hat.endFault(fault);
    log.warn("fault-simulated", { fault, active });
    this.#show();
  }

  #show(): void {
    if (this.#latest === undefined) return;
    const { device, virtual, clock } = this.#options;
    const { screen, heater, modeLed, statusLed } = this.#latest.commands;
    const { display } = device;
    const alternates = display !== undefined && displayRows[display].alternates;
    this.#sender.offer({
      kind: "panel-shown",
      screen,
      display,
      turn: alternates ? Math.floor(clock.now() / turnTime) % turns : 0,
      modeLed,
      statusLed,
      relay: heater,
      room: virtual && roomOf(virtual),
    });
  }
}

/** Rounded to a tenth, to avoid needless messages. */
function roomOf({ hat, surroundings }: VirtualHardware): PanelShown["room"] {
  hat.catchUp();
  const { room, outside, windowOpen } = surroundings;
  const faults = [...hat.activeFaults];
  return { air: toTenth(room.temperature), outside: toTenth(outside), windowOpen, faults };
}

const toTenth = (value: number): number => Math.round(value * 10) / 10;

type FrontOptions = Pick<PanelShareOptions, "virtual" | "log" | "isSealed"> & {
  readonly asksForPage?: boolean;
};

/** Shows the device's front on its own page or the local hub's, once the guardian reports that there is one. */
export class FrontFace implements Face<Device> {
  readonly state = "none";
  readonly failure = undefined;
  readonly #options: FrontOptions;
  #listener: ((message: unknown) => void) | undefined;

  /** @param options.asksForPage whether to tell the guardian that the device's own page is enough */
  constructor(options: FrontOptions) {
    this.#options = options;
  }

  async start(device: Device): Promise<void> {
    let share: PanelShare | undefined;
    this.#listener = (message) => {
      const received = read(guardianToLoop, message);
      if (received?.kind === "hub-ready" || received?.kind === "page-ready") share ??= this.#open(device);
      if (received?.kind === "panel-pressed") share?.take(received);
      if (received?.kind === "simulate-fault") share?.simulate(received);
    };
    process.on("message", this.#listener);
    if (this.#options.asksForPage) sendToParent({ kind: "page-wanted" }, () => {});
  }

  async close(): Promise<void> {
    if (this.#listener) process.off("message", this.#listener);
  }

  #open(device: Device): PanelShare {
    return new PanelShare({
      ...this.#options,
      device,
      clock: systemClock,
      send: sendToParent,
    });
  }
}
