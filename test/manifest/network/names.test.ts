import dns, { lookup, promises, Resolver } from "node:dns";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { errorOf, guard, httpServer, refusal } from "./guarded.ts";

const stranger = "secret.evil.example";
const refused = refusal("AllowedConnections", `"AllowedConnections": ["heater.example", "${stranger}"]`);

/** What a function needs beside the name. */
const further: Readonly<Record<string, readonly unknown[]>> = { lookupService: [80] };
const asking = (target: object): string[] =>
  Object.getOwnPropertyNames(target).filter((name) => /^(lookup|resolve|reverse)/.test(name));

describe("the gate on look-ups", () => {
  it("refuses an undeclared name to every function that asks by callback", async () => {
    guard({ AllowedConnections: ["heater.example"] });
    const resolver = new Resolver();
    const targets = [
      ...asking(dns).map((name) => [dns, name] as const),
      ...asking(Resolver.prototype).map((name) => [resolver, name] as const),
    ];
    expect(targets.length).toBeGreaterThan(25);
    for (const [target, name] of targets) {
      const ask = Reflect.get(target, name) as (...args: unknown[]) => void;
      const error = await new Promise((resolve) =>
        Reflect.apply(ask, target, [stranger, ...(further[name] ?? []), resolve]),
      );
      expect(error, name).toMatchObject(refused);
    }
  });

  it("refuses an undeclared name to every function that promises an answer", async () => {
    guard({ AllowedConnections: ["heater.example"] });
    const resolver = new promises.Resolver();
    const targets = [
      ...asking(promises).map((name) => [promises, name] as const),
      ...asking(promises.Resolver.prototype).map((name) => [resolver, name] as const),
    ];
    expect(targets.length).toBeGreaterThan(25);
    for (const [target, name] of targets) {
      const ask = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      const asked = Promise.resolve(Reflect.apply(ask, target, [stranger, ...(further[name] ?? [])]));
      await expect(asked, name).rejects.toMatchObject(refused);
    }
  });

  it("reaches who imported a function by its name, and who promisified it", async () => {
    guard({ AllowedConnections: ["heater.example"] });
    const error = await new Promise((resolve) => lookup(stranger, resolve));
    expect(error).toMatchObject(refused);
    await expect(promisify(dns.lookup)(stranger)).rejects.toMatchObject(refused);
    expect(await promisify(dns.lookup)("127.0.0.1")).toEqual({ address: "127.0.0.1", family: 4 });
  });

  it("answers for localhost and for addresses, which need no DNS server", async () => {
    guard({});
    expect(await promises.lookup("127.0.0.1")).toMatchObject({ address: "127.0.0.1" });
    expect(await promises.lookup("localhost")).toMatchObject({ family: expect.any(Number) });
    await expect(promises.reverse("127.0.0.1")).rejects.toMatchObject({ code: "EPERM" });
  });

  it("lets a granted connection look its name up", async () => {
    const port = await httpServer();
    guard({ AllowedConnections: ["localhost"] });
    const socket = connect({ port, host: "localhost", family: 4 });
    await once(socket, "connect");
    socket.destroy();
  });

  it("refuses to listen on an undeclared name, and does not look it up", async () => {
    guard({ AllowedTcpServerPorts: [8123] });
    expect(await errorOf(createServer().listen(8123, stranger))).toMatchObject({ code: "EPERM" });
  });

  it("refuses a server of the caller's choice, which would get every question", () => {
    guard({ AllowedConnections: ["9.9.9.9", "::1"] });
    for (const target of [dns, new Resolver(), promises, new promises.Resolver()]) {
      for (const server of ["8.8.8.8", "8.8.8.8:53", "[2001:db8::1]:53", "2001:db8::1"])
        expect(() => target.setServers([server]), server).toThrow(/EPERM.*AllowedConnections/);
    }
    const resolver = new Resolver();
    resolver.setServers(["9.9.9.9:53", "[::1]:53", "::1", "9.9.9.9"]);
    expect(new Set(resolver.getServers())).toEqual(new Set(["9.9.9.9", "::1"]));
  });

  it("still throws at an invalid call, as Node does", () => {
    guard({});
    expect(() => Reflect.apply(dns.lookup, dns, [stranger])).toThrow(/callback/i);
  });
});
