/** How a loop swaps to an installed update: with a device that only steps. */
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/base/log.ts";
import { hours, millis, minutes, seconds, wallMillis } from "../../../../src/base/units.ts";
import type { LocalTime } from "../../../../src/control/schedule/week-times.ts";
import type { Observation } from "../../../../src/firmware/device.ts";
import type { LoopToGuardian } from "../../../../src/firmware/process/messages.ts";
import type { UpdateRequest } from "../../../../src/firmware/update/request.ts";
import { watchHealth } from "../../../../src/firmware/update/swap/health.ts";
import { Swap } from "../../../../src/firmware/update/swap/swap.ts";
import { defaultSettings, type Settings } from "../../../../src/model/settings.ts";
import { VirtualClock } from "../../../../src/simulation/time/virtual-clock.ts";

const digest = "d".repeat(64);
const noon = wallMillis(Date.UTC(2026, 11, 24, 12));

function rig(settings: Partial<Settings> = {}) {
  const clock = new VirtualClock({ wallStart: noon });
  const watchers: ((seen: Observation) => void)[] = [];
  const sent: LoopToGuardian[] = [];
  const decisions: string[] = [];
  const world = {
    heaterOn: false,
    lineFollows: true,
    reading: true,
    sensorFails: false,
    stored: true,
    sealed: true,
    takenBack: false,
    deferral: 6,
    local: { offset: millis(0) } as LocalTime | undefined,
    request: undefined as UpdateRequest | undefined,
  };
  let commanded = false;
  const step = (): void => {
    const seen = {
      atMs: clock.now(),
      input: {
        reading: world.reading ? { kind: "ok" } : undefined,
        relayLine: world.lineFollows ? commanded : !commanded,
        failing: [],
        wallMs: clock.wallNow(),
        local: world.local,
      },
      commands: { heater: world.heaterOn },
      events: [],
      activeFaults: world.sensorFails ? ["sensor-stale"] : [],
    } as unknown as Observation;
    commanded = world.heaterOn;
    for (const watch of watchers) watch(seen);
    clock.setTimer(seconds(1), step);
  };
  clock.setTimer(seconds(1), step);
  const device = {
    watch: (watcher: (seen: Observation) => void) => void watchers.push(watcher),
    get stored() {
      return world.stored;
    },
  };
  const send = (message: LoopToGuardian): void => void sent.push(message);
  const swap = new Swap({
    device,
    settings: () => ({ ...defaultSettings, ...settings }),
    deferral: () => world.deferral,
    health: watchHealth(device, (health) => send({ kind: "health", ...health })),
    isSealed: () => world.sealed,
    hasRequest: () => world.request !== undefined,
    readRequest: () => world.request,
    removeRequest() {
      world.request = undefined;
    },
    send,
    clock,
    log: silentLog,
  });
  // As the updater does.
  swap.onDecision(({ digest: offered }, decision) => {
    decisions.push(decision.kind === "wait" ? decision.code : decision.kind);
    if (decision.kind === "start" && !world.takenBack) swap.begin(offered);
  });
  const asked = (): LoopToGuardian[] => sent.filter(({ kind }) => kind === "replace-loop");
  return { clock, swap, world, sent, asked, decisions };
}

const update = { slot: "b", digest, when: "when-convenient" } as const;

