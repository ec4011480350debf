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

export class GuardedMqttBase extends MqttBase {
  readonly #screen: Screen;
  readonly #onFault: (error: unknown) => void;

  constructor(wire: Wire, screen: Screen, onFault: (error: unknown) => void) {
    super(wire);
    this.#screen = screen;
    this.#onFault = onFault;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    try {
      if (event !== "message") return super.emit(event, ...args);
      const [topic, payload] = args;
      if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return false;
      const passed = this.#screen(topic, payload);
      return passed === undefined ? true : super.emit("message", topic, passed);
    } catch (error) {
      this.#onFault(error);
      return true;
    }
  }
}
