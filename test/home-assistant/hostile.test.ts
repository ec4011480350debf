/** A broker, and others at it, that send what they should not, fall silent, refuse or evict. */
import { describe, expect, it } from "vitest";
import { hours, millis, minutes, seconds } from "../../src/base/units.ts";
import { isCommand, readCommand } from "../../src/home-assistant/documents/commands.ts";
import { uniform } from "../../src/simulation/noise.ts";
import { faceRig, topics } from "./rig.ts";

const refusals = (lines: readonly { readonly event: string }[]): number =>
  lines.filter(({ event }) => event === "home-assistant-command-refused").length;

describe("commands that are none", () => {
  it.each([
    ["a payload of a megabyte", "target", "9".repeat(1_000_000)],
    ["no number", "target", "NaN"],
    ["a number in words", "target", "1e3"],
    ["a hexadecimal number", "target", "0x15"],
    ["nothing", "target", ""],
    ["JSON", "target", '{"value": 21}'],
    ["beyond the limits", "target", "31"],
    ["infinity", "sensorOffset", "Infinity"],
    ["an unknown mode", "mode", "cool"],
    ["a member that every object has", "mode", "constructor"],
    ["an unknown preset", "preset", "__proto__"],
    ["a mode that needs a schedule", "mode", "auto"],
    ["a flag in words", "heaterSwitch", "on"],
    ["a topic of nobody", "relay", "ON"],
    ["a topic with levels", "target/again", "21"],
    ["a topic that every object has", "toString", "1"],
    ["a topic of a property that nobody may set so", "schedule", "{}"],
  ])("%s changes nothing, and one line says so", async (_name, name, text) => {
    const { broker, clock, device, faceLines } = await faceRig();
    const { values } = device.inForce;
    broker.say(topics.set(name), text);
    await clock.advance(seconds(2));
    expect(device.inForce.values).toEqual(values);
    // Those of several levels are not subscribed to by an honest broker.
    expect(refusals(faceLines)).toBe(1);
  });

  it("those of a minute are one line, and the next line tells how many were left out", async () => {
    const { broker, clock, faceLines } = await faceRig();
    const counts = () =>
      faceLines
        .filter(({ event }) => event === "home-assistant-command-refused")
        .map(({ fields }) => fields?.["refusedSince"]);
    for (let n = 0; n < 5; n += 1) {
      broker.say(topics.set("target"), "warm");
      await clock.advance(seconds(5));
    }
    expect(counts()).toEqual([undefined]);
    await clock.advance(minutes(1));
    broker.say(topics.set("target"), "warm");
    await clock.advance(seconds(5));
    expect(counts()).toEqual([undefined, 4]);
  });

  it("a retained command is ignored: it may be years old", async () => {
    const { broker, clock, device, faceLines } = await faceRig();
    broker.say(topics.set("target"), "25", true);
    await clock.advance(seconds(2));
    expect(device.inForce.values.targetTemperature).toBe(25);
    device.request({ kind: "set", name: "targetTemperature", value: 18, source: "local" });
    broker.cut();
    await clock.advance(minutes(1));
    expect(device.inForce.values.targetTemperature).toBe(18);
    expect(refusals(faceLines)).toBe(1);
  });

  it("any bytes on any topic throw nothing, and only known commands are read", () => {
    const seed = Math.floor(Math.random() * 1e9);
    const random = uniform(seed);
    const inForce = {} as never;
    const alphabet = '0123456789.-+eE ONFheataucomfrtwyb{}"\\\0\u{1f525}é';
    const word = () =>
      Array.from(
        { length: Math.floor(random() * 12) },
        () => alphabet[Math.floor(random() * alphabet.length)],
      ).join("");
    for (let n = 0; n < 20_000; n += 1) {
      const name =
        random() < 0.5 ? word() : (["target", "preset", "heaterSwitch", "sensorOffset"][n % 4] ?? "");
      if (!isCommand(name)) continue;
      const command = readCommand(name, word(), inForce);
      if (command.kind !== "requests") continue;
      for (const request of command.requests)
        expect([seed, request.source]).toEqual([seed, "home-assistant"]);
    }
  });

  it("a flood is carried out at a bounded rate, with little memory and few lines, and ends with the last value", async () => {
    const { broker, clock, device, faceLines, state } = await faceRig();
    let changes = 0;
    device.watch(({ events }) => {
      changes += events.filter(({ kind }) => kind === "changed").length;
    });
    for (let burst = 0; burst < 100; burst += 1) {
      for (let n = 0; n < 100; n += 1) broker.say(topics.set("target"), String(10 + ((burst + n) % 15)));
      for (let n = 0; n < 100; n += 1) broker.say(topics.set("nonsense"), "x");
      await clock.advance(millis(100));
    }
    broker.say(topics.set("target"), "27.5");
    await clock.advance(seconds(5));
    expect(device.inForce.values.targetTemperature).toBe(27.5);
    expect(state()).toMatchObject({ target: 27.5 });
    expect(changes).toBeLessThan(200);
    expect(refusals(faceLines)).toBeLessThan(3);
  });
});

