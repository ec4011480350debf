/** What must be so between the firmware and a genuine Home Assistant: one sentence for each. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../src/base/errors.ts";
import { LocalClient } from "../../../src/firmware/local-socket/local-client.ts";
import type { DeviceStatus } from "../../../src/firmware/local-socket/messages.ts";
import { uniform } from "../../../src/simulation/noise.ts";
import { FirmwareProcess } from "../../firmware/firmware-process.ts";
import { type GenuineBroker, openBroker } from "./broker.ts";
import { type House, openHouse } from "./house.ts";

const unit = "heater-1";
const topics = { config: `homeassistant/device/${unit}/config`, state: `grove-heater/${unit}/state` };
const thermostat = "climate.grove_heater";
const housePort = 18_123;
const cuts = Number(process.env["CUTS"] ?? 50);
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e6));

interface Stage {
  readonly house: House;
  readonly broker: GenuineBroker;
  readonly firmware: FirmwareProcess;
  readonly random: () => number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs = 60_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    // The device takes forty requests a second from a command.
    await sleep(60);
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

type Components = Readonly<
  Record<string, { readonly enabled_by_default?: boolean; readonly platform: string }>
>;

const componentsOf = ({ broker }: Stage): Components => {
  const text = broker.messages.findLast(({ topic }) => topic === topics.config)?.text ?? "{}";
  return (JSON.parse(text) as { components: Components }).components;
};

async function everyEntity(stage: Stage): Promise<string> {
  const { house } = stage;
  await until("the thermostat", () => house.state(thermostat));
  const enabled = Object.values(componentsOf(stage)).filter(({ enabled_by_default: on }) => on !== false);
  const count = async (): Promise<number> =>
    Number(await house.render(`{{ device_entities(device_id('${thermostat}')) | count }}`));
  await until(`${enabled.length} entities`, async () => (await count()) === enabled.length);
  const own = async () => (await house.states()).filter(({ entity_id: id }) => id.includes("grove_heater"));
  // Home Assistant subscribes some time after it has made them.
  await until("a state of each", async () => !(await own()).some(({ state }) => state === "unavailable"));
  const climate = await house.state(thermostat);
  check(climate?.attributes["current_temperature"] !== undefined, "the thermostat has no temperature");
  check(climate?.attributes["hvac_action"] === "heating", "the thermostat does not heat");
  return `${enabled.length} enabled, ${Object.keys(componentsOf(stage)).length} in all`;
}

interface Order {
  readonly service: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whether the device's own state shows it. */
  readonly shows: (state: Readonly<Record<string, never>>) => boolean;
}

const orders: readonly Order[] = [
  ...[21.5, 18, 24].map((temperature) => ({
    service: "climate.set_temperature",
    data: { entity_id: thermostat, temperature },
    shows: (state: Readonly<Record<string, unknown>>) => state["target"] === temperature,
  })),
  ...["off", "heat"].map((mode) => ({
    service: "climate.set_hvac_mode",
    data: { entity_id: thermostat, hvac_mode: mode },
    shows: (state: Readonly<Record<string, unknown>>) => state["mode"] === mode,
  })),
  ...["comfort", "eco", "away", "boost", "none"].map((preset) => ({
    service: "climate.set_preset_mode",
    data: { entity_id: thermostat, preset_mode: preset },
    shows: (state: Readonly<Record<string, unknown>>) =>
      preset === "none" ? state["preset"] !== "boost" : state["preset"] === preset,
  })),
  ...[-0.5, 0].map((value) => ({
    service: "number.set_value",
    data: { entity_id: "number.grove_heater_sensor_offset", value },
    shows: ({ properties }: Readonly<Record<string, { readonly sensorOffset: number }>>) =>
      properties?.sensorOffset === value,
  })),
  ...["manual", "auto"].map((option) => ({
    service: "select.select_option",
    data: { entity_id: "select.grove_heater_mode", option },
    shows: ({ properties }: Readonly<Record<string, { readonly controlMode: string }>>) =>
      properties?.controlMode === option,
  })),
  ...["on", "off"].map((way) => ({
    service: `switch.turn_${way}`,
    data: { entity_id: "switch.grove_heater_heater_switch" },
    shows: ({ properties }: Readonly<Record<string, { readonly heaterSwitch: boolean }>>) =>
      properties?.heaterSwitch === (way === "on"),
  })),
];

/** From the command at the broker to the state at the broker. */
async function everyCommand({ house, broker }: Stage): Promise<string> {
  const times: number[] = [];
  for (const { service, data, shows } of orders) {
    const from = broker.messages.length;
    const what = `${service} ${JSON.stringify(data)}`;
    const status = await house.call(service, data);
    check(status === 200, `${what}: HTTP ${status}`);
    const [asked, confirmed] = await until(what, async () => {
      const since = broker.messages.slice(from);
      const command = since.find(({ topic }) => topic.startsWith(`grove-heater/${unit}/set/`));
      const state = since.find(({ topic, text }) => topic === topics.state && shows(JSON.parse(text)));
      return command && state && ([command, state] as const);
    });
    check(!asked.retained, `${what}: the command is retained`);
    times.push(confirmed.atMs - asked.atMs);
  }
  for (const name of ["clear_faults", "identify"]) {
    const from = broker.messages.length;
    await house.call("button.press", { entity_id: `button.grove_heater_${name}` });
    await until(name, async () => broker.messages.slice(from).some(({ topic }) => topic.includes("/set/")));
  }
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const figures = `median ${median.toFixed(0)} ms, longest ${sorted.at(-1)?.toFixed(0)} ms of ${times.length}`;
  check(median <= 100, figures);
  return figures;
}

