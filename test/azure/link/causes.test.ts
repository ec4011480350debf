import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cause, classify, type Peer } from "../../../src/azure/link/cause.ts";
import type { CloudOptions } from "../../../src/azure/link/link.ts";
import { wallMillis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { checkConnection } from "../../../src/manifest/gate.ts";
import { certificates, Recorder, Rig, until } from "../rig.ts";

let rig: Rig;
const day = 86_400_000;
const causeOf = async (options: Partial<CloudOptions> = {}): Promise<string> => {
  rig.open(options);
  await until(() => rig.seen.cause !== undefined, "a cause");
  return `${rig.seen.cause}`;
};
const at = (host: string) => ({ ...rig.direct, target: { kind: "hub", host, deviceId: "dev-1" } as const });

describe("the cause is named in words", () => {
  beforeEach(async () => {
    rig = await Rig.make();
  });
  afterEach(() => rig.end());

  it("when the network is down", async () => {
    expect(await causeOf({ credentials: at("localhost:1") })).toBe("host-unreachable");
  });

  it("when the host is not found", async () => {
    expect(await causeOf({ credentials: at("no-such-host.invalid") })).toBe("host-not-found");
  });

  it("when the certificate is of another authority", async () => {
    expect(await causeOf({ caPem: undefined })).toBe("untrusted-ca");
  });

  it("when the certificate is of another host", async () => {
    expect(await causeOf({ credentials: at(`127.0.0.1:${rig.cable.port}`) })).toBe("untrusted-ca");
  });

  it("when the clock is in 1970: nothing is sent before it is right", async () => {
    let wall = 5000;
    const clock = { ...systemClock, wallNow: () => wallMillis(wall) };
    expect(await causeOf({ clock })).toBe("clock-wrong");
    expect(rig.cable.made).toBe(0);
    wall = Date.now();
    await until(() => rig.seen.online === 1, "the link after the clock was set");
  });

  it("when the manifest does not name the host: EPERM, and no connection", async () => {
    const manifest = { connections: ["*.azure-devices.net"] } as never;
    expect(await causeOf({ refuseHost: (host) => checkConnection(manifest, host) })).toBe("host-not-granted");
    expect(rig.cable.made).toBe(0);
    expect(rig.seen.links.at(-1)?.text).toContain("app_manifest.json");
  });

  it("when something below throws on connecting, as an egress gate would", async () => {
    const gate = () => {
      throw Object.assign(new Error("EPERM"), { code: "EPERM" });
    };
    expect(await causeOf({ refuseHost: gate })).toBe("host-not-granted");
  });

  it("when DPS refuses the key", async () => {
    rig.hub.refuseDps = 5;
    expect(await causeOf()).toBe("key-refused");
  });

  it("when the hub refuses: DPS is asked again, at once, and then no more in a hurry", async () => {
    rig.hub.refuseHub = 5;
    const seen = new Recorder();
    rig.open();
    await until(() => rig.seen.cause === "key-refused", "the cause");
    rig.hub.refuseHub = 0;
    await until(() => rig.seen.online === 1, "the link");
    expect(rig.hub.registrations).toBe(1);
    await rig.end();
    rig = await Rig.make();
    rig.files.set(
      "/data/cloud.json",
      JSON.stringify({
        identity: `localhost:${rig.cable.port}/0ne00000001/dev-1`,
        assigned: { host: `localhost:${rig.cable.port}`, deviceId: "dev-1" },
      }),
    );
    rig.hub.refuseHub = 5;
    rig.open({}, seen);
    await until(() => rig.hub.registrations === 1, "the question to DPS");
    expect(seen.cause).toBe("key-refused");
  });

  it("when the hub throttles", async () => {
    rig.hub.refuseHub = 3;
    expect(await causeOf({ credentials: rig.direct })).toBe("throttled");
  });

  it("when nobody answers", async () => {
    rig.cable.silence(true);
    expect(await causeOf({ tuning: { connectMs: 100 as never, provisionMs: 100 as never } })).toBe("timeout");
  });

  it("never with the key or the token in a line, a cause or the kept file", async () => {
    rig.hub.refuseHub = 5;
    await causeOf();
    rig.hub.refuseHub = 0;
    await until(() => rig.seen.online === 1, "the link");
    const all = JSON.stringify([rig.seen.lines, rig.seen.links, [...rig.files]]);
    expect(rig.hub.passwords.some((password) => password.includes("sig="))).toBe(true);
    expect(all).not.toMatch(/SharedAccess|sig=|Jsm0lyGpj/);
  });
});

describe("a certificate out of its time", () => {
  it.each([
    ["not yet valid", day, 2 * day],
    ["expired", -2 * day, -day],
  ])("is taken for a wrong clock when it is %s", async (_name, from, to) => {
    const { authority } = await certificates();
    rig = await Rig.make(await authority.issue("localhost", from, to));
    expect(await causeOf()).toBe("clock-wrong");
    await rig.end();
  });
});

describe("classify", () => {
  const peer = { host: "h", role: "the hub" } as const;
  it("never throws, and believes the lowest layer", () => {
    expect(classify({ peer }).code).toBe("dropped");
    expect(classify({ peer, timedOut: true }).code).toBe("timeout");
    const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
    const notAuthorized = Object.assign(new Error("Not authorized"), { name: "UnauthorizedError" });
    expect(classify({ peer, wire: refused, sdk: notAuthorized }).code).toBe("host-unreachable");
    expect(classify({ peer, wire: new AggregateError([refused], "all") }).code).toBe("host-unreachable");
    const circle = new Error("a");
    circle.cause = circle;
    expect(classify({ peer, wire: circle }).code).toBe("unknown");
  });
  it("takes keys out of what the SDK says", () => {
    const sdk = new Error("bad: HostName=h;SharedAccessKey=abc123== and sr=x&sig=zzz&se=1");
    expect(classify({ peer, sdk }).detail).not.toMatch(/abc123|zzz/);
  });
});

const hub: Peer = { host: "hub.example:1883", role: "the hub" };

it("has a next step in it, for every cause that a person can fix", () => {
  expect(cause("key-refused", hub).text).toContain("grove-heater credentials check");
  expect(cause("key-refused", { host: "dps", role: "DPS" }).text).toContain("id scope");
  expect(cause("host-not-granted", hub).text).toContain('Add "hub.example" to "AllowedConnections"');
  expect(cause("host-unreachable", hub).text).toContain("port 1883");
  expect(cause("untrusted-ca", hub).text).toContain("caFile");
  expect(cause("clock-wrong", hub).text).toContain("NTP");
});
