/**
 * A unit with its updater at the strict server, in the scenarios of rauc-hawkbit-updater's own suite, each by its name.
 * Those of the transfer itself (too slow, partial, resumed, speed limit) are the download's, and tested there.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { hawkbitAccess } from "../../../src/update/hawkbit/options.ts";
import { makeAuthority } from "../../azure/link/certificates.ts";
import { imageOf } from "../fixtures.ts";
import type { Unit } from "../updater/unit.ts";
import { FakeHawkbit } from "./fake/server.ts";
import type { Action, AssignOptions, SoftwareModule, Target } from "./fake/state.ts";
import { clientOf, closings, type PlainDownloads, signal, someTime, unitAt } from "./rig.ts";

let fake: FakeHawkbit;
let target: Target;
let module: SoftwareModule;
let unit: Unit;
let downloads: PlainDownloads;

beforeEach(async () => {
  fake = await FakeHawkbit.start();
  target = fake.state.addTarget("unit-1");
  module = fake.state.addModule({ bytes: imageOf(6), version: "0.6.0" });
  ({ unit, downloads } = unitAt(fake, target));
});
afterEach(async () => {
  await unit.stop();
  await fake.close();
});

function assign(options: AssignOptions = {}, modules: readonly SoftwareModule[] = [module]): Action {
  return fake.state.assign(target, modules, options);
}

/** Executions that the server heard of an action, in order, each once. */
const heard = (action: Action): readonly string[] => [
  ...new Set(action.statuses.map(({ execution, finished }) => `${execution} ${finished}`)),
];

describe("token", () => {
  it("with trailing space", async () => {
    const token = `${target.token} \n`;
    const source = clientOf(fake, { id: target.id, token }, { clock: new VirtualClock() });
    expect(await source.check(signal)).toMatchObject({ assignment: null });
  });

  it("two auth methods refused", () => {
    const both = { server: fake.url, controllerId: "unit-1", targetToken: "a", gatewayToken: "b" };
    expect(() => hawkbitAccess(both, String)).toThrow("targetToken and gatewayToken");
  });

  it("of a gateway makes the unit known", async () => {
    fake.state.gatewayToken = "gateway";
    const settings = { targetToken: undefined, gatewayToken: "gateway" };
    const source = clientOf(fake, { id: "new", token: "" }, { clock: new VirtualClock(), settings });
    await source.check(signal);
    expect([...(fake.state.targets.get("new")?.attributes ?? [])]).toEqual([["version", "0.1.0"]]);
  });

  it("that is wrong is a problem that is shown; nothing else happens", async () => {
    const wrong = unitAt(fake, { id: "unit-1", token: "wrong" });
    await wrong.unit.boot();
    await wrong.unit.clock.advance(hours(3));
    expect(wrong.unit.updater.status.sources.hawkbit?.problem?.code).toBe("not-allowed");
    expect(target.polls).toBe(0);
    await wrong.unit.stop();
  });
});

describe("install", () => {
  it("success: closed only when the new image has proven its health", async () => {
    const action = assign();
    await unit.boot();
    await unit.clock.advance(seconds(45));
    expect(unit.updater.status.state).toBe("on-trial");
    expect([action.state, action.closings]).toEqual(["running", []]);
    await unit.clock.advance(someTime);
    expect(action.state).toBe("finished");
    expect(heard(action)).toEqual(["download none", "downloaded none", "proceeding none", "closed success"]);
    expect(unit.runs).toBe("0.6.0");
  });

  it("failure: closed with the reason only after the revert", async () => {
    await unit.stop();
    const health = () => ({ revertedFor: "health: <relay> did not follow" });
    ({ unit, downloads } = unitAt(fake, target, { health }));
    const action = assign();
    await unit.boot();
    await unit.clock.advance(someTime);
    expect(action.state).toBe("error");
    expect(action.closings).toMatchObject([
      { finished: "failure", details: ["reverted: health: relay did not follow"] },
    ]);
    expect(unit.runs).toBe("factory");
  });

  it.each(["forced", "soft"] as const)("mode %s", async (type) => {
    const action = assign({ type });
    await unit.boot();
    await unit.clock.advance(someTime);
    expect([action.state, unit.runs]).toEqual(["finished", "0.6.0"]);
  });

  it("of an image that is not ours: refused with code and reason, and not downloaded again", async () => {
    const foreign = fake.state.addModule({ bytes: imageOf(6, { product: "toaster" }) });
    const action = assign({}, [foreign]);
    await unit.boot();
    await unit.clock.advance(hours(10));
    expect(action.closings).toMatchObject([
      { details: ['refused (other-product): it is for "toaster", this is grove-heater'] },
    ]);
    expect(downloads.asked).toHaveLength(1);
  });

  it("several chunks refused", async () => {
    const second = fake.state.addModule({ bytes: Buffer.from("x") });
    const action = assign({}, [module, second]);
    await unit.boot();
    await unit.clock.advance(someTime);
    expect(action.closings).toMatchObject([{ finished: "failure" }]);
    expect(action.closings[0]?.details[0]).toContain("not 2 modules with 2 artifacts");
    expect(downloads.asked).toEqual([]);
  });

  it("several artifacts refused", async () => {
    const action = assign({}, [fake.state.addModule({ bytes: Buffer.from("x"), extraArtifacts: 2 })]);
    await unit.boot();
    await unit.clock.advance(someTime);
    expect(action.closings[0]?.details[0]).toContain("not 1 modules with 3 artifacts");
  });
});

