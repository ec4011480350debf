/**
 * The SDK's MQTT layer with a filter before its parsers.
 *
 * Guarantee: no event of a connection throws into the event loop. The SDK parses messages in `process.nextTick`, where
 * an exception would end the process; every such call goes through here.
 */
import { MqttBase } from "./sdk.ts";
import type { Wire } from "./wire.ts";

/**
 * Checks a message before the SDK receives it.
 * @returns the payload for the SDK, or `undefined` to hide the message from it
 */
export type MessageFilter = (topic: string, payload: Uint8Array) => Uint8Array | undefined;

export interface Guards {
  readonly filter: MessageFilter;
  /** A handler of the SDK threw. */
  readonly onFault: (error: unknown) => void;
  /** Receives the connection's errors instead of the SDK. */
  readonly onError?: (error: unknown) => void;
}

export class GuardedMqttBase extends MqttBase {
  readonly #guards: Guards;

  constructor(wire: Wire, guards: Guards) {
    super(wire);
    this.#guards = guards;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const { filter, onFault, onError } = this.#guards;
    try {
      if (event === "error" && onError !== undefined) {
        onError(args[0]);
        return true;
      }
      if (event !== "message") return super.emit(event, ...args);
      const [topic, payload] = args;
      if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return false;
      const passed = filter(topic, payload);
      return passed === undefined ? true : super.emit("message", topic, passed);
    } catch (error) {
      onFault(error);
      return true;
    }
  }
}
