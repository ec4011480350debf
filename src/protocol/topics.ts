/**
 * The MQTT topics of DPS and IoT Hub that a device subscribes to, and their query part
 * (learn.microsoft.com, "Use MQTT to communicate with IoT Hub" and "… with DPS").
 *
 * Guarantee: never throws.
 */
export const topicPrefix = {
  twinAnswer: "$iothub/twin/res/",
  desiredPatch: "$iothub/twin/PATCH/properties/desired/",
  methodCall: "$iothub/methods/POST/",
  dpsAnswer: "$dps/registrations/res/",
} as const;

const maxProperties = 100;

/** Not form encoding: Azure encodes a blank as %20, and a plus sign stays. */
export function parameters(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of text.replace(/^\?/, "").split("&").slice(0, maxProperties)) {
    const [rawName = "", rawValue = ""] = splitOnce(pair, "=");
    const name = decodePart(rawName);
    const value = decodePart(rawValue);
    if (name !== undefined && name !== "" && value !== undefined && !found.has(name)) found.set(name, value);
  }
  return found;
}

export function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function splitOnce(text: string, at: string): readonly string[] {
  const index = text.indexOf(at);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
