/**
 * The page's routes and stream with a device behind them that answers when a test says so: a real server on loopback,
 * with the content security policy that the page has to live under.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Json } from "../../src/base/json/value.ts";
import { contentPolicy } from "../../src/hub/page-server/access/guard.ts";
import type {
  CableState,
  DeviceDetail,
  PanelPress,
  PropertyRow,
  StreamEvent,
  TimelineEvent,
} from "../../src/hub/page-server/api.ts";
import type { HatFault } from "../../src/simulation/virtual-hat/faults.ts";
import { front, roomHistory, startMs } from "./fake-device.ts";

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};

type Reply = readonly [status: number, body?: unknown];

const refusal = (status: number, code: string, message: string): Reply => [
  status,
  { error: { code, message } },
];

interface Local {
  target: number;
  mode: "auto" | "manual";
  windowOpen: boolean;
  faults: HatFault[];
  /** Edited on the device while it was apart. */
  edited: boolean;
}

export class FakeHub {
  readonly devices = new Map<string, DeviceDetail>();
  readonly timeline: TimelineEvent[] = [];
  readonly asked: string[] = [];
  password: string | undefined;
  refuseEdits = false;
  /** Answers the page's stream with 503. */
  refuseStreams = false;
  nowMs = startMs;
  readonly #local = new Map<string, Local>();
  readonly #streams = new Set<ServerResponse>();
  readonly #folder: string;
  readonly #server: Server;
  #signedIn = false;

  /** @param folder where the built page lies */
  constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** @param hasFront whether its screen and buttons are on the page */
  add(device: DeviceDetail, hasFront = true): void {
    this.#local.set(device.id, { target: 21, mode: "auto", windowOpen: false, faults: [], edited: false });
    this.devices.set(device.id, hasFront ? { ...device, panel: front(21, "auto", true) } : device);
  }

  /** A page that asks again when its stream opens must not be answered with what was before. */
  tell(event: StreamEvent): void {
    if (event.type === "panel") this.#keepPanel(event.deviceId, event.panel);
    const { type, ...rest } = event;
    const id = event.type === "timeline" ? `id: ${event.event.sequence}\n` : "";
    for (const stream of this.#streams)
      stream.write(`event: ${type}\n${id}data: ${JSON.stringify(rest)}\n\n`);
  }

  #keepPanel(id: string, panel: DeviceDetail["panel"] | null): void {
    const { panel: _before, ...device } = this.#device(id);
    this.devices.set(id, panel ? { ...device, panel } : device);
  }

  happen(deviceId: string, event: Omit<TimelineEvent, "sequence" | "atMs" | "deviceId">): void {
    this.nowMs += 1000;
    const whole = { sequence: this.timeline.length + 1, atMs: this.nowMs, deviceId, ...event };
    this.timeline.push(whole);
    this.tell({ type: "timeline", event: whole });
  }