describe("download", () => {
  it("only: kept, ends with downloaded", async () => {
    const action = assign({ type: "download-only" });
    await unit.boot();
    await unit.clock.advance(someTime);
    expect([action.state, unit.runs]).toEqual(["downloaded", "factory"]);
    expect(downloads.asked).toHaveLength(1);
  });

  it.each([
    ["with auth header at the server itself", false],
    ["without auth header at a foreign download host", true],
  ])("only %s", async (_, isForeign) => {
    const cdn = await FakeHawkbit.start();
    cdn.intercept = () => ({ status: 200, body: imageOf(6) });
    const action = assign({ type: "download-only" });
    if (isForeign) {
      const inner = fake.url;
      fake.intercept = ({ path, method }) => {
        if (method !== "GET" || !path.includes("deploymentBase")) return undefined;
        const href = `${cdn.url}/image.bin`;
        const artifacts = [
          { filename: "image.bin", size: 5, hashes: {}, _links: { "download-http": { href } } },
        ];
        const deployment = { download: "forced", update: "skip", chunks: [{ version: "0.6.0", artifacts }] };
        expect(inner).not.toBe(cdn.url);
        return { status: 200, body: Buffer.from(JSON.stringify({ id: String(action.id), deployment })) };
      };
    }
    await unit.boot();
    await unit.clock.advance(someTime);
    expect(action.state).toBe("downloaded");
    const sent = [...fake.received, ...cdn.received].find(({ path }) => path.endsWith("image.bin"));
    expect(sent?.headers.authorization).toBe(isForeign ? undefined : `TargetToken ${target.token}`);
    await cdn.close();
  });

  it("location missing, or not allowed: refused with its reason", async () => {
    const action = assign();
    for (const links of [{}, { download: { href: "file:///etc/shadow" } }]) {
      fake.intercept = ({ path, method }) => {
        if (method !== "GET" || !path.includes("deploymentBase")) return undefined;
        const artifacts = [{ filename: "image.bin", size: 5, hashes: {}, _links: links }];
        const deployment = { download: "forced", update: "forced", chunks: [{ artifacts }] };
        return { status: 200, body: Buffer.from(JSON.stringify({ id: String(action.id), deployment })) };
      };
      action.state = "running";
      await clientOf(fake, target, { clock: new VirtualClock() }).check(signal);
      expect(action.closings.at(-1)?.details[0]).toContain("no http: or https: download link");
    }
  });
});

