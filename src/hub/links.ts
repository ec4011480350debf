/**
 * The devices that are connected, and the one way to send to them: through their own connection. All devices listen
 * to the same `$iothub/…` filters, so what went through the broker's subscriptions would reach every one of them.
 *
 * Guarantee: a link sends nothing that its device has not subscribed to, and one acknowledged message at a time.
 */
import type { Client } from "aedes";
import type { Log } from "../control/log.ts";
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

export class Links {
  readonly #links = new Map<string, Link>();
  readonly #log: Log;
  /** Told after a link has come (and is ready) or gone. */
  onChange: (link: Link, connected: boolean) => void = () => {};

  constructor(log: Log) {
    this.#log = log;
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
