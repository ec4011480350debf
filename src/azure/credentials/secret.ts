/**
 * A text that must never be shown.
 *
 * Guarantee: printed, logged, serialised, inspected or concatenated, it is "[secret]". Only `reveal` returns the text;
 * it is called only for signing and for TLS.
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

/** Masks what looks like a key or a signature in a text of others, such as an SDK error. */
export function scrub(text: string): string {
  return text
    .replace(
      /(SharedAccessKey|SharedAccessSignature|sig|password|deviceKey)(["']?\s*[=:]\s*["']?)[^\s;&"',]+/gi,
      `$1$2${mask}`,
    )
    .replace(/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END [^-]*PRIVATE KEY-----|$)/g, mask)
    .slice(0, 300);
}

/** Those environment variables of Azure's samples that hold a secret. */
export const secretVariables = {
  connectionString: "IOTHUB_DEVICE_CONNECTION_STRING",
  deviceKey: "IOTHUB_DEVICE_DPS_DEVICE_KEY",
} as const;