describe("the loop's side of an update", () => {
  it("asks the guardian to swap once the heater is off, and says why it waited", async () => {
    const { clock, swap, world, asked, decisions } = rig();
    world.heaterOn = true;
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(minutes(20));
    expect(asked()).toEqual([]);
    world.heaterOn = false;
    await clock.advance(seconds(10));
    expect(asked()).toEqual([{ kind: "replace-loop", slot: "b", digest }]);
    expect(decisions).toEqual(["heating", "start"]);
  });

  it("waits for a sensor that has failed, within the deferral, then tells the guardian that it fails", async () => {
    const { clock, swap, world, asked, decisions } = rig();
    await clock.advance(seconds(5));
    world.sensorFails = true;
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(hours(5.9));
    expect([asked(), decisions]).toEqual([[], ["not-healthy"]]);
    await clock.advance(hours(0.2));
    expect(asked()[0]).toEqual({ kind: "replace-loop", slot: "b", digest, sensorFails: true });
  });

  it("without the grant to defer, starts while the heater is on, but keeps to its hours", async () => {
    const { clock, swap, world, asked } = rig({ updateFromHour: 13, updateUntilHour: 14 });
    world.deferral = 0;
    world.heaterOn = true;
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(minutes(50));
    expect(asked()).toEqual([]);
    await clock.advance(minutes(11));
    expect(asked().length).toBeGreaterThan(0);
  });

  it("waits for its hours by the clock of the house", async () => {
    const { clock, swap, asked } = rig({ updateFromHour: 2, updateUntilHour: 4 });
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(hours(13.9));
    expect(asked()).toEqual([]);
    await clock.advance(hours(0.2));
    expect(asked().length).toBeGreaterThan(0);
  });

  it("takes its hours by the setting of the time zone, not by that of the machine", async () => {
    const { clock, swap, world, asked } = rig({ updateFromHour: 2, updateUntilHour: 4 });
    world.local = { offset: hours(10) };
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(hours(3.9));
    expect(asked()).toEqual([]);
    await clock.advance(hours(0.2));
    expect(asked().length).toBeGreaterThan(0);
  });

  it("counts as outside of its hours while the clock may be wrong", async () => {
    const { clock, swap, world, decisions } = rig({ updateFromHour: 2, updateUntilHour: 4 });
    world.local = undefined;
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(hours(20));
    expect(decisions).toEqual(["outside-hours"]);
  });

  it("does nothing by itself on a unit that is not sealed, and tells why", async () => {
    const { clock, swap, world, asked, decisions } = rig();
    world.sealed = false;
    swap.offer({ ...update, when: "now" });
    await clock.advance(hours(48));
    expect(asked()).toEqual([]);
    expect(decisions).toEqual(["not-sealed"]);
  });

  it("starts nothing that its owner has taken back meanwhile, and no other image than the offered one", async () => {
    const { clock, swap, world, asked, decisions } = rig();
    world.takenBack = true;
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(hours(48));
    swap.begin("e".repeat(64));
    await clock.advance(minutes(1));
    expect(decisions).toEqual(["start"]);
    expect(asked()).toEqual([]);
  });

  it("tells its decision again when an updater that was restarted offers the same image", async () => {
    const { clock, swap, world, decisions } = rig();
    world.heaterOn = true;
    swap.offer(update);
    await clock.advance(minutes(1));
    swap.offer(update);
    await clock.advance(minutes(1));
    expect(decisions).toEqual(["heating", "heating"]);
  });

  it("waits as long as the owner allows now, who may change that meanwhile", async () => {
    const { clock, swap, world, asked } = rig();
    world.heaterOn = true;
    await clock.advance(seconds(5));
    swap.offer(update);
    await clock.advance(hours(2));
    expect(asked()).toEqual([]);
    world.deferral = 1;
    await clock.advance(seconds(10));
    expect(asked().length).toBe(1);
  });

  it("counts the wait from the first offer of the same image", async () => {
    const { clock, swap, world, asked } = rig();
    world.heaterOn = true;
    for (let hour = 0; hour < 7; hour += 1) {
      swap.offer(update);
      await clock.advance(hours(1));
    }
    expect(asked().length).toBeGreaterThan(0);
  });

  it("asks again where the guardian did not act", async () => {
    const { clock, swap, asked } = rig();
    swap.offer({ ...update, when: "now" });
    await clock.advance(minutes(5));
    expect(asked().length).toBeGreaterThan(5);
    expect(asked().length).toBeLessThan(12);
  });

  it("hears what a person asks for by a file, sealed or not, and waits for the heater as well", async () => {
    const { clock, world, asked } = rig();
    world.sealed = false;
    world.heaterOn = true;
    await clock.advance(seconds(5));
    world.request = { kind: "start", slot: "b", digest, now: false };
    await clock.advance(minutes(1));
    expect(asked()).toEqual([]);
    world.heaterOn = false;
    await clock.advance(seconds(10));
    expect(asked()).toEqual([{ kind: "replace-loop" }]);
  });

  it("forgets it when the person takes the file away", async () => {
    const { clock, world, asked } = rig();
    world.heaterOn = true;
    world.request = { kind: "start", slot: "b", digest, now: false };
    await clock.advance(minutes(1));
    world.request = undefined;
    world.heaterOn = false;
    await clock.advance(hours(10));
    expect(asked()).toEqual([]);
  });

  it("goes back at once when a person asks for that", async () => {
    const { clock, world, asked } = rig();
    world.heaterOn = true;
    world.request = { kind: "revert", digest };
    await clock.advance(seconds(10));
    expect(asked()).toEqual([{ kind: "replace-loop" }]);
  });

  it("tells its health when it changes, and a sensor that was read once counts", async () => {
    const { clock, world, sent } = rig();
    world.reading = false;
    await clock.advance(seconds(3));
    world.reading = true;
    await clock.advance(seconds(3));
    world.reading = false;
    world.lineFollows = false;
    await clock.advance(seconds(3));
    world.stored = false;
    await clock.advance(seconds(3));
    expect(sent).toEqual([
      { kind: "health", sensor: false, relay: false, storage: true },
      { kind: "health", sensor: false, relay: true, storage: true },
      { kind: "health", sensor: true, relay: true, storage: true },
      { kind: "health", sensor: true, relay: false, storage: true },
      { kind: "health", sensor: true, relay: false, storage: false },
    ]);
  });
});
