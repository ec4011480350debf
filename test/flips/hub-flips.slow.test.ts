/**
 * Every stored file of the hub damaged at random, then a start: it comes up, and this machine's device and one that was
 * enrolled by hand are let in by DPS and hub and get their twins, by the genuine SDK. `FLIPS=2000` for more, `SEED=…` for
 * the same ones.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hubFolders, startLocalHub } from "../../src/firmware/hub-process/local-hub.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { type RunningHub, startHub } from "../../src/hub/hub.ts";
import { deviceClient, openTwin, register, report } from "../hub/azure.ts";
import { type LogLine, recordingLog } from "../hub/running-hub.ts";
import { flipCount, playFlips } from "./flip.ts";

const own = "heater-1";
const byHand = "heater-2";
const flips = flipCount(40);

/** What a device has to know. */
interface Way {
  readonly hubHost: string;
  readonly idScope: string;
  readonly caPem: string;
  readonly key: string;
}

const temporary = (): string => {
  const path = mkdtempSync(join(tmpdir(), "hub-flips-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** The way in of this machine's own device, from the files that the loop is pointed to. */
function ownWay(credentialsFolder: string): Way {
  const { endpoint, idScope, deviceKey } = JSON.parse(
    readFileSync(join(credentialsFolder, "credentials.json"), "utf8"),
  ) as Record<string, string>;
  const caPem = readFileSync(join(credentialsFolder, "ca.pem"), "utf8");
  return { hubHost: endpoint ?? "", idScope: idScope ?? "", key: deviceKey ?? "", caPem };
}

/** Registers where that is to be seen, connects, gets the twin. @returns its desired version */
async function visit(id: string, { hubHost, idScope, caPem, key }: Way, viaDps: boolean): Promise<number> {
  const hub = { addresses: { hubHost, idScope }, caPem } as RunningHub;
  if (viaDps) expect(await register(hub, id, { key })).toMatchObject({ deviceId: id });
  const client = await deviceClient(hub, `HostName=${hubHost};DeviceId=${id};SharedAccessKey=${key}`);
  try {
    await client.open();
    const twin = await openTwin(client);
    await report(twin, { firmwareVersion: "1.2.3" });
    return twin.properties.desired["$version"] as number;
  } finally {
    await client.close();
  }
}

/** A folder as a hub leaves it that was killed after some days of use. @returns what the device by hand was told */
async function usedFolder(dataPath: string): Promise<Way> {
  const lived = temporary();
  const first = await startLocalHub({ dataPath: lived, log: recordingLog([]), device: own, pagePort: 0 });
  await first.close();
  const ports = { mqttPort: 0, restPort: 0, pagePort: 0 };
  const folder = hubFolders(lived).hub;
  const hub = await startHub({ clock: systemClock, log: recordingLog([]), dataPath: folder, ...ports });
  const { symmetricKey: key, idScope } = await hub.enrolDevice(byHand);
  for (const id of [own, byHand]) {
    for (const targetTemperature of [19, 20, 21])
      await hub.core.editTwin(id, { desired: { targetTemperature } });
  }
  const { caPem } = hub;
  await hub.close();
  const note = { process: 1, page: "http://localhost:1/", host: "127.0.0.1", port: 1 };
  writeFileSync(join(folder, "address"), JSON.stringify(note));
  cpSync(lived, dataPath, { recursive: true });
  return { hubHost: "", idScope, caPem, key };
}

describe("a hub's stored files", () => {
  it(`survive ${flips} flips and truncations: hub, DPS and twins work after each`, {
    timeout: 7_200_000,
  }, async () => {
    const pristine = temporary();
    const told = await usedFolder(pristine);
    let recovered = 0;
    await playFlips({
      pristine,
      work: join(temporary(), "data"),
      flips,
      startAndCheck: async (dataPath, { file }) => {
        // DPS lets its clients wait for two seconds, and reads nothing of these.
        const viaDps = !/timeline|address/.test(file);
        const lines: LogLine[] = [];
        const hub = await startLocalHub({ dataPath, log: recordingLog(lines), device: own, pagePort: 0 });
        try {
          expect(hub.addresses.idScope).toBe(told.idScope);
          // What damage can take is the last write alone.
          const { hubHost } = hub.addresses;
          const versions = await Promise.all([
            visit(own, ownWay(hub.credentials), viaDps),
            visit(byHand, { ...told, hubHost }, viaDps),
          ]);
          for (const version of versions) expect(version).toBeGreaterThanOrEqual(3);
        } finally {
          await hub.close();
        }
        if (lines.some(({ event }) => event === "hub-document-unreadable")) recovered += 1;
        const aside = readdirSync(hubFolders(dataPath).hub).filter((name) => name.includes(".unreadable"));
        expect(aside.length).toBeLessThanOrEqual(1);
      },
    });
    console.log(`${recovered} of ${flips} damaged a document that was in use`);
    // Damage that is never noticed would prove nothing.
    if (flips >= 40) expect(recovered).toBeGreaterThan(flips / 10);
  });
});
