/**
 * `npm run bench:control [-- --only NAME] [--rooms N] [--seed N] [--smoke]`: how well the whole core heats, beside other
 * thermostats, in the published scenarios and in rooms that nobody tuned it for.
 */
import { parseArgs } from "node:util";
import { Core } from "./contenders/core.ts";
import { onOff } from "./contenders/on-off.ts";
import { pid } from "./contenders/pid.ts";
import { matched } from "./matched.ts";
import { play } from "./play.ts";
import { defaultSeed, drawRooms } from "./rooms.ts";
import { release, scenarios } from "./scenarios.ts";
import type { Score } from "./score.ts";
import { bestPeer, type SweptRoom, sweepRoom } from "./sweep.ts";

const { values } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    only: { type: "string" },
    rooms: { type: "string", default: "200" },
    seed: { type: "string", default: String(defaultSeed) },
  },
});
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const line = (name: string, { discomfort, over, rmse, peakToPeak, startsPerHour }: Score) =>
  `${name.padEnd(24)}${[discomfort, over, rmse, peakToPeak, startsPerHour].map((value) => value.toFixed(3).padStart(9)).join("")}`;

function scenarioTable(): void {
  for (const [name, course] of Object.entries({ ...scenarios, release })) {
    if (values.only !== undefined && values.only !== name) continue;
    const core = new Core({ sensorPeriodSeconds: 10 });
    const ours = play(course, core);
    print(`\n${name.padEnd(24)}      K·h   over K     RMSE    p-p K starts/h`);
    print(line("grove-heater", ours) + core.raised.map(({ fault }) => ` ${fault}`).join(""));
    print(line("on/off 0.3 K", play(course, onOff(0.3))));
    print(line("on/off 0.1 K, 5 min", play(course, onOff(0.1, 300))));
    const held = matched((periodS) => pid({ periodS }), course, ours.startsPerHour, {
      seed: 1,
      shortestS: 120,
    });
    print(line(`PID, ${held.cycleS.toFixed(0)} s`, held.score));
  }
}

function sweepTable(): void {
  const seed = Number(values.seed);
  print(`\nsweep, seed ${seed}`);
  const swept: SweptRoom[] = [];
  for (const drawn of drawRooms(values.smoke ? 4 : Number(values.rooms), seed)) {
    const room = sweepRoom(drawn);
    swept.push(room);
    const { course, size, timeConstantH, sizing } = drawn;
    const ratio = room.ours.rmse / bestPeer(room).rmse;
    print(
      `${drawn.name.padEnd(9)}${size.padEnd(11)} ${timeConstantH.toFixed(1).padStart(5)} h ${course.room.heaterPower.toFixed(0).padStart(5)} W ×${sizing.toFixed(1)} body ${course.room.heaterTimeConstant.toFixed(0).padStart(4)} lag ${course.room.sensorLag.toFixed(0).padStart(3)} s σ ${course.room.sensorNoise.toFixed(3)} step ${course.quantum} every ${course.periodS} s: ` +
        `RMSE ${room.ours.rmse.toFixed(3)} at ${room.ours.startsPerHour.toFixed(1)}/h, ×${ratio.toFixed(2)} of ${Object.values(
          room.peers,
        )
          .map(({ rmse }) => rmse.toFixed(3))
          .join(" ")}${room.raised.map(({ fault, hour }) => ` ${fault}@${hour.toFixed(1)}h`).join("")}`,
    );
  }
  for (const size of ["well-sized", "undersized"] as const) {
    const rooms = swept.filter(({ drawn }) => drawn.size === size);
    const mean = (of: (room: SweptRoom) => number) =>
      rooms.reduce((sum, room) => sum + of(room), 0) / rooms.length;
    const better = rooms.filter((room) => room.ours.rmse < bestPeer(room).rmse).length;
    const worst = Math.max(...rooms.map((room) => room.ours.rmse / bestPeer(room).rmse));
    print(
      `${size}: best of all in ${better} of ${rooms.length}; at worst ×${worst.toFixed(2)}; mean RMSE ${mean(({ ours }) => ours.rmse).toFixed(3)}, best peer ${mean((room) => bestPeer(room).rmse).toFixed(3)}; ${mean(({ ours }) => ours.startsPerHour).toFixed(2)} starts/h`,
    );
  }
}

if (values.only !== "sweep") scenarioTable();
if (values.only === undefined || values.only === "sweep") sweepTable();
