import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hours, millis, seconds } from "../../../src/base/units.ts";
import { message, Rig, until } from "../rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.make();
});
afterEach(() => rig.end());

/** For what counts attempts: a loaded machine must not make one more. */
const patient = { connectMs: seconds(15), callMs: seconds(15), provisionMs: seconds(15), keepAliveS: 30 };
const online = () => until(() => rig.seen.online > 0, "the link to be online");

describe("a session", () => {
  it("registers at DPS, comes online, and subscribes to desired patches before it gets the twin", async () => {
    rig.open({ tuning: patient });
    await online();
    expect(rig.hub.registrations).toBe(1);
    expect(rig.seen.twins).toEqual([{ desired: { $version: 1 }, reported: { $version: 1 } }]);
    const desired = rig.hub.order.indexOf("sub $iothub/twin/PATCH/properties/desired/#");
    expect(desired).toBeGreaterThanOrEqual(0);
    expect(desired).toBeLessThan(rig.hub.order.indexOf("twin GET"));
    expect(rig.seen.links.map(({ state }) => state)).toEqual(["connecting", "online"]);
    expect(rig.hub.usernames.at(-1)).toContain("model-id=dtmi:groveHeater:heater;1");
  });

  it("hands on patches after the twin, also those that came while it was being got", async () => {
    rig.hub.twinAnswer = () => {
      rig.hub.say(
        "$iothub/twin/PATCH/properties/desired/?$version=2",
        '{"targetTemperature":21,"$version":2}',
      );
      return { status: 200, body: JSON.stringify({ desired: { $version: 1 }, reported: {} }) };
    };
    rig.open();
    await until(() => rig.seen.patches.length > 0, "the patch");
    expect(rig.seen.twins).toHaveLength(1);
    rig.hub.setDesired({ targetTemperature: 22 });
    await until(() => rig.seen.patches.length > 1, "the second patch");
    expect(rig.seen.patches[1]).toEqual({ patch: { targetTemperature: 22, $version: 2 }, version: 2 });
  });

  it("gets the twin again when more patches came while it was being got than are held", async () => {
    const versions = Array.from({ length: 130 }, (_, n) => n + 2);
    let asked = 0;
    rig.hub.twinAnswer = () => {
      asked += 1;
      for (const version of asked === 1 ? versions : []) {
        const topic = `$iothub/twin/PATCH/properties/desired/?$version=${version}`;
        rig.hub.say(topic, `{"targetTemperature":${version},"$version":${version}}`);
      }
      return { status: 200, body: JSON.stringify({ desired: { $version: asked }, reported: {} }) };
    };
    const link = rig.open();
    await until(() => rig.seen.twins.length > 1, "the twin again");
    expect(rig.seen.patches.map(({ version }) => version)).toEqual(versions.slice(0, 128));
    // A round trip later nobody has asked a third time.
    await link.report({ quiet: true });
    expect(asked).toBe(2);
  });

  it("asks DPS once: after a restart it goes straight to the hub that it was assigned", async () => {
    const link = rig.open({ tuning: patient });
    await online();
    await link.close();
    rig.open({ tuning: patient });
    await until(() => rig.seen.online > 1, "the second link");
    expect(rig.hub.registrations).toBe(1);
  });

  it("is back as soon after the fifth cut of a steady link as after the first", async () => {
    rig.open({
      credentials: rig.direct,
      random: () => 1,
      tuning: { ...patient, stableMs: millis(1), floorMs: millis(20), capMs: seconds(1) },
    });
    for (let cut = 1; cut <= 5; cut += 1) {
      await until(() => rig.seen.online >= cut, "the link");
      rig.cable.closeAll();
    }
    await until(() => rig.seen.online > 5, "the link after the last cut");
    const waits = rig.seen.lines
      .filter((line) => line.startsWith("warn cloud-offline"))
      .map((line) => /"retryMs":(\d+)/.exec(line)?.[1]);
    expect(waits).toEqual(["25", "25", "25", "25", "25"]);
  });

  it("logs in with a token that ends when it is said to, and with the longest one after a year", async () => {
    const expiry = () => Number(new URLSearchParams(rig.hub.passwords.at(-1)?.split(" ")[1]).get("se"));
    const nowS = () => Date.now() / 1000;
    const before = nowS();
    const short = rig.open({ credentials: rig.direct, tuning: { tokenMs: hours(24) } });
    await online();
    const day = 24 * 3600;
    expect(expiry()).toBeGreaterThanOrEqual(Math.floor(before + day));
    expect(expiry()).toBeLessThanOrEqual(nowS() + day);
    await short.close();
    rig.open({ credentials: rig.direct, tuning: { tokenMs: hours(24 * 1000) } });
    await until(() => rig.seen.online > 1, "the second link");
    expect(expiry()).toBeLessThanOrEqual(nowS() + 365 * day);
  });

  it("sends telemetry with id, content type, creation time and component", async () => {
    const link = rig.open();
    await online();
    expect(await link.send({ ...message("m-1"), component: "deviceInformation" })).toBe("ok");
    const topic = decodeURIComponent(rig.hub.telemetry[0]?.topic ?? "");
    expect(topic).toContain("devices/dev-1/messages/events/");
    expect(topic).toContain("$.mid=m-1");
    expect(topic).toContain("$.ct=application/json");
    expect(topic).toContain("$.ce=utf-8");
    expect(topic).toContain("$.sub=deviceInformation");
    expect(topic).toContain("iothub-creation-time-utc=2026-09-21T14:13:20.000Z");
    expect(rig.hub.telemetry[0]?.body).toBe('{"temperature":20.5}');
  });

  it("sends no time with a message of which nobody knows when it was, and says so", async () => {
    const link = rig.open();
    await online();
    expect(await link.send({ ...message("m-1"), createdMs: undefined })).toBe("ok");
    const topic = decodeURIComponent(rig.hub.telemetry[0]?.topic ?? "");
    expect(topic).not.toContain("iothub-creation-time-utc");
    expect(topic).toContain("creation-time=unknown");
  });

  it("reports, and says when the hub refused", async () => {
    const link = rig.open();
    await online();
    expect(await link.report({ firmwareVersion: "1" })).toBe("ok");
    expect(rig.hub.reported).toEqual([{ firmwareVersion: "1" }]);
    // The SDK itself takes a 429 without a body for success.
    rig.hub.reportAnswer = () => ({ status: 429, body: "" });
    expect(await link.report({ firmwareVersion: "2" })).toBe("failed");
    expect(rig.seen.online).toBe(1);
  });

  it("answers without throwing when nothing is connected", async () => {
    rig.cable.unplugged = true;
    const link = rig.open();
    expect(await link.send(message("m-1"))).toBe("failed");
    expect(await link.report({})).toBe("failed");
    link.refetchTwin();
  });

  it("gets the twin again on request, once for many requests", async () => {
    const link = rig.open();
    await online();
    for (let i = 0; i < 50; i++) link.refetchTwin();
    // And by the handler itself, while the twin is handed to it.
    const { onTwin } = rig.seen.handlers;
    rig.seen.handlers.onTwin = (document) => {
      onTwin(document);
      if (rig.seen.twins.length === 2) link.refetchTwin();
    };
    await until(() => rig.seen.twins.length >= 3, "the twin again");
    await link.report({ quiet: true });
    expect(rig.seen.twins).toHaveLength(3);
  });

  it("bounds what is under way", async () => {
    const link = rig.open({ tuning: { maxInFlight: 4 } });
    await online();
    const sent = await Promise.all(Array.from({ length: 10 }, (_, i) => link.send(message(`m-${i}`))));
    expect(sent.filter((outcome) => outcome === "ok")).toHaveLength(4);
  });
});

