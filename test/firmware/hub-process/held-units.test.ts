/** The whole way: units report to a real hub that an image failed, and the next one that asks this hub's feed is held back. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { FeedRollOuts } from "../../../src/firmware/hub-process/roll-outs.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import type { HubOptions } from "../../../src/hub/hub.ts";
import type { StreamEvent } from "../../../src/hub/page-server/api.ts";
import type { RollOutGroup } from "../../../src/hub/page-server/api-roll-outs.ts";
import { shortDigest } from "../../../src/update/feed/rollout.ts";
import { noProxy } from "../../../src/update/transport/proxy.ts";
import { systemTransport } from "../../../src/update/transport/transport.ts";
import { firmware } from "../../browser/fake-device.ts";
import { deviceClient, openTwin, report } from "../../hub/azure.ts";
import { eventually, temporaryFolder, testHub } from "../../hub/running-hub.ts";
import { channelOf, Folder, imageEntry, signedBy, Unit } from "../../update/feed/unit.ts";

const image = imageEntry(2);
const name = "default/home";

async function hubWithFeed(options: Partial<HubOptions> = {}) {
  const dataPath = await temporaryFolder();
  await mkdir(join(dataPath, "feed"));
  const groups = { home: { image, percent: 100, stopAt: 60 } };
  await writeFile(join(dataPath, "feed", "channel"), signedBy(channelOf(1, { groups })));
  const hub = await testHub({
    dataPath,
    rollOuts: (parts) => new FeedRollOuts({ ...parts, folder: dataPath, clock: systemClock, log: silentLog }),
    ...options,
  });
  const origin = `http://localhost:${hub.addresses.pagePort}`;
  const change = (body: object): Promise<Response> =>
    fetch(`${origin}/api/roll-outs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const ask = () =>
    new Unit(new Folder(), {
      url: `${origin}/feed/`,
      transport: systemTransport({ proxy: noProxy, refusal: () => undefined }),
      clock: systemClock,
    }).source.check(AbortSignal.timeout(60_000));
  return { hub, origin, change, ask };
}

/** A unit's report, by the genuine SDK. */
async function unitReports(
  { hub }: Pick<Awaited<ReturnType<typeof hubWithFeed>>, "hub">,
  id: string,
  changes: object,
): Promise<void> {
  const { connectionString } = await hub.enrolDevice(id);
  const client = await deviceClient(hub, connectionString);
  onTestFinished(() => void client.close().catch(() => undefined));
  await client.open();
  await report(await openTwin(client), {
    firmware: { __t: "c", ...firmware, group: name, place: 1, ...changes },
  });
}
const reverted = { lastResult: "reverted", lastVersion: "0.2.0", lastImage: shortDigest(image.digest) };

describe("a hub that offers a feed", () => {
  it("gives an image until too many units have failed with it, then holds it back, and tells its page", async () => {
    const rig = await hubWithFeed();
    const { hub, ask, change, origin } = rig;
    const told: RollOutGroup[] = [];
    hub.core.feed.listen((event: StreamEvent) => {
      if (event.type === "roll-outs") told.push(...event.groups);
    });
    await unitReports(rig, "unit-1", reverted);
    await unitReports(rig, "unit-2", { image: shortDigest(image.digest) });
    expect(await ask()).toMatchObject({ assignment: { version: "0.2.0" } });
    await unitReports(rig, "unit-3", reverted);
    const held = expect.stringContaining("its roll-out is stopped: 2 of 3 units");
    expect(await ask()).toMatchObject({ assignment: null, held: { version: "0.2.0", reason: held } });
    await eventually(() => told.some(({ stopped }) => stopped !== null), "the page was told");
    const groups = (await (await fetch(`${origin}/api/roll-outs`)).json()) as RollOutGroup[];
    expect(groups).toMatchObject([{ name, units: 3, confirmed: 1, failed: 2 }]);
    expect((await change({ name, action: "resume" })).status).toBe(200);
    expect(await ask()).toMatchObject({ assignment: { version: "0.2.0" } });
  });

  it("takes changes as the page sends them, and no others", async () => {
    const { change, origin } = await hubWithFeed();
    expect((await change({ name: "default/attic", action: "stop" })).status).toBe(404);
    expect((await change({ name, action: "delete" })).status).toBe(400);
    expect((await fetch(`${origin}/api/roll-outs`, { method: "POST", body: "action=stop" })).status).toBe(
      400,
    );
    expect((await change({ name, action: "stop" })).status).toBe(200);
  });

  it("changes nothing for whoever has no password, on a sealed unit or before signing in; units ask without one", async () => {
    const sealed = await hubWithFeed({ isSealed: () => true });
    expect((await sealed.change({ name, action: "stop" })).status).toBe(403);
    const locked = await hubWithFeed({ pagePassword: "a long password" });
    expect((await locked.change({ name, action: "stop" })).status).toBe(401);
    expect(await locked.ask()).toMatchObject({ assignment: { version: "0.2.0" } });
  });

  it("without a judge holds nothing back", async () => {
    const { ask, origin } = await hubWithFeed({ rollOuts: undefined as never });
    expect(await ask()).toMatchObject({ assignment: { version: "0.2.0" } });
    expect(await (await fetch(`${origin}/api/roll-outs`)).json()).toEqual([]);
  });
});
