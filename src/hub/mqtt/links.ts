/**
 * The devices that are connected, and the one way to send to them: through their own connection. All devices listen
 * to the same `$iothub/…` filters, so what went through the broker's subscriptions would reach every one of them.
 *
 * Guarantee: a link sends nothing that its device has not subscribed to, and one acknowledged message at a time.
 */
import type { Client } from "aedes";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Cable } from "./cable.ts";

export class Link {
  readonly deviceId: string;
  readonly client: Client;
  readonly cable: Cable;
  /** Filters that the device listens to. */
  readonly subscriptions: Set<string>;
  /** Its session has been restored and told so: messages that want an acknowledgement may go. */
  ready = false;
  #onAck: (() => void) | undefined;

  constructor(deviceId: string, client: Client, cable: Cable, subscriptions: Iterable<string>) {
    this.deviceId = deviceId;
    this.client = client;
    this.cable = cable;
    this.subscriptions = new Set(subscriptions);
  }

  /** @returns false when the device does not listen to `filter` */
  send(filter: string, topic: string, payload: string): boolean {
    if (!this.subscriptions.has(filter)) return false;
    this.client.publish(packet(topic, payload, 0), () => {});
    return true;
  }

  /** Sends with QoS 1, and calls `onAck` when the device has acknowledged it. */
  sendAcknowledged(topic: string, payload: string, onAck: () => void): void {
    this.#onAck = onAck;
    this.client.publish(packet(topic, payload, 1), () => {});
  }

  acknowledged(): void {
    const onAck = this.#onAck;
    this.#onAck = undefined;
    onAck?.();
  }
}

/** So many connections that push one another out, each within the time after the one before, are no chance. */
const suspicious = 3;
const suspiciousMs = 60_000;

export class Links {
  readonly #links = new Map<string, Link>();
  readonly #log: Log;
  readonly #clock: Clock;
  /** Of devices whose connection was replaced by another while it was still alive: how often in a row, and when last. */
  readonly #replaced = new Map<string, { readonly times: number; readonly atMs: number }>();
  /** Told after a link has come (and is ready) or gone. */
  onChange: (link: Link, connected: boolean) => void = () => {};
  /** Told when two seem to use one id: they push each other out again and again. */
  onContest: (deviceId: string) => void = () => {};

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  get size(): number {
    return this.#links.size;
  }

  get(deviceId: string): Link | undefined {
    return this.#links.get(deviceId);
  }

  add(link: Link): void {
    this.#links.set(link.deviceId, link);
  }

  /** Another connection was let in under this id; the broker is about to end the one that there is, if any. */
  arrives(deviceId: string): void {
    // A device that comes back after a silence replaces a connection of its own: once, not again and again.
    if (this.#links.get(deviceId)?.ready !== true) return;
    const atMs = this.#clock.now();
    const last = this.#replaced.get(deviceId);
    const times = last !== undefined && atMs - last.atMs < suspiciousMs ? last.times + 1 : 1;
    this.#replaced.set(deviceId, { times, atMs });
    if (times === suspicious) this.onContest(deviceId);
  }

  /** Does nothing for a link that another has replaced. */
  remove(link: Link): void {
    if (this.#links.get(link.deviceId) !== link) return;
    this.#links.delete(link.deviceId);
    if (link.ready) this.onChange(link, false);
  }

  ready(link: Link): void {
    link.ready = true;
    this.#log.debug("hub-device-connected", { device: link.deviceId });
    this.onChange(link, true);
  }
}

const packet = (topic: string, payload: string, qos: 0 | 1) =>
  ({ cmd: "publish", topic, payload, qos, dup: false, retain: false }) as const;
