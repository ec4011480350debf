/** The alert process as it is built, below a loop that is played here. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

const bundle = fileURLToPath(new URL("../../../dist/alerts.js", import.meta.url));

function startProcess(content: string) {
  const folder = mkdtempSync(join(tmpdir(), "alert-process-"));
  writeFileSync(join(folder, "alerts.json"), content, { mode: 0o600 });
  const child = fork(bundle, ["--data", folder], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const said: { kind: string; failure?: string; event?: string }[] = [];
  const exited = once(child, "exit");
  let wake = (): void => {};
  child.on("message", (message) => {
    said.push(message as (typeof said)[number]);
    wake();
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true });
  });
  return {
    folder,
    child,
    said,
    exited,
    async heard(is: (message: (typeof said)[number]) => boolean): Promise<void> {
      while (!said.some(is)) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

it("sends a fault that the loop tells of, keeps that it did, and ends when the loop says so", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const received = new Promise<string>((resolve) => {
    server.on("request", (request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        response.end();
        resolve(body);
      });
    });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/s3cret`;
  const { folder, child, said, heard, exited } = startProcess(JSON.stringify({ url, name: "attic" }));
  child.send({ kind: "conditions", faults: ["display-failed"], link: "none" });
  expect(JSON.parse(await received)).toMatchObject({
    device: "attic",
    code: "display-failed",
    state: "active",
  });
  await heard(({ event }) => event === "alert-delivered");
  expect(JSON.stringify(said)).not.toContain("s3cret");
  child.send({ kind: "stop" });
  expect(await exited).toEqual([0, null]);
  const record = join(folder, "alerts-told.json");
  expect(readFileSync(record, "utf8")).toContain("display-failed");
  expect(readFileSync(record, "utf8")).not.toContain("s3cret");
  expect(statSync(record).mode & 0o077).toBe(0);
});

it("says why, and stays, where alerts.json cannot be used: until a person corrects it nobody is told", async () => {
  const { said, child, heard } = startProcess('{"url": 1}');
  await heard(({ kind }) => kind === "health");
  expect(said.find(({ kind }) => kind === "health")?.failure).toContain("alerts.json:1");
  child.send({ kind: "ping" });
  await heard(({ kind }) => kind === "pong");
});

it("contacts no host that the manifest does not name, and says so", async () => {
  const { child, heard, said } = startProcess('{"url": "https://ntfy.example/s3cret"}');
  child.send({ kind: "conditions", faults: ["display-failed"], link: "none" });
  await heard(({ kind, failure }) => kind === "health" && failure !== undefined);
  expect(JSON.stringify(said)).toContain("AllowedConnections");
  expect(JSON.stringify(said)).not.toContain("s3cret");
});
