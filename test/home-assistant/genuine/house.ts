/**
 * A genuine Home Assistant with MQTT, from its first start to its end, in a folder of its own; asked by its REST interface
 * (developers.home-assistant.io, "REST API").
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const startLimitMs = 10 * 60_000;
const clientId = "http://127.0.0.1/";

export interface EntityState {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface House {
  states(): Promise<readonly EntityState[]>;
  state(id: string): Promise<EntityState | undefined>;
  call(service: string, data: Readonly<Record<string, unknown>>): Promise<number>;
  /** Renders a template of its own. */
  render(template: string): Promise<string>;
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly python: string;
  readonly port: number;
  readonly brokerPort: number;
  /** Its log. */
  readonly logFile: string;
}

export async function openHouse({ python, port, brokerPort, logFile }: HouseOptions): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), "house-"));
  writeFileSync(join(folder, "configuration.yaml"), configuration(port));
  const args = ["-m", "homeassistant", "--config", folder, "--skip-pip"];
  const child = spawn(python, args, { stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const url = `http://127.0.0.1:${port}`;
  const token = await onboard(child, url);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const ask = async (path: string, body?: object): Promise<Response> =>
    await fetch(`${url}/api/${path}`, {
      headers,
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
  const flow = (await (await ask("config/config_entries/flow", { handler: "mqtt" })).json()) as {
    flow_id: string;
  };
  const entry = await ask(`config/config_entries/flow/${flow.flow_id}`, {
    broker: "127.0.0.1",
    port: brokerPort,
  });
  const { type } = (await entry.json()) as { type: string };
  if (type !== "create_entry") throw new Error(`Home Assistant did not accept the broker: ${type}`);
  return {
    states: async () => (await (await ask("states")).json()) as EntityState[],
    async state(id) {
      const answer = await ask(`states/${id}`);
      return answer.ok ? ((await answer.json()) as EntityState) : undefined;
    },
    call: async (service, data) => (await ask(`services/${service.replace(".", "/")}`, data)).status,
    render: async (template) => await (await ask("template", { template })).text(),
    async close() {
      const over = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), 60_000);
      await over;
      clearTimeout(kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const configuration = (port: number): string => `homeassistant:
  name: Test
  time_zone: Europe/Oslo
  unit_system: metric
  latitude: 59.9
  longitude: 10.7
  country: "NO"
  currency: NOK
http:
  server_host: 127.0.0.1
  server_port: ${port}
api:
config:
`;

/** A user and a token, without a browser. */
async function onboard(child: ChildProcess, url: string): Promise<string> {
  const end = performance.now() + startLimitMs;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Home Assistant ended with exit code ${child.exitCode}`);
    if (performance.now() > end) throw new Error("Home Assistant did not start in time");
    const user = { client_id: clientId, name: "T", username: "t", password: "t", language: "en" };
    const made = await fetch(`${url}/api/onboarding/users`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(user),
    }).catch(() => undefined);
    if (made?.ok) {
      const { auth_code: code } = (await made.json()) as { auth_code: string };
      const form = new URLSearchParams({ grant_type: "authorization_code", code, client_id: clientId });
      const granted = await fetch(`${url}/auth/token`, { method: "POST", body: form });
      return ((await granted.json()) as { access_token: string }).access_token;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
