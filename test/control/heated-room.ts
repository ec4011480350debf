/**
 * A device in one of the simulation's rooms, with what the simulation does not have: sun, people and a contact that
 * welds. `live` plays it and notes which faults were raised and when.
 */

import type { Settings } from "../../src/model/settings-table.ts";
import type { RoomParameters } from "../../src/simulation/room/thermal.ts";
import { advanceThermal, evenlyAt } from "../../src/simulation/room/thermal.ts";
import { Device } from "./device.ts";
import { noise } from "./plant.ts";

/** A quantity by hours since the start. */
export type ByHour = (hour: number) => number;

export interface Life {
  readonly room: RoomParameters;
  readonly hours: number;
  readonly start?: number;
  readonly outside?: ByHour;
  readonly target?: ByHour;
  /** Heat besides the heater's (W). */
  readonly gain?: ByHour;
  /** Extra loss through a window (W/K). */
  readonly window?: ByHour;
  /** Called before every reading: press, switch, restart. */
  readonly act?: (device: Device, hour: number) => void;
  /** The contact is closed whatever the command says. */
  readonly welded?: (hour: number) => boolean;
  /** The sensor does not answer. */
  readonly deaf?: (hour: number) => boolean;
  readonly settings?: Partial<Settings>;
}

export interface Lived {
  readonly raised: readonly { readonly fault: string; readonly hour: number; readonly air: number }[];
  readonly ended: readonly { readonly fault: string; readonly hour: number }[];
  /** The command at the beginning of every minute. */
  readonly commanded: readonly boolean[];
  readonly device: Device;
}

const readingEveryS = 10;

export function live(life: Life): Lived {
  const { room, outside = () => 0, target = () => 19, gain = () => 0, window = () => 0 } = life;
  const device = new Device(life.settings);
  const jitter = noise(7, room.sensorNoise);
  const raised: { fault: string; hour: number; air: number }[] = [];
  const ended: { fault: string; hour: number }[] = [];
  const commanded: boolean[] = [];
  const state = evenlyAt(life.start ?? target(0));
  let aim = Number.NaN;
  for (let second = 0; second < life.hours * 3600; second += readingEveryS) {
    const hour = second / 3600;
    const around = { outside: outside(hour), gain: gain(hour), window: window(hour) };
    const heating = device.heater || (life.welded?.(hour) ?? false);
    for (let step = 0; step < readingEveryS; step++) {
      advanceThermal(state, room, 1, heating ? room.heaterPower : 0, around);
    }
    device.now += readingEveryS * 1000;
    device.events = [];
    life.act?.(device, hour);
    if (target(hour) !== aim) {
      aim = target(hour);
      device.target(aim);
    }
    device.temperature = life.deaf?.(hour) ? undefined : Math.round((state.sensor + jitter()) * 100) / 100;
    device.read();
    if (second % 60 === 0) commanded.push(device.heater);
    for (const event of device.events) {
      if (event.kind === "fault-raised") raised.push({ fault: event.fault, hour, air: state.air });
      if (event.kind === "fault-ended") ended.push({ fault: event.fault, hour });
    }
  }
  return { raised, ended, commanded, device };
}
