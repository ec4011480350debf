import { describe, expect, it, vi } from "vitest";
import { GroveIo } from "../../../src/board/johnny-five/grove-io.ts";
import { makeBoard, makeButton, makeLed, makeRelay } from "../../../src/board/johnny-five/johnny-five.ts";
import { hatRig } from "../hat-rig.ts";

const runningTimers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

async function opened() {
  const { virtual, wiring } = hatRig();
  const { relay, modeLed, buttonA } = wiring;
  const io = await GroveIo.open({ gpio: virtual.gpio, relay, outputs: [modeLed], inputs: [buttonA] });
  return { board: makeBoard(io), virtual };
}

describe("johnny-five on our IO plugin", () => {
  it("has a board that is ready at once, without a terminal of its own and without taking Ctrl-C", async () => {
    const listeners = process.listenerCount("SIGINT");
    const { board } = await opened();
    expect(board.isReady).toBe(true);
    expect(process.listenerCount("SIGINT")).toBe(listeners);
  });

  it("prints nothing of its own", async () => {
    const printed = vi.spyOn(console, "log").mockReturnValue(undefined);
    await opened();
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  it("keeps two boards in one process apart", async () => {
    const [first, second] = [await opened(), await opened()];
    makeRelay(second.board, 16, 1).close();
    expect([first.virtual.contactClosed, second.virtual.contactClosed]).toEqual([false, true]);
  });

  it("leaves no timer running that would keep the process alive", async () => {
    const before = runningTimers();
    const { board } = await opened();
    makeRelay(board, 16, 1).open();
    makeLed(board, 18, 1).on();
    makeButton(board, 22, 1);
    expect(runningTimers()).toBe(before);
  });
});
