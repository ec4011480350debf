/** Secrets of the environment: taken out of it, handed on when asked for. */
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  type Channel,
  environmentWithSecrets,
  HeldSecrets,
} from "../../../src/firmware/process/secret-handover.ts";

const key = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=";
const environment = () => ({
  IOTHUB_DEVICE_SECURITY_TYPE: "DPS",
  IOTHUB_DEVICE_DPS_DEVICE_KEY: key,
  IOTHUB_DEVICE_CONNECTION_STRING: `HostName=h;DeviceId=d;SharedAccessKey=${key}`,
});

/** Both ends of a channel: what one sends, the other hears. */
function channel() {
  const guardian = Object.assign(new EventEmitter(), {
    connected: true,
    send: (message: unknown) => loop.emit("message", message),
  });
  const loop = Object.assign(new EventEmitter(), {
    send: (message: unknown) => guardian.emit("message", message),
  });
  return { guardian: guardian as unknown as ChildProcess, loop: loop as unknown as Channel, ends: loop };
}

describe("secrets of the environment", () => {
  it("are gone from it once the guardian has taken them, and show themselves nowhere", () => {
    const env = environment();
    const held = HeldSecrets.take(env);
    expect(env).toEqual({ IOTHUB_DEVICE_SECURITY_TYPE: "DPS" });
    expect(inspect(held, { depth: 9, showHidden: true })).not.toContain("Jsm0");
  });

  it("reach each loop that asks, the second as the first", async () => {
    const env = environment();
    const held = HeldSecrets.take(env);
    for (const _start of ["first", "second"]) {
      const { guardian, loop, ends } = channel();
      held.answer(guardian);
      expect(await environmentWithSecrets(loop, { ...env })).toEqual(environment());
      expect(ends.listenerCount("message")).toBe(0);
    }
  });

  it("are the loop's own where there is no guardian, and none where it has gone", async () => {
    const env = environment();
    const alone = new EventEmitter() as unknown as Channel;
    expect(await environmentWithSecrets(alone, env)).toEqual(environment());
    expect(Object.keys(env)).toEqual(["IOTHUB_DEVICE_SECURITY_TYPE"]);
    const { loop, ends } = channel();
    const asked = environmentWithSecrets(loop, env);
    ends.emit("disconnect");
    expect(await asked).toEqual({ IOTHUB_DEVICE_SECURITY_TYPE: "DPS" });
  });

  it("leave a trace as it was requested, but for the packets that hold tokens", () => {
    const env: NodeJS.ProcessEnv = { DEBUG: "mqttjs*" };
    HeldSecrets.take(env);
    expect(env["DEBUG"]).toBe("mqttjs*,-mqtt-packet:*");
    const without: NodeJS.ProcessEnv = {};
    HeldSecrets.take(without);
    expect(without).toEqual({});
  });
});
