/** The guardian's supervisor of the local hub, between a loop and a hub that do what the test says. */
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { LogFields } from "../../../src/base/log.ts";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { PageSupervisor } from "../../../src/firmware/page-process/page-supervisor.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

/** One end of a channel to a process. */
class FakeProcess extends EventEmitter {
  pid: number | undefined = 1;
  connected = true;
  /** Holds back the word that a message has arrived. */
  stuck = false;
  diesOnTerm = true;
  diesOnKill = true;
  readonly sent: unknown[] = [];
  readonly killed: string[] = [];
  readonly #waiting: (() => void)[] = [];

  send(message: unknown, done: () => void): boolean {
    if (!this.connected) throw new Error("nobody must write to a process that is gone");
    this.sent.push(message);
    if (this.stuck) this.#waiting.push(done);
    else done();
    return true;
  }

  /** Those that wait have arrived. */
  take(): void {
    for (const done of this.#waiting.splice(0)) done();
  }

  kill(signal: string): boolean {
    this.killed.push(signal);
    const dies = signal === "SIGKILL" ? this.diesOnKill : this.diesOnTerm;
    if (dies) this.end(null);
    return true;
  }

  end(code: number | null): void {
    this.connected = false;
    this.emit("exit", code, null);
  }

  get child(): ChildProcess {
    return this as unknown as ChildProcess;
  }
}

const ready = { kind: "hub-ready", page: "http://localhost:1", credentials: "/nowhere" };
const press = { kind: "panel-pressed", key: "b", down: true };

function rig({ noPage = false } = {}) {
  const clock = new VirtualClock();
  const hubs: FakeProcess[] = [];
  const failures: string[] = [];
  const served: string[] = [];
  const warnings: [string, LogFields | undefined][] = [];
  const supervisor = new PageSupervisor({
    dataPath: "/nowhere",
    quiet: true,
    noPage,
    clock,
    log: { debug() {}, info() {}, warn: (event, fields) => void warnings.push([event, fields]), error() {} },
    spawn: (what) => {
      served.push(what);
      const failure = failures.shift();
      if (failure !== undefined) throw Object.assign(new Error(failure), { code: failure });
      const hub = new FakeProcess();
      hubs.push(hub);
      return hub.child;
    },
  });
  const loop = new FakeProcess();
  const hub = (): FakeProcess => {
    const newest = hubs.at(-1);
    if (newest === undefined) throw new Error("no hub yet");
    return newest;
  };
  return { clock, hubs, hub, served, failures, warnings, supervisor, loop };
}

describe("the supervisor of the hub and the page", () => {
  it("passes a key of the page on to the loop", () => {
    const { supervisor, loop, hub } = rig();
    supervisor.startFor(loop.child, "hub");
    hub().emit("message", press);
    expect(loop.sent).toEqual([press]);
  });

  it("drops a key that is pressed while the loop is gone, and passes the next one to the next loop", () => {
    const { supervisor, loop, hub } = rig();
    supervisor.startFor(loop.child, "hub");
    loop.end(null);
    hub().emit("message", press);
    expect(loop.sent).toEqual([]);
    const next = new FakeProcess();
    supervisor.startFor(next.child, "hub");
    expect(next.sent).toEqual([]);
    hub().emit("message", press);
    expect(next.sent).toEqual([press]);
  });

  it("lets twenty presses wait for a loop that is stuck, and takes new ones when it is not", () => {
    const { supervisor, loop, hub } = rig();
    supervisor.startFor(loop.child, "hub");
    loop.stuck = true;
    for (let n = 0; n < 30; n += 1) hub().emit("message", press);
    expect(loop.sent).toHaveLength(20);
    loop.take();
    hub().emit("message", press);
    expect(loop.sent).toHaveLength(21);
  });

  it("tells each loop where the hub is, once it is ready", () => {
    const { supervisor, loop, hub } = rig();
    supervisor.startFor(loop.child, "hub");
    hub().emit("message", ready);
    expect(loop.sent).toEqual([ready]);
    const next = new FakeProcess();
    supervisor.startFor(next.child, "hub");
    expect(next.sent).toEqual([ready]);
  });

  it.each(["ENOMEM", "EAGAIN", "EMFILE"])("tries again when a hub cannot be started for %s", async (code) => {
    const { supervisor, loop, clock, hubs, failures, warnings } = rig();
    failures.push(code, code);
    supervisor.startFor(loop.child, "hub");
    expect(warnings[0]).toEqual(["hub-lost", { code: null, reason: code, restartInSeconds: 2 }]);
    await clock.advance(millis(2100));
    expect(hubs).toHaveLength(0);
    await clock.advance(seconds(4));
    expect(hubs).toHaveLength(1);
  });

  it("restarts a hub whose start failed late, and starts no second one after a failed message", async () => {
    const { supervisor, loop, clock, hub, hubs } = rig();
    supervisor.startFor(loop.child, "hub");
    hub().emit("error", Object.assign(new Error(), { code: "EPERM" }));
    await clock.advance(minutes(5));
    expect(hubs).toHaveLength(1);
    hub().pid = undefined;
    hub().emit("error", Object.assign(new Error(), { code: "EAGAIN" }));
    await clock.advance(minutes(5));
    expect(hubs).toHaveLength(2);
  });

  it("ends within four seconds, whether the hub obeys, hangs or cannot be killed", async () => {
    for (const [diesOnTerm, diesOnKill, killed, limit] of [
      [true, true, ["SIGTERM"], 1],
      [false, true, ["SIGTERM", "SIGKILL"], 3000],
      [false, false, ["SIGTERM", "SIGKILL"], 4000],
    ] as const) {
      const { supervisor, loop, clock, hub, hubs } = rig();
      supervisor.startFor(loop.child, "hub");
      Object.assign(hub(), { diesOnTerm, diesOnKill });
      let ended = false;
      void supervisor.stop().then(() => {
        ended = true;
      });
      await clock.advance(millis(limit));
      expect([ended, hub().killed]).toEqual([true, killed]);
      await clock.advance(minutes(5));
      expect(hubs).toHaveLength(1);
    }
  });

  it("ends at once where no hub runs", async () => {
    await rig().supervisor.stop();
  });

  it("shows the hub the newest picture of the panel, and that the loop is gone", async () => {
    const { supervisor, loop, clock, hub } = rig();
    supervisor.startFor(loop.child, "hub");
    hub().emit("message", ready);
    hub().stuck = true;
    loop.emit("message", { kind: "panel-shown", turn: 1 });
    await clock.advance(millis(1));
    for (const turn of [2, 3]) loop.emit("message", { kind: "panel-shown", turn });
    loop.emit("message", { kind: "else" });
    hub().take();
    await clock.advance(millis(1));
    expect(hub().sent).toEqual([
      { kind: "panel-shown", turn: 1 },
      { kind: "panel-shown", turn: 3 },
    ]);
    hub().take();
    loop.end(70);
    await clock.advance(millis(1));
    expect(hub().sent.at(-1)).toEqual({ kind: "panel-gone" });
  });

  it("restarts a hub that was lost, after a pause that doubles until one is ready", async () => {
    const { supervisor, loop, clock, hub, hubs, warnings } = rig();
    supervisor.startFor(loop.child, "hub");
    for (const [pause, count] of [
      [2, 2],
      [4, 3],
    ] as const) {
      hub().end(1);
      expect(warnings.at(-1)).toMatchObject(["hub-lost", { code: 1, restartInSeconds: pause }]);
      await clock.advance(seconds(pause - 1));
      expect(hubs).toHaveLength(count - 1);
      await clock.advance(seconds(1));
      expect(hubs).toHaveLength(count);
    }
    hub().emit("message", ready);
    hub().end(null);
    expect(warnings.at(-1)).toMatchObject(["hub-lost", { restartInSeconds: 2 }]);
  });

  it("leaves a hub alone that ended with 78: a person has to act, and is told", async () => {
    const { supervisor, loop, clock, hub, hubs, warnings } = rig();
    supervisor.startFor(loop.child, "hub");
    hub().end(78);
    await clock.advance(minutes(5));
    expect(hubs).toHaveLength(1);
    expect(warnings.at(-1)).toMatchObject(["hub-not-running", { code: 78 }]);
  });

  it("tries again each minute when a hub ended with 74, until the disk is back", async () => {
    const { supervisor, loop, clock, hub, hubs, warnings } = rig();
    supervisor.startFor(loop.child, "hub");
    for (let failure = 1; failure <= 10; failure += 1) {
      hub().end(74);
      expect(warnings.at(-1)).toMatchObject(["hub-lost", { code: 74 }]);
      await clock.advance(minutes(1));
      expect(hubs).toHaveLength(failure + 1);
    }
    hub().emit("message", ready);
    expect(loop.sent).toEqual([ready]);
  });

  it("serves the device's own page to a loop that needs no hub", () => {
    const { supervisor, loop, hub, served } = rig();
    supervisor.startFor(loop.child, "page");
    expect(served).toEqual(["page"]);
    const pageReady = { kind: "page-ready", page: "http://localhost:1" };
    hub().emit("message", pageReady);
    expect(loop.sent).toEqual([pageReady]);
  });

  it("ends the page for a loop that needs the hub, and the hub for one that has an account", () => {
    const { supervisor, loop, hub, served, warnings } = rig();
    supervisor.startFor(loop.child, "page");
    const page = hub();
    supervisor.startFor(loop.child, "hub");
    expect(page.killed).toEqual(["SIGTERM"]);
    expect(served).toEqual(["page", "hub"]);
    const next = new FakeProcess();
    supervisor.startFor(next.child, "page");
    expect(served).toEqual(["page", "hub", "page"]);
    expect(warnings).toEqual([]);
  });

  it("kills a page that does not make way", async () => {
    const { supervisor, loop, hub, served, clock } = rig();
    supervisor.startFor(loop.child, "page");
    const page = hub();
    page.diesOnTerm = false;
    supervisor.startFor(loop.child, "hub");
    expect(served).toEqual(["page"]);
    await clock.advance(seconds(3));
    expect(page.killed).toEqual(["SIGTERM", "SIGKILL"]);
    expect(served).toEqual(["page", "hub"]);
  });

  it("starts no page where none is wanted, but a hub all the same", () => {
    const { supervisor, loop, served } = rig({ noPage: true });
    supervisor.startFor(loop.child, "page");
    expect(served).toEqual([]);
    supervisor.startFor(loop.child, "hub");
    expect(served).toEqual(["hub"]);
  });
});
