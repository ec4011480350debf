import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemMachine } from "../../../../src/firmware/doctor/machine.ts";
import { checkLocalSocket } from "../../../../src/firmware/doctor/remote/local-socket.ts";
import { localProtocol } from "../../../../src/firmware/local-socket/messages.ts";
import { describeDataFolder } from "../../../../src/firmware/storage/data-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doctor-socket-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const check = (running: boolean) => checkLocalSocket(systemMachine(), describeDataFolder(folder), running);

async function listen(greeting: string): Promise<string> {
  const path = join(folder, "control.sock");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.write(greeting);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o600);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}
const hello = `${JSON.stringify({ kind: "hello", protocol: localProtocol, firmware: "1" })}\n`;

describe("the socket of a running device", () => {
  it("is in order where the device answers", async () => {
    await listen(hello);
    expect(await check(true)).toMatchObject({ status: "ok" });
  });

  it.each([
    ["is missing", async () => {}, "there is no"],
    ["is a file", async () => writeFileSync(join(folder, "control.sock"), ""), "is not a socket"],
    ["can be used by others", async () => chmodSync(await listen(hello), 0o666), "by others"],
    ["answers nonsense", () => listen("220 smtp\n"), ""],
  ])("that %s has its remedy", async (_, prepare, detail) => {
    await prepare();
    const finding = await check(true);
    expect(finding).toMatchObject({ status: "warn", remedy: expect.stringMatching(/./) });
    expect(finding.detail).toContain(detail);
  });
});

it("is not looked for where no device runs, nor is one that a killed device left a problem", async () => {
  expect(await check(false)).toMatchObject({ status: "ok" });
  await listen(hello);
  expect(await check(false)).toMatchObject({ status: "ok" });
});
