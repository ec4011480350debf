/**
 * The SDK's MQTT layer with a screen before its parsers.
 *
 * Guarantee: no event of a connection throws into the event loop. The SDK parses in handlers of `message` that it
 * calls from `process.nextTick`, where an exception would end the process; every such call passes here.
 */
import { MqttBase } from "./sdk.ts";
import type { Wire } from "./wire.ts";

/**
 * Looks at a message before the SDK does.
 * @returns the payload that the SDK shall see, or `undefined` when it shall not see the message at all
 */
export type Screen = (topic: string, payload: Uint8Array) => Uint8Array | undefined;

export interface Guards {
  readonly screen: Screen;
  /** A handler of the SDK threw. */
  readonly onFault: (error: unknown) => void;
  /** Takes the connection's errors in the SDK's place. */
  readonly onError?: (error: unknown) => void;
}

export class GuardedMqttBase extends MqttBase {
  readonly #guards: Guards;

  constructor(wire: Wire, guards: Guards) {
    super(wire);
    this.#guards = guards;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const { screen, onFault, onError } = this.#guards;
    try {
      if (event === "error" && onError !== undefined) {
        onError(args[0]);
        return true;
      }
      if (event !== "message") return super.emit(event, ...args);
      const [topic, payload] = args;
      if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return false;
      const passed = screen(topic, payload);
      return passed === undefined ? true : super.emit("message", topic, passed);
    } catch (error) {
      onFault(error);
      return true;
    }
  }
}
