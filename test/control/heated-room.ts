/**
 * A device in one of the simulation's rooms, with what the simulation does not have: sun, people and a contact that
 * welds. `live` plays it and notes which faults were raised and when.
 */

import type { Settings } from "../../src/model/settings-table.ts";
import type { RoomParameters } from "../../src/simulation/room/room.ts";
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
  const begin = life.start ?? target(0);
  let [heater, air, fabric, sensor, aim] = [begin, begin, begin, begin, Number.NaN];
  const toAir = room.heaterPower / room.heaterExcess;
  for (let second = 0; second < life.hours * 3600; second += readingEveryS) {
    const hour = second / 3600;
    const weather = { out: outside(hour), sun: gain(hour), loss: window(hour) };
    const heating = device.heater || (life.welded?.(hour) ?? false);
    for (let step = 0; step < readingEveryS; step++) {
      const given = (heater - air) * toAir;
      const toFabric = (air - fabric) * room.airToFabric;
      const lost = (air - weather.out) * (room.airToOutside + weather.loss);
      sensor += (air - sensor) / room.sensorLag;
      heater += ((heating ? room.heaterPower : 0) - given) / (room.heaterTimeConstant * toAir);
      air += (given + weather.sun - toFabric - lost) / room.airCapacity;
      fabric += (toFabric - (fabric - weather.out) * room.fabricToOutside) / room.fabricCapacity;
    }
    device.now += readingEveryS * 1000;
    device.events = [];
    life.act?.(device, hour);
    if (target(hour) !== aim) {
      aim = target(hour);
      device.target(aim);
    }
    device.temperature = life.deaf?.(hour) ? undefined : Math.round((sensor + jitter()) * 100) / 100;
    device.read();
    if (second % 60 === 0) commanded.push(device.heater);
    for (const event of device.events) {
      if (event.kind === "fault-raised") raised.push({ fault: event.fault, hour, air });
      if (event.kind === "fault-ended") ended.push({ fault: event.fault, hour });
    }
  }
  return { raised, ended, commanded, device };
}