  /** Drops the page's stream, as a hub that goes away does. */
  dropStreams(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  change(id: string, changes: Partial<DeviceDetail>): void {
    const device = { ...this.#device(id), ...changes };
    const pending = device.properties.filter(({ status }) => status === "pending").length;
    const refused = device.properties.filter(({ status }) => status === "refused").length;
    const whole = { ...device, pending, refused };
    this.devices.set(id, whole);
    this.tell({ type: "twin", device: whole });
  }

  setRow(id: string, row: PropertyRow): void {
    const { properties } = this.#device(id);
    this.change(id, { properties: [...properties.filter(({ name }) => name !== row.name), row] });
  }

  /** The device reads its twin: takes what it can, refuses the rest, and what it changed itself yields to the cloud. */
  answer(id: string): void {
    const local = this.#localOf(id);
    for (const row of this.#device(id).properties.filter(({ status }) => status === "pending")) {
      if (row.desired === undefined) continue;
      const { name } = row;
      const { value, version } = row.desired;
      if (name === "targetTemperature" && (typeof value !== "number" || value < 5 || value > 30)) {
        const text = `must be 5 to 30 °C, not ${JSON.stringify(value)}`;
        const ack = { code: 400, version, text };
        this.setRow(id, { ...row, status: "refused", ack });
        this.happen(id, { kind: "refused", actor: "device", text, property: name, version, ack, after: 21 });
        continue;
      }
      const lost = name === "targetTemperature" && local.edited ? local.target : undefined;
      const text = lost === undefined ? "applied" : `cloud wins over the device's ${lost}`;
      const ack = { code: 200, version, text };
      this.setRow(id, { ...row, status: "acknowledged", reported: { value, atMs: this.nowMs }, ack });
      const about = { actor: "device", property: name, after: value, version, ack } as const;
      if (lost === undefined) this.happen(id, { kind: "acknowledged", text: "taken", ...about });
      else
        this.happen(id, {
          kind: "conflict",
          text: `both changed it: ${text}`,
          winner: "operator",
          lost,
          ...about,
        });
      if (name === "targetTemperature" && typeof value === "number") local.target = value;
    }
    const { mode } = local;
    const row = this.#device(id).properties.find(({ name }) => name === "controlMode");
    if (row !== undefined && row.reported?.value !== mode && row.status !== "pending") {
      const ack = { code: 203, version: 0, text: "set at the device", origin: { source: "device" } } as const;
      this.setRow(id, { ...row, status: "device-only", reported: { value: mode, atMs: this.nowMs }, ack });
      const about = { property: "controlMode", after: mode, ack } as const;
      this.happen(id, { kind: "reported", actor: "device", text: "changed on the device", ...about });
    }
    local.edited = false;
    this.#showFront(id);
  }

  #device(id: string): DeviceDetail {
    const device = this.devices.get(id);
    if (device === undefined) throw new Error(`no device ${id}`);
    return device;
  }

  #localOf(id: string): Local {
    const local = this.#local.get(id);
    if (local === undefined) throw new Error(`no device ${id}`);
    return local;
  }

  #showFront(id: string): void {
    const { panel: old, connected } = this.#device(id);
    if (old === undefined) return;
    const { target, mode, windowOpen, faults } = this.#localOf(id);
    const panel = front(target, mode, connected, windowOpen, faults);
    this.devices.set(id, { ...this.#device(id), panel });
    this.tell({ type: "panel", deviceId: id, panel });
  }

  #edit(id: string, properties: Readonly<Record<string, Json>>): Json {
    const { desiredVersion, connected } = this.#device(id);
    const version = desiredVersion + 1;
    for (const [name, value] of Object.entries(properties)) {
      const old = this.#device(id).properties.find((row) => row.name === name);
      const desired = { value, version, atMs: this.nowMs };
      this.setRow(id, { ...(old ?? { name }), name, status: "pending", desired });
      const about = { property: name, after: value, version, whileOffline: !connected };
      this.happen(id, { kind: "desired", actor: "operator", text: `${name} desired`, ...about });
    }
    this.change(id, { desiredVersion: version });
    return { desiredVersion: version, pushed: connected };
  }

