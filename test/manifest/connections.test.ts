import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer, get } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { guardConnections } from "../../src/manifest/connections.ts";
import { type Manifest, parseManifest } from "../../src/manifest/manifest.ts";

function manifest(capabilities: Record<string, unknown>): Manifest {
  const ComponentId = "52835aa3-8307-4e84-a159-63497f35b43c";
  const document = { SchemaVersion: 1, Name: "x", ComponentId, EntryPoint: "x", Capabilities: capabilities };
  return parseManifest(JSON.stringify(document), () => undefined);
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});
const guard = (capabilities: Record<string, unknown>) => undo.push(guardConnections(manifest(capabilities)));

/** A listening HTTP server on a port of the system's choice. */
async function httpServer(): Promise<number> {
  const server = createHttpServer((_, response) => response.end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const errorOf = async (emitter: NodeJS.EventEmitter): Promise<unknown> => (await once(emitter, "error"))[0];
const refusal = (capability: string, line: string) => ({
  code: "EPERM",
  capability,
  message: expect.stringContaining(line),
});
const hostRefusal = refusal("AllowedConnections", '"AllowedConnections": ["127.0.0.1"]');

describe("the gate on the network", () => {
  it("refuses an undeclared host to plain sockets, TLS, http and fetch alike", async () => {
    const port = await httpServer();
    guard({});
    expect(await errorOf(connect(port, "127.0.0.1"))).toMatchObject(hostRefusal);
    expect(await errorOf(connect({ port, host: "127.0.0.1" }))).toMatchObject(hostRefusal);
    expect(await errorOf(connectTls({ port, host: "127.0.0.1" }))).toMatchObject(hostRefusal);
    expect(await errorOf(get(`http://127.0.0.1:${port}`))).toMatchObject(hostRefusal);
    const failed = await fetch(`http://127.0.0.1:${port}`).catch((error: Error) => error);
    expect(failed).toMatchObject({ cause: hostRefusal });
  });

  it("takes a port for a port however it is written, and a path for a path, as net does", async () => {
    const port = await httpServer();
    guard({});
    const written = [`${port}`, ` ${port}`, `${port}.0`, `0x${port.toString(16)}`, `${port}e0`];
    for (const each of written) {
      // The types allow numbers alone; JavaScript code and configuration files hand over texts.
      const socket = connect(each as never, "127.0.0.1" as never);
      expect(await errorOf(socket), each).toMatchObject(hostRefusal);
    }
    const server = createServer();
    server.listen(`${port}` as never);
    expect(await errorOf(server)).toMatchObject({ code: "EPERM", capability: "AllowedTcpServerPorts" });
    expect(await errorOf(connect("/no/such/socket"))).toMatchObject({ code: "ENOENT" });
  });

  it("refuses before looking the name up", async () => {
    guard({});
    let lookups = 0;
    const lookup = () => {
      lookups++;
    };
    await errorOf(connect({ port: 1, host: "example.invalid", lookup }));
    expect(lookups).toBe(0);
  });

  it("lets a declared host through", async () => {
    const port = await httpServer();
    guard({ AllowedConnections: ["127.0.0.1"] });
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("hello");
  });

  it("takes a connection that names no host as one to localhost", async () => {
    const port = await httpServer();
    guard({});
    expect(await errorOf(connect(port))).toMatchObject(refusal("AllowedConnections", '["localhost"]'));
  });

  it("refuses to listen on an undeclared port, or on any free one", async () => {
    guard({ AllowedTcpServerPorts: [80] });
    const refused = refusal("AllowedTcpServerPorts", '"AllowedTcpServerPorts": [80, 8123]');
    expect(await errorOf(createServer().listen(8123))).toMatchObject(refused);
    expect(await errorOf(createServer().listen({ port: 8123, host: "127.0.0.1" }))).toMatchObject(refused);
    expect(await errorOf(createServer().listen())).toMatchObject({
      message: expect.stringContaining("any free tcp port"),
    });
  });

  it.each([["8123"], [" 8123 "], ["0x1fbb"], [{ port: "8123" }], [{ port: 8123, path: "/tmp/gate-unused" }]])(
    "refuses an undeclared port in whatever form Node takes it: %j",
    async (target) => {
      guard({ AllowedTcpServerPorts: [80] });
      const server = createServer();
      undo.push(() => server.close());
      const refused = errorOf(server);
      server.listen(target as never);
      expect(await refused).toMatchObject(refusal("AllowedTcpServerPorts", "[80, 8123]"));
    },
  );

  it("refuses a host also where the port is given as text", async () => {
    guard({});
    for (const port of ["53", "0x35"]) {
      expect(await errorOf(connect(port as never, "127.0.0.1"))).toMatchObject(hostRefusal);
      const sender = createSocket("udp4");
      const refused = errorOf(sender);
      sender.send("x", port as never, "127.0.0.1");
      expect(await refused).toMatchObject(hostRefusal);
      sender.close();
    }
  });

  it("takes a datagram that names no host as one to localhost", async () => {
    guard({ AllowedConnections: ["127.0.0.1"] });
    const sender = createSocket("udp4");
    const refused = errorOf(sender);
    sender.send("x", 53);
    expect(await refused).toMatchObject(refusal("AllowedConnections", '"localhost"'));
    sender.close();
  });

  it("asks nothing of a UDP socket that is connected to a declared host already", async () => {
    guard({ AllowedConnections: ["127.0.0.1"] });
    const receiver = createSocket("udp4").bind(0, "127.0.0.1");
    await once(receiver, "listening");
    const sender = createSocket("udp4");
    sender.connect(receiver.address().port, "127.0.0.1");
    await once(sender, "connect");
    const sent = (message: string, ...args: unknown[]) =>
      new Promise((resolve) => Reflect.apply(sender.send, sender, [message, ...args, resolve]));
    expect(await sent("hello")).toBeNull();
    expect(await sent("hello", 0, 5)).toBeNull();
    const [message] = await once(receiver, "message");
    expect(String(message)).toBe("hello");
    sender.close();
    receiver.close();
  });

  it("lets a declared UDP port be bound, and any free one", async () => {
    const probe = createSocket("udp4").bind(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address();
    probe.close();
    await once(probe, "close");
    guard({ AllowedUdpServerPorts: [port] });
    for (const bind of [[port, "127.0.0.1"], [{ port, address: "127.0.0.1" }], [0, "127.0.0.1"], []]) {
      const socket = createSocket("udp4");
      Reflect.apply(socket.bind, socket, bind);
      await once(socket, "listening");
      socket.close();
      await once(socket, "close");
    }
    const socket = createSocket("udp4");
    const refused = errorOf(socket);
    socket.bind({ port: port === 5353 ? 5354 : 5353 });
    expect(await refused).toMatchObject({ code: "EPERM", capability: "AllowedUdpServerPorts" });
    socket.close();
  });

  it("lets a declared port be listened on", async () => {
    const free = await httpServer();
    await undo.pop()?.();
    guard({ AllowedTcpServerPorts: [free] });
    const server = createServer().listen(free, "127.0.0.1");
    await once(server, "listening");
    server.close();
  });

  it("leaves sockets of the file system alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gate-"));
    guard({});
    undo.push(() => rmSync(folder, { recursive: true }));
    const server = createServer().listen(join(folder, "socket"));
    await once(server, "listening");
    const client = connect(join(folder, "socket"));
    await once(client, "connect");
    client.destroy();
    server.close();
  });

  it("refuses UDP to an undeclared host, and binding an undeclared port", async () => {
    guard({});
    const sender = createSocket("udp4");
    sender.send("x", 53, "127.0.0.1");
    expect(await errorOf(sender)).toMatchObject(hostRefusal);
    sender.send(Buffer.from("xyz"), 0, 1, 53, "127.0.0.1");
    expect(await errorOf(sender)).toMatchObject(hostRefusal);
    sender.connect(53, "127.0.0.1");
    expect(await errorOf(sender)).toMatchObject(hostRefusal);
    sender.bind(5353);
    expect(await errorOf(sender)).toMatchObject(refusal("AllowedUdpServerPorts", "[5353]"));
    sender.close();
  });

  it("lets UDP to a declared host through", async () => {
    guard({ AllowedConnections: ["127.0.0.1"] });
    const receiver = createSocket("udp4").bind(0, "127.0.0.1");
    await once(receiver, "listening");
    const sender = createSocket("udp4");
    sender.send("hello", receiver.address().port, "127.0.0.1");
    const [message] = await once(receiver, "message");
    expect(String(message)).toBe("hello");
    sender.close();
    receiver.close();
  });

  it("leaves no trace once taken down", async () => {
    const port = await httpServer();
    guard({});
    await undo.pop()?.();
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("hello");
  });
});