describe("a broker in trouble", () => {
  it("that refuses the password is asked again slowly, is a fault with one clear word, and is forgiven", async () => {
    const { broker, clock, device, face, faceLines } = await faceRig();
    broker.refuses = "refused";
    broker.cut();
    const from = broker.attempts.length;
    await clock.advance(hours(1));
    expect(broker.attempts.length - from).toBeLessThan(20);
    expect(device.activeFaults).toEqual(["home-assistant-failed"]);
    expect(face.failure).toContain('Check "user" and "password" in mqtt.json');
    const words = faceLines.filter(
      ({ event, level }) => event === "home-assistant-offline" && level === "warn",
    );
    expect(words.length).toBeLessThan(5);
    broker.refuses = undefined;
    await clock.advance(minutes(11));
    expect(face.state).toBe("online");
    expect(device.activeFaults).toEqual([]);
  });

  it("that cannot be reached is no fault: it is shown as offline, and asked every half minute at most", async () => {
    const { broker, clock, device, face } = await faceRig();
    broker.refuses = "host-unreachable";
    broker.cut();
    await clock.advance(minutes(10));
    const from = broker.attempts.length;
    await clock.advance(minutes(10));
    expect(broker.attempts.length - from).toBeLessThanOrEqual(40);
    expect(broker.attempts.length - from).toBeGreaterThanOrEqual(20);
    expect(face.state).toBe("offline");
    expect(device.activeFaults).toEqual([]);
  });

  it("that swallows everything is left after the limit of an answer, and found again", async () => {
    const { broker, clock, hat, face, state } = await faceRig();
    broker.isSilent = true;
    hat.press("b");
    await clock.advance(millis(50));
    hat.release("b");
    await clock.advance(minutes(2));
    expect(face.state).not.toBe("online");
    broker.isSilent = false;
    await clock.advance(minutes(2));
    expect(face.state).toBe("online");
    expect(state()).toMatchObject({ target: 19.5 });
  });

  it("that ends each connection at once names another device with the same id", async () => {
    const { broker, clock, face } = await faceRig();
    for (let n = 0; n < 4; n += 1) {
      await clock.advance(seconds(10));
      broker.cut("dropped", true);
    }
    await clock.advance(seconds(1));
    expect(face.failure).toContain('"id" in mqtt.json');
  });

  it("a close during an outage ends at once and leaves no timer of the link behind", async () => {
    const { broker, clock, face } = await faceRig();
    broker.refuses = "host-unreachable";
    broker.cut();
    await clock.advance(minutes(5));
    await clock.run(face.close());
    const from = broker.attempts.length;
    await clock.advance(hours(1));
    expect(broker.attempts.length).toBe(from);
  });
});
