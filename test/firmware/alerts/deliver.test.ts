import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { hours, millis } from "../../../src/base/units.ts";
import type { Alert } from "../../../src/firmware/alerts/alert.ts";
import { type Delivery, deliverer } from "../../../src/firmware/alerts/deliver.ts";
import { requestOf } from "../../../src/firmware/alerts/request.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";

const atMs = Date.UTC(2026, 11, 24, 20, 15);
const alert: Alert = {
  ...{ id: "id-1", code: "sensor-stale", kind: "fault", severity: "critical", title: "NO SENSOR" },
  ...{ text: "The heater is off. Check the cable.", active: true, sinceMs: atMs, atMs, times: 1 },
};
const sender = { device: "Küche", timeText: (ms: number) => new Date(ms).toISOString().slice(11, 16) };
const secretPath = "/topic-that-nobody-may-read?auth=s3cret";

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

async function serve(listener: RequestListener): Promise<URL> {
  const made = createServer(listener);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return new URL(`http://127.0.0.1:${(made.address() as AddressInfo).port}${secretPath}`);
}

interface Sent {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers every request with this status, and keeps what was sent. */
async function answering(status: number, headers: Record<string, string> = {}) {
  const sent: Sent[] = [];
  const url = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      sent.push({ headers: request.headers, body });
      response.writeHead(status, headers).end();
    });
  });
  return { url, sent };
}

function deliver(url: URL, format: "json" | "ntfy" = "json", timeLimit = millis(5000)): Promise<Delivery> {
  const send = deliverer({
    settings: { url, caPem: undefined },
    manifest: { connections: ["127.0.0.1", "localhost"] },
    env: {},
    clock: systemClock,
    timeLimit,
  });
  return send(requestOf(alert, 2, sender, { format, token: "tk_1" }));
}

describe("an alert", () => {
  it("goes to a webhook as JSON", async () => {
    const { url, sent } = await answering(204);
    expect(await deliver(url)).toEqual({ kind: "delivered" });
    expect(sent[0]?.headers).toMatchObject({
      "content-type": "application/json",
      authorization: "Bearer tk_1",
    });
    expect(JSON.parse(sent[0]?.body ?? "")).toEqual({
      ...{ version: 1, id: "id-1", device: "Küche", kind: "fault", code: "sensor-stale" },
      ...{ severity: "critical", state: "active", title: "NO SENSOR" },
      text: "The heater is off. Check the cable.",
      ...{ since: "2026-12-24T20:15:00.000Z", time: "2026-12-24T20:15:00.000Z", times: 1, leftOut: 2 },
    });
  });

  it("goes to ntfy as text, with a title in any letters, a priority and a tag", async () => {
    const { url, sent } = await answering(200);
    await deliver(url, "ntfy");
    const { headers, body } = sent[0] as Sent;
    expect(headers).toMatchObject({ priority: "5", tags: "rotating_light", authorization: "Bearer tk_1" });
    const title = /^=\?UTF-8\?B\?(.*)\?=$/.exec(String(headers["title"]))?.[1] ?? "";
    expect(Buffer.from(title, "base64").toString()).toBe("Küche: NO SENSOR");
    expect(body).toBe("The heater is off. Check the cable. 2 earlier messages could not be delivered.");
  });

  it("says at its end from when to when it was; without a right clock, no time at all", () => {
    const over = { ...alert, active: false, atMs: atMs + 600_000, times: 3 };
    const text = (each: Alert) => requestOf(each, 0, sender, { format: "ntfy", token: undefined }).body;
    expect(text(over)).toBe("It is over, from 20:15 to 20:25. It began 3 times.");
    expect(text({ ...over, sinceMs: 0, times: 1 })).toBe("It is over.");
    const { since } = JSON.parse(
      requestOf({ ...alert, sinceMs: 0 }, 0, sender, { format: "json", token: undefined }).body,
    );
    expect(since).toBeNull();
  });
});

describe("a server that", () => {
  it.each([
    [500, { kind: "later", forPerson: false }],
    [503, { kind: "later", forPerson: false }],
    [401, { kind: "later", forPerson: true }],
    [404, { kind: "later", forPerson: true }],
    [400, { kind: "refused" }],
    [413, { kind: "refused" }],
  ])("answers %i", async (status, outcome) => {
    const { url } = await answering(status);
    const delivery = await deliver(url);
    expect(delivery).toMatchObject({ ...outcome, reason: `${url.host} answered ${status}` });
  });

  it("asks for a pause gets one of an hour at most", async () => {
    expect(await deliver((await answering(429, { "Retry-After": "999999" })).url)).toMatchObject({
      kind: "later",
      forPerson: false,
      retryAfterMs: hours(1),
    });
  });

  it("redirects is not followed: the token stays here", async () => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(307, { Location: "/elsewhere" }).end();
    });
    const delivery = await deliver(url);
    expect(delivery).toMatchObject({ kind: "later", forPerson: true });
    expect(JSON.stringify(delivery)).toContain("redirects");
    expect(asked).toEqual([secretPath]);
  });

  it("hangs is left after the time limit", async () => {
    const url = await serve(() => {});
    expect(await deliver(url, "json", millis(50))).toMatchObject({ kind: "later", forPerson: false });
  });

  it("sends its answer byte by byte is left after the time limit", async () => {
    const url = await serve(({ socket }) => {
      const timer = setInterval(() => socket.write("H"), 5);
      socket.once("close", () => clearInterval(timer));
      socket.on("error", () => {});
    });
    const delivery = await deliver(url, "json", millis(100));
    expect(delivery).toMatchObject({ kind: "later" });
  });

  it("sends an endless body is closed after its head", async () => {
    let closed: () => void = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await serve((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024)), 1);
      response.once("close", () => {
        clearInterval(timer);
        closed();
      });
    });
    expect(await deliver(url)).toEqual({ kind: "delivered" });
    await isClosed;
  });

  it.each([
    [
      "sends endless headers",
      (text: string) => `HTTP/1.1 200 OK\r\n${`X-A: ${"a".repeat(1000)}\r\n`.repeat(100)}${text}`,
    ],
    ["speaks no HTTP", () => "220 smtp.example\r\n"],
    ["closes the connection", () => ""],
  ])("%s is tried later", async (_, answer) => {
    const url = await serve(({ socket }) => {
      socket.on("error", () => {});
      socket.end(answer(""));
    });
    expect(await deliver(url)).toMatchObject({ kind: "later" });
  });

  it("is not there is tried later", async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => server?.close(resolve));
    expect(await deliver(url)).toMatchObject({ kind: "later", forPerson: false });
  });

  it("the manifest does not name is not contacted, and the message says which line grants it", async () => {
    const delivery = await deliver(new URL("https://ntfy.example/secret-topic"));
    expect(delivery).toMatchObject({ kind: "later", forPerson: true });
    expect(JSON.stringify(delivery)).toContain("AllowedConnections");
  });
});

it("no outcome contains the secret part of the address", async () => {
  const urls = [(await answering(401)).url, new URL("https://ntfy.example/topic-that?auth=s3cret")];
  for (const url of urls) expect(JSON.stringify(await deliver(url))).not.toMatch(/topic-that|s3cret|tk_1/);
});
