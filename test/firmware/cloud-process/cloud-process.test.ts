/** The supervisor of the cloud process, in virtual time, with a process that does what a test wants. */
import { expect, it } from "vitest";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { CloudProcess } from "../../../src/firmware/cloud-process/cloud-process.ts";
import type { SupervisedChild } from "../../../src/firmware/supervision/supervised-process.ts";
import { recordingLog } from "../../hub/running-hub.ts";
import { FakeFace } from "../fake-face.ts";
import { type CloudRig, cloudRig } from "./rig.ts";

class FakeChild implements SupervisedChild {
  readonly pid: number | undefined = 1;
  readonly got: { readonly kind?: string }[] = [];
  killed = false;
  /** The channel takes what is sent. */
  takes = true;
  answersPings = true;
  #say: (message: unknown) => void = () => {};
  #exit: (code: number | null, signal: string | null) => void = () => {};

  send(message: { readonly kind?: string }, done: (arrived: boolean) => void): void {
    this.got.push(message);
    if (this.takes) done(true);
    if (message.kind === "ping" && this.answersPings) this.say({ kind: "pong" });
    if (message.kind === "stop" && this.answersPings) this.exit(0, null);
  }
  onMessage(listener: (message: unknown) => void): void {
    this.#say = listener;
  }
  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#exit = listener;
  }
  kill(): void {
    this.killed = true;
    this.exit(null, "SIGKILL");
  }
  say(message: unknown): void {
    this.#say(message);
  }
  exit(code: number | null, signal: string | null): void {
    this.#exit(code, signal);
  }
  count(kind: string): number {
    return this.got.filter((message) => message.kind === kind).length;
  }
}

async function start() {
  const rig = await cloudRig();
  const children: FakeChild[] = [];
  const asides: boolean[] = [];
  const state = { spawnFails: false };
  const process = new CloudProcess({
    clock: rig.clock,
    log: recordingLog(rig.lines as never),
    spawn(setAside) {
      if (state.spawnFails) throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
      asides.push(setAside);
      const child = new FakeChild();
      children.push(child);
      return child;
    },
    onNoCredentials: () => {},
    onHasCredentials: () => {},
    onRestart: () => {},
  });
  void rig.device.addFace(process);
  const child = (): FakeChild => children.at(-1) ?? new FakeChild();
  return { rig, process, children, asides, child, state };
}

const failed = ({ device }: CloudRig) => device.activeFaults.includes("cloud-failed");
const health = { kind: "health" };

it("shows cloud-failed from the end of the process until the next one does its work (SR-11)", async () => {
  const { rig, child, children } = await start();
  child().say(health);
  await rig.clock.advance(seconds(10));
  expect(failed(rig)).toBe(false);
  child().exit(null, "SIGSEGV");
  expect(failed(rig)).toBe(true);
  await rig.clock.advance(seconds(2));
  expect(children).toHaveLength(2);
  child().say(health);
  await rig.clock.advance(seconds(2));
  expect(failed(rig)).toBe(true);
  await rig.clock.advance(seconds(2));
  expect(failed(rig)).toBe(false);
});

it("shows cloud-failed while the process says that it cannot do its work", async () => {
  const { rig, child } = await start();
  child().say({ kind: "health", failure: "the credentials are wrong" });
  expect(failed(rig)).toBe(true);
  child().say(health);
  expect(failed(rig)).toBe(false);
});

it("sets the outbox aside once when the process ends twice before it could work, and goes on trying", async () => {
  const { rig, child, children, asides } = await start();
  for (let end = 0; end < 5; end += 1) {
    child().exit(null, "SIGABRT");
    await rig.clock.advance(seconds(31));
  }
  expect(children).toHaveLength(6);
  expect(asides).toEqual([false, false, true, false, false, false]);
});

it("sets the outbox aside only after four ends in a row when the process had begun its work", async () => {
  const { rig, child, asides } = await start();
  for (let end = 0; end < 5; end += 1) {
    child().say(health);
    child().exit(null, "SIGKILL");
    await rig.clock.advance(seconds(31));
  }
  expect(asides).toEqual([false, false, false, false, true, false]);
  child().say(health);
  await rig.clock.advance(minutes(2));
  child().exit(null, "SIGKILL");
  await rig.clock.advance(seconds(1));
  expect(asides.at(-1)).toBe(false);
});

