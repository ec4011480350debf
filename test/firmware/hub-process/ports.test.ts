/** The local hub's ports when another hub, or another program, has the usual ones. */
import { createServer, type Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  hubFolders,
  type LocalHub,
  type LocalHubOptions,
  startLocalHub,
} from "../../../src/firmware/hub-process/local-hub.ts";
import { readServiceAccess } from "../../../src/firmware/hub-process/service-access.ts";
import { homeSessionTime } from "../../../src/firmware/page-process/page-server.ts";
import { type LogLine, recordingLog, temporaryFolder } from "../../hub/running-hub.ts";

/** Takes a port, once whoever of this machine has it gives it back: hubs of other tests look for the same ones. */
async function occupy(port: number): Promise<{ port: number; free: () => Promise<void> }> {
  // Whoever on this machine looks for a hub there: it would keep the server open.
  const server = createServer((socket) => socket.destroy());
  const free = () => closed(server);
  onTestFinished(free);
  while (!(await listens(server, port))) await new Promise((resolve) => setTimeout(resolve, 50));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("a TCP server has an address");
  return { port: address.port, free };
}

const listens = (server: Server, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
  });

/** Ports that were free a moment ago; others of the machine may take them, so a test asks for several. */
async function freePorts(count: number): Promise<number[]> {
  const taken = await Promise.all(Array.from({ length: count }, () => occupy(0)));
  await Promise.all(taken.map(({ free }) => free()));
  return taken.map(({ port }) => port);
}

async function started(options: Partial<LocalHubOptions>): Promise<LocalHub & { lines: LogLine[] }> {
  const lines: LogLine[] = [];
  const { dataPath = await temporaryFolder() } = options;
  const hub = await startLocalHub({ log: recordingLog(lines), device: "heater-1", ...options, dataPath });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= hub.close();
    return closing;
  };
  onTestFinished(close);
  return { ...hub, close, lines };
}

const portsOf = ({ addresses: { mqttPort, restPort, pagePort } }: LocalHub) => [mqttPort, restPort, pagePort];

describe("a local hub whose page's port was asked for", { timeout: 180_000 }, () => {
  it("takes other ports for devices and services where another hub has the usual ones", async () => {
    await occupy(8883);
    const { addresses } = await started({ pagePort: 0 });
    expect(addresses.mqttPort).not.toBe(8883);
    expect(addresses.hubHost).toBe(`localhost:${addresses.mqttPort}`);
  });

  it("does not start on another port than that", async () => {
    const { port } = await occupy(0);
    await expect(started({ pagePort: port })).rejects.toMatchObject({ code: "EADDRINUSE", port });
  });
});

describe("a local hub beside another", { timeout: 180_000 }, () => {
  it("takes another port for each one that is taken, says which, and finds the same ones at its next start", async () => {
    for (const port of [8883, 8443, 8780]) await occupy(port);
    const dataPath = await temporaryFolder();
    const first = await started({ dataPath });
    const ports = portsOf(first);
    expect(ports.filter((port) => [8883, 8443, 8780].includes(port))).toEqual([]);
    const said = first.lines.filter(({ event }) => event === "hub-port").map(({ fields }) => fields["now"]);
    expect(said).toEqual(ports);
    await first.close();
    const second = await started({ dataPath });
    expect(portsOf(second)).toEqual(ports);
  });

  it("moves only the port that is taken, and devices keep theirs", async () => {
    const allowedPorts = await freePorts(6);
    const dataPath = await temporaryFolder();
    const first = await started({ dataPath, allowedPorts });
    const [mqtt, rest, page] = portsOf(first);
    await first.close();
    await occupy(rest ?? 0);
    const second = await started({ dataPath, allowedPorts });
    const [mqttNow, restNow, pageNow] = portsOf(second);
    expect([mqttNow, pageNow]).toEqual([mqtt, page]);
    expect(restNow).not.toBe(rest);
    expect(allowedPorts).toContain(restNow);
  });

  it("uses no port but those that are allowed, and says so when none of them is free", async () => {
    const allowedPorts = await freePorts(3);
    const hub = await started({ allowedPorts, pagePort: 0 });
    expect(portsOf(hub).sort()).toEqual([...allowedPorts].sort());
    await expect(started({ allowedPorts })).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: expect.stringContaining(`none of the allowed ports is free (${allowedPorts[0]}`),
    });
  });
});

describe("the addresses of a local hub", { timeout: 180_000 }, () => {
  const deviceHostOf = (dataPath: string) => readServiceAccess(hubFolders(dataPath).hub)?.deviceHost;

  it("for people are the page's, and none without a page", async () => {
    const { urls, addresses } = await started({ pagePort: 0 });
    expect(urls).toEqual([addresses.pageUrl]);
    expect((await started({ page: "off" })).urls).toEqual([]);
  });

  it("for devices are where the hub is, also without a page, or with one that is open to the house", async () => {
    const password = { edition: undefined, isRight: async () => false, setFirst: async () => undefined };
    const lan = { password, sessionTime: homeSessionTime };
    for (const page of ["off", lan] as const) {
      const dataPath = await temporaryFolder();
      const { addresses } = await started({ dataPath, page, pagePort: 0 });
      expect(deviceHostOf(dataPath)).toBe(addresses.hubHost);
      expect(addresses.hubHost).toMatch(/^localhost/);
    }
  });
});
