/** Each of these ended the process, or left a zombie, with the SDK alone. Vitest fails on any uncaught exception. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { message, Rig, until } from "../rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.make();
});
afterEach(() => rig.end());

const online = (times = 1) => until(() => rig.seen.online >= times, `the link to be online ${times} times`);
const desired = "$iothub/twin/PATCH/properties/desired/?$version=";

describe("a hub that says what it should not", () => {
  it("cannot end the process or the link by a message", async () => {
    const link = rig.open();
    await online();
    const deep = `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`;
    rig.hub.say(`${desired}2`, "{not json");
    rig.hub.say(`${desired}2`, "");
    rig.hub.say(`${desired}2`, "null");
    rig.hub.say(`${desired}two`, "{}");
    rig.hub.say(`${desired}2`, deep);
    rig.hub.say(`${desired}2`, Buffer.alloc(100_000, "1"));
    rig.hub.say(`${desired}2`, Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    rig.hub.say("$iothub/methods/POST/?$rid=1", "{}");
    rig.hub.say("$iothub/methods/POST/%E0%A4%A?$rid=1", "{}");
    rig.hub.say("$iothub/methods/POST/boost/", "{}");
    rig.hub.say("$iothub/twin/res/204/?$rid=none", "");
    rig.hub.say("$iothub/twin/res/", "x");
    rig.hub.say("devices/dev-1/messages/devicebound/%E0%A4%A=%E0&%24.mid=%", "x", 1);
    rig.hub.say("devices/dev-1/messages/devicebound/method-name=__proto__&%24.mid=1", "x", 1);
    rig.hub.setDesired({ targetTemperature: 23 });
    await until(() => rig.seen.patches.length === 1, "the one good patch");
    expect(await link.send(message("m"))).toBe("ok");
    expect(rig.seen.online).toBe(1);
    expect(rig.seen.lines.filter((line) => line.includes("cloud-message-ignored")).length).toBeGreaterThan(8);
    expect(rig.seen.lines.filter((line) => line.includes("cloud-message-refused"))).toEqual([]);
  });

  it("may throttle the twin with an empty body: it is asked again on the same connection", async () => {
    let asked = 0;
    const { twinAnswer } = rig.hub;
    rig.hub.twinAnswer = () => (++asked === 1 ? { status: 429, body: "" } : twinAnswer());
    rig.open();
    await online();
    expect(rig.seen.links).toHaveLength(2);
    expect(asked).toBe(2);
  });

  it("may refuse the twin for good: throttled is named", async () => {
    rig.hub.twinAnswer = () => ({ status: 429, body: "" });
    rig.open({ tuning: { callMs: 2000 as never } });
    await until(() => rig.seen.cause === "throttled", "the cause");
    expect(rig.seen.twins).toEqual([]);
  });

  it("may answer the twin with an empty body: handed on as nothing, and got when it is asked for again", async () => {
    const { twinAnswer } = rig.hub;
    rig.hub.twinAnswer = () => ({ status: 200, body: "" });
    const link = rig.open();
    await until(() => rig.seen.twins.length === 1, "the empty twin");
    rig.hub.twinAnswer = twinAnswer;
    link.refetchTwin();
    await until(() => rig.seen.twins.length === 2, "the twin");
    expect(rig.seen.twins).toMatchObject([undefined, { desired: { $version: 1 } }]);
    expect(rig.seen.online).toBe(1);
  });

  it("may answer the twin with no JSON, or never", async () => {
    let answer: { status: number; body: string } | undefined = { status: 200, body: "<html>" };
    const { twinAnswer } = rig.hub;
    rig.hub.twinAnswer = () => answer;
    rig.open();
    await until(() => rig.seen.cause === "service-failed", "the first cause");
    answer = undefined;
    await until(() => rig.seen.cause === "timeout", "the second cause");
    rig.hub.twinAnswer = twinAnswer;
    await online();
  });

  it("may let a handler throw", async () => {
    rig.seen.handlers.onTwin = () => {
      throw new Error("handler");
    };
    const link = rig.open();
    await online();
    expect(await link.send(message("m"))).toBe("ok");
    expect(rig.seen.lines.join("\n")).toContain("cloud-handler-failed");
  });

  it("may send a packet that never ends: the connection does, not the memory", async () => {
    // A keepalive that finds nothing meanwhile.
    rig.open({ tuning: { keepAliveS: 60 } });
    await online();
    // A PUBLISH that announces 200 MB.
    const [socket] = rig.hub.sockets;
    const header = Buffer.from([0x30, 0x80, 0x84, 0xaf, 0x5f]);
    socket?.write(header);
    for (let i = 0; i < 40; i++) socket?.write(Buffer.alloc(64 * 1024));
    await online(2);
    // Said, as a lost connection alone would blame the network.
    expect(rig.seen.lines.join()).toContain("a packet beyond the hub's limit");
  });

  it("may send megabytes in packets that are within the limit", async () => {
    rig.open();
    await online();
    for (let n = 0; n < 40; n++)
      rig.hub.say("devices/dev-1/messages/devicebound/", Buffer.alloc(60 * 1024, "1"));
    rig.hub.setDesired({ targetTemperature: 23 });
    await until(() => rig.seen.patches.length === 1, "what came after them");
    expect(rig.seen.online).toBe(1);
    expect(rig.seen.links.at(-1)?.state).toBe("online");
  });

  it("may speak no MQTT at all", async () => {
    rig.open();
    await online();
    for (const socket of rig.hub.sockets)
      socket.write(Buffer.from([0xf0, 0xff, 0x00, 0xff, 0xff, 0xff, 0xff]));
    await online(2);
  });
});

describe("a DPS that fails", () => {
  it("may drop the connection while the device registers", async () => {
    let asked = 0;
    rig.hub.registerAnswer = () => {
      asked++;
      rig.cable.resetAll();
      return undefined;
    };
    rig.open();
    await until(() => asked === 3, "three attempts");
    rig.hub.registerAnswer = undefined;
    await online();
  });

  it("may throttle: the first 429 ends the registration, although the SDK would poll for ever", async () => {
    rig.hub.registerAnswer = () => ({ status: 429, body: "" });
    rig.open();
    await until(() => rig.seen.cause === "throttled", "the cause", 1500);
  });

  it.each([
    ["no JSON", { status: 200, body: "<html>" }, "service-failed"],
    ["a refusal without a body", { status: 401, body: "" }, "key-refused"],
    ["a disabled device", { status: 200, body: '{"status":"disabled","registrationState":{}}' }, "disabled"],
    [
      "a failed registration",
      { status: 200, body: '{"status":"failed","registrationState":{"errorCode":401002}}' },
      "key-refused",
    ],
    [
      "a hub name that is none",
      {
        status: 200,
        body: '{"status":"assigned","registrationState":{"assignedHub":"a/b?c","deviceId":"x"}}',
      },
      "protocol",
    ],
  ])("may answer with %s", async (_name, answer, code) => {
    rig.hub.registerAnswer = () => answer;
    rig.open();
    await until(() => rig.seen.cause !== undefined, "a cause");
    expect(rig.seen.cause).toBe(code);
  });
});
