/**
 * A text that must not be seen.
 *
 * Guarantee: however it is printed, logged, serialised, inspected or concatenated, it reads "[secret]"; only
 * `reveal` gives the text, and that is called where it is signed with or handed to TLS.
 */
import { inspect } from "node:util";

const mask = "[secret]";

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}

/** Takes out of a foreign text (an error of the SDK) what looks like a key or a signature. */
export function scrub(text: string): string {
  return text
    .replace(
      /(SharedAccessKey|SharedAccessSignature|sig|password|deviceKey)(["']?\s*[=:]\s*["']?)[^\s;&"',]+/gi,
      `$1$2${mask}`,
    )
    .replace(/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END [^-]*PRIVATE KEY-----|$)/g, mask)
    .slice(0, 300);
}

/** Of the environment names of Azure's samples those that hold a secret. */
export const secretVariables = {
  connectionString: "IOTHUB_DEVICE_CONNECTION_STRING",
  deviceKey: "IOTHUB_DEVICE_DPS_DEVICE_KEY",
} as const;
