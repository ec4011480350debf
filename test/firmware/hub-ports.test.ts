/** The local hub's ports when another hub, or another program, has the usual ones. */
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../src/control/log.ts";
import { type LocalHub, startLocalHub } from "../../src/firmware/local-hub.ts";
import { temporaryFolder } from "../hub/running-hub.ts";

/** @returns the port; resolves also when somebody else has it already: taken it is in either case */
async function occupy(port: number): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch(() => undefined);
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

async function hubWithPageAt(pagePort: number): Promise<LocalHub> {
  const options = { dataPath: await temporaryFolder(), log: silentLog, device: "heater-1", pagePort };
  const hub = await startLocalHub(options);
  onTestFinished(() => hub.close());
  return hub;
}

describe("a local hub whose page's port was asked for", () => {
  it("takes other ports for devices and services where another hub has the usual ones", async () => {
    await occupy(8883);
    const { addresses } = await hubWithPageAt(0);
    expect(addresses.mqttPort).not.toBe(8883);
    expect(addresses.hubHost).toBe(`localhost:${addresses.mqttPort}`);
  });

  it("does not start on another port than that", async () => {
    const taken = await occupy(0);
    await expect(hubWithPageAt(taken)).rejects.toMatchObject({ code: "EADDRINUSE", port: taken });
  });
});
