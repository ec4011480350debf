import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInbound, readPayload } from "../../../src/azure/sdk/inbound.ts";

const bytes = (text: string) => Buffer.from(text);

describe("what a hub says", () => {
  it("is read", () => {
    expect(readInbound("$iothub/twin/res/200/?$rid=1", bytes("{}"))).toEqual({
      kind: "twin-reply",
      status: 200,
    });
    expect(readInbound("$iothub/twin/res/204/?$rid=1&$version=4", bytes(""))).toMatchObject({ status: 204 });
    expect(readInbound("$iothub/twin/res/429/?$rid=1", bytes(""))).toMatchObject({ status: 429 });
    expect(readInbound("$iothub/twin/res/200/?$rid=1", bytes("{"))).toMatchObject({ status: 502 });
    expect(readInbound("$iothub/twin/PATCH/properties/desired/?$version=7", bytes('{"a":1}'))).toEqual({
      kind: "desired",
      patch: { a: 1 },
      version: 7,
    });
    expect(readInbound("$iothub/methods/POST/boost/?$rid=a1", bytes("30"))).toEqual({
      kind: "method",
      name: "boost",
      requestId: "a1",
      payload: { ok: true, value: 30 },
    });
    expect(readInbound("$dps/registrations/res/202/?$rid=1&retry-after=3", bytes("{}"))).toEqual({
      kind: "registration-reply",
      status: 202,
      retryAfterS: 3,
    });
  });

  it("is a message with its properties, a blank as %20 and a plus sign as itself", () => {
    const topic =
      "devices/d/messages/devicebound/%24.mid=m%201&a%20b=c+d&%24.exp=2026-01-01T00%3A00%3A00Z&a%20b=e&flag";
    const inbound = readInbound(topic, bytes("@"));
    if (inbound.kind !== "message") throw new Error("no message");
    expect(inbound.message).toMatchObject({ messageId: "m 1", expiry: "2026-01-01T00:00:00Z", body: "@" });
    expect(inbound.message.properties.get("a b")).toBe("c+d");
    expect(inbound.message.properties.get("flag")).toBe("");
  });

  it("always becomes a value, whatever topic and payload are", () => {
    const starts = [
      "$iothub/twin/res/",
      "$iothub/twin/PATCH/properties/desired/",
      "$iothub/methods/POST/",
      "$dps/registrations/res/",
      "devices/d/messages/devicebound/",
      "",
    ];
    const topic = fc
      .tuple(fc.constantFrom(...starts), fc.stringMatching(/^[\w$%?=&/+.\-€]{0,60}$/))
      .map(([start, rest]) => start + rest);
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(bytes),
      fc.json().map((text) => bytes(text.slice(0, -1))),
    );
    fc.assert(
      fc.property(topic, payload, (name, body) => {
        const inbound = readInbound(name, body);
        expect(inbound.kind).toMatch(/^[a-z-]+$/);
        if (inbound.kind === "desired") expect(Number.isSafeInteger(inbound.version)).toBe(true);
        if (inbound.kind === "method") expect(inbound.requestId).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("JSON from outside", () => {
  it("is as JSON.parse reads it, within 32 levels and its size", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(readPayload(bytes(text), 1e6)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
    const nested = (levels: number) => bytes("[".repeat(levels) + "]".repeat(levels));
    expect(readPayload(nested(32), 1e6).ok).toBe(true);
    expect(readPayload(nested(33), 1e6).ok).toBe(false);
    expect(readPayload(bytes(`[${'[],{"a":[]},'.repeat(99)}1]`), 1e6).ok).toBe(true);
    expect(readPayload(bytes(`"${"[".repeat(99)}\\""`), 1e6).ok).toBe(true);
    expect(readPayload(bytes("12345"), 4).ok).toBe(false);
    expect(readPayload(bytes("  "), 4)).toEqual({ ok: true, value: undefined });
  });
});