it("blames no outbox for a broken manifest, or for a system without memory, and is back within a minute", async () => {
  const { rig, child, asides, children, state } = await start();
  for (let end = 0; end < 4; end += 1) {
    child().exit(78, null);
    await rig.clock.advance(seconds(31));
  }
  state.spawnFails = true;
  child().exit(78, null);
  await rig.clock.advance(minutes(10));
  expect(failed(rig)).toBe(true);
  state.spawnFails = false;
  const before = children.length;
  await rig.clock.advance(minutes(1));
  expect(children.length).toBe(before + 1);
  expect(asides).not.toContain(true);
});

it("waits longer after each end in a row, up to half a minute, and little again after one that worked for a minute", async () => {
  const { rig, child } = await start();
  const end = async (): Promise<unknown> => {
    child().exit(null, "SIGKILL");
    await rig.clock.advance(seconds(31));
    return rig.lines.findLast(({ event }) => event === "cloud-process-lost")?.fields?.["restartInSeconds"];
  };
  const pauses: unknown[] = [];
  for (let n = 0; n < 7; n += 1) pauses.push(await end());
  expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
  child().say(health);
  await rig.clock.advance(minutes(1));
  expect([await end(), await end()]).toEqual([1, 2]);
});

it("kills a process that answers no ping for half a minute, and no other", async () => {
  const { rig, child, children } = await start();
  child().say(health);
  await rig.clock.advance(minutes(10));
  expect(children).toHaveLength(1);
  child().answersPings = false;
  await rig.clock.advance(seconds(29));
  expect(children[0]?.killed).toBe(false);
  await rig.clock.advance(seconds(10));
  expect(children[0]?.killed).toBe(true);
  expect(children).toHaveLength(2);
});

it("fills no channel that nobody reads: one picture is on its way, and faults wait for the next", async () => {
  const { rig, child } = await start();
  const face = new FakeFace(rig.device);
  child().takes = false;
  const before = child().count("device");
  face.setFailure("a test");
  face.setFailure(undefined);
  await rig.clock.advance(seconds(25));
  expect(child().count("device") - before).toBeLessThanOrEqual(1);
  child().exit(null, "SIGKILL");
  await rig.clock.advance(seconds(2));
  expect(child().got).toContainEqual(
    expect.objectContaining({
      kind: "device",
      summary: expect.objectContaining({ raised: ["cloud-failed"] }),
    }),
  );
});

it("drops and counts what is no message", async () => {
  const { rig, child } = await start();
  for (const message of [
    "?",
    { kind: "request", id: 1, requests: [{ kind: "set", name: "targetTemperature" }] },
  ])
    child().say(message);
  const unread = rig.lines.filter(({ event }) => event === "cloud-process-message-unreadable");
  expect(unread.map(({ fields }) => fields?.["dropped"])).toEqual([1, 2]);
});

it("logs whatever fields a process sends, also one that says how it is to be shown", async () => {
  const { rig, child } = await start();
  child().say({ kind: "log", level: "info", event: "odd", fields: { a: { toString: false }, b: [1, 2] } });
  const { fields } = rig.lines.find(({ event }) => event === "odd") ?? {};
  expect(fields).toMatchObject({ a: '{"toString":false}', b: "[1,2]" });
});

it("ends the process politely, and kills one that does not go", async () => {
  const polite = await start();
  await polite.rig.clock.run(polite.process.close());
  expect(polite.child()).toMatchObject({ killed: false });
  const hung = await start();
  hung.child().answersPings = false;
  const from = hung.rig.clock.now();
  await hung.rig.clock.run(hung.process.close());
  expect(hung.child().killed).toBe(true);
  expect(hung.rig.clock.now() - from).toBeLessThanOrEqual(millis(4000));
  expect(hung.children).toHaveLength(1);
});
