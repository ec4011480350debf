import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { Log } from "../../../src/base/log.ts";
import { millis, seconds } from "../../../src/base/units.ts";
import { serviceWatchdog } from "../../../src/firmware/service/watchdog.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

class FakeChild extends EventEmitter {
  killed = false;
  kill(): boolean {
    this.killed = true;
    this.emit("exit", null, "SIGKILL");
    return true;
  }
  unref(): void {}
}

function rig(env: NodeJS.ProcessEnv = { NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "60000000" }) {
  const clock = new VirtualClock();
  const sent: FakeChild[] = [];
  const errors: unknown[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (_, fields) => void errors.push(fields) };
  const prove = serviceWatchdog({
    env,
    clock,
    log,
    send(socket) {
      expect(socket).toBe("/run/systemd/notify");
      const child = new FakeChild();
      sent.push(child);
      return child as unknown as ChildProcess;
    },
  });
  return { clock, sent, errors, prove };
}

describe("the service's watchdog", () => {
  it("is fed at a proof, four times in its interval at most", async () => {
    const { clock, sent, prove } = rig();
    for (let second = 0; second < 60; second += 1) {
      prove?.();
      sent.at(-1)?.emit("exit", 0, null);
      await clock.advance(seconds(1));
    }
    expect(sent).toHaveLength(4);
  });

  it("is not fed without a proof", async () => {
    const { clock, sent, prove } = rig();
    prove?.();
    sent[0]?.emit("exit", 0, null);
    await clock.advance(seconds(300));
    expect(sent).toHaveLength(1);
  });

  it("is fed by one message at a time, and a message that hangs is ended", async () => {
    const { clock, sent, errors, prove } = rig({
      NOTIFY_SOCKET: "/run/systemd/notify",
      WATCHDOG_USEC: "4000000",
    });
    prove?.();
    await clock.advance(seconds(3));
    prove?.();
    expect(sent).toHaveLength(1);
    await clock.advance(seconds(3));
    expect(sent[0]?.killed).toBe(true);
    prove?.();
    expect(sent).toHaveLength(2);
    expect(errors).toEqual([{ reason: "SIGKILL" }]);
  });

  it("says in the log when it cannot be fed", () => {
    const { sent, errors, prove } = rig();
    prove?.();
    sent[0]?.emit("error", Object.assign(new Error("none"), { code: "ENOENT" }));
    expect(errors).toEqual([{ reason: "ENOENT" }]);
  });

  it("is nothing outside a service, or where the service has none", () => {
    expect(rig({}).prove).toBeUndefined();
    expect(rig({ NOTIFY_SOCKET: "/run/systemd/notify" }).prove).toBeUndefined();
  });

  it("waits for no time before the first message", () => {
    const { clock, sent, prove } = rig();
    expect(clock.now()).toBe(millis(0));
    prove?.();
    expect(sent).toHaveLength(1);
  });
});
