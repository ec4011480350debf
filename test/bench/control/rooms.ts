/**
 * Rooms drawn from all that one default must serve: time constants 0.5 to 60 h, heaters 300 W to 3 kW, heater bodies 40
 * to 1500 s, sensors 60 to 600 s, noise 0 to 0.3 K, steps 0.01 to 0.5 K, a reading every 1 to 15 s, outside −10 to
 * +15 °C with a daily sine, and in some rooms people, sun and a window.
 *
 * `well-sized`: at the coldest hour the heater can deliver 1.1 times what the room loses at its set-point, less the
 * steady gains. `undersized`: it cannot.
 */
import { uniform } from "../../../src/simulation/noise.ts";
import type { RoomParameters } from "../../../src/simulation/room/thermal.ts";
import type { ByHour, Course } from "./plant.ts";
import { settledAt } from "./plant.ts";
import { always, daily } from "./scenarios.ts";

export type RoomSize = "well-sized" | "undersized";

export interface DrawnRoom {
  readonly name: string;
  /** Of the sensor's noise. */
  readonly seed: number;
  readonly size: RoomSize;
  /** Full power over the loss at the coldest hour. */
  readonly sizing: number;
  /** Capacity over loss (h). */
  readonly timeConstantH: number;
  /** Loss to the outside (W/K). */
  readonly loss: number;
  /** Two days at one set-point, the second of which is scored. */
  readonly course: Course;
}

export const defaultSeed = 11;
const target = 20;
/** The lightest air that a full heater still warms by less than 263 K/h, which SR-03 takes for a defect. */
const secondsPerKelvin = 3600 / 250;

export function drawRooms(count: number, seed = defaultSeed): DrawnRoom[] {
  const next = uniform(seed);
  const rooms: DrawnRoom[] = [];
  while (rooms.length < count) {
    const room = drawRoom(next, rooms.length);
    if (room) rooms.push(room);
  }
  return rooms;
}

/** Undefined for a combination that no house has: such a draw does not count. */
function drawRoom(next: () => number, index: number): DrawnRoom | undefined {
  const evenly = (low: number, high: number) => low + (high - low) * next();
  /** As many below the geometric mean as above it. */
  const spread = (low: number, high: number) => low * (high / low) ** next();
  const heaterPower = spread(300, 3000);
  const timeConstantH = spread(0.5, 60);
  const sizing = spread(0.6, 4);
  const mean = evenly(-10, 15);
  const swing = evenly(0, 6);
  const loss = heaterPower / sizing / (target - mean + swing);
  const usual = loss * (target - mean);
  // Not more than the loss on an ordinary day: above it no thermostat holds a room.
  const people = next() < 0.3 ? Math.min(evenly(50, 200), usual / 2) : 0;
  const sunny = next() < 0.4 ? evenly(0.1, 0.6) * usual : 0;
  const airedAt = next() < 0.3 ? 24 + evenly(7, 20) : undefined;
  const [airShare, coupling, direct] = [spread(0.06, 0.25), evenly(3, 8), evenly(0.15, 0.45)];
  const room = roomOf({
    heaterPower,
    loss,
    capacity: timeConstantH * 3600 * loss,
    airShare,
    coupling,
    direct,
  });
  const physical: RoomParameters = {
    ...room,
    heaterTimeConstant: spread(40, 1500),
    sensorLag: spread(60, 600),
    sensorNoise: next() < 0.2 ? 0 : spread(0.005, 0.3),
  };
  const [quantum, periodS, noiseSeed] = [pick(next), Math.floor(evenly(1, 16)), Math.floor(next() * 1e9)];
  if (loss < 3 || loss > 120 || room.airCapacity < heaterPower * secondsPerKelvin) return undefined;
  const outside = daily(mean, swing);
  const opening = Math.min(40, loss);
  return {
    name: `room ${index + 1}`,
    seed: noiseSeed,
    size: sizing >= 1.1 ? "well-sized" : "undersized",
    sizing,
    timeConstantH,
    loss,
    course: {
      room: physical,
      quantum,
      periodS,
      start: settledAt(physical, Math.min(target, outside(0) + heaterPower / loss), outside(0)),
      hours: 48,
      scoreFrom: 24,
      target: always(target),
      outside,
      window: airedAt === undefined ? always(0) : between(airedAt, airedAt + 0.25, opening),
      gain: (hour) => people * evening(hour) + sunny * sun(hour),
    },
  };
}

const pick = (next: () => number): number =>
  [0.01, 0.01, 0.01, 0.05, 0.0625, 0.1, 0.25, 0.5][Math.floor(next() * 8)] ?? 0.01;

const between =
  (from: number, to: number, value: number): ByHour =>
  (hour) =>
    hour >= from && hour < to ? value : 0;
const evening: ByHour = (hour) => (hour % 24 >= 17 && hour % 24 < 23 ? 1 : 0);
/** From 8 to 17 o'clock, strongest between. */
const sun: ByHour = (hour) => {
  const day = hour % 24;
  return day > 8 && day < 17 ? Math.sin(((day - 8) / 9) * Math.PI) : 0;
};

interface Shape {
  readonly heaterPower: number;
  readonly loss: number;
  readonly capacity: number;
  /** Share of the capacity in the air; the reference room has 0.083. */
  readonly airShare: number;
  /** Air to fabric over the loss; the reference room has 6. */
  readonly coupling: number;
  /** Share of the loss directly from the air; the reference room has 0.28. */
  readonly direct: number;
}

function roomOf({ heaterPower, loss, capacity, airShare, coupling, direct }: Shape) {
  const airToFabric = coupling * loss;
  const airToOutside = direct * loss;
  return {
    heaterPower,
    heaterExcess: 40,
    airCapacity: capacity * airShare,
    fabricCapacity: capacity * (1 - airShare),
    airToFabric,
    airToOutside,
    fabricToOutside: 1 / (1 / (loss - airToOutside) - 1 / airToFabric),
  };
}
