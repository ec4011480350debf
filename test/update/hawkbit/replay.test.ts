/** Our fake against what a genuine hawkBit 1.1.0 answered: every recorded exchange, scene by scene. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeHawkbit } from "./fake/server.ts";
import type { Action, AssignOptions, SoftwareModule, Target } from "./fake/state.ts";

interface Exchange {
  readonly scene: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly status: number;
  readonly response: { readonly headers: Record<string, string>; readonly body: unknown };
}

const recorded: readonly Exchange[] = readFileSync(
  new URL("hawkbit-1.1.0-ddi.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Exchange);
/** Headers that the recording kept. */
const compared = [
  "content-type",
  "content-length",
  "content-range",
  "etag",
  "accept-ranges",
  "content-disposition",
  "last-modified",
];
const scenes = [...new Set(recorded.map(({ scene }) => scene))];

let fake: FakeHawkbit;
let first: SoftwareModule;
let fourth: SoftwareModule;
beforeAll(async () => {
  fake = await FakeHawkbit.start();
  const { state } = fake;
  state.nextActionId = 23;
  // The bytes were not recorded: their hashes were.
  const about = { bytes: Buffer.alloc(5000, 7), name: "app-RUN", metadata: [{ key: "counter", value: "7" }] };
  first = state.addModule({
    ...about,
    id: 4,
    hashes: {
      sha1: "4baf56e23d961a19cfc6db7d8cb4faefe237bbfc",
      md5: "db26caf38dbfeeb6bf7674e24cf930a6",
      sha256: "0367c8c3306f82f47117de91cf613e7fdd0379593ba9f17f696c55da4e1c2c00",
    },
  });
  fourth = state.addModule({
    ...about,
    id: 7,
    version: "1.0.4",
    hashes: {
      sha1: "63b12dfb76416037062e2cd08fc7903d8024c174",
      md5: "1dbc9cdfc4874352ce45c41a67ec9fc1",
      sha256: "a14c8c6797776b1fb63e96f6b454a32bdde1a8915a67847ef438d402eb408a4e",
    },
  });
});
afterAll(() => fake.close());

interface Stage {
  readonly target: Target;
  /** What the operator did before this exchange of the scene, by its index. */
  readonly before?: Readonly<Record<number, () => void>>;
  /** Authorization where it is not the target's own token. */
  readonly as?: Readonly<Record<number, string | undefined>>;
}

/** What was set up for each scene, in the order of the recording: it numbers the actions. */
const stages: Readonly<Record<string, () => Stage>> = {
  auth: () => {
    const target = fake.state.addTarget("r-RUN-0", 22);
    const as = {
      0: undefined,
      1: "TargetToken wrong",
      2: `targettoken ${target.token}`,
      3: `GatewayToken ${target.token}`,
    };
    return { target, as };
  },
  "gateway token, plug and play": () => {
    fake.state.gatewayToken = "secret";
    return { target: fake.state.addTarget("unused", 99), as: { 0: "GatewayToken secret" } };
  },
  configData: () => ({ target: fake.state.addTarget("r-RUN-2", 24) }),
  "poll with etag": assigned("r-RUN-1"),
  "forced, download, feedback": () => {
    const stage = assigned("r-RUN-3")();
    return { ...stage, as: { 14: undefined } };
  },
  "closed failure": assigned("r-RUN-4"),
  rejected: assigned("r-RUN-5"),
  soft: assigned("r-RUN-6", { type: "soft" }),
  "timeforced in the future": assigned("r-RUN-7", { type: "soft" }),
  "download only": assigned("r-RUN-8", { type: "download-only" }),
  "maintenance window closed": assigned("r-RUN-9", { maintenanceWindow: "unavailable" }),
  "maintenance window open": assigned("r-RUN-10", { maintenanceWindow: "available" }),
  "cancel before the first poll": assigned("r-RUN-11", {}, { 0: (action) => fake.state.cancel(action) }),
  "cancel while downloading": assigned("r-RUN-12", {}, { 3: (action) => fake.state.cancel(action) }),
  "cancel refused while installing": assigned("r-RUN-13", {}, { 3: (action) => fake.state.cancel(action) }),
  "closed although a cancel waits": assigned("r-RUN-14", {}, { 2: (action) => fake.state.cancel(action) }),
  "soft, later forced": assigned("r-RUN-15", { type: "soft" }, { 2: (action) => fake.state.force(action) }),
  "superseded by a second assignment": assigned(
    "r-RUN-16",
    {},
    { 2: (_, target) => fake.state.assign(target, [fourth]) },
  ),
  "feedback that is wrong": assigned("r-RUN-17"),
  "confirmation flow": () => {
    const target = fake.state.addTarget("r-RUN-18");
    fake.state.assign(target, [fourth], { needsConfirmation: true });
    return { target };
  },
  "status quota": () => {
    const target = fake.state.addTarget("r-RUN-19");
    const action = fake.state.assign(target, [first]);
    const feed = () => {
      for (let sent = 0; sent < 998; sent++) {
        expect(action.rows).toBeLessThan(1000);
        fake.state.feedback(target, action, { execution: "proceeding", finished: "none", details: [] });
      }
    };
    return { target, before: { 2: feed } };
  },
};