const statusOf = async (client: LocalClient): Promise<DeviceStatus> => {
  client.send({ kind: "status" });
  return (await client.receive("status")).status;
};

async function cutAgainAndAgain(stage: Stage): Promise<string> {
  const { house, broker, firmware, random } = stage;
  const client = await LocalClient.connect(firmware.data);
  const target = (): number => Math.round((10 + random() * 30) * 2) / 4 + 8;
  const atDevice = (): Promise<unknown> =>
    client.request((id) => ({ kind: "set", id, name: "targetTemperature", value: clamp(target()) }));
  const atHouse = (): Promise<unknown> =>
    house.call("climate.set_temperature", { entity_id: thermostat, temperature: clamp(target()) });
  for (let cut = 1; cut <= cuts; cut += 1) {
    const edits = [atDevice, atHouse, atDevice, atHouse].slice(0, 1 + Math.floor(random() * 4));
    const when = Math.floor(random() * (edits.length + 1));
    for (const [at, edit] of edits.entries()) {
      if (at === when) broker.cut();
      await edit();
      await sleep(random() * 60);
    }
    broker.cut();
    await sleep(random() * 500);
    broker.mend();
    const { aim } = await until(`agreement after cut ${cut} (SEED=${seed})`, async () => {
      const status = await statusOf(client);
      const seen = await house.state(thermostat);
      return seen?.attributes["temperature"] === status.aim && status;
    });
    const from = broker.messages.length;
    await sleep(250);
    const targets = broker.messages
      .slice(from)
      .filter(({ topic }) => topic === topics.state)
      .map(({ text }) => (JSON.parse(text) as { target: number }).target);
    check(
      targets.every((each) => each === aim),
      `the set-point flaps after cut ${cut} (SEED=${seed})`,
    );
  }
  client.close();
  return `${cuts} cuts, SEED=${seed}`;
}

const clamp = (value: number): number => Math.min(30, Math.max(5, Math.round(value * 2) / 2));

async function retainedIsIgnored({ house, broker, firmware }: Stage): Promise<string> {
  const topic = `grove-heater/${unit}/set/target`;
  await house.call("mqtt.publish", { topic, payload: "29", retain: true, qos: 1 });
  // Others see it as new while they are connected; on the next connection it is old.
  await until(
    "the set-point of now",
    async () => (await house.state(thermostat))?.attributes["temperature"] === 29,
  );
  await house.call("climate.set_temperature", { entity_id: thermostat, temperature: 18 });
  await until("the set-point", async () => (await house.state(thermostat))?.attributes["temperature"] === 18);
  const from = firmware.log.length;
  broker.cut();
  broker.mend();
  await firmware.event("home-assistant-command-refused", from);
  await sleep(500);
  check(
    (await house.state(thermostat))?.attributes["temperature"] === 18,
    "a retained command was carried out",
  );
  await house.call("mqtt.publish", { topic, payload: "", retain: true });
  return "";
}

async function awayAndGone({ house, broker, firmware }: Stage): Promise<string> {
  broker.cut();
  await until("unavailable", async () => (await house.state(thermostat))?.state === "unavailable");
  const link = await house.state("binary_sensor.grove_heater_connection");
  check(link?.state === "off", `the connection is ${link?.state}`);
  broker.mend();
  await until("available again", async () => (await house.state(thermostat))?.state !== "unavailable");
  firmware.signal(firmware.guardianPid, "SIGTERM");
  check((await firmware.exit()) === 0, "the firmware did not end well");
  await until("unavailable at its end", async () => (await house.state(thermostat))?.state === "unavailable");
  return "";
}

const acts: readonly (readonly [string, (stage: Stage) => Promise<string>])[] = [
  ["discovery makes every entity, each with a state", everyEntity],
  ["commands of each kind arrive and are confirmed within 100 ms", everyCommand],
  [
    "after each cut of the broker, with edits on both sides, the states agree and nothing flaps",
    cutAgainAndAgain,
  ],
  ["a retained command is ignored", retainedIsIgnored],
  ["a device that is cut off or ends is unavailable", awayAndGone],
];

/** @returns the exit code */
export async function play(python: string, logFile: string): Promise<number> {
  const broker = await openBroker();
  const data = mkdtempSync(join(tmpdir(), "grove-heater-genuine-"));
  const settings = { url: `mqtt://127.0.0.1:${broker.devicePort}`, id: unit };
  writeFileSync(join(data, "mqtt.json"), JSON.stringify(settings), { mode: 0o600 });
  const firmware = new FirmwareProcess(data);
  firmware.settings({ sensorPeriodSeconds: 1 });
  firmware.startConnected();
  console.log("· starting Home Assistant");
  const house = await openHouse({ python, port: housePort, brokerPort: broker.housePort, logFile });
  const stage: Stage = { house, broker, firmware, random: uniform(seed) };
  let [passed, failed] = [0, 0];
  const word = process.argv.at(-1) ?? "";
  const wanted = acts.filter(([what]) => word.startsWith("--") || what.includes(word));
  for (const [what, act] of wanted) {
    broker.mend();
    try {
      const figures = await act(stage);
      passed += 1;
      console.log(`✓ ${what}${figures && `: ${figures}`}`);
    } catch (error) {
      failed += 1;
      console.log(`✗ ${what}: ${messageOf(error)}`);
    }
  }
  await house.close();
  await firmware.cleanUp();
  await broker.close();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
