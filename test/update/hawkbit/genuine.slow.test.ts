/**
 * The client at a genuine hawkBit: `HAWKBIT_JAR=… npm run test:hawkbit`, with Java 21 or newer. It is ready after about a
 * minute and holds its data in memory.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hours } from "../../../src/base/units.ts";
import { imageOf } from "../fixtures.ts";
import type { Health } from "../updater/unit.ts";
import { unitAt } from "./rig.ts";
import { freePort, untilAnswering } from "./server-process.ts";

const jar = process.env["HAWKBIT_JAR"];
let url = "";
let server: ChildProcess | undefined;

beforeAll(async () => {
  if (jar === undefined) return;
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const args = ["-jar", jar, "--server.address=127.0.0.1", `--server.port=${port}`];
  const child = spawn("java", args, { stdio: "ignore" });
  server = child;
  await untilAnswering(child, `${url}/rest/v1/targets`);
  await call("PUT", "/system/configs/authentication.targettoken.enabled", { value: true });
}, 900_000);
afterAll(() => server?.kill("SIGKILL"));
beforeEach(({ skip }) => {
  if (jar === undefined) skip("no genuine hawkBit: name its jar in HAWKBIT_JAR");
});

const headers = { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}` };

async function call<T>(method: string, path: string, body?: FormData | unknown): Promise<T> {
  const isForm = body instanceof FormData;
  const init: RequestInit = {
    method,
    headers: isForm ? headers : { ...headers, "content-type": "application/json" },
  };
  if (body !== undefined) init.body = isForm ? body : JSON.stringify(body);
  const answer = await fetch(`${url}/rest/v1${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

type Ids = readonly { readonly id: number }[];
interface Actions {
  readonly content: readonly { readonly id: number; readonly detailStatus: string }[];
}

async function distribution(release: number): Promise<number> {
  const about = { name: `heater-${release}`, version: `0.${release}.0` };
  const [module] = await call<Ids>("POST", "/softwaremodules", [{ ...about, type: "application" }]);
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(imageOf(release))]), "image.bin");
  await call("POST", `/softwaremodules/${module?.id}/artifacts`, form);
  const [set] = await call<Ids>("POST", "/distributionsets", [
    { ...about, type: "app", modules: [{ id: module?.id }] },
  ]);
  return set?.id ?? 0;
}

async function unitOf(id: string, release: number, health: Health) {
  const token = `token-of-${id}`;
  await call("POST", "/targets", [{ controllerId: id, name: id, securityToken: token }]);
  await call("POST", `/targets/${id}/assignedDS`, { id: await distribution(release), type: "forced" });
  const { unit } = unitAt({ url }, { id, token }, { settings: { tenant: "DEFAULT" }, health });
  const state = async () => (await call<Actions>("GET", `/targets/${id}/actions`)).content[0];
  return { unit, state };
}

describe("at a genuine hawkBit", () => {
  it("an update is finished once its health is proven", async () => {
    const { unit, state } = await unitOf("good", 6, () => "good");
    await unit.boot();
    await unit.clock.advance(hours(1));
    await unit.stop();
    expect([unit.runs, (await state())?.detailStatus]).toEqual(["0.6.0", "finished"]);
  });

  it("a reverted update is an error", async () => {
    const { unit, state } = await unitOf("bad", 7, () => ({ revertedFor: "no <heat>" }));
    await unit.boot();
    await unit.clock.advance(hours(1));
    await unit.stop();
    expect([unit.runs, (await state())?.detailStatus]).toEqual(["factory", "error"]);
  });

  it("a cancellation before the first poll is accepted", async () => {
    const { unit, state } = await unitOf("canceled", 8, () => "good");
    await call("DELETE", `/targets/canceled/actions/${(await state())?.id}`);
    await unit.boot();
    await unit.clock.advance(hours(1));
    await unit.stop();
    expect([unit.runs, (await state())?.detailStatus]).toEqual(["factory", "canceled"]);
  });
});
