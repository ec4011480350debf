/**
 * Just enough of DPS and IoT Hub on one TLS port for the device's side to be tested: what it answers is in the hands
 * of the test. The real local hub is in src/hub.
 */
import { createServer, type Server, type TLSSocket } from "node:tls";
import { Aedes, type Client } from "aedes";
import type { Authority, Pair } from "./link/certificates.ts";

export interface Heard {
  readonly topic: string;
  readonly body: string;
}
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export class FakeHub {
  readonly #server: Server;
  #broker: Aedes | undefined;
  readonly sockets = new Set<TLSSocket>();
  readonly telemetry: Heard[] = [];
  readonly reported: unknown[] = [];
  readonly methodReplies: Heard[] = [];
  readonly passwords: string[] = [];
  readonly usernames: string[] = [];
  /** In order: subscriptions and twin requests, to see which came first. */
  readonly order: string[] = [];
  desired: Record<string, unknown> = { $version: 1 };
  registrations = 0;
  /** Host to assign; the hub's own port when not set. */
  assignedHub = "";
  /** CONNACK return code for hub connections (not DPS). */
  refuseHub = 0;
  refuseDps = 0;
  /** What to answer; `undefined`: nothing at all. */
  twinAnswer: () => Answer | undefined = () => ({
    status: 200,
    body: JSON.stringify({ desired: this.desired, reported: { $version: 1 } }),
  });
  reportAnswer: () => Answer | undefined = () => ({ status: 204, body: "" });
  registerAnswer: (() => Answer | undefined) | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(authority: Authority, pair: Pair): Promise<FakeHub> {
    const server = createServer({
      ...pair,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const hub = new FakeHub(server);
    await hub.restart();
    server.on("secureConnection", (socket) => {
      socket.on("error", () => {});
      socket.on("close", () => hub.sockets.delete(socket));
      hub.sockets.add(socket);
      hub.#broker?.handle(socket);
    });
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return hub;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** A new broker, without any session of the old one; all connections are lost. */
  async restart(): Promise<void> {
    const old = this.#broker;
    this.#broker = await this.#makeBroker();
    for (const socket of this.sockets) socket.destroy();
    old?.close();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#broker?.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  get clients(): readonly Client[] {
    return Object.values((this.#broker as unknown as { clients: Record<string, Client> }).clients);
  }

  /** To the device, on any topic. */
  say(topic: string, body: string | Buffer, qos: 0 | 1 = 0): void {
    for (const client of this.clients) this.#tell(client, topic, body, qos);
  }

  setDesired(patch: Record<string, unknown>): void {
    const version = Number(this.desired["$version"]) + 1;
    this.desired = { ...this.desired, ...patch, $version: version };
    this.say(
      `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
      JSON.stringify({ ...patch, $version: version }),
    );
  }

  #tell(client: Client, topic: string, body: string | Buffer, qos: 0 | 1 = 0): void {
    const packet = {
      cmd: "publish",
      topic,
      payload: Buffer.from(body),
      qos,
      dup: false,
      retain: false,
    } as const;
    client.publish({ ...packet } as never, () => {});
  }

  async #makeBroker(): Promise<Aedes> {
    const broker = await Aedes.createBroker({ heartbeatInterval: 60_000 });
    broker.authenticate = (client, username = "", password, done) => {
      this.usernames.push(username);
      this.passwords.push(password?.toString() ?? "");
      const code = username.includes("/registrations/") ? this.refuseDps : this.refuseHub;
      if (code === 0) done(null, true);
      else done(Object.assign(new Error("refused"), { returnCode: code }) as never, false);
      void client;
    };
    broker.on("subscribe", (subscriptions) => {
      for (const { topic } of subscriptions) this.order.push(`sub ${topic}`);
    });
    broker.on("publish", (packet, client) => {
      if (client !== null) this.#hear(client, packet.topic, packet.payload.toString());
    });
    broker.on("clientError", () => {});
    broker.on("connectionError", () => {});
    return broker;
  }

  #hear(client: Client, topic: string, body: string): void {
    const rid = /\$rid=([^&]+)/.exec(topic)?.[1] ?? "";
    const reply = (prefix: string, answer: Answer | undefined, suffix = "") => {
      if (answer) this.#tell(client, `${prefix}/res/${answer.status}/?$rid=${rid}${suffix}`, answer.body);
    };
    if (topic.startsWith("$dps/registrations/PUT/")) {
      this.registrations++;
      const state = {
        assignedHub: this.assignedHub || `localhost:${this.port}`,
        deviceId: client.id,
        status: "assigned",
      };
      const body = JSON.stringify({ operationId: "1", status: "assigned", registrationState: state });
      reply(
        "$dps/registrations",
        this.registerAnswer ? this.registerAnswer() : { status: 200, body },
        "&retry-after=1",
      );
    } else if (topic.startsWith("$iothub/twin/GET/")) {
      this.order.push("twin GET");
      reply("$iothub/twin", this.twinAnswer());
    } else if (topic.startsWith("$iothub/twin/PATCH/properties/reported/")) {
      this.reported.push(JSON.parse(body));
      reply("$iothub/twin", this.reportAnswer(), "&$version=2");
    } else if (topic.startsWith("$iothub/methods/res/")) this.methodReplies.push({ topic, body });
    else if (topic.includes("/messages/events/")) this.telemetry.push({ topic, body });
  }
}
