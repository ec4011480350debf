/**
 * Derives a device's key from the key of its enrollment group (Azure DPS, "symmetric key attestation": group
 * enrollments). For the machine that prepares devices, and for the local hub. A group key must never be on a device,
 * because anyone who has it can impersonate every device of the group.
 */
import { createHmac } from "node:crypto";
import { isRegistrationId } from "./names.ts";

/**
 * @param groupKey the group's primary or secondary key, base64
 * @param registrationId as the device will register: lower case, digits, `-`, `.`, `_` and `:`
 * @returns base64(HMAC-SHA256(base64-decode(groupKey), registrationId))
 * @throws RangeError when the key is not base64 or the id is not a registration id
 */
export function deriveDeviceKey(groupKey: string, registrationId: string): string {
  if (!isBase64Key(groupKey)) throw new RangeError("the group key is not base64 of at least 16 bytes");
  if (!isRegistrationId(registrationId)) throw new RangeError("not a registration id");
  return createHmac("sha256", Buffer.from(groupKey, "base64"))
    .update(registrationId, "utf8")
    .digest("base64");
}

/** Azure's format of keys: padded base64 of 16 to 64 bytes. */
export const isBase64Key = (text: string): boolean =>
  text.length % 4 === 0 && text.length >= 24 && text.length <= 88 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
