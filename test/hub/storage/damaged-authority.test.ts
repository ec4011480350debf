/** Keys and certificates that a disk has damaged: never a start that fails, never a hub that nobody trusts for good. */
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readChecked } from "../../../src/base/files/checked-text.ts";
import { deviceClient, register } from "../azure.ts";
import { temporaryFolder, testHub } from "../running-hub.ts";

async function hubFolder(): Promise<{ dataPath: string; caPem: string; key: string }> {
  const dataPath = await temporaryFolder();
  const hub = await testHub({ dataPath });
  const { symmetricKey } = await hub.enrolDevice("heater-1");
  await hub.close();
  return { dataPath, caPem: hub.caPem, key: symmetricKey };
}

/** As an older version left it: one file, no checksum. */
async function writeAlone(folder: string, name: string, document: unknown): Promise<void> {
  await writeFile(join(folder, `${name}.json`), JSON.stringify(document));
  await writeFile(join(folder, `${name}.json.previous`), "");
}

const pairIn = async (folder: string, name: string): Promise<{ cert: string; key: string }> =>
  JSON.parse(readChecked(await readFile(join(folder, `${name}.json`), "utf8"))?.text ?? "");

/** One letter within the base64. */
function flipped(pem: string): string {
  const at = Math.floor(pem.length / 2);
  return pem.slice(0, at) + (pem[at] === "A" ? "B" : "A") + pem.slice(at + 1);
}

describe("a hub whose keys were damaged", () => {
  it("keeps its authority when one of the two files is damaged", async () => {
    const { dataPath, caPem } = await hubFolder();
    await writeFile(join(dataPath, "ca.json"), "");
    expect((await testHub({ dataPath })).caPem).toBe(caPem);
  });

  it.each(["cert", "key"] as const)(
    "makes an authority again when nothing of it is left but a damaged %s without a checksum, and lets devices in",
    async (half) => {
      const { dataPath, caPem, key } = await hubFolder();
      const pair = await pairIn(dataPath, "ca");
      await writeAlone(dataPath, "ca", { ...pair, [half]: flipped(pair[half]) });
      const hub = await testHub({ dataPath });
      expect(hub.caPem).not.toBe(caPem);
      const { cert } = await pairIn(dataPath, "server");
      expect(new X509Certificate(cert).verify(new X509Certificate(hub.caPem).publicKey)).toBe(true);
      // The genuine SDK, with the new authority alone: what a loop is given by a hub that starts.
      const { connectionString, symmetricKey } = await hub.enrolDevice("heater-1");
      expect(symmetricKey).toBe(key);
      await register(hub, "heater-1", { key });
      const client = await deviceClient(hub, connectionString);
      await client.open();
      await client.close();
      expect(hub.lines.map(({ event }) => event)).toContain("hub-authority-made");
    },
  );

  it.each(["cert", "key"] as const)("makes the server's pair again when its %s is damaged", async (half) => {
    const { dataPath, caPem } = await hubFolder();
    const pair = await pairIn(dataPath, "server");
    await writeAlone(dataPath, "server", { ...pair, [half]: flipped(pair[half]) });
    const hub = await testHub({ dataPath });
    expect(hub.caPem).toBe(caPem);
    const { connectionString } = await hub.enrolDevice("heater-1");
    const client = await deviceClient(hub, connectionString);
    await client.open();
    await client.close();
  });

  it("keeps a device's key although the settings have lost its enrolment", async () => {
    const { dataPath, key } = await hubFolder();
    for (const name of ["hub.json", "hub.json.previous"]) await writeFile(join(dataPath, name), "");
    const hub = await testHub({ dataPath });
    expect((await hub.enrolDevice("heater-1")).symmetricKey).toBe(key);
  });
});
