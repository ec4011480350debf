/**
 * The connected devices. The hub sends through a device's own connection: all devices subscribe to the same `$iothub/…`
 * filters, so a publish through the broker would reach all of them.
 *
 * Guarantee: a link sends only what its device has subscribed to, and one acknowledged message at a time.
 */
import type { Client } from "aedes";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Cable } from "./cable.ts";

export class Link {
  readonly deviceId: string;
  readonly client: Client;
  readonly cable: Cable;
  /** Topic filters that the device has subscribed to. */
  readonly subscriptions: Set<string>;
  /** Its session is restored and confirmed: QoS 1 messages may be sent. */
  ready = false;
  #onAck: (() => void) | undefined;

  constructor(deviceId: string, client: Client, cable: Cable, subscriptions: Iterable<string>) {
    this.deviceId = deviceId;
    this.client = client;
    this.cable = cable;
    this.subscriptions = new Set(subscriptions);
  }

  /** @returns false when the device has not subscribed to `filter` */
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

/** So many replaced connections, each within this time of the last, mean that two devices share an id. */
const contestedAfter = 3;
const contestedWithinMs = 60_000;

export class Links {
  readonly #links = new Map<string, Link>();
  readonly #log: Log;
  readonly #clock: Clock;
  /** By device: how often in a row a live connection was replaced, and when last. */
  readonly #replaced = new Map<string, { readonly times: number; readonly atMs: number }>();
  /** Called after a link is ready, or has closed. */
  onChange: (link: Link, connected: boolean) => void = () => {};
  /** Called when two devices seem to share an id and keep replacing each other. */
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

  /** Call this when another connection with this id has logged in, before the broker ends the old one. */
  replacing(deviceId: string): void {
    // A device that reconnects after a silence replaces its own connection once.
    if (this.#links.get(deviceId)?.ready !== true) return;
    const atMs = this.#clock.now();
    const last = this.#replaced.get(deviceId);
    const times = last !== undefined && atMs - last.atMs < contestedWithinMs ? last.times + 1 : 1;
    this.#replaced.set(deviceId, { times, atMs });
    if (times === contestedAfter) this.onContest(deviceId);
  }

  /** Ignores a link that another has replaced. */
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
