/** The folder of firmware images as units fetch it from the hub, and as an intruder would. */
import { execFileSync } from "node:child_process";
import { mkdir, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { minutes } from "../../../src/base/units.ts";
import type { HubOptions, RunningHub } from "../../../src/hub/hub.ts";
import { addFirmwareFeed } from "../../../src/hub/page-server/firmware/firmware-feed.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { noProxy } from "../../../src/update/transport/proxy.ts";
import { systemTransport } from "../../../src/update/transport/transport.ts";
import { temporaryFolder, testHub } from "../running-hub.ts";

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 31) % 251));

async function withFeed(options: Partial<HubOptions> = {}) {
  const dataPath = await temporaryFolder();
  const feed = join(dataPath, "feed");
  await mkdir(feed);
  await writeFile(join(feed, "heater-1.2.0.image"), bytes);
  return { hub: await testHub({ dataPath, ...options }), dataPath, feed };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** With the path as it is: `fetch` would take `..` out of it. */
function send(hub: RunningHub, path: string, headers: Record<string, string> = {}, method = "GET") {
  return request({
    host: "127.0.0.1",
    port: hub.addresses.pagePort,
    path,
    method,
    headers: { host: "localhost", ...headers },
    agent: false,
  });
}

const opened = (asked: ClientRequest) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    asked.on("response", resolve).on("error", reject).end();
  });

