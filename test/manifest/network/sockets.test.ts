import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { get as getHttps } from "node:https";
import { connect, createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "vitest";
import { errorOf, guard, hostRefusal, httpServer, refusal, undo } from "./guarded.ts";

describe("the gate on the network", () => {
  it("refuses an undeclared host to plain sockets, TLS, http and fetch alike", async () => {
    const port = await httpServer();
    guard({});
    expect(await errorOf(connect(port, "127.0.0.1"))).toMatchObject(hostRefusal);
    expect(await errorOf(connect({ port, host: "127.0.0.1" }))).toMatchObject(hostRefusal);
    expect(await errorOf(connectTls({ port, host: "127.0.0.1" }))).toMatchObject(hostRefusal);
    expect(await errorOf(new Socket().connect(port, "127.0.0.1"))).toMatchObject(hostRefusal);
    expect(await errorOf(get(`http://127.0.0.1:${port}`))).toMatchObject(hostRefusal);
    expect(await errorOf(getHttps(`https://127.0.0.1:${port}`))).toMatchObject(hostRefusal);
    expect(await errorOf(connectHttp2(`http://127.0.0.1:${port}`))).toMatchObject(hostRefusal);
    const failed = await fetch(`http://127.0.0.1:${port}`).catch((error: Error) => error);
    expect(failed).toMatchObject({ cause: hostRefusal });
  });

  const NodeWebSocket = Reflect.get(globalThis, "WebSocket") as
    | (new (
        url: string,
      ) => EventTarget)
    | undefined;

  it.skipIf(NodeWebSocket === undefined)("refuses it to the WebSocket of Node 22 and later", async () => {
    if (NodeWebSocket === undefined) return;
    let connections = 0;
    const server = createServer(() => {
      connections += 1;
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    undo.push(() => server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    guard({});
    const socket = new NodeWebSocket(`ws://127.0.0.1:${port}`);
    await new Promise((resolve) => socket.addEventListener("error", resolve, { once: true }));
    expect(connections).toBe(0);
  });

  it("refuses a caller's own look-up of a granted name, which could lead anywhere", async () => {
    const port = await httpServer();
    guard({ AllowedConnections: ["heater.example", "127.0.0.1"] });
    const lookup = (_name: string, _options: unknown, answer: (...args: unknown[]) => void) =>
      answer(null, [{ address: "127.0.0.1", family: 4 }]);
    const refused = { code: "EPERM", message: expect.stringContaining("look-up function") };
    expect(await errorOf(connect({ port, host: "heater.example", lookup: lookup as never }))).toMatchObject(
      refused,
    );
    expect(() => createSocket({ type: "udp4", lookup: lookup as never })).toThrow(
      expect.objectContaining(refused),
    );
    const plain = connect({ port, host: "127.0.0.1", lookup: lookup as never });
    await once(plain, "connect");
    plain.destroy();
  });

  it.each([[""], [null]])("takes the host %j for localhost, as net does", async (host) => {
    guard({});
    const refused = refusal("AllowedConnections", '["localhost"]');
    expect(await errorOf(connect({ port: 9, host: host as never }))).toMatchObject(refused);
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
