/** What the client tells the server: attributes, answers and feedback; and a server that fails. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { HawkbitSource } from "../../../src/update/hawkbit/hawkbit.ts";
import type { Report } from "../../../src/update/source.ts";
import { FakeHawkbit } from "./fake/server.ts";
import type { SoftwareModule, Target } from "./fake/state.ts";
import {
  answer,
  bodiesTo,
  type ClientOptions,
  clientOf,
  closings,
  fakeWithUnit,
  problemOf,
  signal,
} from "./rig.ts";

let fake: FakeHawkbit;
let target: Target;
let module: SoftwareModule;
beforeEach(async () => {
  ({ fake, target, module } = await fakeWithUnit());
});
afterEach(() => fake.close());

const client = (options: ClientOptions = {}): HawkbitSource => clientOf(fake, target, options);

describe("attributes", () => {
  it("are sent at the start and when they change: replaced, merged, removed", async () => {
    let now: Record<string, string> = { version: "1", old: "x" };
    target.attributes.set("left-behind", "y");
    const source = client({ attributes: () => now });
    await source.check(signal);
    await source.check(signal);
    now = { version: "2", fresh: "z" };
    await source.check(signal);
    expect(bodiesTo(fake, "/configData")).toEqual([
      { mode: "replace", data: { version: "1", old: "x" } },
      { mode: "remove", data: { old: "" } },
      { mode: "merge", data: { version: "2", fresh: "z" } },
    ]);
    expect([...target.attributes]).toEqual([
      ["version", "2"],
      ["fresh", "z"],
    ]);
  });

  it("are sent again when an older server asks again", async () => {
    let asks = true;
    fake.intercept = ({ method }) =>
      method === "PUT"
        ? { status: 200 }
        : answer({ _links: asks ? { configData: { href: `${fake.url}/c` } } : {} });
    const source = client();
    for (const asked of [true, true, false, false, true]) {
      asks = asked;
      await source.check(signal);
    }
    expect(bodiesTo(fake, "/c")).toHaveLength(2);
  });

  it("are within the server's limits, whatever they were", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`key ${at} ${"k".repeat(200)}`, "v".repeat(500)]),
    );
    await client({ attributes: () => ({ "a<b>": "<c>\u0000\n d \ud83d", "": "x", ...many }) }).check(signal);
    expect(target.attributes.size).toBe(100);
    expect(target.attributes.get("ab")).toBe("c d");
  });

  it("that the server does not take stand in no update's way", async () => {
    fake.state.assign(target, [module]);
    for (const status of [400, 429, 500]) {
      fake.intercept = ({ method }) => (method === "PUT" ? { status } : undefined);
      expect((await client().check(signal)).assignment?.version).toBe("0.6.0");
    }
  });
});

describe("a cancellation", () => {
  it("is found and accepted", async () => {
    const source = client();
    const action = fake.state.assign(target, [module]);
    fake.state.cancel(action);
    expect(await source.check(signal)).toMatchObject({ assignment: null, cancel: String(action.id) });
    await source.report(String(action.id), { kind: "canceled" }, signal);
    expect([action.state, closings(target)]).toEqual(["canceled", [`${action.id} cancel closed success`]]);
  });

  it("is refused, and the deployment is offered again", async () => {
    const source = client();
    const action = fake.state.assign(target, [module]);
    fake.state.cancel(action);
    const { cancel } = await source.check(signal);
    await source.report(String(cancel), { kind: "not-canceled", reason: "it starts" }, signal);
    expect((await source.check(signal)).assignment?.id).toBe(cancel);
  });

  it("that nobody waits for any more (405), a closed (410) and an unknown action (404) are over", async () => {
    const source = client();
    const action = fake.state.assign(target, [module]);
    const id = String(action.id);
    expect((await problemOf(source.report(id, { kind: "canceled" }, signal))).code).toBe("gone");
    await source.report(id, { kind: "confirmed" }, signal);
    expect((await problemOf(source.report(id, { kind: "confirmed" }, signal))).code).toBe("gone");
    expect((await problemOf(source.report("4711", { kind: "confirmed" }, signal))).code).toBe("gone");
  });
});

describe("a confirmation by the unit's owner", () => {
  it("is given, and the deployment follows in the same check", async () => {
    const action = fake.state.assign(target, [module], { needsConfirmation: true });
    expect((await client().check(signal)).assignment?.id).toBe(String(action.id));
    expect(action.statuses).toMatchObject([{ execution: "confirmed" }]);
  });

  it("is denied with the reason, said once, until the owner agrees", async () => {
    const action = fake.state.assign(target, [module], { needsConfirmation: true });
    let given = false;
    const consent = () =>
      given ? ({ given: true } as const) : ({ given: false, reason: "<not> now" } as const);
    const source = client({ consent });
    for (let at = 0; at < 3; at++) expect((await source.check(signal)).assignment).toBeNull();
    expect(action.statuses).toMatchObject([{ execution: "denied", details: ["not now"] }]);
    given = true;
    expect((await source.check(signal)).assignment?.id).toBe(String(action.id));
  });
});

describe("feedback", () => {
  const said: readonly [Report, string, string][] = [
    [{ kind: "downloading", percent: 40 }, "download", "none"],
    [{ kind: "downloaded" }, "downloaded", "none"],
    [{ kind: "deferred", reason: "heat" }, "scheduled", "none"],
    [{ kind: "installing" }, "proceeding", "none"],
    [{ kind: "confirmed" }, "closed", "success"],
    [{ kind: "reverted", reason: "no health" }, "closed", "failure"],
    [{ kind: "refused", code: "downgrade", reason: "older" }, "closed", "failure"],
    [{ kind: "kept" }, "downloaded", "none"],
  ];
  it.each(said)("for %j is %s %s", async (report, execution, finished) => {
    const action = fake.state.assign(target, [module]);
    await client().report(String(action.id), report, signal);
    expect(action.statuses).toMatchObject([{ execution, finished }]);
  });

  it("of a download that was all there was to do ends the action", async () => {
    const action = fake.state.assign(target, [module], { type: "download-only" });
    await client().report(String(action.id), { kind: "kept" }, signal);
    expect(action.state).toBe("downloaded");
  });

  it("has details that the server takes, whatever the reason contains", async () => {
    const action = fake.state.assign(target, [module]);
    const reason = `<b>${"long ".repeat(1000)}</b>\u0007\n`.repeat(100);
    await client().report(String(action.id), { kind: "reverted", reason }, signal);
    const [status] = action.statuses;
    expect(status?.details.length).toBeGreaterThan(1);
    expect(status?.details.length).toBeLessThanOrEqual(10);
    for (const detail of status?.details ?? []) {
      expect(detail).not.toMatch(/[<>]/);
      expect(detail.length).toBeLessThanOrEqual(512);
    }
  });

  it("whose wording the server does not take is said without details rather than lost", async () => {
    const action = fake.state.assign(target, [module]);
    fake.intercept = ({ method, body }) =>
      method === "POST" && body.includes("reverted") ? { status: 400 } : undefined;
    await client().report(String(action.id), { kind: "reverted", reason: "x" }, signal);
    expect(action.state).toBe("error");
  });

  it("of progress beyond the server's quota is dropped, the closing one passes", async () => {
    const source = client();
    const action = fake.state.assign(target, [module]);
    action.rows = 1000;
    const id = String(action.id);
    await source.report(id, { kind: "downloading", percent: 1 }, signal);
    expect(action.statuses).toEqual([]);
    action.rows = 1;
    for (let at = 0; at < 500; at++)
      await source.report(id, { kind: "downloading", percent: at % 100 }, signal);
    expect(action.statuses.length).toBeLessThan(400);
    await source.report(id, { kind: "confirmed" }, signal);
    expect(action.state).toBe("finished");
  });

  it("after a restart finds its action by asking", async () => {
    const action = fake.state.assign(target, [module]);
    await client().report(String(action.id), { kind: "confirmed" }, signal);
    expect(action.state).toBe("finished");
    expect(fake.received.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });
});

describe("a server that fails", () => {
  it.each([
    [401, "not-allowed"],
    [403, "not-allowed"],
    [404, "invalid-answer"],
    [429, "too-many-requests"],
    [500, "unreachable"],
    [503, "unreachable"],
    [302, "invalid-answer"],
    [418, "invalid-answer"],
    [204, "invalid-answer"],
  ])("by %i makes a check %s", async (status, code) => {
    fake.intercept = () => ({ status });
    expect((await problemOf(client().check(signal))).code).toBe(code);
  });

  it.each([
    ["120", 120_000],
    ["0", 1000],
    ["999999999", 86_400_000],
    ["soon", undefined],
  ])("and asks to wait %s s is heeded within bounds", async (given, retryAfterMs) => {
    fake.intercept = () => ({ status: 503, headers: { "retry-after": given } });
    expect((await problemOf(client().check(signal))).retryAfterMs).toBe(retryAfterMs);
  });

  it("by what is no JSON, no hawkBit, or has a member twice", async () => {
    for (const body of [
      "",
      "<html>",
      "[]",
      "null",
      '{"_links":5}',
      '{"_links":{},"_links":{}}',
      "{".repeat(5000),
    ]) {
      fake.intercept = () => ({ status: 200, body: Buffer.from(body) });
      expect((await problemOf(client().check(signal))).code).toBe("invalid-answer");
    }
  });

  it("by an answer without end is cut off", async () => {
    fake.intercept = () => ({ status: 200, body: Buffer.alloc(2_000_000, 32) });
    expect((await problemOf(client().check(signal))).code).toBe("invalid-answer");
  });

  it("by silence is given up after a minute", async () => {
    const clock = new VirtualClock();
    fake.intercept = () => "silence";
    // Not held: the answer never comes.
    const source = clientOf(fake, target, {
      clock: Object.assign(clock, { holdDuring: <T>(work: T) => work }),
    });
    const problem = problemOf(source.check(signal));
    await clock.run(problem);
    expect(await problem).toMatchObject({ code: "unreachable", message: expect.stringContaining("60 s") });
  });

  it("by not being there is unreachable, and the token is in no message", async () => {
    const source = client();
    await fake.close();
    const problem = await problemOf(source.check(signal));
    expect(problem.code).toBe("unreachable");
    expect(problem.message).not.toContain(target.token);
    fake = await FakeHawkbit.start();
  });

  it("ends with its signal", async () => {
    fake.intercept = () => "silence";
    const stop = new AbortController();
    const work = client().check(stop.signal);
    stop.abort(new Error("over"));
    await expect(work).rejects.toThrow("over");
  });
});
