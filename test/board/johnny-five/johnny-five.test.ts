import { describe, expect, it } from "vitest";
import { GroveIo } from "../../../src/board/johnny-five/grove-io.ts";
import {
  makeBoard,
  makeHygrometer,
  makeRelay,
  makeThermometer,
} from "../../../src/board/johnny-five/johnny-five.ts";
import { hatRig } from "../hat-rig.ts";

const runningTimers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

async function opened() {
  const { clock, virtual, wiring } = hatRig();
  const { bus, gpio } = virtual;
  const io = await GroveIo.open({ gpio, bus, clock, relay: wiring.relay, outputs: [], inputs: [] });
  return { board: makeBoard(io), virtual };
}

describe("johnny-five on our IO plugin", () => {
  it("has a board that is ready at once, without a terminal of its own and without taking Ctrl-C", async () => {
    const listeners = process.listenerCount("SIGINT");
    const { board } = await opened();
    expect(board.isReady).toBe(true);
    expect(process.listenerCount("SIGINT")).toBe(listeners);
  });

  it("keeps two boards in one process apart", async () => {
    const [first, second] = [await opened(), await opened()];
    makeRelay(second.board, 16, 1).close();
    expect([first.virtual.contactClosed, second.virtual.contactClosed]).toEqual([false, true]);
  });

  it("gives what was fed, and nothing after a failure", async () => {
    const { board } = await opened();
    const { thermometer, feed: feedTemperature } = makeThermometer(board);
    const { hygrometer, feed: feedHumidity } = makeHygrometer(board);
    feedTemperature(-4.25);
    feedHumidity(61.5);
    expect([thermometer.celsius, hygrometer.relativeHumidity]).toEqual([-4.25, 61.5]);
    feedTemperature(null);
    feedHumidity(null);
    expect([thermometer.celsius, hygrometer.relativeHumidity]).toEqual([null, null]);
  });

  it("leaves no timer running that would keep the process alive", async () => {
    const { board } = await opened();
    const before = runningTimers();
    makeThermometer(board);
    makeHygrometer(board);
    expect(runningTimers()).toBe(before);
    expect(setInterval.name).toBe("setInterval");
  });
});