function assigned(
  id: string,
  options: AssignOptions = {},
  before: Readonly<Record<number, (action: Action, target: Target) => void>> = {},
): () => Stage {
  return () => {
    const target = fake.state.addTarget(id);
    const action = fake.state.assign(target, [first], options);
    const steps = Object.entries(before).map(([at, step]) => [at, () => step(action, target)]);
    return { target, before: Object.fromEntries(steps) as Record<number, () => void> };
  };
}

interface Given {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly length: number;
}

function ask({ method, path, headers, body }: Exchange, authorization: string | undefined): Promise<Given> {
  return new Promise((resolve, reject) => {
    const auth = authorization === undefined ? {} : { authorization };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const options = { method, agent: false, headers: { ...type, ...headers, ...auth } };
    const sent = request(`${fake.url}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const kept = compared.flatMap((name) => {
          const value = response.headers[name];
          return typeof value === "string" ? [[name, value]] : [];
        });
        const found = Object.fromEntries(kept) as Record<string, string>;
        resolve({
          status: response.statusCode ?? 0,
          headers: found,
          body: bytes.toString("utf8").replaceAll(fake.host, "HAWKBIT"),
          length: bytes.length,
        });
      });
    });
    sent.on("error", reject);
    sent.end(typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Lengths and tags are of bodies that name the server and the run. */
function comparable(headers: Record<string, string>, body: string): Record<string, string> {
  const result = { ...headers };
  if (/^"0[0-9a-f]{32}"$/.test(headers["etag"] ?? "")) result["etag"] = '"0 and an MD5"';
  if (body.includes("RUN") || body.includes("HAWKBIT")) delete result["content-length"];
  return result;
}

const timeless = (text: string): string => text.replace(/"timestamp":"[^"]+"/, '"timestamp":"…"');
const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));

describe("the fake hawkBit answers as a genuine 1.1.0 did", () => {
  it("knows every scene that was recorded, in its order", () => {
    expect(recorded).toHaveLength(137);
    expect(Object.keys(stages).toSorted()).toEqual(scenes.toSorted());
  });

  it.each(scenes)("%s", async (scene) => {
    const stage = stages[scene]?.();
    if (stage === undefined) throw new Error(`no stage for ${scene}`);
    const exchanges = recorded.filter((exchange) => exchange.scene === scene);
    let etag = "";
    for (const [at, recordedExchange] of exchanges.entries()) {
      // The tag is that of the answer before, which names this server.
      const conditional = recordedExchange.headers?.["if-none-match"] !== undefined;
      const exchange = conditional
        ? { ...recordedExchange, headers: { "if-none-match": etag } }
        : recordedExchange;
      stage.before?.[at]?.();
      const own = `TargetToken ${stage.target.token}`;
      const answer = await ask(exchange, stage.as && at in stage.as ? stage.as[at] : own);
      etag = answer.headers["etag"] ?? "";
      const expected = exchange.response;
      const bytes = /^<(\d+) bytes>$/.exec(textOf(expected.body))?.[1];
      const label = `${at}: ${exchange.method} ${exchange.path}`;
      expect({ label, status: answer.status }).toEqual({ label, status: exchange.status });
      const text = bytes === undefined ? answer.body : textOf(expected.body);
      expect({ label, ...comparable(answer.headers, text) }).toEqual({
        label,
        ...comparable(expected.headers, textOf(expected.body)),
      });
      if (bytes === undefined) expect(timeless(answer.body)).toBe(timeless(textOf(expected.body)));
      else expect({ label, length: answer.length }).toEqual({ label, length: Number(bytes) });
    }
  });
});
