/** Through a real proxy, to a real server with TLS whose authority is the owner's own. */
import { createServer as createHttp, request as httpRequest, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  noProxy,
  type ProxySettings,
  proxyFor,
  proxyOfEnvironment,
} from "../../../src/update/transport/proxy.ts";
import { systemTransport } from "../../../src/update/transport/transport.ts";
import { makeAuthority } from "../../azure/link/certificates.ts";
import { codeOf, locationOf, never, noise, rig } from "./rig.ts";
import { documentOf } from "./web-server.ts";

const image = noise(50_000);
const control = { signal: never };
const authority = await makeAuthority();
const { cert, key } = await authority.issue("device.test");
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Takes every name to this machine, as the proxy of a plant's network resolves what a unit cannot. */
async function proxy(asked: string[], password?: string): Promise<URL> {
  const isAllowed = (given: string | undefined): boolean =>
    password === undefined || given === `Basic ${Buffer.from(`unit:${password}`).toString("base64")}`;
  const server = createHttp((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (!isAllowed(request.headers["proxy-authorization"])) {
      response.writeHead(407).end();
      return;
    }
    const { port, pathname } = new URL(request.url ?? "");
    const { range = "bytes=0-", "if-range": condition } = request.headers;
    const headers = { range, ...(condition !== undefined && { "if-range": String(condition) }) };
    httpRequest({ host: "127.0.0.1", port, path: pathname, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    }).end();
  });
  server.on("connect", (request, client) => {
    asked.push(`CONNECT ${request.url}`);
    if (!isAllowed(request.headers["proxy-authorization"])) {
      client.end("HTTP/1.1 407 No\r\n\r\n");
      return;
    }
    const target = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    target.on("error", () => client.destroy());
    client.on("error", () => target.destroy());
  });
  const at = new URL(`http://127.0.0.1:${await listening(server)}`);
  if (password !== undefined) [at.username, at.password] = ["unit", password];
  return at;
}

const settings = (url: URL): ProxySettings => ({ https: url, http: url, direct: [] });
const through = (by: ProxySettings, more: Partial<Parameters<typeof systemTransport>[0]> = {}) =>
  rig({
    transport: systemTransport({ proxy: by, refusal: () => undefined, authorities: authority.cert, ...more }),
  }).downloader;

describe("behind a proxy", () => {
  let port: number;
  beforeEach(async () => {
    port = await listening(createHttps({ cert, key }, documentOf(image, { etag: '"one"' })));
  });

  it("a download comes through a tunnel, and its server is proved by its certificate", async () => {
    const asked: string[] = [];
    const location = locationOf(`https://device.test:${port}/image`, image);
    await through(settings(await proxy(asked))).fetch(location, control);
    expect(asked).toEqual([`CONNECT device.test:${port}`]);
    const other = locationOf(`https://other.test:${port}/image`, image);
    expect(await codeOf(through(settings(await proxy([]))).fetch(other, control))).toBe("not-trusted");
  });

  it("a download in clear text asks the proxy with the whole address, and goes on where it broke off", async () => {
    const asked: string[] = [];
    let first = true;
    const plain = await listening(
      createHttp((request, response) => {
        documentOf(image, { etag: '"one"', ...(first && { breakAfter: 20_000 }) })(request, response);
        first = false;
      }),
    );
    const location = locationOf(`http://device.test:${plain}/image`, image);
    await through(settings(await proxy(asked))).fetch(location, control);
    expect(asked).toEqual(Array(2).fill(`GET http://device.test:${plain}/image`));
  });

  it("gives its name and password, and says when they are wrong, without them", async () => {
    const right = await proxy([], "pa ss%");
    const location = locationOf(`https://device.test:${port}/image`, image);
    await through(settings(right)).fetch(location, control);
    const wrong = new URL(right.href);
    wrong.password = "secret";
    for (const place of [location, locationOf(`http://device.test:${port}/image`, image)]) {
      const error: Error = await through(settings(wrong))
        .fetch(place, control)
        .then(
          () => new Error("done"),
          (reason) => reason,
        );
      expect(error).toMatchObject({ code: "not-allowed" });
      expect(error.message).not.toContain("secret");
    }
  });

  it("asks the manifest for the host that is meant: the gate on sockets sees the proxy alone", async () => {
    const asked: string[] = [];
    const refusal = (host: string) => (host === "device.test" ? new Error(`add "${host}"`) : undefined);
    const location = locationOf(`https://device.test:${port}/image`, image);
    expect(await codeOf(through(settings(await proxy(asked)), { refusal }).fetch(location, control))).toBe(
      "not-granted",
    );
    expect(asked).toEqual([]);
  });

  it("takes what is no proxy, or none at all, for a failure that may pass", async () => {
    const location = locationOf(`https://device.test:${port}/image`, image);
    const web = new URL(
      `http://127.0.0.1:${await listening(createHttp((_, response) => response.end("hello")))}`,
    );
    expect(await codeOf(through(settings(web)).fetch(location, control))).toBe("unreachable");
    expect(await codeOf(through(settings(new URL("http://127.0.0.1:1"))).fetch(location, control))).toBe(
      "unreachable",
    );
  });
});

it("a server whose authority nobody trusts is refused, and what to do is said", async () => {
  const port = await listening(createHttps({ cert, key }, documentOf(image)));
  const { downloader } = rig({ transport: systemTransport({ proxy: noProxy, refusal: () => undefined }) });
  const work = downloader.fetch(locationOf(`https://127.0.0.1:${port}/`, image), control);
  await expect(work).rejects.toMatchObject({
    code: "not-trusted",
    message: expect.stringContaining("caFile"),
  });
});

describe("which proxy", () => {
  const env = {
    HTTPS_PROXY: "proxy.example:3128",
    http_proxy: "http://plain.example",
    NO_PROXY: "intern, .house.test,x.test:8443",
  };
  it.each([
    ["https://a.example/x", "proxy.example:3128"],
    ["http://a.example/x", "plain.example"],
    ["https://intern/x", undefined],
    ["https://a.intern/x", undefined],
    ["https://notintern/x", "proxy.example:3128"],
    ["https://hub.house.test/", undefined],
    ["https://x.test:8443/", undefined],
    ["https://x.test/", "proxy.example:3128"],
    ["http://127.0.0.1:8080/", undefined],
    ["https://localhost/", undefined],
  ])("%s goes through %s", (url, host) => {
    expect(proxyFor(new URL(url), proxyOfEnvironment(env))?.host).toBe(host);
  });

  it("none without the variables, or for all hosts; and a wrong one is named without its password", () => {
    expect(proxyFor(new URL("https://a.example"), proxyOfEnvironment({}))).toBeUndefined();
    expect(
      proxyFor(new URL("https://a.example"), proxyOfEnvironment({ ...env, no_proxy: "*" })),
    ).toBeUndefined();
    for (const wrong of ["socks5://u:secret@h", "http://", "http://u:secret%@h", "http://u:secret@:1"]) {
      expect(() => proxyOfEnvironment({ HTTPS_PROXY: wrong })).toThrow(
        /^HTTPS_PROXY is not the address of a proxy/,
      );
      expect(() => proxyOfEnvironment({ HTTPS_PROXY: wrong })).not.toThrow(/secret/);
    }
  });
});
