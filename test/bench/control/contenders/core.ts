/** Folder contenders/: the thermostats that are compared. This one is ours: the whole core, through `step` alone. */
import type { Settings } from "../../../../src/model/settings-table.ts";
import { Device } from "../../../control/device.ts";
import type { Contender } from "../play.ts";

export interface Raised {
  readonly fault: string;
  readonly hour: number;
}

/** Sensor judging, safety rules and minimum times are in it. Notes the faults that were raised and that ended. */
export class Core implements Contender {
  readonly device: Device;
  readonly raised: Raised[] = [];
  readonly ended: Raised[] = [];
  #target = Number.NaN;

  constructor(settings: Partial<Settings> = {}) {
    this.device = new Device(settings);
  }

  tick(reading: number, target: number, second: number): boolean {
    const { device } = this;
    device.now = 1000 + second * 1000;
    if (target !== this.#target) {
      this.#target = target;
      device.target(target);
      device.now += 1;
    }
    device.read(reading);
    if (device.events.length > 0) this.#note(second / 3600);
    return device.heater;
  }

  #note(hour: number): void {
    for (const event of this.device.events) {
      if (event.kind === "fault-raised") this.raised.push({ fault: event.fault, hour });
      if (event.kind === "fault-ended") this.ended.push({ fault: event.fault, hour });
    }
    this.device.events = [];
  }
}
