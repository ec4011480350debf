/** What the client says to the server, and how it takes what the server says. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HawkbitSource } from "../../../src/update/hawkbit/hawkbit.ts";
import { readSleep } from "../../../src/update/hawkbit/poll-interval.ts";
import { FakeHawkbit } from "./fake/server.ts";
import type { SoftwareModule, Target } from "./fake/state.ts";
import { answer, bodiesTo, type ClientOptions, clientOf, fakeWithUnit, problemOf, signal } from "./rig.ts";

let fake: FakeHawkbit;
let target: Target;
let module: SoftwareModule;
beforeEach(async () => {
  ({ fake, target, module } = await fakeWithUnit());
});
afterEach(() => fake.close());

const client = (options: ClientOptions = {}): HawkbitSource => clientOf(fake, target, options);

describe("a check", () => {
  it("finds nothing to do, and when to ask again", async () => {
    expect(await client().check(signal)).toEqual({ assignment: null, cancel: null, retryAfterMs: 300_000 });
  });

  it("finds an assignment with all that a download needs", async () => {
    const action = fake.state.assign(target, [module]);
    expect((await client().check(signal)).assignment).toEqual({
      id: String(action.id),
      version: "0.6.0",
      image: {
        url: `${fake.url}/DEFAULT/controller/v1/unit-1/softwaremodules/1/artifacts/image.bin`,
        headers: { Authorization: `TargetToken ${target.token}` },
        size: 8,
        sha256: module.artifacts[0]?.hashes.sha256,
      },
      download: "now",
      install: "now",
    });
  });

  it.each([
    ["forced", undefined, "now", "now"],
    ["soft", undefined, "when-convenient", "when-convenient"],
    ["download-only", undefined, "now", "never"],
    ["forced", "unavailable", "now", "wait"],
    ["soft", "unavailable", "when-convenient", "wait"],
    ["forced", "available", "now", "now"],
  ] as const)(
    "tells %s in a window that is %s: download %s, install %s",
    async (type, window, download, install) => {
      fake.state.assign(target, [module], { type, ...(window && { maintenanceWindow: window }) });
      expect((await client().check(signal)).assignment).toMatchObject({ download, install });
    },
  );

  it("sees that a soft action is forced later, and that a window opens", async () => {
    const source = client();
    const action = fake.state.assign(target, [module], { type: "soft", maintenanceWindow: "unavailable" });
    expect((await source.check(signal)).assignment?.install).toBe("wait");
    fake.state.setWindow(action, "available");
    expect((await source.check(signal)).assignment?.install).toBe("when-convenient");
    fake.state.force(action);
    expect((await source.check(signal)).assignment?.install).toBe("now");
  });

  it("asks with the tag that it has, and an unchanged answer is not sent again", async () => {
    fake.state.assign(target, [module]);
    const source = client();
    // The first look at an action changes it.
    const found = [await source.check(signal), await source.check(signal), await source.check(signal)];
    expect(found[2]).toEqual(found[0]);
    const last = fake.received.slice(-2);
    expect(last.map(({ path }) => path.replace(/\?.*/, ""))).toEqual([
      "/default/controller/v1/unit-1",
      "/default/controller/v1/unit-1/deploymentBase/1",
    ]);
    for (const { headers } of last) expect(headers["if-none-match"]).toMatch(/^"0[0-9a-f]{32}"$/);
  });

  it("follows the links of the server, wherever on it they lead", async () => {
    const elsewhere = "/below/another/place?with=query";
    fake.intercept = ({ path, method }) => {
      if (path.endsWith("/v1/unit-1"))
        return answer({ _links: { deploymentBase: { href: `${fake.url}${elsewhere}` } } });
      if (path === elsewhere) return answer(deploymentOf({}));
      return method === "POST" && path === "/below/another/place/feedback" ? { status: 200 } : undefined;
    };
    const source = client();
    expect((await source.check(signal)).assignment?.id).toBe("77");
    await source.report("77", { kind: "confirmed" }, signal);
    expect(fake.received.at(-1)?.path).toBe("/below/another/place/feedback");
  });

  it("never takes the token to another origin", async () => {
    const other = await FakeHawkbit.start();
    other.intercept = () => answer(deploymentOf({}));
    fake.intercept = () => answer({ _links: { deploymentBase: { href: `${other.url}/x` } } });
    expect((await problemOf(client().check(signal))).message).toContain("X-Forwarded");
    expect(other.received).toEqual([]);
    fake.intercept = () => ({ status: 302, headers: { location: other.url } });
    expect((await problemOf(client().check(signal))).code).toBe("invalid-answer");
    expect(other.received).toEqual([]);
    await other.close();
  });

  it("of an artifact at a foreign host has no token for it", async () => {
    fake.intercept = ({ path }) =>
      path.endsWith("/v1/unit-1")
        ? answer({ _links: { deploymentBase: { href: "deploymentBase/77" } } })
        : answer(deploymentOf({ _links: { "download-http": { href: "http://cdn.example/image" } } }));
    const { assignment } = await client().check(signal);
    expect(assignment?.image).toMatchObject({ url: "http://cdn.example/image", headers: {} });
  });

  it("takes the image of a server that knows no SHA-256", async () => {
    fake.intercept = ({ path }) =>
      path.endsWith("/v1/unit-1")
        ? answer({ _links: { deploymentBase: { href: `${fake.url}/d/77` } } })
        : answer(deploymentOf({ hashes: { sha1: "00" } }));
    expect((await client().check(signal)).assignment?.image.sha256).toBeUndefined();
  });
});