describe("commands", () => {
  const call = (name: string, body: string, rid = "1") =>
    rig.hub.say(`$iothub/methods/POST/${name}/?$rid=${rid}`, body);
  const statuses = () => rig.hub.methodReplies.map(({ topic }) => topic.split("/")[3]);

  it("are carried out when they fit, and refused in words when they do not", async () => {
    rig.open();
    await online();
    call("boost", "45", "a");
    call("boost", '"long"', "b");
    call("boost", "{bad", "c");
    call("explode", "1", "d");
    call("clearFault", "null", "e");
    call("identify", "", "f");
    await until(() => rig.hub.methodReplies.length === 6, "six answers");
    const byId = Object.fromEntries(
      rig.hub.methodReplies.map(({ topic }) => [topic.at(-1) ?? "", topic.split("/")[3]]),
    );
    expect(byId).toEqual({ a: "200", b: "400", c: "400", d: "404", e: "200", f: "200" });
    expect(rig.seen.commands).toEqual([
      { name: "boost", parameter: 45 },
      { name: "clearFault", parameter: undefined },
      { name: "identify", parameter: 15 },
    ]);
  });

  it("are done once when the same call is delivered twice", async () => {
    rig.open();
    await online();
    call("boost", "10", "same");
    call("boost", "10", "same");
    await until(() => rig.hub.methodReplies.length === 2, "two answers");
    expect(rig.seen.commands).toHaveLength(1);
  });

  it("are new on a new link, although their request ids begin again", async () => {
    rig.open();
    await online();
    call("boost", "10", "1");
    await until(() => rig.hub.methodReplies.length === 1, "an answer");
    rig.cable.closeAll();
    await until(() => rig.seen.online === 2, "the next link");
    call("boost", "10", "1");
    await until(() => rig.hub.methodReplies.length === 2, "another answer");
    expect(rig.seen.commands).toHaveLength(2);
  });

  it("are answered although the handler throws, or never comes back", async () => {
    rig.seen.onCommand = async () => {
      throw new Error("boom");
    };
    rig.open();
    await online();
    call("restart", "", "1");
    await until(() => rig.hub.methodReplies.length === 1, "an answer");
    rig.seen.onCommand = () => new Promise(() => {});
    call("restart", "", "2");
    await until(() => rig.hub.methodReplies.length === 2, "another answer");
    expect(statuses()).toEqual(["500", "500"]);
  });

  it("come as offline messages too, once each, not late, and over a restart", async () => {
    const say = (mid: string, body: string, more = "") =>
      rig.hub.say(`devices/dev-1/messages/devicebound/method-name=boost&%24.mid=${mid}${more}`, body, 1);
    const link = rig.open();
    await online();
    say("c-1", "20");
    say("c-1", "20");
    say("c-2", "@");
    say("c-3", "5", "&%24.exp=2020-01-01T00%3A00%3A00Z");
    rig.hub.say("devices/dev-1/messages/devicebound/method-name=none&%24.mid=c-4", "1", 1);
    await until(() => rig.seen.commands.length === 2, "two commands");
    await link.close();
    rig.open();
    await until(() => rig.seen.online === 2, "the second link");
    say("c-1", "20");
    say("c-5", "7");
    await until(() => rig.seen.commands.length === 3, "the third command");
    expect(rig.seen.commands.map(({ parameter }) => parameter)).toEqual([20, 30, 7]);
  });
});
