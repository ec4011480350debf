import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import workerThreads, { setEnvironmentData, Worker, type WorkerOptions } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { grantsKey } from "../../../src/manifest/network/threads.ts";
import { guard, httpServer, undo } from "./guarded.ts";

/** A dependency's worker: tries the port of its argument, in each way, and posts what came of it. */
const attempts = `
  const outcome = (emitter, good) => new Promise((resolve) => {
    emitter.once("error", (error) => resolve(error.message));
    emitter.once(good, () => { resolve("open"); emitter.destroy(); });
  });
  const all = async (port, { net, tls, dns }) => ({
    plain: await outcome(net.connect(port, "127.0.0.1"), "connect"),
    tls: await outcome(tls.connect(port, "127.0.0.1"), "secureConnect"),
    fetch: await fetch("http://127.0.0.1:" + port).then(() => "open", ({ cause }) => cause.message),
    name: await dns.promises.resolve("evil.example").then(() => "open", (error) => error.message),
  });`;
const modules = '{ net: require("node:net"), tls: require("node:tls"), dns: require("node:dns") }';
const asText = `${attempts}
  const { parentPort, workerData } = require("node:worker_threads");
  all(workerData, ${modules}).then((found) => parentPort.postMessage(found));`;
const asModule = `
  import net from "node:net"; import tls from "node:tls"; import dns from "node:dns";
  import { parentPort, workerData } from "node:worker_threads";
  ${attempts}
  parentPort.postMessage(await all(workerData, { net, tls, dns }));`;
const inWorkersWorker = `
  const { parentPort, workerData, Worker } = require("node:worker_threads");
  const child = new Worker(${JSON.stringify(asText)}, { eval: true, workerData });
  child.once("message", (found) => parentPort.postMessage(found));
  child.once("error", (error) => parentPort.postMessage(String(error)));`;

/** A file of a package that is gone with the test. */
function fileWith(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gate-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function answerOf(file: string | URL, options: WorkerOptions): Promise<Record<string, string>> {
  const worker = new Worker(file, options);
  undo.push(() => worker.terminate());
  const [found] = await once(worker, "message");
  return found;
}

const host = expect.stringMatching(/^EPERM: a connection to 127\.0\.0\.1 .*"AllowedConnections": \[/);
const name = expect.stringMatching(/^EPERM: a look-up of evil\.example .*"AllowedConnections": \[/);
const everythingRefused = { plain: host, tls: host, fetch: host, name };

const kinds: readonly [string, () => [string | URL, WorkerOptions?]][] = [
  ["a text", () => [asText, { eval: true }]],
  ["a CommonJS file", () => [fileWith("worker.cjs", asText)]],
  ["a module file", () => [fileWith("worker.mjs", asModule)]],
  ["a data URL", () => [new URL(`data:text/javascript,${encodeURIComponent(asModule)}`)]],
  ["a worker of a worker", () => [inWorkersWorker, { eval: true }]],
  ["an environment of its own", () => [asText, { eval: true, env: { NODE_OPTIONS: "--no-warnings" } }]],
  ["options of its own", () => [asText, { eval: true, execArgv: ["--no-warnings"] }]],
];

describe("the gate in worker threads", () => {
  it.each(kinds)("refuses an undeclared host and name to a worker that is %s", async (_, make) => {
    const port = await httpServer();
    guard({});
    const [file, options] = make();
    expect(await answerOf(file, { ...options, workerData: port })).toEqual(everythingRefused);
  });

  it("refuses it to a module that a preload option of the worker imports", async () => {
    const port = await httpServer();
    guard({});
    const early = fileWith(
      "early.mjs",
      `${attempts} import net from "node:net"; import tls from "node:tls"; import dns from "node:dns";
       globalThis.early = all(${port}, { net, tls, dns });`,
    );
    const code =
      "globalThis.early.then((found) => require('node:worker_threads').parentPort.postMessage(found))";
    const file = fileWith("worker.cjs", code);
    expect(await answerOf(file, { execArgv: ["--import", early] })).toEqual(everythingRefused);
  });

  it("lets a worker connect to what is granted", async () => {
    const port = await httpServer();
    guard({ AllowedConnections: ["127.0.0.1"] });
    const found = await answerOf(asText, { eval: true, workerData: port });
    expect(found).toMatchObject({ plain: "open", fetch: "open", name });
  });

  it("grants a worker no more when other code overwrites its environment data", async () => {
    const port = await httpServer();
    guard({});
    undo.push(() => setEnvironmentData(grantsKey, undefined as never));
    setEnvironmentData(grantsKey, { connections: ["127.0.0.1"], tcpServerPorts: [], udpServerPorts: [] });
    expect(await answerOf(asText, { eval: true, workerData: port })).toEqual(everythingRefused);
  });

  it("leaves no trace once taken down", async () => {
    const port = await httpServer();
    const former = workerThreads.Worker;
    guard({});
    expect(workerThreads.Worker).not.toBe(former);
    await undo.pop()?.();
    expect(workerThreads.Worker).toBe(former);
    expect(await answerOf(asText, { eval: true, workerData: port })).toMatchObject({ plain: "open" });
  });
});

describe("Node's own network bindings", () => {
  const binding = (name: string): unknown =>
    Reflect.apply(Reflect.get(process, "binding") as (name: string) => unknown, process, [name]);

  it("are not handed out", () => {
    guard({});
    for (const name of ["tcp_wrap", "udp_wrap", "cares_wrap"])
      expect(() => binding(name), name).toThrow(/EPERM.*process\.binding.*use node:net/);
  });

  it("leave the others alone, which old packages ask for", () => {
    guard({});
    expect(binding("util")).toBeTypeOf("object");
  });
});
