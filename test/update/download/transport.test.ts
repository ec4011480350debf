/** Downloads from a real server that answers as it should not, each way by its name. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { guardConnections } from "../../../src/manifest/network/connections.ts";
import { noProxy } from "../../../src/update/transport/proxy.ts";
import { systemTransport } from "../../../src/update/transport/transport.ts";
import { codeOf, locationOf, never, noise, pausing, rig } from "./rig.ts";
import { type Answer, documentOf, type WebServer, webServer } from "./web-server.ts";

const image = noise(200_000);
const control = { signal: never };
let server: WebServer;
beforeEach(async () => {
  server = await webServer(documentOf(image, { etag: '"one"' }));
});
afterEach(() => server.close());

describe("a download", () => {
  it("is on the disk with its SHA-256, and says how far it is", async () => {
    const { downloader, content } = rig();
    const percents: number[] = [];
    const got = await downloader.fetch(locationOf(server.url, image), {
      signal: never,
      progress: (percent) => percents.push(percent),
    });
    expect(got).toMatchObject({ size: image.length, sha256: locationOf("", image).sha256 });
    expect(image.equals((await content()) ?? Buffer.alloc(0))).toBe(true);
    expect(percents.at(-1)).toBe(100);
    expect(percents).toEqual([...new Set(percents)].sort((a, b) => a - b));
  });

  it("is not fetched again when it is here already", async () => {
    const { downloader, disk } = rig();
    await downloader.fetch(locationOf(server.url, image), control);
    await rig({}, disk).downloader.fetch(locationOf(server.url, image), control);
    expect(server.requests).toHaveLength(1);
  });

  it("goes on where it broke off, with If-Range, until it is whole", async () => {
    server.answer = documentOf(image, { etag: '"one"', breakAfter: 70_000 });
    const { downloader, content } = rig();
    await downloader.fetch(locationOf(server.url, image), control);
    expect(image.equals((await content()) ?? Buffer.alloc(0))).toBe(true);
    expect(server.requests.length).toBeGreaterThan(2);
    expect(server.requests.at(-1)?.headers).toMatchObject({ "if-range": '"one"' });
    expect(server.requests.at(-1)?.headers.range).toMatch(/^bytes=\d+-$/);
  });

  it("goes on in a later process, with the entity tag of before", async () => {
    server.answer = documentOf(image, { etag: '"one"', breakAfter: 70_000 });
    const first = rig();
    const abort = new AbortController();
    const progress = (percent: number): void => {
      if (percent > 20) abort.abort(new Error("the unit restarts"));
    };
    await expect(
      first.downloader.fetch(locationOf(server.url, image), { signal: abort.signal, progress }),
    ).rejects.toThrow("the unit restarts");
    server.answer = documentOf(image, { etag: '"one"' });
    const before = server.requests.length;
    await rig({}, first.disk).downloader.fetch(locationOf(server.url, image), control);
    expect(server.requests.slice(before).map(({ headers }) => headers["if-range"])).toEqual(['"one"']);
    expect(Number(/\d+/.exec(server.requests.at(-1)?.headers.range ?? "")?.[0])).toBeGreaterThan(30_000);
  });

  it("survives a truncation at every chunk", async () => {
    const small = noise(3000);
    for (let cut = 0; cut < small.length; cut += 250) {
      let first = true;
      server.answer = (request, response) => {
        documentOf(small, { etag: '"s"', ...(first && { breakAfter: cut }) })(request, response);
        first = false;
      };
      const { downloader, content } = rig();
      await downloader.fetch(locationOf(server.url, small), control);
      expect(small.equals((await content()) ?? Buffer.alloc(0)), `cut at ${cut}`).toBe(true);
    }
  });

  it("begins anew when the server answers 200 to a range", async () => {
    let first = true;
    server.answer = (request, response) => {
      documentOf(image, { etag: '"one"', ignoreRange: true, ...(first && { breakAfter: 70_000 }) })(
        request,
        response,
      );
      first = false;
    };
    const { downloader, content } = rig();
    await downloader.fetch(locationOf(server.url, image), control);
    expect(image.equals((await content()) ?? Buffer.alloc(0))).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ["200 with the new whole, as If-Range asks", false],
    ["206 all the same", true],
  ])("begins anew when the entity tag changed meanwhile: %s", async (_, careless) => {
    const old = Buffer.from(image).fill(7, 0, 1000);
    let first = true;
    server.answer = (request, response) => {
      if (first) documentOf(old, { etag: '"old"', breakAfter: 70_000 })(request, response);
      else {
        if (careless && request.headers.range) delete request.headers["if-range"];
        documentOf(image, { etag: '"new"' })(request, response);
      }
      first = false;
    };
    const { downloader, content } = rig();
    await downloader.fetch(locationOf(server.url, image), control);
    expect(image.equals((await content()) ?? Buffer.alloc(0))).toBe(true);
  });

  it("begins anew, once, when the parts do not make the whole and no entity tag told", async () => {
    const old = Buffer.from(image).fill(7, 0, 1000);
    let first = true;
    server.answer = (request, response) => {
      documentOf(first ? old : image, first ? { breakAfter: 70_000 } : {})(request, response);
      first = false;
    };
    const { downloader, content } = rig();
    await downloader.fetch(locationOf(server.url, image), control);
    expect(image.equals((await content()) ?? Buffer.alloc(0))).toBe(true);
    expect(server.requests).toHaveLength(3);
  });

  it("never goes on without an entity tag where no SHA-256 is known", async () => {
    let first = true;
    server.answer = (request, response) => {
      documentOf(image, first ? { breakAfter: 70_000 } : {})(request, response);
      first = false;
    };
    const { sha256: _, ...location } = locationOf(server.url, image);
    await rig().downloader.fetch(location, control);
    expect(server.requests.at(-1)?.headers.range).toBeUndefined();
  });

  it("ends at the announced size of a body without an end", async () => {
    let sent = 0;
    server.answer = (_, response) => {
      response.writeHead(200, {});
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)) && sent < 1e9) sent += 16_384;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    const { downloader, disk } = rig();
    expect(await codeOf(downloader.fetch(locationOf(server.url, image), control))).toBe("wrong-length");
    expect(sent).toBeLessThan(50_000_000);
    expect(disk.names.filter((name) => name.endsWith("/download"))).toEqual([]);
  });

  it("refuses a Content-Length that is not the announced size, before a byte is taken", async () => {
    server.answer = documentOf(Buffer.concat([image, image]));
    const { downloader, disk } = rig();
    expect(await codeOf(downloader.fetch(locationOf(server.url, image), control))).toBe("wrong-length");
    expect(disk.names.some((name) => name.endsWith("/download"))).toBe(false);
  });

  it("takes a Content-Length that promises more than comes for a connection that broke", async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { "Content-Length": image.length });
      response.write(image.subarray(0, 1000), () => response.destroy());
    };
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe("unreachable");
    expect(server.requests.length).toBe(5);
  });

  it("refuses another part than the one asked for", async () => {
    server.answer = (request, response) => {
      if (request.headers.range === undefined)
        return documentOf(image, { etag: '"one"', breakAfter: 70_000 })(request, response);
      response
        .writeHead(206, { "Content-Range": `bytes 0-99/${image.length}`, ETag: '"one"' })
        .end(image.subarray(0, 100));
    };
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe(
      "invalid-answer",
    );
  });

  it("refuses a part that it never asked for, and bytes that were packed", async () => {
    server.answer = (_, response) =>
      void response
        .writeHead(206, { "Content-Range": `bytes 0-9/${image.length}` })
        .end(image.subarray(0, 10));
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe(
      "invalid-answer",
    );
    server.answer = documentOf(image, { headers: { "Content-Encoding": "gzip" } });
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe(
      "invalid-answer",
    );
  });

  it("takes 416 for a document that has become shorter: all of it again", async () => {
    let calls = 0;
    server.answer = (request, response) => {
      calls += 1;
      if (calls === 1) return documentOf(image, { breakAfter: 70_000 })(request, response);
      if (request.headers.range !== undefined) return void response.writeHead(416).end();
      documentOf(image)(request, response);
    };
    const { downloader, content } = rig();
    await downloader.fetch(locationOf(server.url, image), control);
    expect(image.equals((await content()) ?? Buffer.alloc(0))).toBe(true);
  });

  it.each([
    [401, "not-allowed", 1],
    [403, "not-allowed", 1],
    [404, "gone", 1],
    [410, "gone", 1],
    [429, "too-many-requests", 5],
    [500, "unreachable", 5],
    [503, "unreachable", 5],
    [418, "invalid-answer", 1],
  ])("takes %i for %s, after %i requests", async (status, code, requests) => {
    server.answer = (_, response) => void response.writeHead(status).end("<html>");
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe(code);
    expect(server.requests).toHaveLength(requests);
  });

  it.each([
    ["120", 120_000],
    ["0", 1000],
    ["99999999", 86_400_000],
    ["Sat, 28 Nov 2026 10:01:00 GMT", 60_000],
    ["soon", undefined],
  ])("hands on Retry-After: %s", async (given, expected) => {
    server.answer = (_, response) =>
      void response.writeHead(503, { "Retry-After": given, Date: "Sat, 28 Nov 2026 10:00:00 GMT" }).end();
    const work = rig().downloader.fetch(locationOf(server.url, image), control);
    await expect(work).rejects.toMatchObject({ code: "unreachable", retryAfterMs: expected });
    // It is the updater that waits so long.
    expect(server.requests).toHaveLength(expected === undefined ? 5 : 1);
  });

  it("refuses what is larger than this unit takes, without asking", async () => {
    const location = locationOf(server.url, image, { size: 100_000_001 });
    expect(await codeOf(rig().downloader.fetch(location, control))).toBe("too-large");
    expect(server.requests).toHaveLength(0);
  });

  it("refuses another content than was announced, and leaves nothing of it", async () => {
    const { downloader, disk } = rig();
    const location = locationOf(server.url, image, { sha256: "0".repeat(64) });
    expect(await codeOf(downloader.fetch(location, control))).toBe("wrong-content");
    expect(disk.names).toEqual([]);
  });

  it("ends at once when it is called off", async () => {
    server.answer = (_, response) =>
      void response.writeHead(200, { "Content-Length": image.length }).write("x");
    const abort = new AbortController();
    const progress = (): void => abort.abort(new Error("canceled"));
    const work = rig().downloader.fetch(locationOf(server.url, image), { signal: abort.signal, progress });
    await expect(work).rejects.toThrow("canceled");
    await expect.poll(() => server.requests[0]?.destroyed).toBe(true);
  });
});

describe("redirects", () => {
  const to =
    (url: string): Answer =>
    (_, response) =>
      void response.writeHead(302, { Location: url }).end();

  it("are followed on the same host, with the headers, and to another one without them", async () => {
    const other = await webServer(documentOf(image));
    server.answer = (request, response) =>
      request.url === "/" ? to("/next")(request, response) : to(`${other.url}/there`)(request, response);
    const location = locationOf(server.url, image, { headers: { Authorization: "TargetToken secret" } });
    await rig().downloader.fetch(location, control);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill("TargetToken secret"),
    );
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    await other.close();
  });

  it("are not followed without an end, nor to what is no web address", async () => {
    server.answer = to("/again");
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe("redirect");
    expect(server.requests).toHaveLength(6);
    server.answer = to("file:///etc/passwd");
    expect(await codeOf(rig().downloader.fetch(locationOf(server.url, image), control))).toBe("redirect");
  });

  it("are not followed to a host that the manifest does not grant", async () => {
    const refusal = (host: string) =>
      host === "127.0.0.1" ? undefined : new Error(`add "${host}" to AllowedConnections`);
    const gated = systemTransport({ proxy: noProxy, refusal });
    server.answer = to("http://elsewhere.example/image");
    const work = rig({ transport: gated }).downloader.fetch(locationOf(server.url, image), control);
    await expect(work).rejects.toMatchObject({
      code: "not-granted",
      message: expect.stringContaining("elsewhere.example"),
    });
  });
});

it("the gate on sockets is what allows a host, also where nobody asked the manifest before", async () => {
  const down = guardConnections(
    { connections: ["localhost"], tcpServerPorts: [], udpServerPorts: [] },
    "none",
  );
  try {
    const work = rig().downloader.fetch(locationOf(server.url, image), control);
    await expect(work).rejects.toMatchObject({
      code: "not-granted",
      message: expect.stringContaining("AllowedConnections"),
    });
    expect(server.requests).toEqual([]);
  } finally {
    down();
  }
});

describe("the minimum rate", () => {
  it("ends a connection that stands still, and one that answers nothing", async () => {
    server.answer = () => {};
    const { downloader } = rig({
      clock: pausing(1000),
      minimumRate: { bytes: 1, within: seconds(0.05) },
    });
    expect(await codeOf(downloader.fetch(locationOf(server.url, image), control))).toBe("too-slow");
    server.answer = (_, response) =>
      void response.writeHead(200, { "Content-Length": image.length }).write("x");
    expect(await codeOf(downloader.fetch(locationOf(server.url, image), control))).toBe("too-slow");
  });
});

describe("a download out of a folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stick-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const url = (name: string): string => pathToFileURL(join(folder, name)).href;

  it("is copied, and goes on where it was", async () => {
    writeFileSync(join(folder, "image"), image);
    const { downloader, disk, content } = rig();
    await downloader.fetch(locationOf(url("image"), image), control);
    expect(readFileSync(join(folder, "image")).equals((await content()) ?? Buffer.alloc(0))).toBe(true);
    rmSync(join(folder, "image"));
    await rig({}, disk).downloader.fetch(locationOf(url("image"), image), control);
  });

  it("refuses what is no regular file, at once", async () => {
    execFileSync("mkfifo", [join(folder, "fifo")]);
    for (const place of [url("fifo"), url(""), "file:///dev/zero"])
      expect(await codeOf(rig().downloader.fetch(locationOf(place, image), control)), place).toBe(
        "invalid-answer",
      );
    expect(await codeOf(rig().downloader.fetch(locationOf(url("absent"), image), control))).toBe("gone");
    expect(await codeOf(rig().downloader.fetch(locationOf("file://host/share", image), control))).toBe(
      "invalid-answer",
    );
    expect(await codeOf(rig().downloader.fetch(locationOf("ftp://x/y", image), control))).toBe(
      "invalid-answer",
    );
  });
});
