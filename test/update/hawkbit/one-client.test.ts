/** Requests to hawkBit take the way of downloads: the owner's proxy, authorities and certificate, and the app manifest's gate. */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { systemHttp } from "../../../src/update/hawkbit/http.ts";
import { noProxy } from "../../../src/update/transport/proxy.ts";
import { systemTransport } from "../../../src/update/transport/transport.ts";
import { makeAuthority } from "../../azure/link/certificates.ts";
import { FakeHawkbit } from "./fake/server.ts";
import { clientOf, signal } from "./rig.ts";

const authority = await makeAuthority();
const unit = await authority.issue("unit-1");
let server: FakeHawkbit;
let proxy: Server;
const asked: string[] = [];

beforeAll(async () => {
  server = await FakeHawkbit.start({ ...(await authority.issue("device.test")), ca: authority.cert });
  server.state.addTarget("unit-1");
  proxy = createServer();
  // Takes every name to this machine, for whoever has the password.
  proxy.on("connect", ({ url = "", headers }, client) => {
    const isAllowed = headers["proxy-authorization"] === `Basic ${btoa("unit:secret")}`;
    asked.push(`${isAllowed ? "" : "refused "}${url}`);
    if (!isAllowed) return client.end("HTTP/1.1 407 No\r\n\r\n");
    const target = connect(Number(url.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    target.on("error", () => client.destroy());
    client.on("error", () => target.destroy());
    return undefined;
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await server.close();
});

const portOf = (text: string): string => new URL(text).port;
const through = (password: string) => {
  const url = new URL(`http://unit:${password}@127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  return { https: url, http: url, direct: [] };
};
const check = (password: string, files: Readonly<Record<string, string>> = { ca: authority.cert }) =>
  clientOf(
    { url: `https://device.test:${portOf(server.url)}` },
    { id: "unit-1", token: "" },
    {
      clock: new VirtualClock(),
      proxy: through(password),
      settings: { targetToken: undefined, certificateFile: "cert", keyFile: "key", caFile: "ca" },
      readPem: (path) => ({ cert: unit.cert, key: unit.key, ...files })[path] ?? "",
    },
  ).check(signal);

describe("a unit behind a proxy, with an authority of its owner's and a certificate of its own", () => {
  it("asks hawkBit through the proxy, and is known by its certificate", async () => {
    expect(await check("secret")).toMatchObject({ assignment: null });
    expect(new Set(asked)).toEqual(new Set([`device.test:${portOf(server.url)}`]));
  });

  it("says that the proxy refuses it, without the password; and that the authority is another", async () => {
    const refused = await check("wrong").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "not-allowed", message: expect.stringContaining("407") });
    expect(String(refused)).not.toContain("wrong");
    const stranger = await makeAuthority();
    const untrusted = check("secret", { ca: stranger.cert });
    await expect(untrusted).rejects.toMatchObject({ message: expect.stringContaining('set "caFile"') });
  });

  it("asks no host that the app manifest does not grant, though the proxy would", async () => {
    const before = asked.length;
    const refusal = (host: string) => new Error(`EPERM: add "${host}"`);
    const http = systemHttp({ proxy: through("secret"), refusal });
    const url = new URL("https://device.test:1/");
    await expect(http({ method: "GET", url, headers: {}, signal })).rejects.toMatchObject({
      code: "not-granted",
    });
    expect(asked).toHaveLength(before);
  });

  it("shows its certificate to hawkBit for downloads as well, and to no other host", async () => {
    const options = { proxy: noProxy, authorities: authority.cert, refusal: () => undefined };
    const seenBy = async (origin: string): Promise<boolean[]> => {
      const local = await FakeHawkbit.start({ ...(await authority.issue("localhost")), ca: authority.cert });
      local.state.addTarget("unit-1");
      const identity = {
        origin: origin === "own" ? local.url : origin,
        certPem: unit.cert,
        keyPem: unit.key,
      };
      const url = `${local.url}/default/controller/v1/unit-1`;
      const open = systemTransport({ ...options, identity }).open({
        url,
        headers: {},
        from: 0,
        etag: undefined,
        signal,
      });
      const isKnown = await open.then(
        ({ close }) => {
          close();
          return true;
        },
        () => false,
      );
      await local.close();
      return [isKnown];
    };
    expect(await seenBy("own")).toEqual([true]);
    expect(await seenBy("https://other.test")).toEqual([false]);
  });
});
