/** The installation of a fresh clone, with a registry that never answers. Takes real time: what is tested is a time limit. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { packageRoot } from "../../src/firmware/process/package-root.ts";

it("says within 15 s that the registry does not answer, and ends cleanly on Ctrl-C, to be begun again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "install-"));
  const parts = ["package.json", "package-lock.json", ".npmrc", "src/bootstrap"];
  for (const part of parts) cpSync(join(packageRoot, part), join(folder, part), { recursive: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const kept = Object.entries(process.env).filter(([name]) => !/proxy|^npm_/i.test(name));
  const env = { ...Object.fromEntries(kept), npm_config_registry: registry };
  const start = join(folder, "src/bootstrap/start.mjs");
  const startedAt = performance.now();
  const child = spawn(process.execPath, [start, "--version"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let said = "";
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (!said.includes("cannot be reached") || said.includes("interrupted")) continue;
    // Some seconds more than the limit, for a loaded machine.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    child.kill("SIGINT");
  }
  expect(await exited).toEqual([130, null]);
  expect(said).toContain("the next start begins it again");
  expect(existsSync(join(folder, "node_modules", ".package-lock.json"))).toBe(false);
}, 90_000);