const artifactOf = (changes: object) => ({
  filename: "a",
  size: 5,
  hashes: {},
  _links: { download: { href: "http://127.0.0.1/a" } },
  ...changes,
});
const deploymentOf = (changes: object, chunks?: unknown) => ({
  id: "77",
  deployment: {
    download: "forced",
    update: "forced",
    chunks: chunks ?? [{ part: "os", version: "1", name: "n", artifacts: [artifactOf(changes)] }],
  },
});

describe("the interval of polling", () => {
  it.each([
    ["00:05:00", 300_000],
    ["24:00:01", 86_401_000],
    ["PT24H", 86_400_000],
    ["P1DT1H", 90_000_000],
    ["PT1M30.5S", 90_000],
    ["PT30S", 30_000],
  ])("%s is %i ms", (text, ms) => expect(readSleep(text)).toBe(ms));

  it.each(["", "P", "PT", "5", "1:2", "-01:00:00", "PT-5S", "1h"])("%j is none", (text) => {
    expect(() => readSleep(text)).toThrow(RangeError);
  });

  it("that cannot be read costs no update", async () => {
    fake.state.assign(target, [module]);
    fake.state.pollingSleep = "soon";
    const found = await client().check(signal);
    expect([found.assignment?.version, found.retryAfterMs]).toEqual(["0.6.0", undefined]);
  });
});

describe("a deployment that this unit cannot carry out", () => {
  it.each([
    ["several chunks", "not-one-image", [{ artifacts: [artifactOf({})] }, { artifacts: [artifactOf({})] }]],
    ["several artifacts", "not-one-image", [{ artifacts: [artifactOf({}), artifactOf({})] }]],
    ["no chunk", "not-one-image", []],
    ["no artifact", "not-one-image", [{}]],
    ["a missing download location", "no-download", [{ artifacts: [artifactOf({ _links: {} })] }]],
    [
      "a download location that is not allowed",
      "no-download",
      [{ artifacts: [artifactOf({ _links: { download: { href: "file:///etc/passwd" } } })] }],
    ],
    ["a hash that is none", "invalid-hash", [{ artifacts: [artifactOf({ hashes: { sha256: "00" } })] }]],
  ])("because of %s is closed as a failure with its reason", async (_, code, chunks) => {
    fake.intercept = ({ path, method }) => {
      if (method !== "GET") return { status: 200 };
      return path.endsWith("/v1/unit-1")
        ? answer({ _links: { deploymentBase: { href: `${fake.url}/d/77` } } })
        : answer(deploymentOf({}, chunks));
    };
    expect((await client().check(signal)).assignment).toBeNull();
    expect(bodiesTo(fake, "/d/77/feedback")).toMatchObject([
      { status: { execution: "closed", result: { finished: "failure" } } },
    ]);
    expect(fake.received.at(-1)?.body).toContain(`refused (${code})`);
  });
});