async function ask(...args: Parameters<typeof send>): Promise<Answer> {
  const response = await opened(send(...args));
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

const image = "/feed/heater-1.2.0.image";

describe("the hub's feed of firmware images", () => {
  it("gives a file whole, without a password, as bytes that no browser takes for a page", async () => {
    const { hub } = await withFeed({ pagePassword: "a long password" });
    expect((await ask(hub, "/api/devices")).status).toBe(401);
    const { status, headers, body } = await ask(hub, image);
    expect(status).toBe(200);
    expect(body.equals(bytes)).toBe(true);
    expect(headers).toMatchObject({
      "content-length": String(bytes.length),
      "content-type": "application/octet-stream",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
    });
    const head = await ask(hub, image, {}, "HEAD");
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([200, "200000", 0]);
  });

  it.each([
    ["bytes=150000-", 206, "bytes 150000-199999/200000", 150_000, 200_000],
    ["bytes=10-19", 206, "bytes 10-19/200000", 10, 20],
    ["bytes=199990-900000", 206, "bytes 199990-199999/200000", 199_990, 200_000],
    ["bytes=-7", 206, "bytes 199993-199999/200000", 199_993, 200_000],
    ["bytes=200000-", 416, "bytes */200000", 0, 0],
    ["bytes=-0", 416, "bytes */200000", 0, 0],
    ["bytes=20-10", 200, undefined, 0, 200_000],
    ["bytes=0-1,5-6", 200, undefined, 0, 200_000],
    ["lines=1-2", 200, undefined, 0, 200_000],
  ])("answers the range %s with %d", async (range, status, contentRange, from, to) => {
    const { hub } = await withFeed();
    const got = await ask(hub, image, { range });
    expect([got.status, got.headers["content-range"]]).toEqual([status, contentRange]);
    expect(got.body.equals(bytes.subarray(from, to))).toBe(true);
  });

  it("resumes the same version, and sends all of another one", async () => {
    const { hub, feed } = await withFeed();
    const { headers } = await ask(hub, image, { range: "bytes=0-9" });
    const tag = headers.etag ?? "";
    expect(tag).toMatch(/^"[\w-]+"$/);
    const resume = { range: "bytes=10-", "if-range": tag };
    expect((await ask(hub, image, resume)).status).toBe(206);
    await writeFile(join(feed, "next"), Buffer.alloc(bytes.length, 7));
    await rename(join(feed, "next"), join(feed, "heater-1.2.0.image"));
    const other = await ask(hub, image, resume);
    expect([other.status, other.body.length, other.body[0]]).toEqual([200, bytes.length, 7]);
    expect(other.headers.etag).not.toBe(tag);
  });

  it("lets a unit's own download go on where it was", async () => {
    const { hub } = await withFeed();
    const transport = systemTransport({ proxy: noProxy, refusal: () => undefined });
    const request = {
      url: `http://localhost:${hub.addresses.pagePort}${image}`,
      headers: {},
      signal: AbortSignal.timeout(60_000),
    };
    const begun = await transport.open({ ...request, from: 0, etag: undefined });
    begun.close();
    const rest = await transport.open({ ...request, from: 150_000, etag: begun.etag });
    const chunks: Uint8Array[] = [];
    for await (const chunk of rest.chunks) chunks.push(chunk);
    expect([begun.size, rest.from, rest.size]).toEqual([200_000, 150_000, 200_000]);
    expect(Buffer.concat(chunks).equals(bytes.subarray(150_000))).toBe(true);
  });

  it("gives nothing but plain files of the folder", async () => {
    const { hub, feed, dataPath } = await withFeed();
    await writeFile(join(dataPath, "secret"), "secret");
    await writeFile(join(feed, ".hidden"), "secret");
    await writeFile(join(feed, "image.new"), "secret");
    await mkdir(join(feed, "folder"));
    await writeFile(join(feed, "folder", "file"), "secret");
    await symlink(join(dataPath, "secret"), join(feed, "link"));
    await symlink("heater-1.2.0.image", join(feed, "link-inside"));
    await symlink("/dev/zero", join(feed, "zero"));
    execFileSync("mkfifo", [join(feed, "fifo")]);
    const socket = createServer().listen(join(feed, "socket"));
    onTestFinished(() => void socket.close());
    const plain = ["", "folder", "folder/", "folder/file", "link", "link-inside", "zero", "fifo", "socket"];
    const hostile = [
      "../secret",
      "..%2fsecret",
      "%2e%2e/secret",
      "%2e%2e%2fsecret",
      "..",
      "%2e",
      "./",
      "%00",
    ];
    const others = [
      "folder%2ffile",
      "folder%5cfile",
      ".hidden",
      "image.new",
      "nothing",
      "%",
      "a".repeat(4000),
    ];
    for (const name of [...plain, ...hostile, ...others]) {
      const { status, body } = await ask(hub, `/feed/${name}`);
      expect([name, status]).toEqual([name, 404]);
      expect(body.toString()).not.toMatch(/secret|heater-1/);
    }
    expect((await ask(hub, "/feed")).status).toBe(404);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH"])("takes no %s", async (method) => {
    const { hub } = await withFeed();
    expect((await ask(hub, image, {}, method)).status).toBe(404);
    expect((await ask(hub, image)).body.length).toBe(bytes.length);
  });

  it("answers under the hub's own names only", async () => {
    const { hub } = await withFeed();
    expect((await ask(hub, image, { host: "elsewhere.example" })).status).toBe(403);
    expect((await ask(hub, image, { origin: "http://elsewhere.example" })).status).toBe(403);
  });

  it("offers nothing without the folder, and finds it when it is made later", async () => {
    const dataPath = await temporaryFolder();
    const hub = await testHub({ dataPath });
    expect((await ask(hub, "/feed/channel")).status).toBe(404);
    await mkdir(join(dataPath, "feed"));
    await writeFile(join(dataPath, "feed", "channel"), "text");
    expect((await ask(hub, "/feed/channel")).body.toString()).toBe("text");
    expect((await ask(await testHub(), "/feed/channel")).status).toBe(404);
  });

  it("gives an empty file, and breaks off when a file becomes shorter while it is sent", async () => {
    const { hub, feed } = await withFeed();
    await writeFile(join(feed, "empty"), "");
    const empty = await ask(hub, "/feed/empty");
    expect([empty.status, empty.headers["content-length"], empty.body.length]).toEqual([200, "0", 0]);
    // Larger than what the sockets hold: its end is not read yet when it is cut off.
    await writeFile(join(feed, "large"), "");
    await truncate(join(feed, "large"), 64 * 1024 * 1024);
    const response = await opened(send(hub, "/feed/large"));
    await truncate(join(feed, "large"), 1000);
    await expect(response.toArray()).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("refuses more downloads than its bound, and is free again when those end", async () => {
    const { hub, feed } = await withFeed();
    await writeFile(join(feed, "large"), "");
    await truncate(join(feed, "large"), 64 * 1024 * 1024);
    const waiting = await Promise.all(Array.from({ length: 50 }, () => opened(send(hub, "/feed/large"))));
    expect(waiting.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 50 }, () => 200));
    const refused = await ask(hub, image);
    expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "30"]);
    for (const response of waiting) response.destroy();
    let status = 503;
    while (status === 503) status = (await ask(hub, image)).status;
    expect(status).toBe(200);
  });

  it("ends a download that nobody reads, and follows a link that is the folder itself", async () => {
    const { feed } = await withFeed();
    const firmwareFeedPath = join(await temporaryFolder(), "feed");
    await symlink(feed, firmwareFeedPath);
    const clock = new VirtualClock();
    const app = new Hono();
    addFirmwareFeed(app, { clock, firmwareFeedPath });
    const unread = await Promise.all(Array.from({ length: 50 }, () => app.request(image)));
    expect((await app.request(image)).status).toBe(503);
    await clock.advance(minutes(9));
    expect((await app.request(image)).status).toBe(503);
    await clock.advance(minutes(1));
    await expect(unread[0]?.arrayBuffer()).rejects.toThrow("the client does not read this download");
    const next = await app.request(image);
    expect(next.status).toBe(200);
    expect((await next.arrayBuffer()).byteLength).toBe(bytes.length);
  });
});