describe("cancel", () => {
  it("before poll", async () => {
    const action = assign();
    fake.state.cancel(action);
    await unit.boot();
    await unit.clock.advance(someTime);
    expect([action.state, downloads.asked]).toEqual(["canceled", []]);
  });

  it("mid-download: its 404 makes the unit look again at once", async () => {
    const action = assign();
    fake.state.pollingSleep = "12:00:00";
    downloads.pause = async () => {
      if (action.state === "running") fake.state.cancel(action);
    };
    await unit.boot();
    await unit.clock.advance(minutes(2));
    expect([action.state, closings(target)]).toEqual(["canceled", [`${action.id} cancel closed success`]]);
    expect(unit.updater.status.state).toBe("idle");
  });

  it("mid-download, seen at a poll: the transfer ends", async () => {
    const action = assign();
    let ended = false;
    downloads.pause = (stop) =>
      new Promise((resolve) => {
        stop.addEventListener("abort", () => {
          ended = true;
          resolve();
        });
      });
    await unit.boot();
    await unit.clock.advance(minutes(3));
    fake.state.cancel(action);
    await unit.clock.advance(minutes(6));
    expect([ended, action.state]).toEqual([true, "canceled"]);
  });

  it("mid-install", async () => {
    const action = assign();
    unit.beforeInstall = (stop) =>
      new Promise((_, reject) => stop.addEventListener("abort", () => reject(new Error("aborted"))));
    await unit.boot();
    await unit.clock.advance(minutes(3));
    fake.state.cancel(action);
    await unit.clock.advance(minutes(6));
    expect([action.state, unit.runs, unit.starts]).toEqual(["canceled", "factory", 1]);
  });

  it("in the trial is refused, and the outcome counts", async () => {
    const action = assign();
    await unit.boot();
    await unit.clock.advance(seconds(45));
    expect(unit.updater.status.state).toBe("on-trial");
    fake.state.cancel(action);
    await unit.updater.check();
    await unit.clock.advance(someTime);
    expect(action.state).toBe("finished");
    expect(heard(action)).toContain("cancel rejected none");
    expect(closings(target)).toEqual([`${action.id} closed success`]);
  });

  it("that comes too late: closed as installed although it waits", async () => {
    const action = assign();
    await unit.boot();
    await unit.clock.advance(seconds(45));
    let refuse = true;
    fake.intercept = ({ body }) => (refuse && body.includes("closed") ? { status: 503 } : undefined);
    await unit.clock.advance(minutes(2));
    fake.state.cancel(action);
    await unit.clock.advance(minutes(10));
    refuse = false;
    await unit.clock.advance(hours(2));
    expect([action.state, closings(target)]).toEqual(["finished", [`${action.id} closed success`]]);
  });

  it("by a second assignment: the first is canceled, the second installed", async () => {
    const first = assign();
    downloads.pause = async () => {
      downloads.pause = undefined;
      const next = fake.state.addModule({ bytes: imageOf(7), version: "0.7.0" });
      fake.state.assign(target, [next]);
    };
    await unit.boot();
    await unit.clock.advance(hours(1));
    expect([first.state, target.actions[1]?.state, unit.runs]).toEqual(["canceled", "finished", "0.7.0"]);
  });
});

describe("maintenance window", () => {
  it("closed: downloaded, installed only when it opens", async () => {
    const action = assign({ maintenanceWindow: "unavailable" });
    await unit.boot();
    await unit.clock.advance(hours(3));
    expect([heard(action), unit.runs]).toEqual([["download none", "downloaded none"], "factory"]);
    fake.state.setWindow(action, "available");
    await unit.clock.advance(someTime);
    expect([action.state, unit.runs, downloads.asked.length]).toEqual(["finished", "0.6.0", 1]);
  });
});

describe("confirmation", () => {
  it("denied by the unit's owner: nothing is downloaded; given later: installed", async () => {
    await unit.stop();
    let given = false;
    const consent = () => (given ? ({ given } as const) : ({ given: false, reason: "on holiday" } as const));
    ({ unit, downloads } = unitAt(fake, target, { consent }));
    const action = assign({ needsConfirmation: true });
    await unit.boot();
    await unit.clock.advance(hours(2));
    expect([action.state, downloads.asked]).toEqual(["wait-confirmation", []]);
    given = true;
    await unit.clock.advance(someTime);
    expect([action.state, unit.runs]).toEqual(["finished", "0.6.0"]);
  });
});

describe("mTLS", () => {
  it("a certificate takes the place of a token; another one is refused, and a server of another authority", async () => {
    const authority = await makeAuthority();
    const pair = await authority.issue("localhost");
    const secured = await FakeHawkbit.start({ ...pair, ca: authority.cert });
    secured.state.addTarget("unit-1");
    const files: Record<string, string> = { ca: authority.cert };
    for (const name of ["unit-1", "unit-2"]) {
      const issued = await authority.issue(name);
      files[`${name}.pem`] = issued.cert;
      files[`${name}.key`] = issued.key;
    }
    const checkAs = (name: string, ca: string | undefined) => {
      const settings = {
        targetToken: undefined,
        certificateFile: `${name}.pem`,
        keyFile: `${name}.key`,
        caFile: ca,
      };
      const options = { clock: new VirtualClock(), settings, readPem: (path: string) => files[path] ?? "" };
      return clientOf(secured, { id: "unit-1", token: "" }, options).check(signal);
    };
    expect(await checkAs("unit-1", "ca")).toMatchObject({ assignment: null });
    expect(secured.received.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    await expect(checkAs("unit-2", "ca")).rejects.toMatchObject({ code: "not-allowed" });
    await expect(checkAs("unit-1", undefined)).rejects.toMatchObject({ code: "unreachable" });
    await secured.close();
  });
});