  #changeSettings(id: string, changes: Readonly<Record<string, Json>>): Reply {
    const { settings } = this.#device(id);
    if (settings === undefined) return refusal(409, "not-here", "its settings are on its own machine");
    const after = Object.entries({ ...settings.changed, ...changes }).filter(([, value]) => value !== null);
    this.change(id, { settings: { changed: Object.fromEntries(after) } });
    return [200, {}];
  }

  #cable(id: string, cable: CableState): DeviceDetail {
    const connected = cable === "connected" || (cable === "silence" && this.#device(id).connected);
    const text = cable === "connected" ? "the cable was plugged in" : `the cable was unplugged (${cable})`;
    this.happen(id, { kind: "cable", actor: "operator", cable, text });
    if (connected !== this.#device(id).connected) {
      const words = connected ? "the device connected" : "the connection broke";
      this.happen(id, { kind: connected ? "connected" : "disconnected", actor: "device", text: words });
    }
    this.change(id, { cable, connected, connectionChangedMs: this.nowMs, lastActivityMs: this.nowMs });
    this.#showFront(id);
    return this.#device(id);
  }

  #press(id: string, { key, down }: PanelPress): void {
    const local = this.#localOf(id);
    if (key === "window") local.windowOpen = down;
    else if (down) {
      if (key === "mode") local.mode = local.mode === "auto" ? "manual" : "auto";
      else local.target += key === "a" ? -0.5 : 0.5;
      local.edited = true;
    }
    this.#showFront(id);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1");
    response.setHeader("content-security-policy", contentPolicy);
    if (!pathname.startsWith("/api/")) {
      this.#sendFile(pathname, response);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    this.asked.push(`${request.method} ${pathname}${search} ${text}`.trim());
    if (pathname === "/api/events") {
      if (this.refuseStreams) response.writeHead(503).end();
      else this.#openStream(response);
      return;
    }
    const [status, body] = this.#answerTo(request.method ?? "GET", pathname, text);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  #answerTo(method: string, pathname: string, text: string): Reply {
    const body = text === "" ? undefined : JSON.parse(text);
    if (pathname === "/api/session") return this.#session(method, body);
    if (pathname === "/api/roll-outs") return [200, []];
    const [, id = "", rest = ""] = /^\/api\/devices\/([^/]+)(?:\/(.*))?$/.exec(pathname) ?? [];
    return this.#route(decodeURIComponent(id), `${method} ${rest}`.trim(), body);
  }

  #session(method: string, body: { password: string }): Reply {
    if (method === "DELETE") {
      this.#signedIn = false;
      return [204];
    }
    if (method !== "POST") {
      return [
        200,
        {
          passwordNeeded: this.password !== undefined,
          signedIn: this.#signedIn,
          passwordSet: true,
          maySetPassword: false,
        },
      ];
    }
    this.#signedIn = body.password === this.password;
    return this.#signedIn ? [204] : refusal(403, "password", "the password is wrong");
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the page sent, as it is.
  #route(id: string, route: string, body: any): Reply {
    if (!this.devices.has(id)) return refusal(404, "not-found", `No device ${id}.`);
    switch (route) {
      case "GET":
        return [200, this.#device(id)];
      case "GET timeline":
        return [200, this.timeline.filter((event) => event.deviceId === id)];
      case "GET history":
        return [200, { nowMs: this.nowMs, series: roomHistory() }];
      case "GET days":
        return [200, []];
      case "PATCH desired":
        return this.refuseEdits
          ? refusal(429, "throttled", "Too many edits.")
          : [200, this.#edit(id, body.properties)];
      case "PATCH settings":
        return this.#changeSettings(id, body.changes);
      case "PUT cable":
        return [200, this.#cable(id, body.state)];
      case "PUT throttle":
        this.change(id, { throttled: body.on });
        return [200, this.#device(id)];
      case "POST panel":
        this.#press(id, body);
        return [204];
      case "POST story":
        this.happen(id, { kind: "story", actor: "operator", text: "the story starts again" });
        return [204];
      case "POST fault": {
        const local = this.#localOf(id);
        local.faults = local.faults.filter((name) => name !== body.fault);
        if (body.active) local.faults.push(body.fault);
        this.#showFront(id);
        return [204];
      }
      case "POST command":
        this.happen(id, { kind: "command", actor: "operator", text: `${body.name} was called` });
        return [200, { status: 200, payload: { minutes: body.payload }, tookMs: 38 }];
      case "POST message":
        this.change(id, { queuedMessages: this.#device(id).queuedMessages + 1 });
        return [202, { messageId: "m-1", expiresMs: this.nowMs + 3_600_000 }];
      default:
        return refusal(404, "not-found", `No route ${route}.`);
    }
  }

  #sendFile(pathname: string, response: ServerResponse): void {
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    if (!/^[a-z-]+\.(html|js|css|svg)$/.test(name)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", types[name.split(".").at(-1) ?? ""] ?? "text/plain");
    response.end(readFileSync(join(this.#folder, name)));
  }

  #openStream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
    const devices = [...this.devices.values()];
    const hub = {
      kind: "hub",
      unit: "C",
      hubHost: "localhost:8883",
      idScope: "0ne00HEATER",
      startedMs: startMs,
      nowMs: this.nowMs,
      devices: devices.length,
      connected: devices.filter(({ connected }) => connected).length,
      exposed: this.password !== undefined,
      sealed: false,
    };
    const hello = { hub, devices };
    response.write(`event: hello\ndata: ${JSON.stringify(hello)}\n\n`);
  }
}
