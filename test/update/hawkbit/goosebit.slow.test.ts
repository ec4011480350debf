/** The client at a server that we did not write: older forms, SHA-1 alone, links without a tag. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hours } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { imageOf } from "../fixtures.ts";
import type { Health } from "../updater/unit.ts";
import { type Goosebit, imageInSwu, startGoosebit } from "./goosebit.ts";
import { clientOf, signal, unitAt } from "./rig.ts";

let server: Goosebit | { readonly missing: string };
let goosebit: Goosebit;
beforeAll(async () => {
  server = await startGoosebit();
  if (!("missing" in server)) goosebit = server;
}, 1_200_000);
afterAll(() => goosebit?.close(), 60_000);
beforeEach(({ skip }) => {
  if ("missing" in server) skip(server.missing);
});

const settings = { tenant: "DEFAULT" };
const [errorState, finishedState] = ["Error", "Finished"];

async function updated(id: string, release: number, health: Health, unwrap: (bytes: Buffer) => Buffer) {
  const version = `0.${release}.0`;
  await goosebit.addDevice(id, `token-of-${id}`);
  const { unit, downloads } = unitAt(goosebit, { id, token: `token-of-${id}` }, { settings, health });
  const read = downloads.read.bind(downloads);
  downloads.read = (path) => unwrap(read(path));
  await unit.boot();
  await unit.clock.advance(hours(1));
  await goosebit.assign(id, await goosebit.upload(version, imageOf(release)));
  await unit.clock.advance(hours(3));
  await unit.stop();
  return { unit, device: await goosebit.device(id), log: await goosebit.log(id) };
}

describe("at goosebit", () => {
  it("a wrong token is refused", async () => {
    await goosebit.addDevice("locked", "right");
    const source = clientOf(
      goosebit,
      { id: "locked", token: "wrong" },
      { clock: new VirtualClock(), settings },
    );
    await expect(source.check(signal)).rejects.toMatchObject({ code: "not-allowed" });
  });

  it("an update is installed and finished once its health is proven", async () => {
    const { unit, device, log } = await updated("good", 6, () => "good", imageInSwu);
    expect([unit.runs, device.last_state, device.sw_version]).toEqual(["0.6.0", finishedState, "0.6.0"]);
    expect(log).toContain("confirmed: it runs");
  });

  it("a reverted update is an error with its reason", async () => {
    const health: Health = () => ({ revertedFor: "no heat" });
    const { unit, device, log } = await updated("bad", 7, health, imageInSwu);
    expect([unit.runs, device.last_state]).toEqual(["factory", errorState]);
    expect(log).toContain("reverted: no heat");
  });

  it("what is not one of our images is refused with code and reason", async () => {
    const { unit, device, log } = await updated(
      "wrapped",
      8,
      () => "good",
      (bytes) => bytes,
    );
    expect([unit.runs, device.last_state]).toEqual(["factory", errorState]);
    expect(log).toContain("refused (not-an-image)");
  });
});
